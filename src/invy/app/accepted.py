"""What a setting's text must look like to be accepted, one function per form.

Each takes the text and returns it as Invy uses it, or raises ValueError with a clause that continues
"the value …". The clause never repeats the text, which may be a secret.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

import phonenumbers

_API_VERSION: Final = re.compile(r"v\d{1,3}\.\d", re.ASCII)
_DIGITS: Final = re.compile(r"\d{5,25}", re.ASCII)
# What samples and guides put where a secret belongs, the brief's own and ours (`<…>`) among them.
_PLACEHOLDER: Final = re.compile(
    r"your[ _-].*|(insert|paste|replace|enter)[ _-](your|with|here|me).*|.*[ _-]here|<.*>|change[ _-]?me|x{3,}|\.{3}|…",
    re.IGNORECASE,
)
# What people call a country, against what ISO 3166 calls it.
_REGION_SLIPS: Final = {"UK": "GB", "EN": "GB", "HE": "IL", "AR": ""}
# In a URL: the part before the password (kept), and the password.
_PASSWORD: Final = re.compile(r"(://[^/?#@\s:]*:)([^/?#\s]+)(?=@)|([?&](?:ssl)?password=)([^&#\s]+)")


def secret(text: str) -> str:
    """A token or secret as it was issued: printable, unbroken, unquoted, and no sample text."""
    if text[0] in "\"'" or text[-1] in "\"'":
        raise ValueError("has quotation marks pasted around it")
    if text.lower().startswith("bearer "):
        raise ValueError('begins with "Bearer "; give the token alone')
    _refuse_placeholder(text)
    if any(sign.isspace() for sign in text):
        raise ValueError("contains a space or a line break, which was probably pasted with it")
    if not (text.isascii() and text.isprintable()):
        raise ValueError("contains a character that no such secret has, perhaps an invisible one")
    return text


def secrets(text: object) -> object:
    """Several secrets, separated by commas or line breaks; a trailing comma is harmless."""
    if not isinstance(text, str):
        return text
    return tuple(part.strip(" \t\r") for part in re.split(r"[,\n]", text) if part.strip())


def meta_id(text: str) -> str:
    """An id of Meta's: digits only."""
    _refuse_placeholder(text)
    if text.startswith("+"):
        raise ValueError("looks like a phone number; the id that Meta gives the number is needed")
    if not _DIGITS.fullmatch(text):
        raise ValueError("is not an id of Meta's, which has digits only")
    return text


def api_version(text: str) -> str:
    if not _API_VERSION.fullmatch(text):
        raise ValueError("is not a Graph API version, which looks like v25.0")
    return text


def region(text: str) -> str:
    """A two-letter region that has telephone numbers, in capitals."""
    code = text.upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        meant = _REGION_SLIPS.get(code)
        raise ValueError(
            f"is not a region code{f'; {meant} is meant, perhaps' if meant else ' such as IL, GB or US'}"
        )
    return code


def host(text: str) -> str:
    """An address to listen on, without scheme, path or port."""
    bare = text.removeprefix("[").removesuffix("]")
    if "/" in text or any(sign.isspace() for sign in text):
        raise ValueError(
            "is not a host; give an address such as 127.0.0.1, without http:// and without a path"
        )
    if ":" in bare:
        try:
            ipaddress.IPv6Address(bare)
        except ValueError:
            raise ValueError("is not a host; the port is set by INVY_PORT") from None
    return bare


def web_address(text: str) -> str:
    """An https URL, or http on a loopback host; no query, no fragment, no password; the last slash is dropped."""
    parts = _split(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a web address beginning with https://")
    if "@" in parts.netloc:
        raise ValueError("has a user name in it, which does not belong there")
    if parts.query or parts.fragment:
        raise ValueError("has a query or a fragment; give the address without what follows ? or #")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(
            "begins with http://, but what travels there is private: https:// is needed, except on this machine"
        )
    return text.rstrip("/")


def database_url(text: str) -> str:
    """`sqlite:///path` or `postgresql://…`, plain: which driver is used is Invy's affair."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise ValueError(
            "is not a database URL, which is sqlite:///path or postgresql://user:password@host/name"
        )
    base = scheme.partition("+")[0].lower()
    if base in {"sqlite", "postgresql"} and "+" in scheme:
        raise ValueError(f"names a driver; write {base}:// and nothing more, Invy brings its own")
    if base == "postgres":
        raise ValueError("begins with postgres://; write postgresql://")
    if base == "sqlite":
        return _sqlite(rest, text)
    if base != "postgresql":
        raise ValueError("names a database that Invy does not know; it knows sqlite and postgresql")
    path = _split(text).path
    if "@" in path:
        raise ValueError("has a / in its password, perhaps; in a URL it is written %2F, and @ is written %40")
    if path in {"", "/"}:
        raise ValueError("names no database after the host: postgresql://user:password@host/name")
    return text


def lowercase(value: object) -> object:
    """Words of a closed set may be written in any case."""
    return value.lower() if isinstance(value, str) else value


def is_loopback(name: str) -> bool:
    """Whether only this machine can reach that host. No name is looked up: `localhost` is the only one known."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def without_password(url: str) -> str:
    """The URL as it may be shown, `***` in place of any password."""
    return _PASSWORD.sub(lambda match: (match[1] or match[3]) + "***", url)


def passwords_in(url: str) -> tuple[str, ...]:
    """The passwords that `without_password` would hide, as they stand in the URL."""
    return tuple(match[2] or match[4] for match in _PASSWORD.finditer(url))


def _sqlite(rest: str, text: str) -> str:
    if not rest.startswith("/"):
        raise ValueError("has two slashes where three belong: sqlite:///path, or four for an absolute path")
    if "?" in rest or "#" in rest:
        raise ValueError("has options after the path; Invy sets its own")
    if rest == "/" or ":memory:" in rest:
        raise ValueError(
            "names no file; what is only in memory is lost, so a path is needed: sqlite:///invy-data/invy.db"
        )
    return text


def _split(text: str) -> SplitResult:
    if any(sign.isspace() for sign in text):
        raise ValueError("contains a space or a line break")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a well-formed address; look at its port and brackets") from None
    return parts


def _refuse_placeholder(text: str) -> None:
    if _PLACEHOLDER.fullmatch(text):
        raise ValueError(
            "is still the placeholder from the sample; put the real one there, or remove the line"
        )
