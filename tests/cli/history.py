"""A past: an event with messages in every state, with evidence told at fixed times, as if it had all happened."""

import asyncio
from collections.abc import Callable

from invy.domain.evidence import Attempt, Phase, Reply, Told
from invy.domain.failure import Failure
from invy.domain.guest import Event, Guest
from invy.domain.ids import EventId, GuestId, Wamid
from invy.store import telling
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.outbox import Outbox
from tests import making

EVENT = EventId("wedding")
UNDELIVERABLE = Failure(131026, "Message undeliverable", details="Message Undeliverable.")
REFUSED = Failure(
    132000, "Number of parameters does not match", details="body: 2 expected, 1 given", trace_id="AxTr1"
)

QUEUED, UNSURE, REFUSED_N, SILENT, SENT, FAILED, DELIVERED, READ, ANSWERED = range(9)
NAMES = ["Quinn", "Una", "רפי", "Sina", "Saul", "פנינה", "Dalia", "Rina", "אבי"]


def wamid(n: int) -> Wamid:
    return Wamid(f"wamid.{n}")


def live_through(url: str) -> None:
    """Write it all."""

    async def work() -> None:
        database = Database.open(url)
        try:
            await _write(database)
        finally:
            await database.close()

    asyncio.run(work())


async def _write(database: Database) -> None:
    guests = [
        Guest(GuestId(f"guest-{n}"), EVENT, name, making.phone(n), {}, making.T0)
        for n, name in enumerate(NAMES)
    ]
    await GuestStore(database).put(Event(EVENT, "החתונה", making.T0), [guests])
    await Outbox(database).enqueue(making.chunks([making.draft(n) for n in range(len(NAMES))]))

    def attempt(n: int, phase: Phase, **more: object) -> Told:
        fact = Attempt(1, phase, making.at(n + 1), **more)  # type: ignore[arg-type]  # as each test names them
        return Told(fact, message_id=making.message_id(n), wamid=fact.wamid)

    accepted: Callable[[int], Told] = lambda n: attempt(n, Phase.ACCEPTED, wamid=wamid(n), http_status=200)  # noqa: E731
    facts = [
        attempt(UNSURE, Phase.UNSURE, note="No answer within 30 seconds"),
        attempt(REFUSED_N, Phase.REFUSED, failure=REFUSED, http_status=400),
        *(accepted(n) for n in range(SILENT, ANSWERED + 1)),
        making.receipt(wamid(SENT), "sent", 20),
        making.receipt(wamid(FAILED), "failed", 30, failure=UNDELIVERABLE),
        making.receipt(wamid(DELIVERED), "delivered", 40, heard=7_240),
        making.receipt(wamid(READ), "delivered", 50),
        making.receipt(wamid(READ), "read", 60),
        making.receipt(wamid(READ), "hologram", 61),
        making.receipt(wamid(ANSWERED), "sent", 10),
        Told(
            Reply(Wamid("wamid.reply"), making.at(70), making.at(71), "button", "אגיע!"),
            message_id=making.message_id(ANSWERED),
        ),
    ]
    async with database.write() as connection:
        await telling.tell(connection, database, facts)
