"""The numbers that one phone goes by; nothing is rewritten.

WhatsApp keeps some numbers in the form they had when the account was made, so the `wa_id` that Meta answers may
differ from the number that was dialled.
"""

import re
from typing import NewType

E164 = NewType("E164", str)
"""A phone number as `+`, country code, number: no spaces, at most 15 digits."""

# Each pair turns one form into the other. Why they exist: Brazil put a 9 before mobile numbers (2012-2016), Mexico
# dropped the 1 after +52 (2019), and Argentina's 9 after +54 marks a mobile number dialled from abroad.
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^\+55([1-9]{2})9([6-9]\d{7})$"), r"+55\g<1>\g<2>"),
    (re.compile(r"^\+55([1-9]{2})([6-9]\d{7})$"), r"+55\g<1>9\g<2>"),
    (re.compile(r"^\+521(\d{10})$"), r"+52\g<1>"),
    (re.compile(r"^\+52(\d{10})$"), r"+521\g<1>"),
    (re.compile(r"^\+549(\d{10})$"), r"+54\g<1>"),
    (re.compile(r"^\+54(\d{10})$"), r"+549\g<1>"),
)


def aliases(e164: E164) -> frozenset[E164]:
    """Every number under which Meta may know this phone, the given one included; each is an alias of each other."""
    other = other_form(e164)
    return frozenset((e164,) if other is None else (e164, other))


def other_form(e164: E164) -> E164 | None:
    """The second number of a phone that has two, else None."""
    if not e164.startswith(("+55", "+52", "+54")):
        return None
    for form, rewritten in _FORMS:
        if form.match(e164):
            return E164(form.sub(rewritten, e164))
    return None


def from_wa_id(wa_id: str) -> E164:
    """Meta's `wa_id`, `from` and `recipient_id` are the same digits without the plus."""
    return E164("+" + wa_id.lstrip("+"))
