"""Being asked to end: by Ctrl-C, by SIGTERM, or because the terminal is gone (SIGHUP). Whoever sends must not just die.

The first time the work is to end in good order. Whoever asks a second time does not want to wait: it is broken off.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

AT_ONCE: Final = (
    "Stopped at once. What was in the air becomes unconfirmed: look in a while with `invy unconfirmed`."
)

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")


class BrokenOff(Exception):
    """Asked to end a second time, and broken off where it was. The text says what that leaves behind."""


@asynccontextmanager
async def stoppable(leaves: str = AT_ONCE) -> AsyncIterator[asyncio.Event]:
    """An event that is set when the end is asked for.

    Raises:
        BrokenOff: it was asked for a second time. The block was cancelled; `leaves` is what to tell the user.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    work = asyncio.current_task()
    assert work is not None
    broken_off = False

    def asked() -> None:
        nonlocal broken_off
        if stop.is_set():
            broken_off = True
            work.cancel()
        stop.set()

    heard = []
    for each in _signals():
        try:
            loop.add_signal_handler(each, asked)
        except (NotImplementedError, RuntimeError, ValueError):  # not in the main thread, or Windows
            continue
        heard.append(each)
    try:
        yield stop
    except asyncio.CancelledError:
        if not broken_off:
            raise
        raise BrokenOff(leaves) from None
    finally:
        for each in heard:
            loop.remove_signal_handler(each)
            if stop.is_set():  # this process is at its end: being told once more must not make a crash of it
                signal.signal(each, signal.SIG_IGN)


def _signals() -> list[signal.Signals]:
    """Those that this system has; not a SIGHUP that is ignored, as under `nohup`: such a process is to outlive its terminal."""
    there = [signal.Signals[name] for name in _NAMES if name in signal.Signals.__members__]
    return [each for each in there if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN]
