"""Bodies on their way in: how large, how slow and how many at once before a request is refused.

Bounds memory before anything is known about the sender: until the whole body is here, no signature can be checked.
"""

import asyncio
from typing import Final

from starlette.types import Receive, Scope

PATIENCE_S: Final = 10.0
"""How long one body may take. Meta's own are here in milliseconds."""

HELD_BYTES: Final = 64 * 1024 * 1024
"""Of all bodies together that are not complete yet."""


_DIGITS: Final = 18
"""More digits than this make a length that nobody accepts, whatever they are."""


class BodyRefused(Exception):
    """The body was not read to its end. `word` names the reason in the metrics."""

    def __init__(self, status: int, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.word = word
        self.sentence = sentence


class SenderGone(Exception):
    """The client hung up before its body was complete: there is nobody to answer."""


class Intake:
    """Reads bodies of at most `max_bytes` each, and `held_bytes` of unfinished ones together."""

    def __init__(
        self, max_bytes: int, *, held_bytes: int = HELD_BYTES, patience_s: float = PATIENCE_S
    ) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = held_bytes
        self._patience_s = patience_s
        self._held = 0
        self._reading: set[asyncio.Timeout] = set()

    def hurry(self, patience_s: float) -> None:
        """From now on bodies have only so much time, also those that are being read: the process is about to stop."""
        self._patience_s = patience_s
        end = asyncio.get_running_loop().time() + patience_s
        for each in self._reading:
            if not each.expired():
                each.reschedule(end)

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body.

        Raises:
            BodyRefused: too large (413, at once when its length is announced), too slow (408), or too many (503).
            SenderGone: the client went away.
        """
        if _announced(scope) > self._max_bytes:
            raise self._too_large()
        body = bytearray()
        patience = asyncio.timeout(self._patience_s)
        try:
            async with patience:
                self._reading.add(patience)
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise SenderGone
                    chunk = message.get("body", b"")
                    body += chunk
                    self._held += len(chunk)
                    if len(body) > self._max_bytes:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return bytes(body)
                    if self._held > self._held_bytes:
                        raise BodyRefused(503, "overloaded", "Too many requests are on their way in.")
        except TimeoutError as error:
            raise BodyRefused(408, "too_slow", "The body did not arrive in time.") from error
        finally:
            self._reading.discard(patience)
            self._held -= len(body)

    def _too_large(self) -> BodyRefused:
        return BodyRefused(413, "too_large", f"The body is larger than {self._max_bytes} bytes.")


def _announced(scope: Scope) -> int:
    """The Content-Length; 0 when there is none, for then the bytes are counted as they come."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:_DIGITS])
    return 0
