"""A phone number: from anything a person may have typed to E.164, or a refusal that says why.

Knows the numbering plans (libphonenumber), which default region to assume only when it is told, and how a number is
masked. Refuses to guess: a text that could mean two numbers is refused, and no number is ever rewritten into another.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneNumber, PhoneNumberType, ValidationResult

from invy.domain import phone_text
from invy.domain.errors import InvalidInput, PhoneRefused
from invy.domain.phone_alias import E164, aliases, from_wa_id, other_form

__all__ = ["E164", "Caution", "LineKind", "Phone", "aliases", "from_wa_id", "mask", "parse"]


class LineKind(StrEnum):
    """What sort of line the numbering plan says it is."""

    MOBILE = "mobile"
    FIXED_OR_MOBILE = "fixed line or mobile"
    FIXED = "fixed line"
    VOIP = "internet telephony"
    PERSONAL = "personal number"
    TOLL_FREE = "toll-free"
    PREMIUM = "premium rate"
    SHARED_COST = "shared cost"
    PAGER = "pager"
    COMPANY = "company access number"
    VOICEMAIL = "voicemail access"


class Caution(StrEnum):
    """What a person should look at before sending; the value is the sentence to show."""

    NOT_MOBILE = "Not a mobile number: it may have no WhatsApp"
    COUNTRY_ASSUMED = "Written without a +, and read as starting with a country code"
    ZERO_BEFORE_COUNTRY = "A 0 stood before the country code and was dropped"
    OLD_FORM = "An old form of a number; WhatsApp may know it by its newer form"
    UNKNOWN_RANGE = "No block of numbers known to be in use begins like this: it may be mistyped"
    FICTION = "Reserved for fiction and tests: nobody answers it"


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can exist. `region` is a two-letter country, or "001" for numbers of no country."""

    e164: E164
    region: str
    kind: LineKind
    warnings: tuple[Caution, ...] = ()


def parse(raw: str, region: str) -> Phone:
    """What the text means when dialled in `region` (a two-letter country code, any case).

    Raises PhoneRefused (reason and hint, never the number itself) for any text that is not exactly one number, and
    InvalidInput for a region that does not exist.
    """
    region = region.upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(
            f"{region!r} is not a country known to the numbering plans",
            hint="Use the two-letter code of a country, such as IL or GB",
        )
    written = phone_text.read(raw)
    if written.international:
        return _judge(_number("+" + written.digits, None))
    local = _number(written.digits, region)
    try:
        return _judge(local)
    except PhoneRefused:
        otherwise = _with_country_code(written.digits, region)
        if otherwise is None:
            raise
        return otherwise


def mask(e164: str) -> str:
    """The only form in which a number may be logged: country code and the last four digits, `+972•••••0045`.

    Takes Meta's form without plus too. At least three digits stay hidden; anything that is not a number vanishes whole.
    """
    digits = e164.removeprefix("+")
    if not _DIGITS.match(digits):
        return "•••"
    code = next(
        (digits[:n] for n in (1, 2, 3) if int(digits[:n]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), ""
    )
    hidden = max(3, len(digits) - len(code) - 4)
    return f"+{code}{'•' * hidden}{digits[len(code) + hidden :]}"


_POSSIBLE: Final = ValidationResult.IS_POSSIBLE
_DIGITS: Final = re.compile(r"^[1-9][0-9]{6,14}$")

_KINDS: Final[dict[int, LineKind]] = {
    PhoneNumberType.MOBILE: LineKind.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: LineKind.FIXED_OR_MOBILE,
    PhoneNumberType.FIXED_LINE: LineKind.FIXED,
    PhoneNumberType.VOIP: LineKind.VOIP,
    PhoneNumberType.PERSONAL_NUMBER: LineKind.PERSONAL,
    PhoneNumberType.TOLL_FREE: LineKind.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: LineKind.PREMIUM,
    PhoneNumberType.SHARED_COST: LineKind.SHARED_COST,
    PhoneNumberType.PAGER: LineKind.PAGER,
    PhoneNumberType.UAN: LineKind.COMPANY,
    PhoneNumberType.VOICEMAIL: LineKind.VOICEMAIL,
}
_MOBILE: Final = frozenset({LineKind.MOBILE, LineKind.FIXED_OR_MOBILE})

# Ranges that regulators keep for films and tests; libphonenumber leaves most of them out. Ofcom (07700 900000-900999),
# the North American plan (555-0100 to 555-0199 of any area code), Arcep (06 39 98 00 00 to 06 39 98 99 99).
_FICTION: Final = re.compile(r"^\+(?:447700900\d{3}|1[2-9]\d{2}55501\d{2}|3363998\d{4})$")


_NO_SUCH_COUNTRY: Final = (
    "No country has the calling code that this number begins with",
    "Check the digits after the +, or remove the + if it is a number of your own country",
)
_TOO_SHORT: Final = (
    "Too short to be a phone number",
    "Write the whole number, with its area code or prefix",
)
_PARSE_REFUSALS: Final = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: _NO_SUCH_COUNTRY,
    phonenumbers.NumberParseException.TOO_LONG: (
        "Too long: no phone number has more than 15 digits",
        "Look whether two numbers have run together",
    ),
}


