"""What webhooks tell of a guest rather than of one message: stopping marketing messages, and moving to another number."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from invy.engine.apply import Applier
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store import schema
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.tables import notices
from tests.making import at, chunks, draft, message_id, phone


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()


async def hear(database: Database, value: dict[str, object]) -> None:
    """Receive one webhook of the field `messages` and apply it."""
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
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
