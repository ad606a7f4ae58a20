"""Every check there is, in the order of dependency, with what it stands on and how long it may take."""

from typing import Final

from invy.engine.doctor import evidence, subscription, token, webhook
from invy.engine.doctor.clock import clock
from invy.engine.doctor.database import database
from invy.engine.doctor.examine import Check
from invy.engine.doctor.health import health
from invy.engine.doctor.images import images, media
from invy.engine.doctor.number import number
from invy.engine.doctor.phones import phones
from invy.engine.doctor.registry import registry
from invy.engine.doctor.section import Foundation, Section
from invy.engine.doctor.settings import settings
from invy.engine.doctor.templates import templates
from invy.engine.doctor.version import version

_SETTINGS: Final = (Foundation.SETTINGS,)
_ASKING: Final = (Foundation.SETTINGS, Foundation.CREDENTIALS, Foundation.META, Foundation.TOKEN)

_OWN_SIDE: Final = (
    Check(Section.SETTINGS, settings, lays=_SETTINGS, timeout_s=2),
    Check(Section.PHONES, phones, timeout_s=5),
    Check(Section.REGISTRY, registry, needs=_SETTINGS, lays=(Foundation.REGISTRY,), timeout_s=5),
    Check(Section.DATABASE, database, needs=_SETTINGS, lays=(Foundation.DATABASE,), timeout_s=10),
)
_AT_META: Final = (
    Check(
        Section.CLOCK,
        clock,
        needs=(Foundation.SETTINGS, Foundation.CREDENTIALS),
        lays=(Foundation.META,),
        timeout_s=10,
    ),
    Check(Section.TOKEN, token.token, needs=_ASKING, timeout_s=30),
    Check(
        Section.TOKEN,
        token.app,
        needs=(Foundation.SETTINGS, Foundation.META, Foundation.APP),
        timeout_s=30,
    ),
    Check(Section.NUMBER, number, needs=(*_ASKING, Foundation.NUMBER), timeout_s=30),
    Check(Section.HEALTH, health, needs=(*_ASKING, Foundation.NUMBER), timeout_s=10),
    Check(
        Section.TEMPLATES,
        templates,
        needs=(*_ASKING, Foundation.ACCOUNT, Foundation.REGISTRY),
        timeout_s=60,
    ),
)
_IMAGES: Final = (
    Check(Section.IMAGES, images, needs=_SETTINGS, timeout_s=70),
    Check(Section.IMAGES, media, needs=(*_ASKING, Foundation.NUMBER, Foundation.REGISTRY), timeout_s=30),
)
_HEARING: Final = (
    Check(Section.SUBSCRIPTION, subscription.apps, needs=(*_ASKING, Foundation.ACCOUNT), timeout_s=10),
    Check(
        Section.SUBSCRIPTION, subscription.number_override, needs=(*_ASKING, Foundation.NUMBER), timeout_s=2
    ),
    Check(
        Section.SUBSCRIPTION,
        subscription.callback,
        needs=(Foundation.SETTINGS, Foundation.META, Foundation.APP),
        timeout_s=30,
    ),
    Check(
        Section.WEBHOOK,
        webhook.challenge,
        needs=(Foundation.SETTINGS, Foundation.RECEIVING, Foundation.PUBLIC),
        lays=(Foundation.CALLBACK,),
        timeout_s=20,
    ),
    Check(
        Section.WEBHOOK,
        webhook.posted,
        needs=(
            Foundation.SETTINGS,
            Foundation.RECEIVING,
            Foundation.PUBLIC,
            Foundation.CALLBACK,
            Foundation.DATABASE,
        ),
        timeout_s=30,
    ),
)
_STORED: Final = (Foundation.SETTINGS, Foundation.DATABASE)
_HEARD: Final = Check(Section.EVIDENCE, evidence.heard, needs=_STORED, timeout_s=10)
_OPEN_ENDS: Final = Check(Section.EVIDENCE, evidence.open_ends, needs=_STORED, timeout_s=20)
_VERSION: Final = Check(Section.VERSION, version, needs=_SETTINGS, timeout_s=2)

CHECKS: Final = (*_OWN_SIDE, *_AT_META, *_IMAGES, *_HEARING, _HEARD, _OPEN_ENDS, _VERSION)
"""A full examination. Its longest possible duration is the sum of the limits."""

CHEAP: Final = (_HEARD, _VERSION)
"""What the service repeats by itself: asks nobody but the database."""
