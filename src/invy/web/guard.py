"""What every answer of the API and its neighbours has in common: a bounded request body and careful headers."""

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES: Final = 1024 * 1024
"""For JSON; the framework reads it before it looks who is calling."""

UPLOAD_BYTES: Final = 32 * 1024 * 1024
"""For guest lists, which are only read once the caller is known."""

_UPLOADS: Final = re.compile(r"/api/v1/events/[^/]+/guests")

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)


class Guard:
    """Stands around the framework. A body over the limit is answered 413 where it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, _limit(scope)), _careful(send))


def _limit(scope: Scope) -> int:
    upload = scope["method"] == "POST" and _UPLOADS.fullmatch(scope["path"])
    return UPLOAD_BYTES if upload else BODY_BYTES


def _bounded(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receive_within() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, f"The body is larger than {limit} bytes.")
        return message

    return receive_within


def _careful(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            more = [header for header in _HEADERS if header[0] not in given]
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return send_with_headers
