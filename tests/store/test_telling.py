from random import Random

import pytest
from sqlalchemy import func, select, update

from invy.domain.evidence import Attempt, Evidence, Phase, Reply, Told
from invy.domain.failure import Failure
from invy.domain.fold import Folded, fold
from invy.domain.ids import MessageId, Wamid
from invy.domain.state import State
from invy.store import evidence as evidence_rows
from invy.store import telling
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.store.overview import Overview
from invy.store.tables import evidence, messages
from tests.making import SENDER, at, chunks, draft, message_id, receipt

UNDELIVERABLE = Failure(131026, "Message undeliverable", details="No reason is given")


async def tell(database: Database, *facts: Told) -> telling.Telling:
    async with database.write() as connection:
        return await telling.tell(connection, database, facts)


async def folded(database: Database, name: MessageId) -> Folded:
    found = await Overview(database).find(name)
    assert found is not None
    return found.folded


async def evidence_of(database: Database, name: MessageId) -> list[Evidence]:
    return [fact for _, fact in await Overview(database).timeline(name)]


@pytest.fixture
async def sent(database: Database) -> MessageId:
    """A message that Meta accepted as wamid.A."""
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await outbox.lease(SENDER, now=at(1), limit=1, rate=100, owner="me", lease_s=60)
    await tell(
        database, Told(Attempt(1, Phase.ACCEPTED, at(2), wamid=Wamid("wamid.A")), message_id=message_id(1))
    )
    return message_id(1)


async def test_the_row_is_the_fold_of_the_stored_evidence(database: Database, sent: MessageId) -> None:
    await tell(database, receipt("wamid.A", "read", 30), receipt("wamid.A", "sent", 10))
    await tell(database, receipt("wamid.A", "failed", 40, failure=UNDELIVERABLE))
    assert await folded(database, sent) == fold(await evidence_of(database, sent))
    assert (await folded(database, sent)).state is State.READ


async def test_any_order_in_any_grouping_gives_the_same_row(database: Database, sent: MessageId) -> None:
    facts = [
        receipt("wamid.A", "sent", 10),
        receipt("wamid.A", "delivered", 20),
        receipt("wamid.A", "read", 30),
        receipt("wamid.A", "failed", 5, failure=UNDELIVERABLE),
        receipt("wamid.A", "failed", 5, failure=UNDELIVERABLE, heard=99),
        receipt("wamid.A", "mystery", 6),
    ]
    random = Random(7)
    expected = None
    for _ in range(5):
        shuffled = random.sample(facts, len(facts))
        cut = random.randrange(len(facts))
        await tell(database, *shuffled[:cut])
        await tell(database, *shuffled[cut:])
        now = await folded(database, sent)
        expected = expected or now
        assert now == expected


async def test_the_same_receipt_is_stored_once(database: Database, sent: MessageId) -> None:
    for heard in range(5):
        await tell(database, receipt("wamid.A", "failed", 5, failure=UNDELIVERABLE, heard=heard + 10))
    facts = await evidence_of(database, sent)
    assert len([fact for fact in facts if not isinstance(fact, Attempt)]) == 1


async def test_a_receipt_told_again_is_stored_once_and_the_row_is_still_the_fold(
    database: Database, sent: MessageId
) -> None:
    for heard in (30, 11, 70, 50):
        await tell(database, receipt("wamid.A", "delivered", 10, heard=heard))
    after = await folded(database, sent)
    assert (after.first_receipt_at, after.last_receipt_at) == (at(11), at(70))
    async with database.read() as connection:
        rows = (await connection.execute(select(*evidence_rows.COLUMNS))).all()
    assert after == fold(fact for row in rows for fact in evidence_rows.hearings(row))
    assert len(rows) == 3


async def test_an_orphan_told_again_brings_both_hearings_to_its_message(database: Database) -> None:
    await Outbox(database).enqueue(chunks([draft(1)]))
    for heard in (30, 11):
        await tell(database, receipt("wamid.A", "delivered", 10, heard=heard))
    await tell(
        database, Told(Attempt(1, Phase.ACCEPTED, at(2), wamid=Wamid("wamid.A")), message_id=message_id(1))
    )
    after = await folded(database, message_id(1))
    assert (after.first_receipt_at, after.last_receipt_at) == (at(11), at(30))


async def test_a_receipt_before_the_reply_waits_and_is_applied_by_itself(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await outbox.lease(SENDER, now=at(1), limit=1, rate=100, owner="me", lease_s=60)
    told = await tell(database, receipt("wamid.A", "delivered", 3))
    assert len(told.orphans) == 1
    assert (await folded(database, message_id(1))).state is State.SENDING
    await tell(
        database, Told(Attempt(1, Phase.ACCEPTED, at(4), wamid=Wamid("wamid.A")), message_id=message_id(1))
    )
    after = await folded(database, message_id(1))
    assert after.state is State.DELIVERED
    assert after == fold(await evidence_of(database, message_id(1)))
    assert await Overview(database).orphans() == 0


async def test_our_id_joins_a_receipt_whose_send_had_no_reply(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(1)]))
    await outbox.lease(SENDER, now=at(1), limit=1, rate=100, owner="me", lease_s=60)
    await tell(database, Told(Attempt(1, Phase.UNSURE, at(31), note="timeout"), message_id=message_id(1)))
    await tell(database, receipt("wamid.A", "delivered", 3, opaque=message_id(1)))
    after = await folded(database, message_id(1))
    assert after.state is State.DELIVERED
    assert after.wamid == "wamid.A"


