"""Group commit: many callers wait, one writer commits what has gathered, then all are answered.

While one transaction is being committed the next group gathers by itself, so the group grows with the load and a lone
caller does not wait for company. Bounded: beyond `max_weight` waiting, callers are turned away at once;
with `patience_s`, nobody waits longer than that (and up to a fifth of it more).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from invy.domain.errors import StoreUnavailable

T = TypeVar("T")


class _Waiting(msgspec.Struct, Generic[T]):
    """A struct and not a dataclass: one is made for every webhook, at a third of the cost."""

    item: T
    weight: int
    since: float
    done: Any  # asyncio.Future[None]; msgspec would look into the type


class GroupCommit(Generic[T]):
    """Hands items in groups to `write`, which stores all of them or raises.

    `max_group` bounds the items of one transaction, `max_weight` the weight (bytes, or items) of all that wait.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[None]],
        *,
        max_group: int = 1000,
        max_weight: int,
        patience_s: float | None = None,
    ) -> None:
        self._write = write
        self._max_group = max_group
        self._max_weight = max_weight
        self._weight = 0
        self._patience_s = patience_s
        self._waiting: list[_Waiting[T]] = []
        self._writing: Sequence[_Waiting[T]] = ()
        self._some = asyncio.Event()
        self._closing = False

    def add(self, item: T, weight: int = 1) -> "asyncio.Future[None]":
        """Done when the item is durable. A future and not a coroutine: one is waited for by every webhook.

        Raises:
            StoreUnavailable: too much is waiting already. The future raises it when the item was not stored, or not
                in time.
        """
        if self._closing or self._weight + weight > self._max_weight:
            raise StoreUnavailable("Too much is waiting to be stored.", hint="Try again in a moment.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._weight += weight
        self._waiting.append(_Waiting(item, weight, loop.time(), done))
        self._some.set()
        return done

    async def run(self) -> None:
        """Write groups until `close` and nothing waits any more."""
        watch = asyncio.create_task(self._watch(self._patience_s)) if self._patience_s is not None else None
        try:
            await self._run()
        finally:
            if watch is not None:
                watch.cancel()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            group = self._waiting[: self._max_group]
            del self._waiting[: self._max_group]
            if not self._waiting and not self._closing:
                self._some.clear()
            if group:
                self._writing = group
                await self._store(group)
                group, self._writing = [], ()  # no body is held while nothing is asked
            elif self._closing:
                return

    async def _watch(self, patience_s: float) -> None:
        """One clock for all: a timer per caller would cost more than the caller."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(patience_s / 5)
            for each in (*self._writing, *self._waiting):
                if loop.time() - each.since > patience_s and not each.done.done():
                    each.done.set_exception(
                        StoreUnavailable("The database took too long.", hint="Try again.")
                    )

    def close(self) -> None:
        """Store what waits, then end."""
        self._closing = True
        self._some.set()

    async def _store(self, group: Sequence[_Waiting[T]]) -> None:
        error: BaseException | None = None
        try:
            await self._write([each.item for each in group])
        except asyncio.CancelledError:
            self._answer(group, StoreUnavailable("The service is stopping."))
            raise
        except Exception as raised:  # noqa: BLE001 - whatever it is, each caller is told and the writer lives on
            error = raised
        if error is not None and not isinstance(error, StoreUnavailable) and len(group) > 1:
            # Something about one item, not about the store: its neighbours must not suffer.
            for each in group:
                await self._store([each])
            return
        self._answer(group, error)

    def _answer(self, group: Sequence[_Waiting[T]], error: BaseException | None) -> None:
        for each in group:
            self._weight -= each.weight
            if each.done.done():
                continue
            if error is None:
                each.done.set_result(None)
            else:
                each.done.set_exception(error)
