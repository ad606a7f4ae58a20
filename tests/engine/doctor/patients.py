"""What the doctor is given in tests: settings, and the simulator or a small server in the place of Meta."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from invy.app.checkup import open_subject
from invy.app.settings import Settings, load
from invy.domain.errors import ConfigurationError
from invy.engine.doctor.checks import CHECKS
from invy.engine.doctor.examine import Check, examine
from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta import registry

TOKEN = "EAA" + "b" * 40
SECRET = "c" * 32
VERIFY = "verify-me-please"


def settings(folder: Path, **more: str) -> Settings:
    """Complete settings; a value of "" leaves a setting out."""
    file = folder / "templates.toml"
    if not file.exists():
        file.write_text(registry.sample(), encoding="utf-8")
    given = {
        "WHATSAPP_ACCESS_TOKEN": TOKEN,
        "WHATSAPP_PHONE_NUMBER_ID": "106540000000001",
        "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290000000001",
        "WHATSAPP_APP_ID": "670840000000001",
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_VERIFY_TOKEN": VERIFY,
        "WHATSAPP_API_BASE_URL": "http://127.0.0.1:9",
        "INVY_DATABASE_URL": f"sqlite:///{folder / 'invy.db'}",
        "INVY_TEMPLATES_FILE": str(file),
    } | more
    return load({name: value for name, value in given.items() if value}, None)


def only(*sections: Section) -> tuple[Check, ...]:
    """The checks of these sections."""
    return tuple(check for check in CHECKS if check.section in sections)


@asynccontextmanager
async def patient(given: Settings | ConfigurationError, **changed: Any) -> AsyncIterator[Subject]:
    async with open_subject(given) as subject:
        yield replace(subject, **changed)


async def examined(given: Settings | ConfigurationError, *sections: Section, **changed: Any) -> list[Finding]:
    """The findings of these sections, or of all."""
    async with patient(given, **changed) as subject:
        return [finding async for finding in examine(only(*sections) if sections else CHECKS, subject)]


def keys(findings: list[Finding]) -> set[str]:
    return {finding.key for finding in findings}


def by_key(findings: list[Finding], key: str) -> Finding:
    """The one finding of that key."""
    [found] = [finding for finding in findings if finding.key == key]
    return found


def bad(findings: list[Finding]) -> set[str]:
    return {finding.key for finding in findings if finding.mark is Mark.FAILED}
