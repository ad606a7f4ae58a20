"""Meta's own view of whether messages can be sent: phone number, account, business, app, each by itself."""

from collections.abc import Sequence
from typing import Final

from invy.engine.doctor.asking import ask, shortened, unread
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta import health_status
from invy.meta.catalogue import Text
from invy.meta.graph_reply import Unread, Why
from invy.meta.health_status import AVAILABLE, BLOCKED, LIMITED, Entity

WHAT: Final = Text(en="The health status", he="מצב התקינות")

KINDS: Final = {
    "PHONE_NUMBER": Text(en="The phone number", he="מספר הטלפון"),
    "WABA": Text(en="The WhatsApp account", he="חשבון הוואטסאפ"),
    "BUSINESS": Text(en="The business", he="העסק"),
    "APP": Text(en="The app", he="האפליקציה"),
    "MESSAGE_TEMPLATE": Text(en="The template", he="התבנית"),
}
_NO_ADVICE: Final = Text(en="none.", he="אין.")
_KEYS: Final = {AVAILABLE: "health.available", LIMITED: "health.limited", BLOCKED: "health.blocked"}


async def health(subject: Subject) -> Sequence[Finding]:
    """One finding per entity. A block of calls alone is not one of messages."""
    assert subject.meta is not None
    answer = await ask(subject.meta, f"{subject.settings.phone_number_id}", fields="health_status")
    if isinstance(answer, Unread):
        return [unread(Section.HEALTH, WHAT, answer)]
    status = health_status.read(answer)
    if status is None or not status.entities:
        return [unread(Section.HEALTH, WHAT, Unread(Why.SHAPE))]
    number = subject.settings.phone_number_id or ""
    findings = [_of(entity, number) for entity in status.entities]
    if status.only_calls_are_blocked:
        findings.append(
            found(Section.HEALTH, "health.only_calls", about="calls", overall=status.overall or "")
        )
    return findings


def _of(entity: Entity, number: str) -> Finding:
    reasons = [f"{each.code}: {each.description}" for each in entity.complaints] + list(entity.remarks)
    solutions = [each.solution for each in entity.complaints if each.solution]
    return found(
        Section.HEALTH,
        _KEYS.get(entity.ability or "", "health.unknown"),
        about=f"{entity.kind} {entity.id}",
        kind=KINDS.get(entity.kind, Text(en=entity.kind, he=entity.kind)),
        id=entity.id,
        ability=entity.ability or "-",
        reasons=shortened("; ".join(reasons)) or "-",
        solutions=shortened(" ".join(solutions)) or _NO_ADVICE,
        number=number,
    )
