"""The moment at which a request leaves: asked for as late as can be, and remembered, because it decides what is sure.

Before it nothing has reached Meta, whatever happens; after it only Meta's answer says what became of the request.
Between asking and the socket lies no waiting, but a process can be stopped at any instruction: Meta has no way to
refuse a request for being late, so a window of microseconds stays open, and so does what the kernel holds back.
"""

from collections.abc import AsyncIterator, Callable


class TooLate(Exception):
    """The request may no longer leave, and has not."""


class Departure:
    """One request's. `may_leave` is asked once, right before the first byte."""

    def __init__(self, may_leave: Callable[[], bool]) -> None:
        self._may_leave = may_leave
        self._closed = False
        self.left = False
        self.late = False

    def leave(self) -> None:
        """Raises TooLate, again and again: what has been answered for as not sent must not leave after all."""
        if self._closed or not self._may_leave():
            self._closed = self.late = True
            raise TooLate
        self.left = True

    async def body(self, payload: bytes) -> AsyncIterator[bytes]:
        """The body of the request for whoever writes it: given out when it is about to be written, and not otherwise.

        aiohttp writes the headers together with it; headers alone would be no request, for they say how much follows.
        """
        self.leave()
        yield payload

    def close(self) -> None:
        """Nobody waits for this request any more."""
        self._closed = True