def _number(text: str, region: str | None) -> PhoneNumber:
    try:
        number = phonenumbers.parse(text, region, keep_raw_input=region is not None)
    except phonenumbers.NumberParseException as refusal:
        reason, hint = _PARSE_REFUSALS.get(refusal.error_type, _TOO_SHORT)
        raise PhoneRefused(reason, hint=hint) from None
    if number.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD and not _plain_idd(region):
        raise PhoneRefused(
            "This starts like a call abroad through a particular carrier",
            hint="Write a number abroad with + and its country code",
        )
    return number


def _plain_idd(region: str | None) -> bool:
    """Whether the region has one prefix for calls abroad (011 in the USA), so that the rest can only be a number."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region or "")
    return metadata is not None and (metadata.international_prefix or "").isdecimal()


def _judge(number: PhoneNumber) -> Phone:
    """The number as a Phone, or the reason why it cannot exist."""
    e164 = E164(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    region = phonenumbers.region_code_for_number(number)
    kind = _KINDS.get(phonenumbers.number_type(number))
    fiction = _FICTION.match(e164)
    if region is not None and kind is not None:
        warnings = () if kind in _MOBILE else (Caution.NOT_MOBILE,)
        return Phone(e164, region, kind, (*warnings, Caution.FICTION) if fiction else warnings)
    home = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if fiction:
        return Phone(e164, home, LineKind.MOBILE, (Caution.FICTION,))
    other = other_form(e164)
    if other is not None and phonenumbers.is_valid_number(phonenumbers.parse(other)):
        return Phone(e164, home, LineKind.MOBILE, (Caution.OLD_FORM,))
    if _begins_like_a_mobile(number):
        return Phone(e164, home, LineKind.MOBILE, (Caution.UNKNOWN_RANGE,))
    raise _impossible(number, home)


def _begins_like_a_mobile(number: PhoneNumber) -> bool:
    """Whether the length and the first two digits fit a mobile number, though the block is not known to be in use.

    Numbering plans grow faster than libraries, so such a number gets a caution; 312345678 (an identity number in the
    wrong column) gets a refusal.
    """
    if phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE) != _POSSIBLE:
        return False
    national = phonenumbers.national_significant_number(number)
    return _is_mobile_prefix(number.country_code or 0, national[:2], len(national))


@cache
def _is_mobile_prefix(code: int, prefix: str, length: int) -> bool:
    siblings = (
        PhoneNumber(country_code=code, national_number=int(prefix + digit * (length - 2)))
        for digit in "23456789"
    )
    return any(_KINDS.get(phonenumbers.number_type(sibling)) in _MOBILE for sibling in siblings)


def _with_country_code(digits: str, region: str) -> Phone | None:
    """A number written without its plus, when it cannot be a number of the region: 447700900123, 0972504370045."""
    own_code = str(phonenumbers.country_code_for_region(region))
    if digits.startswith("0" + own_code):
        candidate, warning = digits[1:], Caution.ZERO_BEFORE_COUNTRY
    elif not digits.startswith(("0", own_code)) and len(digits) >= 11:  # noqa: PLR2004 - shorter is a local number gone wrong
        candidate, warning = digits, Caution.COUNTRY_ASSUMED
    else:
        return None
    try:
        phone = _judge(_number("+" + candidate, None))
    except PhoneRefused:
        return None
    if Caution.UNKNOWN_RANGE in phone.warnings:  # one guess is enough
        return None
    return Phone(phone.e164, phone.region, phone.kind, (*phone.warnings, warning))


def _impossible(number: PhoneNumber, home: str) -> PhoneRefused:
    code = f"+{number.country_code}"
    national = phonenumbers.national_significant_number(number)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(number.country_code or 0, home)
    lengths = tuple(metadata.mobile.possible_length) if metadata and metadata.mobile else ()
    usual = " or ".join(str(n) for n in lengths if n > 0) or "another number of"
    counted = f"it has {len(national)} digits after {code}, and a mobile number of {home} has {usual}"
    match phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE):
        case ValidationResult.TOO_SHORT:
            return PhoneRefused(
                f"Too short: {counted}", hint="A digit is missing; ask the guest for the number"
            )
        case ValidationResult.TOO_LONG:
            return PhoneRefused(
                f"Too long: {counted}",
                hint="Remove the digit too many, or write + and the country code if it is a number abroad",
            )
        case ValidationResult.INVALID_LENGTH:
            return PhoneRefused(f"Wrong length: {counted}", hint="Ask the guest for the number")
        case ValidationResult.INVALID_COUNTRY_CODE:
            return PhoneRefused(_NO_SUCH_COUNTRY[0], hint=_NO_SUCH_COUNTRY[1])
        case _:
            return PhoneRefused(
                f"No number of {home} ({code}) begins like this",
                hint="Check the first digits, and write + and the country code if it is a number abroad",
            )
