import pytest
from sqlalchemy import ColumnElement, delete, select, text, update

from invy.domain.difference import ABSENT, DAMAGED, Difference
from invy.domain.evidence import Phase
from invy.domain.state import State
from invy.engine.audit import Audit
from invy.store.audit import AuditPages
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.store.overview import Overview
from invy.store.tables import evidence, messages
from tests.making import SENDER, at, chunks, draft, message_id
from tests.operations.living import Living, audited, body, button, columns, status, statuses, wamid


async def test_a_database_that_only_invy_wrote_has_no_difference(living: Living) -> None:
    await living.accepted(1)
    await living.unsure(2)
    for heard in (100, 90, 300):  # the same body three times, not in order
        await living.hear(
            statuses(status(1, "read", 30), status(1, "sent", 10), status(2, "failed", 40, code=131026)),
            statuses(status(9, "delivered", 10, opaque=False)),
            heard=heard,
        )
    assert await audited(living.database) == []


@pytest.mark.parametrize(
    ("column", "wrong", "right"),
    [
        ("status", "failed", "delivered"),
        ("delivered_at", None, at(20)),
        ("phase", Phase.STARTED.value, Phase.ACCEPTED.value),
        ("wamid", "wamid.other", wamid(1)),
        ("error_code", 131026, None),
    ],
)
async def test_each_column_that_is_not_its_fold_is_named(
    living: Living, column: str, wrong: object, right: object
) -> None:
    await living.accepted(1, 2)
    await living.hear(statuses(status(1, "delivered", 20)))
    async with living.database.write() as connection:
        await connection.execute(
            update(messages).where(messages.c.id == message_id(1)).values({column: wrong})
        )
    assert await audited(living.database) == [
        Difference("whatsapp_messages", message_id(1), column, wrong, right)
    ]


async def test_evidence_that_was_lost_shows(living: Living) -> None:
    await living.accepted(1)
    await living.hear(statuses(status(1, "delivered", 20)))
    async with living.database.write() as connection:
        await connection.execute(delete(evidence).where(evidence.c.word == "delivered"))
    names = {each.column for each in await audited(living.database)}
    assert {"status", "delivered_at", "first_receipt_at"} <= names


async def test_a_receipt_left_waiting_for_a_message_that_is_known_shows(living: Living) -> None:
    await living.accepted(1)
    await living.hear(statuses(status(1, "delivered", 20)))
    async with living.database.write() as connection:
        await connection.execute(
            update(evidence).where(evidence.c.word == "delivered").values(message_id=None)
        )
    found = await audited(living.database)
    assert ("evidence", message_id(1)) in {(each.table, each.folded) for each in found}


async def test_evidence_without_its_message_shows(living: Living) -> None:
    await living.accepted(1)
    async with living.database.write() as connection:
        await connection.execute(delete(messages).where(messages.c.id == message_id(1)))
    found = await audited(living.database)
    assert {(each.id, each.column, each.written) for each in found} == {(message_id(1), "id", ABSENT)}


async def test_a_reply_counts_as_the_evidence_it_is(living: Living) -> None:
    await living.accepted(1)
    await living.hear(body(messages=[button(1, 50), button(2, 51, context=False)]))
    assert await audited(living.database) == []


async def test_many_pages_are_all_looked_at(database: Database) -> None:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in range(1201)]))
    await outbox.lease(SENDER, now=at(1), limit=30, rate=1000, owner="me", lease_s=60)
    assert await audited(database) == []
    async with database.write() as connection:
        await connection.execute(
            update(messages)
            .where(messages.c.id.in_([message_id(700), message_id(1200)]))
            .values(replied_at=at(5))
        )
    assert columns(await audited(database)) == {
        ("whatsapp_messages", message_id(700), "replied_at"),
        ("whatsapp_messages", message_id(1200), "replied_at"),
    }


async def test_an_audit_sees_one_moment_while_others_write(living: Living) -> None:
    """Between two pages the applier moves on; what it writes must not look like a difference."""
    await living.begin(600)
    await living.accepted(1, 600)
    async with living.database.snapshot() as connection:
        audit = Audit(AuditPages(connection))
        await living.hear(statuses(status(1, "read", 20), status(600, "read", 20)))
        assert [each async for each in audit.differences()] == []
    assert audit.checked == 600


async def test_a_snapshot_does_not_move_and_hinders_nobody(living: Living) -> None:
    count = text("SELECT count(*) FROM evidence")
    async with living.database.snapshot() as connection:
        before = (await connection.execute(count)).scalar_one()
        await living.accepted(1)
        assert (await connection.execute(count)).scalar_one() == before
    async with living.database.read() as connection:
        assert (await connection.execute(count)).scalar_one() == before + 2


DAMAGES = [
    b"",
    b"\x00",
    b"{}",
    b"[]",
    b'{"status": "\xff"}',
    b'{"wamid": "w", "status": "delivered", "at": "2026-11-01T12:00:20", "heard_at": "2026-11-01T12:00:20Z"}',
]
"""Nothing, no JSON, another shape, no text, a time without a zone."""


@pytest.mark.parametrize("fact", DAMAGES)
async def test_a_fact_that_cannot_be_read_is_a_difference_and_hides_no_other(
    living: Living, fact: bytes
) -> None:
    await living.accepted(1, 2)
    await living.hear(statuses(status(1, "delivered", 20)))
    number = await damage(living.database, fact, evidence.c.word == "delivered")
    async with living.database.write() as connection:
        await connection.execute(update(messages).where(messages.c.id == message_id(2)).values(read_at=at(5)))
    assert await audited(living.database) == [
        Difference("evidence", str(number), "fact", DAMAGED, f"a fact about message {message_id(1)}"),
        Difference("whatsapp_messages", message_id(2), "read_at", at(5), None),
    ]


async def test_evidence_of_a_kind_that_does_not_exist_is_a_difference(living: Living) -> None:
    await living.accepted(1)
    async with living.database.write() as connection:
        await connection.execute(update(evidence).where(evidence.c.word == "accepted").values(kind="rumour"))
    assert {(each.column, each.written) for each in await audited(living.database)} == {("fact", DAMAGED)}


async def test_a_waiting_fact_that_cannot_be_read_is_a_difference_too(living: Living) -> None:
    await living.hear(statuses(status(9, "delivered", 20, opaque=False), status(8, "read", 20, opaque=False)))
    number = await damage(living.database, b"\x00", evidence.c.wamid == wamid(9))
    assert columns(await audited(living.database)) == {("evidence", str(number), "fact")}


async def test_a_waiting_fact_that_cannot_be_read_costs_its_message_nothing_else(living: Living) -> None:
    await living.hear(statuses(status(1, "sent", 10, opaque=False), status(1, "read", 20, opaque=False)))
    await damage(living.database, b"\x00", evidence.c.word == "sent")
    await living.accepted(1)
    message = await Overview(living.database).find(message_id(1))
    assert message is not None
    assert message.state is State.READ
    assert {each.folded for each in await audited(living.database)} == {
        f"a fact about message {message_id(1)}"
    }


async def damage(database: Database, fact: bytes, which: ColumnElement[bool]) -> int:
    """Spoil one fact; returns its row number."""
    async with database.write() as connection:
        await connection.execute(update(evidence).where(which).values(fact=fact))
        return int((await connection.execute(select(evidence.c.id).where(which))).scalar_one())
