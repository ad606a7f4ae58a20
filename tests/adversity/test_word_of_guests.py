"""What webhooks tell of a guest rather than of one message: stopping marketing messages, and moving to another number."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, insert, select

from invy.domain.state import State
from invy.engine.apply import Applier
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store import schema
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.overview import Overview
from invy.store.tables import metadata, notices, user_opt_outs, user_phones
from tests.making import at, chunks, draft, message_id, phone


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()


async def hear(database: Database, value: dict[str, object], field: str = "messages") -> None:
    """Receive one webhook and apply it."""
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}],
    }
    journal = JournalStore(database)
    await journal.append([(at(10), json.dumps(body).encode())])
    await journal.close()
    await Applier(ApplyStore(database), webhook.read, lambda: at(11), Unobserved()).step()


async def test_a_failure_that_says_the_guest_stopped_marketing_is_remembered_for_the_guest(
    database: Database,
) -> None:
    await Outbox(database).enqueue(chunks([draft(1)]))
    failed = {
        "id": "wamid.A",
        "status": "failed",
        "timestamp": "1790000000",
        "biz_opaque_callback_data": message_id(1),
        "errors": [{"code": 131050, "title": "User has stopped marketing messages"}],
    }
    await hear(database, {"statuses": [failed]})
    assert await GuestStore(database).opted_out([phone(1), phone(2)]) == {phone(1)}


USER = "GB.1349120865530274"


def sent(word: str, **more: object) -> dict[str, object]:
    return {
        "id": "wamid.A",
        "status": word,
        "timestamp": "1790000000",
        "biz_opaque_callback_data": message_id(1),
        **more,
    }


def preferences(*words: dict[str, object]) -> dict[str, object]:
    return {"user_preferences": [{"category": "marketing_messages", **word} for word in words]}


async def test_a_stop_that_names_only_a_user_id_counts_for_the_number_our_receipts_named_it_with(
    database: Database,
) -> None:
    """The guest hides the number: neither the receipts nor the stop have it. Whichever is heard first."""
    receipt: dict[str, object] = {"statuses": [sent("delivered", recipient_user_id=USER)]}
    stop = preferences({"user_id": USER, "value": "stop", "timestamp": 1790000100})
    for order in ((receipt, stop), (stop, receipt)):
        async with database.write() as connection:
            for table in metadata.sorted_tables:
                await connection.execute(delete(table))
        await Outbox(database).enqueue(chunks([draft(1)]))
        for value in order:
            field = "user_preferences" if "user_preferences" in value else "messages"
            await hear(database, value, field)
        assert await GuestStore(database).opted_out([phone(1), phone(2)]) == {phone(1)}


async def test_the_latest_word_of_a_guest_counts_whichever_name_it_came_under(database: Database) -> None:
    await Outbox(database).enqueue(chunks([draft(1)]))
    await hear(database, {"statuses": [sent("delivered", recipient_user_id=USER)]})
    resume = {"wa_id": phone(1)[1:], "value": "resume", "timestamp": 1790000200}
    stop = {"user_id": USER, "value": "stop", "timestamp": 1790000100}
    await hear(database, preferences(resume), "user_preferences")
    await hear(database, preferences(stop), "user_preferences")
    assert await GuestStore(database).opted_out([phone(1)]) == set()
    await hear(database, preferences({**stop, "timestamp": 1790000300}), "user_preferences")
    assert await GuestStore(database).opted_out([phone(1)]) == {phone(1)}


async def test_a_guest_who_writes_to_us_names_user_id_and_number_together(database: Database) -> None:
    stop = {"user_id": USER, "value": "stop", "timestamp": 1790000100}
    wrote = {"id": "wamid.in", "type": "text", "text": {"body": "hi"}, "timestamp": "1790000000"}
    await hear(database, preferences(stop), "user_preferences")
    await hear(database, {"messages": [{**wrote, "from": phone(3)[1:], "from_user_id": USER}]})
    assert await GuestStore(database).opted_out([phone(3)]) == {phone(3)}


async def test_a_stop_and_the_number_that_two_processes_stored_at_once_find_each_other_at_the_sweep(
    database: Database,
) -> None:
    async with database.write() as connection:
        stop = {"user_id": USER, "stopped": True, "at": at(5), "detail": None}
        await connection.execute(insert(user_opt_outs).values(stop))
        await connection.execute(insert(user_phones).values(user_id=USER, phone=phone(4)))
    store = ApplyStore(database)
    assert [await store.spread_stops(), await store.spread_stops()] == [1, 0]
    assert await GuestStore(database).opted_out([phone(4)]) == {phone(4)}


async def test_a_user_id_longer_than_any_index_takes_does_not_stop_the_receipt(database: Database) -> None:
    await Outbox(database).enqueue(chunks([draft(1)]))
    await hear(database, {"statuses": [sent("read", recipient_user_id="x" * 9000)]})
    await hear(database, preferences({"user_id": "y" * 9000, "value": "stop"}), "user_preferences")
    found = await Overview(database).find(message_id(1))
    assert found is not None
    assert found.state is State.READ


async def test_a_guest_who_moved_to_another_number_is_noted_and_no_list_is_rewritten(
    database: Database,
) -> None:
    moved = {
        "from": "447700900001",
        "id": "wamid.in",
        "timestamp": "1790000000",
        "type": "system",
        "system": {"type": "user_changed_number", "wa_id": "447700900002", "body": "moved"},
    }
    await hear(database, {"messages": [moved]})
    await hear(database, {"messages": [moved]})
    async with database.read() as connection:
        found = (await connection.execute(select(notices.c.subject, notices.c.word))).all()
    assert [tuple(row) for row in found] == [("447700900001", "user_changed_number")]
