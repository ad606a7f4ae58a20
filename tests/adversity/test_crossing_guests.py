"""What two transactions on PostgreSQL say of one guest, unseen by each other: nothing of it is lost, whoever commits first."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import select

from invy.app import proof
from invy.domain.difference import Difference
from invy.domain.evidence import Attempt, Phase, Receipt, Told
from invy.domain.failure import Failure
from invy.domain.heard import Heard
from invy.domain.ids import Wamid
from invy.domain.inbound import Inbound, Preference
from invy.domain.journal import Outcome
from invy.domain.message import Posted
from invy.domain.notice import Notice
from invy.domain.state import State
from invy.engine.hand import Hand
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store import telling
from invy.store.batch import ApplyStore, Batch
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.overview import Overview
from invy.store.tables import journal
from tests.adversity.bodies import body, status, written
from tests.adversity.stage import until
from tests.adversity.test_hands import somebody_waits
from tests.making import SENDER, at, chunks, draft, message_id, phone

USER = "IL.1000200030004"


class Meeting(ApplyStore):
    """Scripted crossing: of two batches neither commits before the other has said all it has to say."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._both = asyncio.Barrier(2)

    @asynccontextmanager
    async def applying(self, limit: int, max_bytes: int) -> AsyncIterator[Batch]:
        async with super().applying(limit, max_bytes) as batch:
            yield batch
            await self._both.wait()


def preference(word: str, **who: str) -> bytes:
    said = {"category": "marketing_messages", "value": word, "timestamp": "1790000100", **who}
    value = {"messaging_product": "whatsapp", "user_preferences": [said]}
    changes = [{"field": "user_preferences", "value": value}]
    return written({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]})


async def heard_at_once(database: Database, one: bytes, other: bytes) -> None:
    entries = JournalStore(database)
    await entries.append([(at(50), one), (at(51), other)])
    await entries.close()
    store = Meeting(database)
    hands = [Hand(store, webhook.read, lambda: at(100), Unobserved(), most=1) for _ in range(2)]
    assert await asyncio.gather(*(hand.step() for hand in hands)) == [1, 1]


async def accepted(database: Database, *numbers: int) -> Outbox:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in numbers]))
    await outbox.lease(SENDER, now=at(1), limit=len(numbers), rate=1000, owner="me", lease_s=60)
    await outbox.record(
        [Posted(message_id(n), Attempt(1, Phase.ACCEPTED, at(2), wamid=Wamid(f"wamid.{n}"))) for n in numbers]
    )
    return outbox


async def test_a_stop_and_the_number_it_is_about_that_two_hands_hear_at_once_are_one_opt_out(
    postgresql_database: Database,
) -> None:
    await accepted(postgresql_database, 1)
    receipt = body(status("wamid.1", "delivered", recipient_user_id=USER))

    await heard_at_once(postgresql_database, receipt, preference("stop", user_id=USER))

    assert await GuestStore(postgresql_database).opted_out([phone(1)]) == {phone(1)}


async def test_a_stop_of_the_same_second_as_a_resume_counts_also_when_they_crossed(
    postgresql_database: Database,
) -> None:
    await accepted(postgresql_database, 1)
    async with postgresql_database.write() as connection:
        resume = Preference(
            phone(1)[1:],
            None,
            None,
            stopped=False,
            at=datetime.fromtimestamp(1790000100, at(0).tzinfo),
            heard_at=at(50),
        )
        await telling.tell(connection, postgresql_database, [], preferences=[resume])
    receipt = body(status("wamid.1", "delivered", recipient_user_id=USER))

    await heard_at_once(postgresql_database, receipt, preference("stop", user_id=USER))

    assert await GuestStore(postgresql_database).opted_out([phone(1)]) == {phone(1)}