async def test_the_echo_of_our_id_also_brings_receipts_that_waited_for_the_wamid(database: Database) -> None:
    await Outbox(database).enqueue(chunks([draft(1)]))
    await tell(database, receipt("wamid.A", "read", 9))
    await tell(database, receipt("wamid.A", "sent", 3, opaque=message_id(1)))
    assert (await folded(database, message_id(1))).state is State.READ


async def test_orphans_that_crossed_with_the_reply_are_adopted_afterwards(database: Database) -> None:
    await Outbox(database).enqueue(chunks([draft(1)]))
    await tell(database, receipt("wamid.A", "delivered", 9))
    async with database.write() as connection:
        # The reply was stored by a transaction that did not see the orphan.
        named = update(messages).where(messages.c.id == message_id(1)).values(wamid="wamid.A")
        await connection.execute(named)
    async with database.write() as connection:
        await telling.adopt(connection, database, [Wamid("wamid.A"), Wamid("wamid.unknown")])
    assert (await folded(database, message_id(1))).state is State.DELIVERED


@pytest.mark.parametrize("twin", ["wamid.0", "wamid.Z"])
async def test_a_message_that_meta_accepted_twice_has_two_wamids_in_any_order(
    database: Database, twin: str
) -> None:
    """Receipts of the second wamid that do not carry our id find the message too, before or after it is known."""
    outbox, random = Outbox(database), Random(11)
    for n in range(1, 13):
        await outbox.enqueue(chunks([draft(n)]))
        await outbox.lease(SENDER, now=at(n), limit=1, rate=100, owner="me", lease_s=60)
        facts = [
            Told(Attempt(1, Phase.ACCEPTED, at(2), wamid=Wamid(f"wamid.A{n}")), message_id=message_id(n)),
            receipt(f"wamid.A{n}", "sent", 10),
            receipt(f"{twin}{n}", "sent", 9, opaque=message_id(n)),
            receipt(f"{twin}{n}", "delivered", 20),
            receipt(f"{twin}{n}", "read", 30),
        ]
        random.shuffle(facts)
        cut = random.randrange(len(facts))
        await tell(database, *facts[:cut])
        await tell(database, *facts[cut:])
        after = await folded(database, message_id(n))
        assert (after.wamid, after.sent_at, after.read_at) == (
            min(f"wamid.A{n}", f"{twin}{n}"),
            at(9),
            at(30),
        )
        assert after == fold(await evidence_of(database, message_id(n)))
        found = await Overview(database).find(f"{twin}{n}")
        assert found is not None
        assert found.id == message_id(n)
    assert await Overview(database).orphans() == 0


async def test_an_unknown_message_first_in_a_batch_does_not_stop_its_neighbours(
    database: Database, sent: MessageId
) -> None:
    told = await tell(database, receipt("wamid.unknown", "read"), receipt("wamid.A", "delivered", 20))
    assert [each.wamid for each in told.orphans] == ["wamid.unknown"]
    assert (await folded(database, sent)).state is State.DELIVERED


async def test_a_reply_is_evidence_of_reading(database: Database, sent: MessageId) -> None:
    reply = Reply(Wamid("wamid.in"), at(50), at(51), "button", text="Yes", payload="yes")
    await tell(database, Told(reply, wamid=Wamid("wamid.A")))
    after = await folded(database, sent)
    assert after.state is State.READ
    assert after.replied_at == at(50)
    assert reply in await evidence_of(database, sent)


async def test_words_that_no_database_likes_are_stored(database: Database, sent: MessageId) -> None:
    strange = Failure(2**31 - 1, "nul \0 title", message="שלום 🎉", details="\x01")
    await tell(database, receipt("wamid.A", "fai\0led", 3), receipt("wamid.A", "failed", 4, failure=strange))
    assert (await folded(database, sent)).state is State.FAILED


async def test_a_thousand_receipts_at_once(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in range(1000)]))
    await tell(
        database,
        *(receipt(f"wamid.{n}", "delivered", n, opaque=message_id(n)) for n in range(1000)),
        *(receipt(f"wamid.{n}", "read", n + 5) for n in range(1000)),
    )
    async with database.read() as connection:
        stored = await connection.execute(select(func.count()).select_from(evidence))
        waiting = await connection.execute(
            select(func.count()).select_from(evidence).where(evidence.c.message_id.is_(None))
        )
        assert (stored.scalar_one(), waiting.scalar_one()) == (2000, 0)
    assert (await folded(database, message_id(999))).state is State.READ
