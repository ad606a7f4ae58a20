"""What a failure means beyond its message does not depend on how its receipt found the message."""

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from invy.app import proof
from invy.domain.difference import Difference
from invy.domain.evidence import Attempt, Decision, Phase, Receipt, Settlement, Source, Told
from invy.domain.failure import Failure
from invy.domain.hold import Scope
from invy.domain.ids import Wamid
from invy.domain.inbound import Preference
from invy.domain.journal import Outcome
from invy.domain.message import Posted
from invy.domain.state import State
from invy.engine.apply import Applier
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store import telling
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.holds import HoldStore
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.overview import Overview
from invy.store.tables import evidence, holds, journal, opt_outs
from tests.making import SENDER, at, chunks, draft, message_id, phone

MOMENT = 1793534500


def status(wamid: str, word: str, *, opaque: str | None = None, code: int | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"id": wamid, "status": word, "timestamp": str(MOMENT)}
    if opaque is not None:
        made["biz_opaque_callback_data"] = opaque
    if code is not None:
        made["errors"] = [{"code": code, "title": "Something"}]
    return made


def stop(word: str) -> dict[str, Any]:
    return {"wa_id": phone(1)[1:], "category": "marketing_messages", "value": word, "timestamp": MOMENT}


async def hear(database: Database, *values: dict[str, Any]) -> None:
    """Receive each value as a webhook of its own and apply them, one after the other."""
    store = JournalStore(database)
    for value in values:
        field = next(iter(value))
        changes = [{"field": "messages" if field == "statuses" else field, "value": value}]
        body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
        await store.append([(at(500), json.dumps(body).encode())])
        applier = Applier(ApplyStore(database), webhook.read, lambda: at(600), Unobserved())
        while await applier.step():
            pass
    await store.close()


async def leased(database: Database, *numbers: int) -> Outbox:
    outbox = Outbox(database)
    await outbox.enqueue(chunks([draft(n) for n in numbers]))
    await outbox.lease(SENDER, now=at(1), limit=len(numbers), rate=1000, owner="me", lease_s=60)
    return outbox


def accepted(n: int, wamid: str) -> Posted:
    return Posted(message_id(n), Attempt(1, Phase.ACCEPTED, at(2), wamid=Wamid(wamid)))


async def stopped(database: Database) -> dict[str, bool]:
    async with database.read() as connection:
        return {row.phone: row.stopped for row in await connection.execute(select(opt_outs))}


async def audited(database: Database) -> list[Difference]:
    found: list[Difference] = []
    await proof.audit(database, found.append, lambda _: None)
    return found


@pytest.mark.parametrize("reply_first", [True, False])
async def test_a_failure_counts_beyond_its_message_whether_the_reply_or_the_receipt_is_stored_first(
    database: Database, *, reply_first: bool
) -> None:
    outbox = await leased(database, 1, 2)
    replies = [accepted(1, "wamid.A"), accepted(2, "wamid.B")]
    if reply_first:
        await outbox.record(replies)
    await hear(
        database,
        {"statuses": [status("wamid.A", "failed", code=131050)]},
        {"statuses": [status("wamid.B", "failed", code=131042)]},
    )
    if not reply_first:
        held = await outbox.record(replies)
        assert [each.code for each in held] == [131042]
    assert await stopped(database) == {phone(1): True}
    assert [hold.code for hold in await HoldStore(database).active()] == [131042]


async def test_a_failure_whose_code_comes_after_a_failure_without_one_counts_too(database: Database) -> None:
    outbox = await leased(database, 1)
    await outbox.record([accepted(1, "wamid.A")])
    settlement = Settlement(Decision.NOT_SENT, at(3), "dana")
    async with database.write() as connection:
        await telling.tell(connection, database, [Told(settlement, message_id=message_id(1))])
    await hear(database, {"statuses": [status("wamid.A", "failed", code=131050)]})
    assert await stopped(database) == {phone(1): True}


def failed(code: int, seconds: int) -> Told:
    wamid = Wamid("wamid.A")
    return Told(
        Receipt(wamid, "failed", at(seconds), at(500), failure=Failure(code, f"Error {code}")), wamid=wamid
    )


RESUME = Preference(phone(1)[1:], None, "marketing_messages", stopped=False, at=at(12), heard_at=at(500))


@pytest.mark.parametrize(
    ("told", "stops", "held"),
    [
        # Two reasons for one failure: each counts, whichever Meta found first.
        ([failed(131050, 10), failed(131042, 5)], {phone(1): True}, {(Scope.SENDER, 131042)}),
        ([failed(131026, 10), failed(132015, 12)], {}, {(Scope.TEMPLATE, 132015)}),
        (
            [failed(131042, 10), failed(132015, 5), failed(131042, 7)],
            {},
            {(Scope.SENDER, 131042), (Scope.TEMPLATE, 132015)},
        ),
        # A guest's wish at several times: the latest word counts.
        ([failed(131050, 14), failed(131050, 10), RESUME], {phone(1): True}, set()),
        ([failed(131050, 11), failed(131050, 10), RESUME], {phone(1): False}, set()),
    ],
)
async def test_what_follows_from_failures_depends_on_neither_their_order_nor_their_grouping(
    database: Database,
    told: Sequence[Told | Preference],
    stops: dict[str, bool],
    held: set[tuple[Scope, int]],
) -> None:
    await (await leased(database, 1)).record([accepted(1, "wamid.A")])
    for order in permutations(told):
        for size in (1, 2, len(told)):
            async with database.write() as connection:
                for table in (evidence, opt_outs, holds):
                    await connection.execute(table.delete())
            for start in range(0, len(order), size):
                group = order[start : start + size]
                async with database.write() as connection:
                    await telling.tell(
                        connection,
                        database,
                        [each for each in group if isinstance(each, Told)],
                        preferences=[each for each in group if isinstance(each, Preference)],
                    )
            assert await stopped(database) == stops, (order, size)
            active = {(hold.scope, hold.code) for hold in await HoldStore(database).active()}
            assert active == held, (order, size)


