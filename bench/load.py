"""A client that keeps a number of connections busy, one request at a time on each, and notes every answer's delay."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """Seconds of the whole run, each answer's delay in seconds, and how many answers were not 200."""

    seconds: float = 0.0
    delays: list[float] = field(default_factory=list)
    refused: int = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Caller(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], outcome: Outcome, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._outcome = outcome
        self._done = done
        self._buffer = b""
        self._began = 0.0

    def connection_made(self, transport: Any) -> None:
        # uvloop's transports are not asyncio's classes, so there is no common type to ask for.
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(rest) < length:
            return
        self._buffer = b""
        self._outcome.delays.append(time.perf_counter() - self._began)
        if not head.startswith(b"HTTP/1.1 200"):
            self._outcome.refused += 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            if exc is None:
                self._done.set_exception(ConnectionError("the server closed the connection"))
            else:
                self._done.set_exception(exc)

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


async def drive(port: int, requests: Iterable[bytes], connections: int) -> Outcome:
    """Send every request once, over so many connections to loopback."""
    loop = asyncio.get_running_loop()
    outcome, supply = Outcome(), iter(requests)
    finished = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for done in finished:
        await loop.create_connection(
            lambda done=done: _Caller(supply, outcome, done),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    await asyncio.gather(*finished)
    outcome.seconds = time.perf_counter() - began
    return outcome