async def test_a_receipt_that_is_heard_again_while_it_is_being_adopted_counts_for_its_message(
    postgresql_database: Database,
) -> None:
    """Whoever hears it again may die right after the commit: everything must be in it."""
    database = postgresql_database
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await outbox.lease(SENDER, now=at(1), limit=1, rate=1000, owner="me", lease_s=60)
    wamid = Wamid("wamid.1")
    first, again = (Told(Receipt(wamid, "read", at(10), at(heard)), wamid=wamid) for heard in (50, 60))
    reply = Told(Attempt(1, Phase.ACCEPTED, at(2), wamid=wamid), message_id=message_id(1))

    async def tell(told: Told) -> telling.Telling:
        async with database.write() as connection:
            return await telling.tell(connection, database, [told])

    assert (await tell(first)).orphans == [first]
    async with database.write() as connection:
        await telling.tell(connection, database, [reply])
        hearing = asyncio.create_task(tell(again))
        await until(partial(somebody_waits, database))

    assert (await hearing).orphans == []
    found = await Overview(database).find(message_id(1))
    assert found is not None
    assert (found.state, found.folded.last_receipt_at) == (State.READ, at(60))
    assert await audited(database) == []


async def test_two_who_tell_of_two_guests_crosswise_do_not_wait_in_a_circle(
    postgresql_database: Database,
) -> None:
    """Each tells a stop of the one and a failure of the other that means a stop."""
    database = postgresql_database
    await accepted(database, 1, 2)

    async def tell(failing: int, stopping: int, when: int) -> None:
        wamid = Wamid(f"wamid.{failing}")
        fact = Receipt(wamid, "failed", at(when), at(500), failure=Failure(131050))
        stop = Preference(phone(stopping)[1:], None, None, stopped=True, at=at(when), heard_at=at(500))
        async with database.write() as connection:
            await telling.tell(connection, database, [Told(fact, wamid=wamid)], preferences=[stop])

    for when in range(40):
        await asyncio.gather(tell(1, 2, when), tell(2, 1, when))
    assert await GuestStore(database).opted_out([phone(1), phone(2)]) == {phone(1), phone(2)}


SECRET = "of-nobody's-business-" * 500


def no_row_holds(given: bytes, heard_at: datetime) -> Heard:
    """A reader that lets through what no index takes: PostgreSQL refuses such rows."""
    read = webhook.read(given, heard_at)
    scrambled = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(9000))
    wild = json.loads(given).get("wild")
    one = Inbound(Wamid(scrambled), at(20), heard_at, "text", text=SECRET)
    notice = Notice(
        field="account_alerts", at=at(20), heard_at=heard_at, subject=scrambled, raw=SECRET.encode()
    )
    moved = Preference(scrambled, None, None, stopped=True, at=at(20), heard_at=heard_at)
    additions: dict[str, Heard] = {
        "inbound": Heard(inbound=(one,)),
        "notice": Heard(notices=(notice,)),
        "preference": Heard(preferences=(moved,)),
        "pair": Heard(pairs=((USER, scrambled),)),
    }
    added = additions[wild]
    return Heard(
        receipts=read.receipts,
        inbound=(*read.inbound, *added.inbound),
        notices=added.notices,
        preferences=(*read.preferences, *added.preferences),
        pairs=added.pairs,
    )


@pytest.mark.parametrize("wild", ["inbound", "notice", "preference", "pair"])
async def test_one_item_that_no_row_can_hold_costs_no_other_item_of_its_webhook(
    postgresql_database: Database, wild: str
) -> None:
    database = postgresql_database
    await accepted(database, 1)
    given = json.loads(body(status("wamid.1", "read"))) | {"wild": wild}
    entries = JournalStore(database)
    await entries.append([(at(50), written(given))])
    await entries.close()
    hand = Hand(ApplyStore(database), no_row_holds, lambda: at(100), Unobserved())

    while await hand.step():
        pass

    found = await Overview(database).find(message_id(1))
    assert found is not None
    assert found.state is State.READ
    async with database.read() as connection:
        row = (await connection.execute(select(journal.c.outcome, journal.c.note))).one()
    assert Outcome(row.outcome) is Outcome.PARTLY
    assert "cannot be stored" in row.note
    assert SECRET[:20] not in row.note
    assert await audited(database) == []


async def audited(database: Database) -> Sequence[Difference]:
    found: list[Difference] = []
    await proof.audit(database, found.append, lambda _: None)
    return found
