"""A whole HTTP answer, ready to be sent over ASGI. For the few routes that must not pay for a framework."""

from dataclasses import dataclass

from starlette.types import Send

Header = tuple[bytes, bytes]

TEXT = b"text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body; may be sent any number of times."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    async def send(self, send: Send) -> None:
        # A fresh list each time: middleware of the surrounding app may add to it.
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": self.body})


def text(status: int, body: str | bytes, *more: Header) -> Answer:
    """Plain text that no browser takes for anything else and no cache keeps."""
    raw = body.encode() if isinstance(body, str) else body
    headers = (
        (b"content-type", TEXT),
        (b"content-length", str(len(raw)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        *more,
    )
    return Answer(status, headers, raw)
