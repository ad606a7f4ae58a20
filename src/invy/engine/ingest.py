"""Receiving: raw bytes become durable before anyone is answered. Nothing is parsed here.

At least once: when `receive` returns, the body will be applied, also after `kill -9`. When it raises, it may or may
not have been stored; Meta sends it again and the fold does not mind.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from time import perf_counter

from invy.engine.group import GroupCommit
from invy.engine.ports import Clock, JournalPort, Observer

WAITING_BYTES = 64 * 1024 * 1024
"""Bodies held in memory while the database is slow; beyond this new ones are answered 503."""

ANSWER_S = 4.0
"""A webhook is answered within five seconds, whatever the database does."""


class Ingest:
    """The door for webhook bodies. `run` must be running for `receive` to return."""

    def __init__(
        self, journal: JournalPort, clock: Clock, observer: Observer, wake: Callable[[], None]
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._observer = observer
        self._wake = wake
        self._group: GroupCommit[tuple[datetime, bytes]] = GroupCommit(
            self._append, max_weight=WAITING_BYTES, patience_s=ANSWER_S
        )

    def receive(self, body: bytes) -> Awaitable[None]:
        """Done when the body is durable.

        Raises:
            StoreUnavailable: it is not; the sender must try again. Here or when awaited.
        """
        return self._group.add((self._clock(), body), weight=len(body) + 64)

    async def run(self) -> None:
        """Write groups until `close`."""
        await self._group.run()

    def close(self) -> None:
        self._group.close()

    async def _append(self, bodies: Sequence[tuple[datetime, bytes]]) -> None:
        began = perf_counter()
        await self._journal.append(bodies)
        self._observer.journalled(len(bodies), perf_counter() - began)
        self._wake()
