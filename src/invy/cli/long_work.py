"""Long work while somebody waits: one moving line on a terminal, a line now and then anywhere else. On stderr."""

import time
from types import TracebackType
from typing import Final, Self

from invy.cli import output

LINE_EVERY_S: Final = 10.0


class LongWork:
    """A context in which `now` says how far the work is."""

    def __init__(self, what: str) -> None:
        self._console = output.err()
        self._status = self._console.status(what) if self._console.is_terminal else None
        self._said_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def now(self, sentence: str) -> None:
        """Cheap enough to be called for every page."""
        if self._status is not None:
            self._status.update(sentence)
        elif time.monotonic() - self._said_at >= LINE_EVERY_S:
            self._said_at = time.monotonic()
            self._console.print(sentence)

    def copied(self, messages: int) -> None:
        self.now(f"{messages:,} messages prepared")

    def read(self, entries: int, of: int) -> None:
        self.now(f"{entries:,} of {of:,} journal entries read again")
