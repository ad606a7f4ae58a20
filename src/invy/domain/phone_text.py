"""How people and spreadsheets write phone numbers, brought down to digits without knowing any country.

Knows paste marks, foreign digits, links, labels and what Excel does to long numbers. Refuses whatever it would have
to guess. Which digits make a real number is phone.py's affair.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from invy.domain.errors import PhoneRefused

LONGEST_TEXT = 4096
"""A cell longer than this is not looked into."""


@dataclass(frozen=True, slots=True)
class Written:
    """Digits as they were meant: `international` when a country code certainly stands in front."""

    digits: str
    international: bool


def read(raw: str) -> Written:
    """Digits and whether they start with a country code. Raises PhoneRefused, never with the number in its words."""
    if len(raw) > LONGEST_TEXT:
        raise PhoneRefused(
            f"The cell holds {len(raw)} characters; a phone number has at most 15 digits",
            hint="Look whether two columns or two rows have run together",
        )
    text = _unwrapped(_plain(raw))
    if not text:
        raise PhoneRefused("There is no number here", hint="Fill in the phone number, or remove the guest")
    linked = _LINK.search(text)
    if linked:
        return _from_link(linked)
    text = _CONTEXT.sub(r"\2\1", _LABEL.sub("", text)).strip(_EDGES)
    _refuse_extension(text)
    text = _whole_number(text)
    _refuse_several(text)
    _refuse_foreign_characters(text)
    return _digits(text)


class _Characters(dict[int, str | None]):
    """What each character of a pasted number becomes; learned as they are met."""

    def __missing__(self, code: int) -> str | None:
        self[code] = self._meaning(chr(code))
        return self[code]

    @staticmethod
    def _meaning(character: str) -> str | None:
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            return str(digit)
        if character in _MEANINGS:
            return _MEANINGS[character]
        category = unicodedata.category(character)
        if category == "Cf":  # bidi marks, zero-width joiners, byte order marks: pasted along from WhatsApp
            return None
        return _MEANINGS.get(category, character)


_MEANINGS = {
    **{chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)},  # full-width forms
    "−": "-",
    "٫": ".",
    "٬": ",",
    "،": ",",
    "؛": ";",
    "\t": " ",
    "\r": "\n",
    "Zs": " ",
    "Zl": "\n",
    "Zp": "\n",
    "Pd": "-",
}
"""Characters, and Unicode categories, that stand for something plainer."""

_CHARACTERS = _Characters()
_EDGES = " \n\t,;.:'\"’‘`´“”״׳"


def _plain(raw: str) -> str:
    return raw.translate(_CHARACTERS)


def _unwrapped(text: str) -> str:
    """Without Excel's apostrophe, quotes, and the `="…"` that keeps leading zeros in CSV files."""
    return text.strip(_EDGES).lstrip("=").strip(_EDGES)


_LINK = re.compile(
    r"(?i)(?:\bwa\.me/|\bwhatsapp(?:\.com)?[:/][^\s]*[?&]phone=|\bwa\.link/|\bwhatsapp\.com/)(?P<rest>[^\s?&#]*)"
)
_CONTEXT = re.compile(r"(?i)^([^;]*);phone-context=(\+\d{1,3})$")
_LABEL = re.compile(
    r"(?i)^(?:tel(?:ephone)?|phone|mobile|mob|cell(?:ular)?|whats ?app|wa|sms(?:to)?|callto|ph"
    r"|טלפון|טל|נייד|סלולרי|פלאפון|וואטסאפ|ווטסאפ|هاتف|تلفون|جوال|موبايل|محمول|واتساب|тел|моб)"
    r"(?=[\s:.'׳״\"/+(])[\s:.'׳״\"/]*"
)
_EXTENSION = re.compile(
    r"(?i)(?<=\d)[\s,;.(-]*(?:;ext=|ext(?:ension)?|x|#|שלוחה|تحويلة|доб)[\s.:=]*\d{1,7}\)?$"
)
_WHOLE = re.compile(r"^(\+?\d{8,})[.,]0{1,2}$")
_FRACTION = re.compile(r"^\+?\d{8,}[.,]\d{1,3}$")
_NEGATIVE = re.compile(r"^-[1-9]\d*(?:[.,]\d+)?$")
_SCIENTIFIC = re.compile(r"(?i)^(\+?\d)(?:[.,](\d+))?\s*e\s*\+?(\d{1,3})$")
_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3}){2,}(?:\.0+)?$")
_SEPARATORS = re.compile(r"(?i)[;,|\n&/\\]|\s(?:or|and|או|ו|أو|و|или|ou|oder)\s")
_NUMBER_AND_PLUS = re.compile(r"\d[^\d+]*\+[^\d+]*\d")
_PUNCTUATION = re.compile(r"[-\s().\[\]/,~]")


