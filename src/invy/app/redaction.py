"""The one place that keeps phone numbers, names, message bodies and secrets out of the log.

It knows how such things look and which keys hold them. It refuses to know where the log goes and how it is written.
Ids stay readable (`wamid`s, our message ids, `phone_number_id`), because a log without them explains nothing; note
that a wamid holds the recipient's number in base64, so a log is still not something to publish.
"""

import re
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, Final

from invy.domain import phone

HIDDEN: Final = "[secret]"
REMOVED: Final = "[removed]"

PHONE_KEYS: Final = frozenset(
    [
        "to",
        "from",
        "to_phone",
        "from_phone",
        "phone",
        "phones",
        "phone_number",
        "display_phone_number",
        "msisdn",
        "wa_id",
        "recipient",
        "recipient_id",
        "input",
    ]
)
NAME_KEYS: Final = frozenset(["guest_name", "contact_name", "profile_name", "full_name", "display_name"])
BODY_KEYS: Final = frozenset(
    ["body", "raw", "text", "caption", "payload", "params", "parameters", "components"]
)
SECRET_KEYS: Final = frozenset(
    [
        "authorization",
        "access_token",
        "token",
        "secret",
        "app_secret",
        "app_secrets",
        "verify_token",
        "hub.verify_token",
        "password",
        "api_key",
        "cookie",
        "x-hub-signature-256",
        "signature",
    ]
)

# A known secret shorter than this would blank ordinary words; it is still caught by its key or its place.
_SECRET_MIN: Final = 8
_DEPTH_MAX: Final = 6

_IN_SECRET_PLACE: Final = re.compile(
    r"""((?:access_token|app_secret|verify_token|password|appsecret_proof)["']?\s*[=:]\s*["']?)[^\s&"',;]+"""
    r"""|(authorization["']?\s*[=:]\s*["']?(?:bearer\s+)?)[^\s"',;]+"""
    r"""|(bearer\s+)[^\s"',;]{6,}"""
    r"""|(://[^/?#@\s:]*:)[^/?#\s]+(?=@)"""
    r"""|()\bEAA[A-Za-z0-9]{20,}""",
    re.IGNORECASE,
)
# What must be in a text for the expression above to match; looking for it first is several times cheaper.
_SECRET_PLACE_HINTS: Final = (
    "oken",
    "OKEN",
    "ecret",
    "ECRET",
    "assword",
    "ASSWORD",
    "earer",
    "EARER",
    "uthor",
    "UTHOR",
    "://",
    "EAA",
)
# A wamid is matched first so that its digits are left alone.
_IN_TEXT: Final = re.compile(
    r"""(wamid\.[\w+/=-]+)"""
    r"""|((?:\+|%2[Bb])[1-9][0-9]{6,})"""
    r"""|((?:\+|%2[Bb])[1-9](?:[ \-.()]{0,2}[0-9]){6,14})"""
    r"""|(?:(?<=\bto)|(?<=phone)|(?<=wa_id)|(?<=recipient)|(?<=recipient_id))(["']?\s*[=:]\s*["']?)([0-9]{7,15})(?![0-9])"""
)
_NUMBER: Final = re.compile(r"\+?[0-9](?:[ \-.()\u2010-\u2015]{0,2}[0-9]){6,}")
_NOT_DIGITS: Final = re.compile(r"[^0-9]")


class Redactor:
    """Masks event keys and free text. `secrets` are the values that must not appear anywhere."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= _SECRET_MIN}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def keys(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The same keys with values that may be logged: text, numbers, booleans, None, and lists and dicts of them."""
        return {key: self._value(key, value, 0) for key, value in event.items()}

    def text(self, text: str) -> str:
        """Free text with what looks like a secret or a phone number masked."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for hint in _SECRET_PLACE_HINTS:
            if hint in text:
                text = _IN_SECRET_PLACE.sub(_hide, text)
                break
        if "+" in text or "%2" in text or "=" in text or ":" in text:
            text = _IN_TEXT.sub(_mask_found, text)
        return text

    def _value(self, key: str, value: Any, depth: int) -> Any:
        if value is None or value is True or value is False:
            return value
        name = key.lower()
        if name in SECRET_KEYS:
            return HIDDEN
        if name in BODY_KEYS:
            return REMOVED
        if name in NAME_KEYS:
            return _initial(str(value))
        return self._plain(value, depth, is_phone=name in PHONE_KEYS or name.endswith("_phone"))

    def _plain(self, value: Any, depth: int, *, is_phone: bool) -> Any:
        if type(value) is str:  # as nearly always; to ask what else it could be costs more than to mask it
            return self.text(_mask_all(value) if is_phone else value)
        if depth < _DEPTH_MAX:
            if isinstance(value, Mapping):
                return {str(key): self._value(str(key), item, depth + 1) for key, item in value.items()}
            if isinstance(value, list | tuple | AbstractSet):
                return [self._plain(item, depth + 1, is_phone=is_phone) for item in value]
        if value is None or isinstance(value, float) or (isinstance(value, int) and not is_phone):
            return value
        text = _as_text(value)
        return self.text(_mask_all(text) if is_phone else text)


def _as_text(value: Any) -> str:
    match value:
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case date():
            return value.isoformat()
        case BaseException():
            return f"{type(value).__name__}: {value}"
        case _:
            return str(value)


def _mask_all(text: str) -> str:
    return _NUMBER.sub(lambda match: phone.mask(_NOT_DIGITS.sub("", match[0])), text)


def _mask_found(match: re.Match[str]) -> str:
    wamid, compact, spaced, lead, keyed = match.groups()
    if wamid is not None:
        return str(wamid)
    if keyed is not None:
        return f"{lead}{phone.mask(keyed)}"
    written = (compact or spaced).removeprefix("%2B").removeprefix("%2b")
    return phone.mask(_NOT_DIGITS.sub("", written))


def _hide(match: re.Match[str]) -> str:
    return next((lead for lead in match.groups() if lead is not None), "") + HIDDEN


def _initial(name: str) -> str:
    return f"{name[:1]}…"
