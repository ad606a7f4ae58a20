"""Carries webhooks to callback URLs: signed, batched, many at once, tried again with decreasing frequency.

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

SEVEN_DAYS_S = 7 * 86400.0
# Seconds of virtual time after each failed attempt; the last repeats until seven days have passed.
RETRY_AFTER_S = (1.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 7200.0, 14400.0, 28800.0, 43200.0)
MAX_BATCH = 1000
_ANSWER_KEPT = 300
_GATHER_S = 0.1


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
    forged: bool = False
    unsigned: bool = False

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
            "signed_wrongly_at_first": self.bad_signature,
            "forged": self.forged,
            "attempts": [
                {"at": round(each.at, 3), "http": each.http, "answer": each.answer, "took_ms": each.took_ms}
                for each in self.attempts
            ],
        }


@dataclass(slots=True)
class _Route:
    """One callback URL with its own queue and its own hands, so a dead one never delays another."""

    queue: deque[Item | Letter] = field(default_factory=deque)
    busy: set[asyncio.Task[None]] = field(default_factory=set)
    gathering: bool = False


class Postman:
    """Counts everything; keeps the last `kept` letters with each attempt and answer."""

    def __init__(
        self,
        clock: Clock,
        secret: str,
        *,
        stamp: Callable[[float], int],
        batch: int = 1,
        hands: int = 48,
        timeout_s: float = 10.0,
        kept: int = 50_000,
    ) -> None:
        self._clock = clock
        self._secret = secret
        self._stamp = stamp
        self._batch = min(batch, MAX_BATCH)
        self._hands = hands
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._routes: dict[str, _Route] = {}
        self._ids = itertools.count(1)
        self._idle = asyncio.Event()
        self._idle.set()
        self._era = 0
        self.letters: deque[Letter] = deque(maxlen=kept)
        self.waiting = 0
        self.counts: Counter[str] = Counter()

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept-Encoding",),
            headers={"User-Agent": "facebookexternalua", "Accept": "*/*"},
        )

    async def stop(self) -> None:
        tasks = [task for route in self._routes.values() for task in route.busy]
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
        return sum(len(route.queue) + len(route.busy) for route in self._routes.values())

    @property
    def pending(self) -> int:
        return self.in_hand + self.waiting

    async def quiet(self) -> None:
        """Return when nothing is queued or being carried; what waits for its hour does not count."""
        for url, route in self._routes.items():
            if route.gathering:
                self._gathered(url, route)
        await self._idle.wait()

    def sign_with(self, secret: str) -> None:
        """Another secret from now on, also for letters that come again."""
        self._secret = secret

    def forget(self) -> None:
        """Drop everything not yet carried; what is on its way still arrives."""
        for route in self._routes.values():
            route.queue.clear()
        self.letters.clear()
        self.counts.clear()
        self.waiting = 0
        self._era += 1
        if not self.in_hand:
            self._idle.set()

    def expect(self, seconds: float, url: str, item: Item | Letter) -> None:
        """Have this carried to `url` when so much virtual time has passed."""
        era = self._era
        self.waiting += 1

        def now() -> None:
            if era == self._era:
                self.waiting -= 1
                self.give(url, item)

        self._clock.after(seconds, now)

    def give(self, url: str, item: Item | Letter) -> None:
        """Have this carried to `url`. Returns at once."""
        route = self._routes.get(url)
        if route is None:
            route = self._routes[url] = _Route()
        route.queue.append(item)
        self._idle.clear()
        if self._batch == 1 or isinstance(item, Letter):
            self._employ(url, route, 1)
        elif not route.gathering:
            route.gathering = True
            asyncio.get_running_loop().call_later(_GATHER_S, self._gathered, url, route)

    def give_body(self, url: str, item: Item, body: bytes) -> None:
        """Have these very bytes carried; those of a forged item without any signature."""
        letter = Letter(next(self._ids), url, body, [item], self._clock.now(), forged=item.forged)
        letter.unsigned = item.forged
        self.letters.append(letter)
        self.counts["letters"] += 1
        self.give(url, letter)

    def _gathered(self, url: str, route: _Route) -> None:
        route.gathering = False
        self._employ(url, route, 1 + len(route.queue) // self._batch)
        if not self.in_hand:
            self._idle.set()

    def _employ(self, url: str, route: _Route, wanted: int) -> None:
        for _ in range(min(wanted, self._hands - len(route.busy), len(route.queue))):
            task = asyncio.get_running_loop().create_task(self._carry(url, route))
            route.busy.add(task)
            task.add_done_callback(lambda done: self._finished(route, done))

    def _finished(self, route: _Route, task: asyncio.Task[None]) -> None:
        route.busy.discard(task)
        if not self.in_hand:
            self._idle.set()

    async def _carry(self, url: str, route: _Route) -> None:
        while route.queue:
            first = route.queue.popleft()
            letter = first if isinstance(first, Letter) else self._write(url, first, route.queue)
            await self._attempt(letter)

    def _write(self, url: str, first: Item, queue: deque[Item | Letter]) -> Letter:
        items = [first]
        while len(items) < self._batch and queue and not first.forged:
            following = queue[0]
            if isinstance(following, Letter) or following.forged:
                break
            items.append(following)
            queue.popleft()
        body = encode(envelope(items, at=self._stamp(self._clock.now())))
        spoiled = any(each.bad_signature for each in items)
        letter = Letter(
            next(self._ids), url, body, items, self._clock.now(), bad_signature=spoiled, forged=first.forged
        )
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
        elif letter.forged:
            # Whoever forges does not come back; refusing it was right.
            self._end(letter, "REFUSED")
        else:
            self._retry(letter)

    def _headers(self, letter: Letter) -> dict[str, str]:
        if letter.unsigned:
            return {"Content-Type": "application/json"}
        secret = self._secret
        if letter.bad_signature and not letter.attempts:
            secret = secret[::-1] + "x"
        return {
            "Content-Type": "application/json",
            "X-Hub-Signature": sign_legacy(letter.body, secret),
            "X-Hub-Signature-256": sign(letter.body, secret),
        }

    def _retry(self, letter: Letter) -> None:
        self.counts["failures"] += 1
        wait = RETRY_AFTER_S[min(len(letter.attempts) - 1, len(RETRY_AFTER_S) - 1)]
        if letter.attempts[-1].at + wait - letter.created_at > SEVEN_DAYS_S:
            self._end(letter, "FAILED")
            return
        self._mark(letter, "RETRYING")
        self.expect(wait, letter.url, letter)

    def _end(self, letter: Letter, state: str) -> None:
        self.counts[state.lower()] += 1
        self._mark(letter, state)

    def _mark(self, letter: Letter, state: str) -> None:
        letter.state = state
        for item in letter.items:
            if item.happening is not None:
                item.happening.webhook_state = state
