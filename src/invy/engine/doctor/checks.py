"""Every check there is, in the order of dependency, with what it stands on and how long it may take."""

from typing import Final

from invy.engine.doctor.database import database
from invy.engine.doctor.examine import Check
from invy.engine.doctor.phones import phones
from invy.engine.doctor.registry import registry
from invy.engine.doctor.section import Foundation, Section
from invy.engine.doctor.settings import settings
from invy.engine.doctor.version import version

CHECKS: Final = (
    Check(Section.SETTINGS, settings, lays=(Foundation.SETTINGS,), timeout_s=2),
    Check(Section.PHONES, phones, timeout_s=5),
    Check(Section.REGISTRY, registry, needs=(Foundation.SETTINGS,), lays=(Foundation.REGISTRY,), timeout_s=5),
    Check(
        Section.DATABASE, database, needs=(Foundation.SETTINGS,), lays=(Foundation.DATABASE,), timeout_s=10
    ),
    Check(Section.VERSION, version, needs=(Foundation.SETTINGS,), timeout_s=2),
)
"""A full examination."""
