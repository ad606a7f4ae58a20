"""The settings: whether they can be read, and which credentials and addresses are there. Shows no value of a secret."""

from collections.abc import Sequence

from invy.engine.doctor.finding import NOTHING, Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Configured, Subject


async def settings(subject: Subject) -> Sequence[Finding]:
    """Whether the settings can be read, and which of them are there."""
    section = Section.SETTINGS
    error = subject.settings_error
    if error is not None or subject.configured is None:
        problem = "there are none" if error is None else error.message
        return [found(section, "settings.invalid", problem=problem, hint=error.hint if error else "")]
    return [
        found(section, "settings.readable"),
        *_credentials(subject.configured),
        *_addresses(subject.configured),
    ]


def _credentials(known: Configured) -> list[Finding]:
    findings = []
    for name, value, missing in (
        ("WHATSAPP_ACCESS_TOKEN", known.access_token, "settings.no_token"),
        ("WHATSAPP_PHONE_NUMBER_ID", known.phone_number_id, "settings.no_number"),
    ):
        where = known.places.get(name, NOTHING)
        key = "settings.set" if value else missing
        findings.append(found(Section.SETTINGS, key, about=name, name=name, where=where))
    token = "settings.set" if known.verify_token else "settings.no_verify_token"
    findings.append(
        found(Section.SETTINGS, token, about="WHATSAPP_VERIFY_TOKEN", name="WHATSAPP_VERIFY_TOKEN")
    )
    match len(known.app_secrets):
        case 0:
            key = "settings.no_app_secret"
        case 1:
            key = "settings.set"
        case _:
            key = "settings.several_secrets"
    name = "WHATSAPP_APP_SECRET"
    return [*findings, found(Section.SETTINGS, key, about=name, name=name, count=len(known.app_secrets))]


def _addresses(known: Configured) -> list[Finding]:
    wanted = (
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", known.business_account_id, "settings.no_account"),
        ("WHATSAPP_APP_ID", known.app_id, "settings.no_app"),
        ("INVY_PUBLIC_URL", known.public_url, "settings.no_public_url"),
    )
    return [
        found(
            Section.SETTINGS,
            "settings.set" if value else missing,
            about=name,
            name=name,
            where=known.places.get(name, NOTHING),
        )
        for name, value, missing in wanted
    ]
