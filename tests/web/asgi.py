"""A client that speaks ASGI to an application in this process: bodies in pieces, clients that stall or hang up."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Scope


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Calls one application. `headers` go with every request."""

    def __init__(
        self, app: ASGIApp, headers: Mapping[str, str] | None = None, address: str = "203.0.113.9"
    ) -> None:
        self._app = app
        self._headers = dict(headers or {})
        self._address = address

    async def get(self, target: str, headers: Mapping[str, str] | None = None) -> Answered:
        return await self.call("GET", target, headers=headers)

    async def post(
        self, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answered:
        return await self.call("POST", target, [body], headers)

    async def send_json(
        self, method: str, target: str, content: object, headers: Mapping[str, str] | None = None
    ) -> Answered:
        body = json.dumps(content).encode()
        return await self.call(
            method, target, [body], {"content-type": "application/json"} | dict(headers or {})
        )

    async def call(
        self,
        method: str,
        target: str,
        pieces: Iterable[bytes] = (),
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    ) -> Answered:
        answered = await self.attempt(method, target, [*pieces], headers, end="complete")
        assert answered is not None, "there was no answer"
        return answered

    async def attempt(
        self,
        method: str,
        target: str,
        pieces: Iterable[bytes],
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        *,
        end: str,
    ) -> Answered | None:
        """The answer, or None. After the pieces the client is `complete`, has `gone`, or `stalls` for ever."""
        listed = list(headers.items()) if isinstance(headers, Mapping) else list(headers or ())
        messages = _messages(list(pieces), end)
        sent: list[Message] = []

        async def receive() -> Message:
            if messages:
                return messages.pop(0)
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

        async def send(message: Message) -> None:
            sent.append(message)

        scope = _scope(method, target, [*self._headers.items(), *listed], self._address)
        await self._app(scope, receive, send)
        if not sent:
            return None
        start, *rest = sent
        return Answered(
            start["status"],
            {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(part.get("body", b"") for part in rest),
        )


def _messages(pieces: list[bytes], end: str) -> list[Message]:
    last = len(pieces) - 1
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": end != "complete" or number < last}
        for number, piece in enumerate(pieces or [b""])
    ]
    if end == "gone":
        messages.append({"type": "http.disconnect"})
    if end == "complete" and not pieces:
        messages[-1]["more_body"] = False
    return messages


def _scope(method: str, target: str, headers: list[tuple[str, str]], address: str) -> Scope:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": _unquoted(path),
        "raw_path": quote(path, safe="/%").encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": (address, 50000),
        "server": ("invy.example", 80),
        "state": {},
    }


def _unquoted(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)
