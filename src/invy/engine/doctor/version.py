"""The Graph API version: until when the configured one answers, and which one really answered."""

from collections.abc import Sequence
from typing import Final

from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta import versions
from invy.meta.catalogue import Text
from invy.meta.versions import State

_KEYS: Final = {
    State.CURRENT: "version.current",
    State.EXPIRING: "version.expiring",
    State.EXPIRED: "version.expired",
    State.UNKNOWN: "version.unknown",
}
_NO_END: Final = Text(en="no end announced", he="לא הוכרז על סיום")


async def version(subject: Subject) -> Sequence[Finding]:
    """Compares the configured version with Meta's table, and with the one that served us in this examination."""
    today = subject.clock().date()
    asked = subject.settings.api_version
    standing = versions.status(asked, today)
    until = standing.row.ends_on if standing.row else None
    findings = [
        found(
            Section.VERSION,
            _KEYS[standing.state],
            rows=table(subject),
            words=standing.words,
            version=asked,
            until=str(until) if until else _NO_END,
            valid=Text(en="", he=f"בתוקף עד {until}" if until else "בתוקף, ולא הוכרז על סיום"),
            recommended=versions.RECOMMENDED,
        )
    ]
    served = subject.chart.served_version
    if served is not None:
        key = "version.served" if served == asked else "version.served_another"
        findings.append(
            found(
                Section.VERSION,
                key,
                about="served",
                asked=asked,
                served=served,
                recommended=versions.RECOMMENDED,
            )
        )
    return findings


def table(subject: Subject) -> tuple[tuple[str, ...], ...]:
    """Meta's versions with their dates, the configured one marked."""
    today = subject.clock().date()
    asked = subject.settings.api_version
    rows = (
        (
            row.name + (" *" if row.name == asked else ""),
            str(row.released_on),
            str(row.ends_on or "-"),
            versions.status(row.name, today).state.value,
        )
        for row in versions.VERSIONS
    )
    return (("VERSION", "RELEASED", "UNTIL", "STATE"), *rows)
