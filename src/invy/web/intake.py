"""Bodies on their way in: how large, how slow and how many at once before a request is refused.

Bounds memory before anything is known about the sender: until the whole body is here, no signature can be checked.
"""

import asyncio
from typing import Final

import msgspec
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


class _Reading(msgspec.Struct, eq=False):
    """A body that is being read by a task, and until when, in the loop's time.

    A struct and not a dataclass: one is made for every webhook, at a third of the cost.
    """

    task: "asyncio.Task[object] | None"
    until: float
    given_up: bool = False
    cancelled_before: int = 0

    def give_up(self) -> None:
        if self.task is not None and not self.given_up:
            self.given_up = True
            self.cancelled_before = self.task.cancelling()
            self.task.cancel()

    def is_why(self) -> bool:
        """Whether a cancellation that was just caught is this one's own, and nobody else's beside it."""
        return (
            self.given_up and self.task is not None and not self.cancelled_before and not self.task.uncancel()
        )


class Intake:
    """Reads bodies of at most `max_bytes` each, and `held_bytes` of unfinished ones together.

    One clock for all of them: a timer per body would cost more than reading it.
    """

    def __init__(
        self, max_bytes: int, *, held_bytes: int = HELD_BYTES, patience_s: float = PATIENCE_S
    ) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = held_bytes
        self._patience_s = patience_s
        self._held = 0
        self._reading: set[_Reading] = set()
        self._clock: asyncio.TimerHandle | None = None

    def hurry(self, patience_s: float) -> None:
        """From now on bodies have only so much time, also those that are being read: the process is about to stop."""
        self._patience_s = patience_s
        end = asyncio.get_running_loop().time() + patience_s
        for each in self._reading:
            each.until = min(each.until, end)
        if self._clock is not None:
            self._clock.cancel()
            self._look()

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body.

        Raises:
            BodyRefused: too large (413, at once when its length is announced), too slow (408), or too many (503).
            SenderGone: the client went away.
        """
        if _announced(scope) > self._max_bytes:
            raise self._too_large()
        body = bytearray()
        loop = asyncio.get_running_loop()
        reading = _Reading(asyncio.current_task(loop), loop.time() + self._patience_s)
        self._reading.add(reading)
        if self._clock is None:
            self._clock = loop.call_at(reading.until, self._look)
        try:
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
        except asyncio.CancelledError:
            if reading.is_why():
                raise BodyRefused(408, "too_slow", "The body did not arrive in time.") from None
            raise
        finally:
            self._reading.discard(reading)
            self._held -= len(body)

    def _look(self) -> None:
        """Give up what has had its time, and look again when the next one has."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for each in self._reading:
            if each.until <= now:
                each.give_up()
        left = [each.until for each in self._reading if not each.given_up]
        self._clock = loop.call_at(min(left), self._look) if left else None

    def _too_large(self) -> BodyRefused:
        return BodyRefused(413, "too_large", f"The body is larger than {self._max_bytes} bytes.")


def _announced(scope: Scope) -> int:
    """The Content-Length; 0 when there is none, for then the bytes are counted as they come."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:_DIGITS])
    return 0
