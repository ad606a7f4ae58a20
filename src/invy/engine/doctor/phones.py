"""The forms in which people write one phone number: the brief's four must lead to the same number."""

from collections.abc import Sequence
from typing import Final

from invy.domain.errors import PhoneRefused
from invy.domain.phone import parse
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta.catalogue import Text

FORMS: Final = ("0504370045", "050-437-0045", "+972504370045", "972504370045")
"""The four ways of writing one number that the brief gives."""

FORMS_REGION: Final = "IL"
FORMS_MEAN: Final = "+972504370045"

_NOTHING_TO_SEND: Final = Text(en="(no answer)", he="(אין תשובה)")


async def phones(subject: Subject) -> Sequence[Finding]:
    """The brief's four forms, and what the default region makes of the first."""
    wrong = []
    for given in FORMS:
        got = _meaning(given, FORMS_REGION)
        if got != FORMS_MEAN:
            shown = got or _NOTHING_TO_SEND
            wrong.append(
                found(
                    Section.PHONES, "phones.wrong", about=given, given=given, got=shown, expected=FORMS_MEAN
                )
            )
    if wrong:
        return wrong
    rows = (("AS WRITTEN", "E.164"), *((given, FORMS_MEAN) for given in FORMS))
    findings = [found(Section.PHONES, "phones.good", rows=rows, count=len(FORMS))]
    region = subject.configured.default_region if subject.configured else FORMS_REGION
    if region != FORMS_REGION:
        there = _meaning(FORMS[0], region) or _NOTHING_TO_SEND
        findings.append(
            found(Section.PHONES, "phones.region", about="region", region=region, given=FORMS[0], got=there)
        )
    return findings


def _meaning(given: str, region: str) -> str | None:
    try:
        return parse(given, region).e164
    except PhoneRefused:
        return None
