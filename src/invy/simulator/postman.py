"""Carries webhooks to one callback URL: signed, batched, many at once, tried again with decreasing frequency.

At least once, in no promised order. A callback that does not answer costs memory here and nothing anywhere else.
"""

import asyncio
import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp

from invy.simulator.clock import Clock
from invy.simulator.news import Item, envelope
from invy.simulator.wire import encode, sign, sign_legacy

_NEVER = 7 * 86400.0
# Seconds of virtual time after each failed attempt; the last repeats until seven days have passed.
RETRY_AFTER_S = (1.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0)
_ANSWER_KEPT = 300


@dataclass(slots=True)
class Attempt:
    at: float
    http: int | None
    answer: str
    took_ms: float


@dataclass(slots=True)
class Letter:
    """One webhook: its bytes never change between attempts."""

    id: int
    url: str
    body: bytes
    items: Sequence[Item]
    created_at: float
    state: str = "PENDING"
    attempts: list[Attempt] = field(default_factory=list)
    bad_signature: bool = False

    def report(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "url": self.url,
            "created_at": round(self.created_at, 3),
            "state": self.state,
            "bytes": len(self.body),
            "updates": [
                {"field": each.field, "wamid": each.wamid or None, "status": each.label}
                for each in self.items
            ],
            "signed_wrongly": self.bad_signature,
            "attempts": [
                {"at": round(each.at, 3), "http": each.http, "answer": each.answer, "took_ms": each.took_ms}
                for each in self.attempts
            ],
        }


class Postman:
    """Every callback URL has its own queue and its own hands, so a dead one never delays another."""

    def __init__(
        self,
        clock: Clock,
        secret: str,
        *,
        stamp: Callable[[], int],
        batch: int = 1,
        hands: int = 48,
        timeout_s: float = 10.0,
        kept: int = 20_000,
    ) -> None:
        self._clock = clock
        self._secret = secret
        self._stamp = stamp
        self.batch = batch
        self._hands = hands
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._queues: dict[str, deque[Item | Letter]] = {}
        self._busy: dict[str, set[asyncio.Task[None]]] = {}
        self._ids = itertools.count(1)
        self._idle = asyncio.Event()
        self._idle.set()
        self.letters: deque[Letter] = deque(maxlen=kept)
        self.waiting = 0
        self.counts: Counter[str] = Counter()

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept-Encoding"),
            headers={"User-Agent": "facebookexternalua"},
        )

    async def stop(self) -> None:
        tasks = [task for busy in self._busy.values() for task in busy]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the postman has not been started")
        return self._session

    @property
    def in_hand(self) -> int:
        """Updates and letters queued or being carried right now."""
        return sum(map(len, self._queues.values())) + sum(map(len, self._busy.values()))

    @property
    def pending(self) -> int:
        return self.in_hand + self.waiting

    async def quiet(self) -> None:
        """Return when nothing is queued or being carried; letters waiting for their next attempt do not count."""
        await self._idle.wait()

    def forget(self) -> None:
        """Drop everything not yet carried; what is on its way still arrives."""
        for queue in self._queues.values():
            queue.clear()
        self.letters.clear()
        self.counts.clear()
        self.waiting = 0

    def give(self, url: str, item: Item | Letter) -> None:
        """Have this carried to `url`. Returns at once."""
        queue = self._queues.setdefault(url, deque())
        queue.append(item)
        busy = self._busy.setdefault(url, set())
        self._idle.clear()
        if len(busy) < self._hands and len(busy) < len(queue) + 1:
            task = asyncio.get_running_loop().create_task(self._carry(url, queue))
            busy.add(task)
            task.add_done_callback(lambda done: self._finished(busy, done))

    def _finished(self, busy: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
        busy.discard(task)
        if not self.in_hand:
            self._idle.set()

    async def _carry(self, url: str, queue: deque[Item | Letter]) -> None:
        while queue:
            first = queue.popleft()
            letter = first if isinstance(first, Letter) else self._write(url, first, queue)
            await self._attempt(letter)

    def _write(self, url: str, first: Item, queue: deque[Item | Letter]) -> Letter:
        items = [first]
        while len(items) < self.batch and queue and isinstance(queue[0], Item):
            items.append(queue.popleft())  # type: ignore[arg-type] # the line above has looked
        body = encode(envelope(items, at=self._stamp()))
        letter = Letter(next(self._ids), url, body, items, self._clock.now())
        self.letters.append(letter)
        self.counts["letters"] += 1
        self.counts["updates"] += len(items)
        return letter

    async def _attempt(self, letter: Letter) -> None:
        began = time.perf_counter()
        at = self._clock.now()
        http, answer = None, ""
        try:
            async with self.session.post(
                letter.url, data=letter.body, headers=self._headers(letter), allow_redirects=False
            ) as response:
                http = response.status
                answer = (await response.content.read(_ANSWER_KEPT)).decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            answer = f"{type(error).__name__}: {error}"[:_ANSWER_KEPT]
        letter.attempts.append(Attempt(at, http, answer, round((time.perf_counter() - began) * 1000, 1)))
        self.counts["attempts"] += 1
        if http == HTTPStatus.OK:
            self._end(letter, "DELIVERED")
        else:
            self._retry(letter)

    def _headers(self, letter: Letter) -> dict[str, str]:
        secret = self._secret if not letter.bad_signature else self._secret[::-1] + "x"
        return {
            "Content-Type": "application/json",
            "X-Hub-Signature": sign_legacy(letter.body, secret),
            "X-Hub-Signature-256": sign(letter.body, secret),
        }

    def _retry(self, letter: Letter) -> None:
        self.counts["failures"] += 1
        wait = RETRY_AFTER_S[min(len(letter.attempts) - 1, len(RETRY_AFTER_S) - 1)]
        if letter.attempts[-1].at + wait - letter.created_at > _NEVER:
            self._end(letter, "FAILED")
            return
        letter.bad_signature = False
        self.waiting += 1
        self._clock.after(wait, lambda: self._again(letter))

    def _again(self, letter: Letter) -> None:
        self.waiting -= 1
        self.give(letter.url, letter)

    def _end(self, letter: Letter, state: str) -> None:
        letter.state = state
        self.counts[state.lower()] += 1
        for item in letter.items:
            if item.happening is not None:
                item.happening.webhook_state = state