def _from_link(linked: re.Match[str]) -> Written:
    rest = unquote(linked["rest"])
    digits = re.sub(r"[^\d+]", "", rest)
    if not digits or re.search(r"[A-Za-z]{2}", rest):
        raise PhoneRefused(
            "This is a WhatsApp link that does not contain a phone number",
            hint="Open the link, and write down the phone number it shows",
        )
    # A link needs a country code; one that begins with 0 was made without it, and reads as dialled here.
    return _digits(digits if digits.startswith("0") else "+" + digits)


def _refuse_extension(text: str) -> None:
    if _EXTENSION.search(text) and sum(map(str.isdigit, text)) > 7:  # noqa: PLR2004 - shorter is a star or hash code
        raise PhoneRefused(
            "This number has an extension, and WhatsApp cannot reach an extension",
            hint="Ask for a mobile number, or write the number without the extension if it is a direct line",
        )


def _whole_number(text: str) -> str:
    """The digits of a number that a spreadsheet keeps as a decimal or in scientific notation, if none were lost."""
    if scientific := _SCIENTIFIC.match(text):
        lead, decimals, exponent = scientific[1], scientific[2] or "", int(scientific[3])
        if len(decimals) != exponent:
            raise PhoneRefused(
                "A spreadsheet has shortened this number (scientific notation) and its last digits are lost",
                hint="Format the phone column as text in the spreadsheet, enter the number again, and save anew",
            )
        return lead + decimals
    if _NEGATIVE.match(text):
        raise PhoneRefused(
            "This is a negative number: a spreadsheet has probably subtracted the parts of a phone number",
            hint="Format the phone column as text in the spreadsheet and enter the number again",
        )
    if whole := _WHOLE.match(text):
        return whole[1]
    if _THOUSANDS.match(text):
        return text.split(".", maxsplit=1)[0].replace(",", "")
    if _FRACTION.match(text):
        raise PhoneRefused(
            "This is a decimal fraction, not a phone number",
            hint="Format the phone column as text in the spreadsheet and enter the number again",
        )
    return text


def _refuse_several(text: str) -> None:
    parts = [sum(map(str.isdigit, part)) for part in _SEPARATORS.split(text)]
    # 050/4370045 is one number with a slash after the prefix; 050-4370045/6 is two.
    several = len(parts) > 1 and parts[0] > 5 and any(parts[1:])  # noqa: PLR2004 - digits
    if several or _NUMBER_AND_PLUS.search(text.strip("+")):
        raise _several()


def _several() -> PhoneRefused:
    return PhoneRefused(
        "There are two numbers in one cell",
        hint="Keep the one that has WhatsApp, or give the second its own row",
    )


def _refuse_foreign_characters(text: str) -> None:
    rest = _PUNCTUATION.sub("", text).strip("+")
    if rest.isascii() and rest.isdecimal():
        if any(7 <= len(group) <= 12 and len(rest) - len(group) >= 7 for group in text.split()):  # noqa: PLR2004
            raise _several()
        return
    digits = sum(map(str.isdigit, rest))
    if "@" in rest:
        raise PhoneRefused(
            "This is an e-mail address", hint="Look whether the columns are in the right order"
        )
    if "*" in rest or rest.startswith("#"):
        raise PhoneRefused(
            "This is a service code (with * or #), which WhatsApp cannot reach",
            hint="Ask for a mobile number",
        )
    if digits > 5:  # noqa: PLR2004 - enough digits that a number is probably hidden in there
        raise PhoneRefused(
            "There is something besides the number in the cell",
            hint="Keep only the digits of the number, and move the rest to another column",
        )
    raise PhoneRefused("This is not a phone number", hint="Look whether the columns are in the right order")


def _digits(text: str) -> Written:
    compact = _PUNCTUATION.sub("", text)
    # A plus at the end is a plus at the start, moved by right-to-left text.
    plus = compact.startswith("+") or compact.endswith("+")
    digits = compact.strip("+")
    if digits.startswith("00"):
        plus, digits = True, digits[2:]
    if plus and digits.startswith("0"):
        raise PhoneRefused(
            "A 0 follows the + (or the 00), and no country code begins with 0",
            hint="Remove the +, or put the country code between it and the number",
        )
    return Written(digits, plus)
