"""The rules for one value that goes into a template: what Meta, or the link behind it, would not survive.

Theory: a `Rule` says what kind of value a place takes; `fault(rule, value, limit)` says in words what is wrong with a
value and how to mend it, or None. A fault tells the kind and position of the trouble and never quotes the value:
values are guests' names and personal links. Refuses to know templates and where values come from.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from invy.domain import template_limits as limits


class Rule(StrEnum):
    """What a place in a template takes."""

    TEXT = "text"  # words the guest reads
    LINK = "link"  # an http(s) address that Meta fetches
    MEDIA_ID = "media id"  # what Meta answered to an upload
    MEDIA = "link or media id"  # told apart safely: a media id has digits only, a link never has
    FILENAME = "file name"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    URL_SUFFIX = "end of a web address"
    PAYLOAD = "button payload"
    COPY_CODE = "code to copy"
    FLOW_TOKEN = "flow token"  # noqa: S105 - the name of a kind of value, not a secret
    FLOW_DATA = "flow data"


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` continues the sentence "Parameter 'x' …"; `fix` is a sentence of its own."""

    what: str
    fix: str


# What JSON in UTF-8 cannot carry, and control characters other than tab and line breaks, which have their own words.
_UNSENDABLE: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
# Everything that breaks a line somewhere: Meta refuses new lines (132018) without saying which characters it counts.
_LINE_BREAK: Final = re.compile("[\n\r\v\f\x85\u2028\u2029]")
# Every width of space counts: lists copied from spreadsheets and PDFs carry no-break and thin ones.
_SPACES: Final = re.compile(
    f"[ \xa0\u1680\u2000-\u200a\u202f\u205f\u3000]{{{limits.CONSECUTIVE_SPACES + 1},}}"
)
_MEDIA_ID: Final = re.compile(f"[0-9]{{5,{limits.MEDIA_ID}}}")
# The sample handle of a template ("4::aW…"), made by a resumable upload: good for creating a template, never for sending.
_SAMPLE_HANDLE: Final = re.compile(r"[0-9]+::")
# Where Meta keeps the sample media of templates; its own fetcher gets 403 there, reported by webhook as 131053 after a 200.
_SAMPLE_HOST: Final = "scontent.whatsapp.net"
_DEGREES: Final = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
_CODE: Final = re.compile(r"[0-9A-Za-z]+")
_WEB: Final = ("http", "https")


def fault(rule: Rule, value: object, limit: int) -> Fault | None:
    """What is wrong with `value` where `rule` holds and at most `limit` characters fit, or None."""
    if not isinstance(value, str):
        return Fault(f"is not text but {_kind(value)}", "Give it as text, in quotes.")
    return _unsendable(value) or _blank(value) or _CHECKS[rule](value) or _too_long(value, limit)


def _kind(value: object) -> str:
    return "None (no value at all)" if value is None else f"a value of type {type(value).__name__}"


def _unsendable(text: str) -> Fault | None:
    found = _UNSENDABLE.search(text)
    if found is None:
        return None
    if "\ud800" <= found[0] <= "\udfff":
        return Fault(
            f"has half a character (a lone surrogate) at position {found.start() + 1}",
            "The text was damaged before it came here; read it again from its source as UTF-8.",
        )
    return Fault(
        f"has an invisible control character (U+{ord(found[0]):04X}) at position {found.start() + 1}",
        "Remove it; it usually comes from a damaged file or the wrong encoding.",
    )


def _blank(text: str) -> Fault | None:
    if not text:
        return Fault("is empty", "Give it a value; Meta refuses an empty one.")
    if all(character.isspace() or unicodedata.category(character) == "Cf" for character in text):
        return Fault(
            "has nothing to see in it (only spaces or invisible marks)",
            "Give it a value; Meta refuses a blank one.",
        )
    return None


def _too_long(text: str, limit: int) -> Fault | None:
    if len(text) <= limit:
        return None
    return Fault(
        f"is too long: {len(text)} characters where at most {limit} fit",
        "Shorten it; nothing is cut for you.",
    )


