"""Whether two addresses of a webhook are one: the letters' case of the host and a default port make no difference."""

from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def same(one: str, other: str) -> bool:
    """What follows a question mark is left out; an address that cannot be read is only the same as itself."""
    return _plain(one) == _plain(other)


def _plain(url: str) -> tuple[str, str, int | None, str] | str:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return url
    return (parts.scheme, (parts.hostname or "").rstrip("."), port, parts.path.rstrip("/"))
