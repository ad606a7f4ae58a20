"""The front door: a reverse proxy before the user's own server, as one stands in production, and all it can do wrong there.

What comes to `/_simulator/door/…` goes on to the server it is told of, and the answer comes back. It knows no Meta.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from invy.simulator.exchange import BROKEN, Answer, Request

_VIA = "1.1 invy-simulator-door"
_PATIENCE_S = 30.0
# What belongs to one connection and not to the message; and what aiohttp writes or undoes by itself.
_NOT_HANDED_ON = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "content-encoding", "accept-encoding", "host",
    }
)  # fmt: skip
_LOGIN = "https://login.door.example/?next="


class Spoilt(StrEnum):
    """The words of `how` for the incident `spoil-door`."""

    REWRITE = "rewrite"  # parses JSON and writes it anew: other bytes, and the signature no longer fits
    STRIP = "strip"  # lets no X-Hub-… header through: the signature is gone
    LOGIN = "login"  # 200 with a login page
    REDIRECT = "redirect"  # 302 to a login page
    LOST_ROUTE = "lost-route"  # 404: the path leads nowhere any more
    FIREWALL = "firewall"  # 403
    TOO_LARGE = "too-large"  # 413 for any body
    BAD_GATEWAY = "bad-gateway"  # 502, as when the server behind it is down
    SWALLOW = "swallow"  # 200, and nothing is handed on
    ECHO = "echo"  # answers every challenge by itself, whatever the token; swallows the rest
    SLOW = "slow"  # lets everybody wait for `takes`, in real seconds
    CUT = "cut"  # the connection breaks


@dataclass(frozen=True, slots=True)
class Trouble:
    """`method` limits it to requests of that method."""

    how: Spoilt
    until: float
    method: str = ""
    takes_s: float = 0.0


class Door:
    """`session` gives the HTTP client once the world has started; `now` is virtual time."""

    def __init__(self, session: Callable[[], aiohttp.ClientSession], now: Callable[[], float]) -> None:
        self._session = session
        self._now = now
        self.leads_to = ""
        self.trouble: Trouble | None = None
        self.passed = 0

    def report(self) -> dict[str, Any]:
        trouble = self._trouble("")
        return {
            "leads_to": self.leads_to or None,
            "spoilt": trouble.how.value if trouble else None,
            "method": (trouble.method or None) if trouble else None,
            "passed": self.passed,
        }

    def lead(self, url: str) -> None:
        """Have what comes go to this server from now on. Raises ValueError when that is no address."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"The door cannot lead to {url!r}: give an address as http://127.0.0.1:8000.")
        self.leads_to = url.rstrip("/")

    async def answer(self, request: Request, prefix: str) -> Answer:
        """What the client gets for `{prefix}/…`."""
        trouble = self._trouble(request.method)
        if trouble is not None and trouble.how in _ANSWERS:
            return _ANSWERS[trouble.how](request)
        if trouble is not None and trouble.how is Spoilt.SLOW:
            return Answer(504, _page("504 Gateway Time-out"), _HTML, after_s=trouble.takes_s)
        if not self.leads_to:
            return Answer(
                502, _page("The door leads nowhere: start with --door, or POST /_simulator/door"), _HTML
            )
        if _VIA in request.header("via"):
            return Answer(508, _page("508 Loop Detected: the door leads to itself"), _HTML)
        return await self._hand_on(request, prefix, trouble.how if trouble else None)

    def _trouble(self, method: str) -> Trouble | None:
        trouble = self.trouble
        if trouble is None or trouble.until <= self._now():
            return None
        return trouble if not method or trouble.method in {"", method} else None

    async def _hand_on(self, request: Request, prefix: str, how: Spoilt | None) -> Answer:
        path = request.raw_path.decode("latin-1").removeprefix(prefix)
        query = request.raw_query.decode("latin-1")
        url = self.leads_to + path + (f"?{query}" if query else "")
        body = _anew(request.body) if how is Spoilt.REWRITE else request.body
        try:
            async with self._session().request(
                request.method,
                url,
                data=body or None,
                headers=_handed_on(request.headers, how),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_PATIENCE_S),
            ) as response:
                content = await response.read()
                kept = {
                    name.lower(): value
                    for name, value in response.headers.items()
                    if name.lower() not in _NOT_HANDED_ON
                }
                self.passed += 1
                return Answer(response.status, content, kept)
        except TimeoutError:
            return Answer(504, _page("504 Gateway Time-out"), _HTML)
        except (aiohttp.ClientError, OSError, ValueError):
            return Answer(502, _page("502 Bad Gateway"), _HTML)


def _handed_on(headers: Mapping[bytes, bytes], how: Spoilt | None) -> dict[str, str]:
    kept = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers.items()}
    kept = {name: value for name, value in kept.items() if name not in _NOT_HANDED_ON}
    if how is Spoilt.STRIP:
        kept = {name: value for name, value in kept.items() if not name.startswith("x-hub-")}
    return kept | {"via": ", ".join(filter(None, (kept.get("via"), _VIA)))}


def _anew(body: bytes) -> bytes:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode()
    except ValueError:
        return body


def _page(title: str) -> bytes:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()


_HTML: Mapping[str, str] = MappingProxyType(
    {"content-type": "text/html; charset=utf-8", "server": "simulated-door"}
)


def _says(status: int, title: str) -> Callable[[Request], Answer]:
    return lambda _: Answer(status, _page(title), _HTML)


def _echo(request: Request) -> Answer:
    return Answer(200, request.query.get("hub.challenge", "ok").encode(), {"content-type": "text/plain"})


_ANSWERS: Mapping[Spoilt, Callable[[Request], Answer]] = MappingProxyType(
    {
        Spoilt.LOGIN: _says(200, "Please log in"),
        Spoilt.REDIRECT: lambda request: Answer(302, b"", {**_HTML, "location": _LOGIN + request.path}),
        Spoilt.LOST_ROUTE: _says(404, "404 Not Found"),
        Spoilt.FIREWALL: _says(403, "Request blocked"),
        Spoilt.TOO_LARGE: _says(413, "413 Request Entity Too Large"),
        Spoilt.BAD_GATEWAY: _says(502, "502 Bad Gateway"),
        Spoilt.SWALLOW: lambda _: Answer(200, b"ok", {"content-type": "text/plain"}),
        Spoilt.ECHO: _echo,
        Spoilt.CUT: lambda _: BROKEN,
    }
)
