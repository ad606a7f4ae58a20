"""Whether this process can do its work right now, and what a person should know beside that.

Not ready means: webhooks would be answered 503, or not applied. What only keeps messages from being sent (a hold, no
credentials) is told and does not count. Nothing here is secret, for anyone may ask.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, Field

from invy.app.house import House
from invy.app.service import Service
from invy.domain.errors import StoreUnavailable
from invy.domain.hold import Scope
from invy.store import schema
from invy.store.pulse import Pulse

ANSWER_S: Final = 3.0
"""A database that has not answered by then is away."""

FRESH_S: Final = 1.0
"""However many ask, the database is looked at once in this time."""

LAG: Final = timedelta(seconds=60)
"""A webhook that waits longer to be applied means that applying stands still."""


class Held(BaseModel):
    """Something that rests until a person releases it."""

    scope: Scope
    code: int | None = Field(description="Meta's error code, when Meta caused it.")
    since: datetime


class Alarm(BaseModel):
    """Something that the service's own watch has found standing in the way; `invy doctor` tells more."""

    finding: str
    seen: str
    todo: str


class Readiness(BaseModel):
    """`ready` and the reasons why not; the rest is for people."""

    ready: bool
    reasons: list[str] = Field(description="Why it is not ready; empty when it is.")
    revision: str | None = Field(default=None, description="Where the database's shape stands.")
    parts: dict[str, bool] = Field(
        default={}, description="The parts of the service, and whether each is running."
    )
    journal_waiting: int | None = Field(default=None, description="Webhooks stored and not applied yet.")
    last_webhook_at: datetime | None = Field(
        default=None,
        description="When the last webhook of Meta's was stored; our own self-tests do not count.",
    )
    alarms: list[Alarm] = Field(default=[], description="What stands in the way of knowing what arrives.")
    holds: list[Held] = Field(default=[], description="What is not sent until somebody releases it.")


class Probe:
    """Looks, and remembers for a moment what it saw. `elapsed` is a clock that only moves forward, in seconds."""

    def __init__(self, house: House, service: Service, elapsed: Callable[[], float]) -> None:
        self._house = house
        self._service = service
        self._elapsed = elapsed
        self._seen: tuple[float, Readiness] | None = None
        self._turn = asyncio.Lock()

    async def look(self) -> Readiness:
        async with self._turn:
            if self._seen is None or self._elapsed() - self._seen[0] >= FRESH_S:
                self._seen = (self._elapsed(), await self._judge())
            return self._seen[1]

    async def _judge(self) -> Readiness:
        parts = self._service.parts()
        found = Readiness(ready=False, reasons=[], parts=parts)
        found.alarms = [
            Alarm(finding=each.key, seen=each.seen.en, todo=each.todo.en)
            for each in self._service.vigil.alarms
        ]
        if not parts:
            found.reasons.append("The service has not started, or is stopping.")
        found.reasons.extend(
            f"The part {name!r} does not run, or breaks again and again: the log says why."
            for name, runs in parts.items()
            if not runs
        )
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._ask_database(found)
        except TimeoutError:
            found.reasons.append("The database does not answer.")
        except StoreUnavailable:
            found.reasons.append("The database cannot be used.")
        found.ready = not found.reasons
        return found

    async def _ask_database(self, found: Readiness) -> None:
        house = self._house
        stands = await schema.state(house.database)
        found.revision = stands.current
        if not stands.up_to_date:
            found.reasons.append(
                f"The database is at revision {stands.current}, not {stands.head}. Run: invy db upgrade"
            )
            return
        found.journal_waiting = await house.journal.waiting()
        found.last_webhook_at = await Pulse(house.database).last_genuine()
        found.holds = [
            Held(scope=hold.scope, code=hold.code, since=hold.since) for hold in await house.holds.active()
        ]
        oldest = await house.journal.oldest_waiting()
        if oldest is not None and house.clock() - oldest > LAG:
            found.reasons.append("Webhooks wait to be applied, and none has been for a minute.")