def _text(text: str) -> Fault | None:
    if found := _LINE_BREAK.search(text):
        return Fault(
            f"has a line break at position {found.start() + 1}",
            "Put it on one line; line breaks belong into the template itself.",
        )
    if (position := text.find("\t")) >= 0:
        return Fault(f"has a tab at position {position + 1}", "Replace the tab with a space.")
    if found := _SPACES.search(text):
        return Fault(
            f"has {len(found[0])} spaces in a row at position {found.start() + 1},"
            f" and Meta allows {limits.CONSECUTIVE_SPACES}",
            "Leave one space there.",
        )
    return None


def _unbroken(text: str) -> Fault | None:
    if found := re.search(r"\s", text):
        return Fault(
            f"has a space, tab or line break at position {found.start() + 1}",
            "Remove it, or write it percent-encoded (%20) if the address really has one.",
        )
    return None


def _link(text: str) -> Fault | None:
    if _MEDIA_ID.fullmatch(text):
        return Fault(
            "is a media id where a link is expected",
            "Give the https address, or name the parameter with header_id_key in the template's entry.",
        )
    return _address(text, "Give the full address of the file, beginning with https://.")


def _address(text: str, fix: str) -> Fault | None:
    if _SAMPLE_HANDLE.match(text):
        return Fault(
            "is a sample handle, which serves to create a template and cannot be sent",
            "Give an https link to the file, or the media id that Meta answered when it was uploaded for sending.",
        )
    return _unbroken(text) or _unreachable(text, fix)


def _unreachable(text: str, fix: str) -> Fault | None:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port  # reading it is what checks it
    except ValueError:
        return Fault("is not a web address that can be read", fix)
    if parts.scheme not in _WEB:
        return Fault("is not an http or https link", fix)
    if not host:
        return Fault("is a link without a host name", fix)
    if host == _SAMPLE_HOST or host.endswith("." + _SAMPLE_HOST):
        return Fault(
            f"points to the template's own sample on {_SAMPLE_HOST}, which Meta cannot fetch when sending",
            "Put the file on your own site and give its https address, or upload it and give the media id.",
        )
    return None


def _media_id(text: str) -> Fault | None:
    if _MEDIA_ID.fullmatch(text):
        return None
    fix = "Give the digits that Meta answered when the file was uploaded."
    if text.startswith(("http://", "https://")):
        return Fault(
            "is a link where a media id is expected",
            fix + " To send by link, name the parameter with header_link_key in the template's entry.",
        )
    return Fault("is not a media id", fix)


def _media(text: str) -> Fault | None:
    if _MEDIA_ID.fullmatch(text):
        return None
    return _address(
        text, "Give the full address of the file, beginning with https://, or the digits of a media id."
    )


def _filename(text: str) -> Fault | None:
    if "/" in text or "\\" in text:
        return Fault(
            "has a folder in it", 'Give only the name the guest shall see, such as "invitation.pdf".'
        )
    return _text(text)


def _degrees(reach: int) -> Callable[[str], Fault | None]:
    fix = f"Give decimal degrees from -{reach} to {reach} with a point, as in 31.7767."

    def check(text: str) -> Fault | None:
        if not _DEGREES.fullmatch(text):
            return Fault("is not a number of degrees", fix)
        if abs(float(text)) > reach:
            return Fault(f"is outside -{reach} to {reach} degrees", fix)
        return None

    return check


def _copy_code(text: str) -> Fault | None:
    # Meta's page on coupon templates: "Only accepting alphanumeric characters".
    if _CODE.fullmatch(text):
        return None
    return Fault(
        "has other characters than letters A to Z and digits",
        "Meta takes only those in a code to copy; choose another code.",
    )


def _anything(_value: str) -> Fault | None:
    return None  # a flow's screen may show line breaks


_CHECKS: Final[dict[Rule, Callable[[str], Fault | None]]] = {
    Rule.TEXT: _text,
    Rule.LINK: _link,
    Rule.MEDIA_ID: _media_id,
    Rule.MEDIA: _media,
    Rule.FILENAME: _filename,
    Rule.LATITUDE: _degrees(90),
    Rule.LONGITUDE: _degrees(180),
    Rule.URL_SUFFIX: _unbroken,
    Rule.PAYLOAD: _text,
    Rule.COPY_CODE: _copy_code,
    Rule.FLOW_TOKEN: _text,
    Rule.FLOW_DATA: _anything,
}


def is_media_id(value: str) -> bool:
    """Whether a value that passed `Rule.MEDIA` is a media id; otherwise it is a link."""
    return _MEDIA_ID.fullmatch(value) is not None
