"""A database that lives: webhooks come, the applier reads them, sends have outcomes. And bodies as Meta writes them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, insert

from invy.app import proof
from invy.app.proof import Proof
from invy.domain.difference import Difference
from invy.domain.evidence import Attempt, Phase, Told
from invy.domain.ids import MessageId, Wamid
from invy.engine.apply import Applier
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store import telling
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.tables import journal, metadata
from tests.cli.shell import Shell
from tests.making import T0, at, chunks, draft, message_id

T = TypeVar("T")

PHONE = "447700900123"


def wamid(n: int, twin: str = "") -> Wamid:
    """Of message `n`. With a `twin`, such as "!" or "~", another one that Meta gave to the same message."""
    return Wamid(f"wamid.{twin}{n}")


def user_id(n: int) -> str:
    """Meta's business-scoped id of the guest of message `n`."""
    return f"GB.{n:010d}"


def seconds(moment: float) -> str:
    return str(int(T0.timestamp() + moment))


def status(
    n: int,
    word: str,
    moment: float,
    *,
    opaque: bool = True,
    code: int | None = None,
    twin: str = "",
    user: bool = False,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": wamid(n, twin),
        "status": word,
        "timestamp": seconds(moment),
        "recipient_id": PHONE,
    }
    if opaque:
        made["biz_opaque_callback_data"] = message_id(n)
    if user:
        made["recipient_user_id"] = user_id(n)
    if code is not None:
        made["errors"] = [{"code": code, "title": "Something", "error_data": {"details": "Some detail"}}]
    return made


def button(n: int, moment: float, *, context: bool = True) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"wamid.in.{n}.{int(moment)}",
        "from": PHONE,
        "timestamp": seconds(moment),
        "type": "button",
        "button": {"text": "Yes", "payload": f"yes:{message_id(n)}"},
    }
    if context:
        made["context"] = {"from": "15550100", "id": wamid(n)}
    return made


def preference(value: str, moment: float, *, user: int | None = None) -> dict[str, Any]:
    """What a guest wants: of the number PHONE, or of the guest of message `user`, who hides the number."""
    return {
        **({"wa_id": PHONE} if user is None else {"user_id": user_id(user)}),
        "detail": f"User asked to {value}",
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(seconds(moment)),
    }


def body(field: str = "messages", **value: Any) -> bytes:
    change = {"field": field, "value": {"messaging_product": "whatsapp", **value}}
    entry = {"id": "102290000000001", "changes": [change]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def statuses(*made: dict[str, Any]) -> bytes:
    return body(statuses=list(made))


class Living:
    """One database in use. Messages 1 to `count` are in its outbox."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.journal = JournalStore(database)
        self.outbox = Outbox(database)
        self._applier = Applier(ApplyStore(database), webhook.read, lambda: at(5000), Unobserved())

    async def begin(self, count: int = 3) -> None:
        """Empty every table, then write the messages."""
        async with self.database.write() as connection:
            for table in metadata.sorted_tables:
                await connection.execute(delete(table))
        await self.outbox.enqueue(chunks([draft(n) for n in range(1, count + 1)]))

    async def hear(self, *bodies: bytes, heard: float = 100, apply: bool = True) -> None:
        async with self.database.write() as connection:
            await connection.execute(
                insert(journal), [{"received_at": at(heard), "body": each} for each in bodies]
            )
        if apply:
            await self.apply()

    async def apply(self) -> None:
        while await self._applier.step():
            pass

    async def tell(self, *facts: Told) -> None:
        async with self.database.write() as connection:
            await telling.tell(connection, self.database, facts)

    async def accepted(self, *numbers: int) -> None:
        for n in numbers:
            await self.tell(
                Told(Attempt(1, Phase.STARTED, at(1)), message_id=message_id(n)),
                Told(
                    Attempt(1, Phase.ACCEPTED, at(2), wamid=wamid(n)),
                    message_id=message_id(n),
                    wamid=wamid(n),
                ),
            )

    async def unsure(self, n: int, moment: float = 31) -> MessageId:
        await self.tell(
            Told(Attempt(1, Phase.STARTED, at(1)), message_id=message_id(n)),
            Told(Attempt(1, Phase.UNSURE, at(moment), note="No answer"), message_id=message_id(n)),
        )
        return message_id(n)

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in the database, to be compared with everything in it later."""
        async with self.database.read() as connection:
            found: dict[str, list[dict[str, Any]]] = {}
            for table in metadata.sorted_tables:
                rows = await connection.execute(table.select())
                found[table.name] = sorted((dict(row) for row in rows.mappings()), key=repr)
            return found


class Quiet:
    def copied(self, messages: int) -> None: ...
    def read(self, entries: int, of: int) -> None: ...


async def audited(database: Database) -> list[Difference]:
    found: list[Difference] = []
    await proof.audit(database, found.append, lambda _: None)
    return found


async def replayed(database: Database, folder: Path, *, mend: bool = False) -> tuple[Proof, list[Difference]]:
    found: list[Difference] = []
    done = await proof.replay(database, folder, mend=mend, clock=_now, found=found.append, progress=Quiet())
    return done, found


def _now() -> datetime:
    return at(9000)


def columns(found: Sequence[Difference]) -> set[tuple[str, str, str]]:
    return {(each.table, each.id, each.column) for each in found}


def live(shell: Shell, story: Callable[[Living], Awaitable[T]]) -> T:
    """Something happens in the database of a shell, between its commands."""

    async def inside() -> T:
        database = Database.open(shell.env["INVY_DATABASE_URL"])
        try:
            return await story(Living(database))
        finally:
            await database.close()

    return asyncio.run(inside())
