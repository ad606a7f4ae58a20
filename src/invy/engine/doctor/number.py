"""The business phone number as Meta sees it: connected, trusted, and how much it may send."""

from collections.abc import Sequence
from typing import Final

from invy.engine.doctor.asking import ask_fields, unread
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta import number_facts
from invy.meta.catalogue import Text
from invy.meta.graph_reply import Unread, Why
from invy.meta.number_facts import CONNECTED, HAMPERED, LIMITS, NAMES_ACCEPTED, NumberFacts

WHAT: Final = Text(en="The business phone number", he="המספר העסקי")
_NO_NAME: Final = Text(en="whose name Meta does not tell", he="שאת שמו מטא לא מציינת")
_UNLIMITED: Final = Text(en="any number of", he="מספר בלתי מוגבל של")


async def number(subject: Subject) -> Sequence[Finding]:
    """Everything that Meta tells of the number we send from."""
    assert subject.meta is not None
    answer, left_out = await ask_fields(
        subject.meta, f"{subject.settings.phone_number_id}", number_facts.FIELDS
    )
    if isinstance(answer, Unread):
        return [unread(Section.NUMBER, WHAT, answer)]
    facts = number_facts.read(answer)
    if facts == number_facts.NOTHING:
        return [unread(Section.NUMBER, WHAT, Unread(Why.SHAPE))]
    subject.chart.overrides = facts.webhooks
    findings = [_status(subject, facts), *_trust(facts), *_allowance(facts)]
    if facts.quality is None and "quality_rating" not in left_out:
        findings.append(found(Section.NUMBER, "number.quality_not_told", about="quality"))
    if left_out:
        findings.append(found(Section.NUMBER, "number.not_told", about="fields", fields=", ".join(left_out)))
    return findings


def _status(subject: Subject, facts: NumberFacts) -> Finding:
    number = subject.settings.phone_number_id or ""
    display = Text(en=f"The number with the id {number}", he=f"המספר שמזההו {number}")
    if facts.display is not None:
        display = Text(en=facts.display, he=facts.display)
    name = _NO_NAME if facts.name is None else Text(en=f"“{facts.name}”", he=f"“{facts.name}”")
    if facts.status is None:
        return found(Section.NUMBER, "number.status_not_told", about="status", display=display, name=name)
    if facts.status == CONNECTED:
        return found(Section.NUMBER, "number.connected", about="status", display=display, name=name)
    key = "number.hampered" if facts.status in HAMPERED else "number.not_connected"
    return found(Section.NUMBER, key, about="status", display=display, status=facts.status)


def _trust(facts: NumberFacts) -> list[Finding]:
    findings = []
    if facts.quality is not None:
        keys = {"RED": "number.quality_red", "YELLOW": "number.quality_yellow"}
        key = keys.get(facts.quality, "number.quality")
        findings.append(found(Section.NUMBER, key, about="quality", quality=facts.quality))
    if facts.name_status is not None and facts.name_status not in NAMES_ACCEPTED:
        findings.append(
            found(
                Section.NUMBER,
                "number.name",
                about="name",
                name="" if facts.name is None else f" “{facts.name}”",
                status=facts.name_status,
            )
        )
    if facts.code_verification is not None and facts.code_verification != "VERIFIED":
        status = facts.code_verification
        findings.append(found(Section.NUMBER, "number.not_verified", about="verification", status=status))
    return findings


def _allowance(facts: NumberFacts) -> list[Finding]:
    findings = []
    if facts.platform is not None and facts.platform != "CLOUD_API":
        findings.append(found(Section.NUMBER, "number.platform", about="platform", platform=facts.platform))
    if facts.mode == "SANDBOX":
        findings.append(found(Section.NUMBER, "number.sandbox", about="mode"))
    if facts.limit is not None and facts.limit in LIMITS:
        most = LIMITS[facts.limit]
        key = "number.limit" if most is None or most > 250 else "number.limit_low"  # noqa: PLR2004 - the lowest tier
        count = _UNLIMITED if most is None else str(most)
        findings.append(found(Section.NUMBER, key, about="limit", count=count))
    if facts.throughput is not None:
        findings.append(
            found(Section.NUMBER, "number.throughput", about="throughput", level=facts.throughput)
        )
    return findings
