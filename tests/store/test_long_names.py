"""However long the texts of a webhook are, they cost no neighbour its place in the database. On both databases."""

import json
import random
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from invy.domain.journal import Outcome
from invy.domain.notice import Notice
from invy.domain.state import State
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.store.tables import journal, messages, notices
from tests.making import at, chunks, draft, message_id, phone
from tests.meta.webhook_bodies import body
from tests.store.hearing import hear

_CHANCE = random.Random(3)
LETTERS = "".join(_CHANCE.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=20_000))
"""Without a pattern: PostgreSQL compresses what has one, and then it fits after all."""
FOXES = "".join(chr(_CHANCE.randrange(0x10000, 0x1F000)) for _ in range(500))
"""Four bytes a character, and fewer characters than some names have."""

Value = dict[str, Any]


def status(n: int, word: str, **more: object) -> Value:
    return {
        "id": f"wamid.{n}",
        "status": word,
        "timestamp": str(int(at(10).timestamp())),
        "biz_opaque_callback_data": message_id(n),
        **more,
    }


def written(**more: object) -> Value:
    message = {"id": "wamid.in", "type": "text", "timestamp": "1790000000", "text": {"body": "x"}}
    return {"messages": [{**message, **more}]}


def preference(**who: object) -> Value:
    return {"user_preferences": [{"value": "stop", "timestamp": 1790000000, **who}]}


def beside(text: str) -> dict[str, tuple[str, Value]]:
    """Of each list and each text in it that becomes a key: the field and its value."""
    return {
        "account id": ("account_alerts", {"entity_id": text, "alert_type": "X"}),
        "template name": (
            "message_template_status_update",
            {"event": "APPROVED", "message_template_name": text},
        ),
        "word": ("account_update", {"event": text}),
        "field": (text, {"event": "X"}),
        "number id": (
            "messages",
            {"metadata": {"phone_number_id": text}, "errors": [{"code": 130429}]},
        ),
        "sender": ("messages", written(**{"from": text})),
        "sender and user id": ("messages", written(**{"from": text, "from_user_id": text[:250]})),
        "context": ("messages", written(context={"id": text})),
        "id of what was written": ("messages", written(id=text)),
        "type": ("messages", written(type=text)),
        "old number": (
            "messages",
            written(type="system", system={"type": "user_changed_number", "wa_id": text}, **{"from": text}),
        ),
        "user ids": (
            "messages",
            written(
                type="system",
                system={"type": "user_changed_user_id", "user_id": text, "previous_user_id": text},
                **{"from": phone(1)[1:]},
            ),
        ),
        "number of a preference": ("user_preferences", preference(wa_id=text)),
        "user of a preference": ("user_preferences", preference(user_id=text)),
        "both of a preference": ("user_preferences", preference(user_id=text[:250], wa_id=text)),
        "word of a preference": ("user_preferences", preference(wa_id=phone(3)[1:]) | {"value": text}),
        "contact": (
            "messages",
            {"contacts": [{"wa_id": text, "user_id": text[:250]}], "statuses": [status(2, "sent")]},
        ),
        "wamid": ("messages", {"statuses": [status(2, "sent", id=text)]}),
        "wamid of an orphan": (
            "messages",
            {"statuses": [status(2, "sent", id=text, biz_opaque_callback_data=None)]},
        ),
        "user of a status": ("messages", {"statuses": [status(2, "sent", recipient_user_id=text)]}),
        "recipient": ("messages", {"statuses": [status(2, "sent", recipient_id=text)]}),
        "our id": (
            "messages",
            {"statuses": [status(2, "sent", biz_opaque_callback_data=text)]},
        ),
    }


@pytest.mark.parametrize("which", beside(""))
async def test_a_text_too_long_for_an_index_costs_no_neighbour(database: Database, which: str) -> None:
    await Outbox(database).enqueue(chunks([draft(n) for n in range(5)]))
    for neighbour, text in ((0, LETTERS), (1, FOXES), (4, FOXES[:300])):
        field, value = beside(text)[which]
        document = json.loads(body(value, field=field))
        document["entry"][0]["id"] = text
        good = {"field": "messages", "value": {"statuses": [status(neighbour, "delivered")]}}
        document["entry"][0]["changes"].append(good)
        await hear(database, json.dumps(document).encode())
    async with database.read() as connection:
        ours = messages.c.id.in_([message_id(n) for n in (0, 1, 4)])
        states = (await connection.execute(select(messages.c.status).where(ours))).scalars().all()
        closed = (await connection.execute(select(journal.c.outcome, journal.c.note))).all()
    assert states == [State.DELIVERED.value] * 3
    # Read as it is, or with a reason that names the place; never given up because the database refused it.
    assert all(row.outcome == Outcome.APPLIED or row.note.startswith("entry[0].changes[0]") for row in closed)


async def test_a_notice_about_something_with_too_long_a_name_is_kept_and_shown(database: Database) -> None:
    await hear(database, body({"entity_id": LETTERS, "alert_type": "X"}, field="account_alerts"))
    async with database.read() as connection:
        [notice] = await connection.execute(select(notices))
    assert (notice.subject[:100], notice.subject[-1], notice.word) == (LETTERS[:100], "…", "X")
    assert LETTERS.encode() in msgspec.json.decode(notice.fact, type=Notice).raw
