"""Databases and backups of the first revision, brought to the present one on either database."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from invy.app import recovery
from invy.app.recovery import Recovered
from invy.domain.errors import InvalidInput, SchemaBehind
from invy.domain.guest import Event, Guest
from invy.domain.ids import EventId, GuestId
from invy.store import schema
from invy.store.archive import ArchiveWriter
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.renewal import tables_there
from tests.making import SENDER, at, phone
from tests.operations.living import Living, Quiet, audited, body, button, replayed, status, statuses

FIRST = "0001"
Rows = dict[str, list[dict[str, Any]]]


class Watching(Quiet):
    def now(self, sentence: str) -> None: ...


async def recover(
    database: Database | None, path: Path, folder: Path, *, prove: bool, force: bool = False
) -> Recovered:
    return await recovery.recover(
        database,
        path,
        folder=folder,
        prove=prove,
        force=force,
        clock=lambda: at(7000),
        found=lambda _: None,
        watching=Watching(),
    )


async def rows(database: Database) -> Rows:
    """Everything that a database of its revision holds."""
    async with database.read() as connection:
        tables = await connection.run_sync(tables_there)
        return {
            table.name: [
                dict(row)
                for row in (
                    await connection.execute(select(table).order_by(*table.primary_key.columns))
                ).mappings()
            ]
            for table in tables
        }


@asynccontextmanager
async def aged_database(database_url: str, aged_url: str) -> AsyncIterator[Database]:
    """A database of the first revision with something in every table; what is at `database_url` is lived through first."""
    database, aged = Database.open(database_url), Database.open(aged_url)
    await schema.upgrade(database)
    await live(Living(database))
    await schema.upgrade(aged, FIRST)
    async with aged.write() as connection, database.read() as source:
        for table in await connection.run_sync(tables_there):
            held = (await source.execute(select(table))).mappings().all()
            if held:
                await connection.execute(insert(table), [dict(row) for row in held])
            if not aged.is_sqlite and table.autoincrement_column is not None:
                counter = f"pg_get_serial_sequence('{table.name}', 'id')"
                await connection.execute(text(f"SELECT setval({counter}, 1000)"))
    await database.close()
    yield aged
    await aged.close()


async def live(living: Living) -> None:
    await living.begin()
    event = Event(EventId("wedding"), "החתונה של דנה 🎉", at(0))
    guest = Guest(GuestId("g1"), event.id, "איילה", phone(1), {"table": "7"}, at(0))
    await GuestStore(living.database).put(event, [[guest]])
    await living.accepted(1)
    await living.unsure(2)
    await living.hear(
        statuses(status(1, "read", 30), status(9, "sent", 3, opaque=False)),
        b'{"broken": "\xff\x00',
        body(messages=[button(1, 60)]),
        body("message_template_status_update", event="PAUSED"),
    )


@pytest.fixture
async def aged(database_url: str, empty_url: str) -> AsyncIterator[Database]:
    """One to be upgraded where it is: of each kind, whatever its data came from."""
    async with aged_database(database_url, empty_url) as made:
        yield made


@pytest.fixture(params=["a file of SQLite", "an archive of SQLite", "an archive of PostgreSQL"])
async def backup(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Path, Rows]]:
    """A backup of the first revision, and what is in it."""
    kind, _, system = request.param.rpartition(" of ")
    with ExitStack() as stack:
        if system == "SQLite":
            urls = [f"sqlite:///{tmp_path / name / 'invy.db'}" for name in ("now", "then")]
        else:
            databases = request.getfixturevalue("postgres_databases")
            urls = [databases.create() for _ in range(2)]
            for url in urls:
                stack.callback(databases.drop, url)
        async with aged_database(*urls) as made:
            write = copied if kind == "a file" else archived
            yield await write(made, tmp_path / "backup"), await rows(made)


@pytest.fixture
async def target(tmp_path: Path, empty_url: str) -> AsyncIterator[Database]:
    """Another database, without even tables, of each kind."""
    opened = Database.open(empty_url)
    yield opened
    await opened.close()


async def archived(aged: Database, path: Path) -> Path:
    """As `invy backup` wrote it when there was no later revision."""
    with path.open("wb") as file:
        archive = ArchiveWriter(file, revision=FIRST, made_at=at(6000), made_by="a test")
        async with aged.read() as connection:
            for table in await connection.run_sync(tables_there):
                writer = archive.table(table)
                found = await connection.execute(select(table))
                writer.add([dict(row) for row in found.mappings()])
                writer.close()
        archive.close()
    return path


async def copied(aged: Database, path: Path) -> Path:
    """The same from SQLite."""
    assert aged.sqlite_file is not None
    with closing(sqlite3.connect(aged.sqlite_file)) as old, closing(sqlite3.connect(path)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")
    return path


async def test_a_database_with_data_is_brought_up_to_date_where_it_is(aged: Database) -> None:
    before = await rows(aged)
    assert sum(map(len, before.values())) > 10
    with pytest.raises(SchemaBehind, match="revision 0001"):
        await schema.require_current(aged)

    assert (await schema.upgrade(aged)).up_to_date

    after = await rows(aged)
    assert {name: after[name] for name in before} == before
    assert await audited(aged) == []
    await Living(aged).hear(statuses(status(1, "failed", 70, code=131026)))
    assert await audited(aged) == []


async def test_a_backup_of_an_earlier_revision_comes_back_on_either_database(
    backup: tuple[Path, Rows], target: Database, tmp_path: Path
) -> None:
    file, before = backup

    done = await recover(target, file, tmp_path / "scratch", prove=True)

    assert (done.written, done.differences, done.rows["whatsapp_messages"]) == (True, 0, 3)
    await schema.require_current(target)
    after = await rows(target)
    [hold] = after["holds"]
    assert hold["subject"] == SENDER
    assert "Restored from backup:" in hold["reason"]
    assert {name: after[name] for name in before} == before | {"holds": [hold]}
    assert await audited(target) == []
    assert (await replayed(target, tmp_path))[1] == []
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("part", [0.3, 0.99])
async def test_a_damaged_one_changes_nothing(
    backup: tuple[Path, Rows], target: Database, tmp_path: Path, part: float
) -> None:
    file, _ = backup
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])
    await schema.upgrade(target)
    await Living(target).begin(2)
    before = await rows(target)
    with pytest.raises(InvalidInput, match="damaged"):
        await recover(target, file, tmp_path / "scratch", prove=False, force=True)
    assert await rows(target) == before
    assert not (tmp_path / "scratch").exists() or list((tmp_path / "scratch").iterdir()) == []


async def test_a_database_of_an_earlier_revision_is_upgraded_before_anything_is_restored_to_it(
    aged: Database, tmp_path: Path
) -> None:
    before = await rows(aged)
    file = await archived(aged, tmp_path / "backup")
    with pytest.raises(SchemaBehind) as behind:
        await recover(aged, file, tmp_path / "scratch", prove=False, force=True)
    assert "invy db upgrade" in behind.value.hint
    assert await rows(aged) == before
