"""One thread that works for an event loop, one thing after another.

An executor does the same and more (a future of its own that is chained to the loop's, a lock and a counter for each
handover); where something is handed over a thousand times a second, that costs as much as the work.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

Work = Callable[[], None]


class OwnThread:
    """Starts with its first work, ends with `end`; does not keep the process alive."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked: SimpleQueue[tuple[Work, asyncio.Future[None], asyncio.AbstractEventLoop] | None] = (
            SimpleQueue()
        )
        self._thread: Thread | None = None

    async def do(self, work: Work) -> None:
        """Return when the work is done; raises what it raised. Work that was begun is ended, also when the caller is cancelled."""
        if self._thread is None:
            thread = Thread(target=self._serve, name=self._name, daemon=True)
            thread.start()  # may fail for want of memory or threads: then the next work tries again
            self._thread = thread
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._asked.put((work, done, loop))
        await done

    def end(self) -> None:
        """Wait for what was asked, then end the thread."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        while asked := self._asked.get():
            work, done, loop = asked
            error: BaseException | None = None
            try:
                work()
            except BaseException as raised:  # noqa: BLE001 - it is the caller's
                error = raised
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(_answer, done, error)
            del asked, work, done, error  # nothing is held in memory while nothing is asked


def _answer(done: "asyncio.Future[None]", error: BaseException | None) -> None:
    if done.done():
        return  # the caller was cancelled
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