async def test_what_was_let_go_on_does_not_rest_again_because_an_old_failure_is_told_again(
    database: Database,
) -> None:
    await (await leased(database, 1)).record([accepted(1, "wamid.A")])
    for code, seconds in ((131026, 5), (131042, 10)):
        async with database.write() as connection:
            await telling.tell(connection, database, [failed(code, seconds)])
    store = HoldStore(database)
    assert await store.release(Scope.SENDER, SENDER, at(600))
    async with database.write() as connection:
        told = await telling.tell(connection, database, [failed(131042, 10), failed(131042, 11)])
    assert told.holds == []
    assert await store.active() == []


@pytest.mark.parametrize(("happened", "rests"), [(10, False), (601, True)])
async def test_a_late_report_of_a_failure_from_before_work_was_let_go_on_changes_nothing(
    database: Database, happened: int, *, rests: bool
) -> None:
    await (await leased(database, 1, 2)).record([accepted(1, "wamid.A"), accepted(2, "wamid.B")])
    store = HoldStore(database)
    async with database.write() as connection:
        await telling.tell(connection, database, [failed(131042, 5)])
    assert await store.release(Scope.SENDER, SENDER, at(600))
    fact = Receipt(Wamid("wamid.B"), "failed", at(happened), at(700), failure=Failure(131042))
    async with database.write() as connection:
        await telling.tell(connection, database, [Told(fact, wamid=Wamid("wamid.B"))])
    assert [hold.code for hold in await store.active()] == ([131042] if rests else [])


async def test_a_hold_is_announced_by_whoever_placed_it_and_by_nobody_else(database: Database) -> None:
    await (await leased(database, 1, 2)).record([accepted(1, "wamid.A"), accepted(2, "wamid.B")])
    announced = []
    for name in ("wamid.A", "wamid.B"):
        async with database.write() as connection:
            fact = Receipt(Wamid(name), "failed", at(5), at(500), failure=Failure(131042))
            announced += (await telling.tell(connection, database, [Told(fact, wamid=Wamid(name))])).holds
    assert [hold.code for hold in announced] == [131042]


@pytest.mark.parametrize("words", [("stop", "resume"), ("resume", "stop"), ("stop", "resume", "stop")])
async def test_of_two_words_of_one_second_the_stop_counts_in_any_order(
    database: Database, words: tuple[str, ...]
) -> None:
    await hear(database, *({"user_preferences": [stop(word)]} for word in words))
    assert await stopped(database) == {phone(1): True}


async def test_one_receipt_that_no_row_can_hold_does_not_cost_its_neighbours(database: Database) -> None:
    """Meta has never done this: our id of one message beside the wamid of another."""
    outbox = await leased(database, 1, 2, 3)
    await outbox.record([accepted(n, f"wamid.{n}") for n in (1, 2, 3)])
    await hear(
        database,
        {
            "statuses": [
                status("wamid.3", "delivered"),
                status("wamid.1", "sent", opaque=message_id(2)),
                status("wamid.2", "read"),
            ]
        },
    )
    states = [await Overview(database).find(message_id(n)) for n in (1, 2, 3)]
    assert [each.state for each in states if each] == [State.SENT, State.READ, State.DELIVERED]
    async with database.read() as connection:
        [row] = (await connection.execute(select(journal))).all()
    assert (row.outcome, "wamid.1" in row.note) == (Outcome.PARTLY.value, True)
    assert await audited(database) == []


async def test_two_messages_told_under_one_second_wamid_are_both_what_their_evidence_says(
    database: Database,
) -> None:
    outbox = await leased(database, 1, 2)
    await outbox.record([accepted(1, "wamid.A"), accepted(2, "wamid.B")])
    both = [status("wamid.X", "delivered", opaque=message_id(n)) for n in (1, 2)]
    await hear(database, {"statuses": both})
    assert await audited(database) == []


async def test_an_outcome_recorded_again_does_not_end_the_lease_of_the_next_attempt(
    database: Database,
) -> None:
    """The database answered too late the first time; meanwhile another worker is at the second attempt."""
    outbox = await leased(database, 1)
    deferred = Posted(message_id(1), Attempt(1, Phase.DEFERRED, at(2)))
    await outbox.record([deferred])
    again = await outbox.lease(SENDER, now=at(3), limit=1, rate=1000, owner="other", lease_s=60)
    assert [each.attempt for each in again.messages] == [2]
    await outbox.record([deferred])
    assert await outbox.expire(at(30)) == []
    assert await outbox.expire(at(100)) == [message_id(1)]
    assert await audited(database) == []


async def test_a_failure_without_a_code_lets_nothing_else_rest(database: Database) -> None:
    """Meta's message history tells of failures in words only: one guest without WhatsApp must not stop the number."""
    outbox = await leased(database, 1)
    await outbox.record([accepted(1, "wamid.A")])
    told = Receipt(
        Wamid("wamid.A"),
        "failed",
        at(20),
        at(30),
        failure=Failure(None, details="Message undeliverable"),
        source=Source.HISTORY,
    )
    async with database.write() as connection:
        await telling.tell(connection, database, [Told(told, wamid=Wamid("wamid.A"))])
    assert await HoldStore(database).active() == []
