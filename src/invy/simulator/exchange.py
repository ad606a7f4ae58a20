"""One HTTP request and its answer, without a framework: the simulator must never be the slow side of a benchmark."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from invy.simulator.refusal import Refusal
from invy.simulator.wire import JSON_TYPE, encode, new_trace, plain

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_UPLOAD = 110 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """`query` keeps the last of repeated keys, as Meta does; `raw_path` and `raw_query` are as they came."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    query: Mapping[str, str]
    body: bytes
    raw_path: bytes = b""
    raw_query: bytes = b""

    @property
    def parts(self) -> list[str]:
        return [part for part in self.path.split("/") if part]

    def header(self, name: str) -> str:
        return self.headers.get(name.encode(), b"").decode("latin-1")

    @property
    def token(self) -> str:
        """The access token, from the header or, as Graph allows, from the query."""
        scheme, _, token = self.header("authorization").partition(" ")
        if scheme.lower() in {"bearer", "oauth"} and token:
            return token.strip()
        return self.query.get("access_token", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """`broken` means that the connection breaks instead; `after_s` lets the client wait, in real seconds.

    Without a `date` of its own it gets the time of this machine; an empty one means none at all.
    """

    http: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False
    after_s: float = 0.0

    @classmethod
    def of(cls, value: object, http: int = 200) -> "Answer":
        return cls(http, encode(value), {"content-type": JSON_TYPE})


def refused(refusal: Refusal) -> Answer:
    trace = new_trace()
    headers = {"content-type": JSON_TYPE, "x-fb-trace-id": trace}
    if refusal.http == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{refusal.message}"'
    return Answer(refusal.http, refusal.body(trace), headers)


async def read_request(scope: Scope, receive: Receive) -> Request:
    """The whole request. Raises Refusal when the body is larger than anything Meta takes."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_UPLOAD:
            raise Refusal(100, "The request is larger than the largest file Meta takes.", http=413)
        chunks.append(chunk)
        if not message.get("more_body", False):
            break
    raw_query = scope.get("query_string", b"")
    query = dict(parse_qsl(raw_query.decode("latin-1"), keep_blank_values=True)) if raw_query else {}
    return Request(
        scope["method"],
        scope["path"],
        dict(scope["headers"]),
        query,
        b"".join(chunks),
        scope.get("raw_path") or b"",
        raw_query,
    )


BROKEN = Answer(0, b"", {}, broken=True)
ABORT = "invy.simulator.abort"


async def respond(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    """Send the answer, or break the connection where the server lets us."""
    if answer.after_s and await _left(receive, answer.after_s):
        return
    if answer.broken:
        abort = scope.get("extensions", {}).get(ABORT, {}).get("abort")
        if abort is not None:
            abort()
            while (await receive())["type"] != "http.disconnect":
                continue
            return
        answer = Answer(502, b"", {"content-type": "text/html"})
    headers = [(b"content-length", str(len(answer.body)).encode()), *plain(answer.headers)]
    if "date" not in answer.headers:
        headers.append((b"date", _http_date(int(time.time()))))
    elif not answer.headers["date"]:
        headers = [each for each in headers if each[0] != b"date"]
    await send({"type": "http.response.start", "status": answer.http, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _left(receive: Receive, seconds: float) -> bool:
    """Wait so long, unless the client leaves first."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                continue
    except TimeoutError:
        return False
    return True


@lru_cache(maxsize=2)
def _http_date(at: int) -> bytes:
    return http_date(at).encode()


def http_date(at: float) -> str:
    """A time as a `Date` header has it."""
    return formatdate(at, usegmt=True)
