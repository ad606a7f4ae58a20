"""A database full of messages that have been through everything, written in bulk but in the true shapes.

Every fact is read out of a webhook body by the service's own reader, every row is what the service's own fold makes of
the facts, so an audit and a replay find nothing to object to. Of 1000 messages 955 are read (three receipts, three
webhooks), 20 failed, 10 are silent, 14 wait and one is unconfirmed.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from invy.domain.evidence import Attempt, Phase, Told
from invy.domain.fold import fold
from invy.domain.ids import EventId, JournalId, MessageId, SenderId, TemplateKey, Wamid
from invy.domain.journal import Outcome
from invy.domain.message import Draft
from invy.domain.phone import E164
from invy.engine.hand import facts
from invy.meta import webhook
from invy.store import evidence, folded, schema
from invy.store import messages as message_rows
from invy.store.bulk import moment_text
from invy.store.database import Database
from invy.store.tables import events, journal, messages
from invy.store.tables import evidence as evidence_table

EVENT: Final = "wedding"
STEP: Final = 2000
"""Messages per transaction."""

Part = Sequence[tuple[str, Sequence[str], list[tuple[Any, ...]]]]
"""Some rows of several tables: table, columns, rows."""


class Filling:
    """Rows of messages number `start` to `stop`, made one every 100 ms from `began` on. Rows are tuples, by table."""

    def __init__(self, began: datetime, sender_id: SenderId) -> None:
        self._began = began
        self._sender_id = sender_id
        self._entries = 0
        self._facts = 0
        self.messages: list[tuple[Any, ...]] = []
        self.evidence: list[tuple[Any, ...]] = []
        self.journal: list[tuple[Any, ...]] = []

    def add(self, n: int) -> None:
        made = self._began + timedelta(milliseconds=100 * n)
        draft = _draft(n, made, self._sender_id)
        wamid = Wamid(f"wamid.HBgMNDQ3NzAwOTAwMDAwFQIAERgS{n:020X}AA==")
        told = list(self._told(n % 1000, draft, wamid))
        row = message_rows.row_of(draft) | folded.values(fold(each.fact for each in told))
        self.messages.append(tuple(row[name] for name in MESSAGE))
        for each in told:
            self._facts += 1
            self.evidence.append((self._facts, *evidence.row_of(each, draft.id)))

    def _told(self, fate: int, draft: Draft, wamid: Wamid) -> Iterator[Told]:
        leased, answered = (draft.created_at + timedelta(seconds=each) for each in (1, 1.2))
        if fate < 14:
            return
        yield Told(Attempt(1, Phase.STARTED, leased), message_id=draft.id)
        if fate == 14:
            yield Told(Attempt(1, Phase.UNSURE, answered, note="No answer"), message_id=draft.id)
            return
        accepted = Attempt(
            1,
            Phase.ACCEPTED,
            answered,
            wamid=wamid,
            http_status=200,
            message_status="accepted",
            wa_id=draft.to[1:],
        )
        yield Told(accepted, message_id=draft.id, wamid=wamid)
        if fate < 25:
            return
        words = ("sent", "failed") if fate < 45 else ("sent", "delivered", "read")
        for later, word in enumerate(words, 1):
            at = answered + timedelta(seconds=2 * later)
            body, heard_at = _body(draft, wamid, word, at), at + timedelta(milliseconds=300)
            self._entries += 1
            applied_at = heard_at + timedelta(milliseconds=20)
            self.journal.append((self._entries, heard_at, body, Outcome.APPLIED.value, applied_at, None))
            yield from facts(webhook.read(body, heard_at), JournalId(self._entries))


EVIDENCE: Final = tuple(column.name for column in evidence_table.c)
JOURNAL: Final = tuple(column.name for column in journal.c)


def _draft(n: int, made: datetime, sender_id: SenderId) -> Draft:
    ms = f"{int(made.timestamp() * 1000):012x}"
    # As many different numbers as messages, from a block reserved for fiction and too long to be anybody's.
    to = E164(f"+447700900{n:07d}")
    payload = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "template",
        "template": {
            "name": "hina_invitation",
            "language": {"code": "he"},
            "components": [
                {
                    "type": "header",
                    "parameters": [
                        {"type": "image", "image": {"link": "https://example.com/invitation.jpg"}}
                    ],
                },
                {"type": "body", "parameters": [{"type": "text", "text": f"Guest number {n}"}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": EVENT}],
                },
            ],
        },
        "biz_opaque_callback_data": "",
    }
    message_id = MessageId(f"{ms[:8]}-{ms[8:]}-7{n % 4096:03x}-8000-{n:012x}")
    payload["biz_opaque_callback_data"] = message_id
    return Draft(
        id=message_id,
        to=to,
        template_key=TemplateKey("hina_invitation"),
        template_name="hina_invitation",
        template_language="he",
        sender_id=sender_id,
        payload=json.dumps(payload, separators=(",", ":")).encode(),
        created_at=made,
        event_id=EventId(EVENT),
        once_key=f"bench {n}",
    )


def _body(draft: Draft, wamid: Wamid, word: str, at: datetime) -> bytes:
    status: dict[str, Any] = {
        "id": wamid,
        "status": word,
        "timestamp": str(int(at.timestamp())),
        "recipient_id": draft.to[1:],
        "biz_opaque_callback_data": draft.id,
    }
    if word == "failed":
        details = "Message Undeliverable."
        status["errors"] = [
            {"code": 131026, "title": "Message undeliverable", "error_data": {"details": details}}
        ]
    elif word == "sent":
        status["conversation"] = {"id": f"c{draft.id}", "origin": {"type": "marketing"}}
        status["pricing"] = {"billable": True, "pricing_model": "PMP", "category": "marketing"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550000100", "phone_number_id": draft.sender_id},
        "statuses": [status],
    }
    entry = {"id": "102290000000001", "changes": [{"value": value, "field": "messages"}]}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [entry]}, separators=(",", ":")
    ).encode()


MESSAGE: Final = (
    *message_rows.row_of(_draft(0, datetime.now(UTC), SenderId(""))),
    *set(folded.values(fold(()))) - {"status"},
)


def parts(count: int, sender_id: SenderId) -> Iterator[Part]:
    """Everything that belongs to so many messages, a few thousand rows at a time."""
    filling = Filling(datetime.now(UTC) - timedelta(days=3, milliseconds=100 * count), sender_id)
    for start in range(0, count, STEP):
        for n in range(start, min(start + STEP, count)):
            filling.add(n)
        yield (
            (messages.name, MESSAGE, filling.messages),
            (evidence_table.name, EVIDENCE, filling.evidence),
            (journal.name, JOURNAL, filling.journal),
        )
        for rows in (filling.messages, filling.evidence, filling.journal):
            rows.clear()


def bare(given: Iterator[Part]) -> Iterator[Part]:
    """The rows of the messages alone: a sixth of the room, for commands that look at nothing else."""
    for part in given:
        yield [each for each in part if each[0] == messages.name]


def fill(url: str, count: int, sender_id: str, *, only_messages: bool = False) -> None:
    """Lay the tables in a new database, and fill them."""
    asyncio.run(_begin(url))
    database = Database.open(url)
    given = parts(count, SenderId(sender_id))
    if only_messages:
        given = bare(given)
    if database.sqlite_file is not None:
        _fill_sqlite(database.sqlite_file, given)
    else:
        asyncio.run(_fill_postgres(url, given))


async def _begin(url: str) -> None:
    await schema.upgrade_at(url)
    database = Database.open(url)
    async with database.write() as connection:
        row = {"id": EVENT, "name": "The wedding", "created_at": datetime.now(UTC)}
        await connection.execute(events.insert(), row)
    await database.close()


def _fill_sqlite(file: Path, given: Iterator[Part]) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-500000")
    for part in given:
        connection.execute("BEGIN")
        for table, columns, rows in part:
            marks = ", ".join("?" * len(columns))
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
                [[moment_text(v) if isinstance(v, datetime) else v for v in row] for row in rows],
            )
        connection.execute("COMMIT")
    connection.close()


async def _fill_postgres(url: str, given: Iterator[Part]) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("SET synchronous_commit = off")
    for part in given:
        for table, columns, rows in part:
            await connection.copy_records_to_table(table, records=rows, columns=list(columns))
    for table in (evidence_table.name, journal.name):
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
    await connection.execute("ANALYZE")
    await connection.close()
