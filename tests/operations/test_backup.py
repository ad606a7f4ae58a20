"""Backups across both databases, and every way in which a file or a disk can be bad."""

import asyncio
import gzip
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from invy.app import recovery
from invy.app.recovery import Recovered
from invy.domain.errors import InvalidInput
from invy.domain.guest import Event, Guest
from invy.domain.hold import Scope
from invy.domain.ids import EventId, GuestId
from invy.store import backup, schema
from invy.store.backup import Made
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.holds import HoldStore
from invy.store.tables import evidence, messages, opt_outs, tokens
from invy.store.workers import AnotherAtWork, Workplace
from tests.making import SENDER, at, phone
from tests.operations.living import (
    Living,
    Quiet,
    audited,
    body,
    button,
    preference,
    replayed,
    status,
    statuses,
)

Opening = Callable[[str], Awaitable[Database]]


class Watching(Quiet):
    def now(self, sentence: str) -> None: ...


async def back_up(database: Database, path: Path, *, portable: bool = False, overwrite: bool = False) -> Made:
    return await backup.make(
        database,
        path,
        portable=portable,
        overwrite=overwrite,
        now=at(6000),
        made_by="a test",
        progress=lambda *_: None,
    )


async def recover(
    database: Database | None, path: Path, *, prove_in: Path | None = None, force: bool = False
) -> Recovered:
    return await recovery.recover(
        database,
        path,
        folder=prove_in or path.parent / "scratch",
        prove=prove_in is not None,
        force=force,
        clock=lambda: at(7000),
        found=lambda _: None,
        watching=Watching(),
    )


async def fill(living: Living) -> None:
    """Something in every table that matters, with text that is hard to carry."""
    event = Event(EventId("wedding"), "החתונה של דנה ויוסי 🎉\n\"'", at(0))
    guest = Guest(GuestId("g1"), event.id, "איילה", phone(1), {"table": "7", "note": "\u2028 \\ é"}, at(0))
    await GuestStore(living.database).put(event, [[guest]])
    await living.accepted(1)
    await living.unsure(2)
    await living.hear(
        statuses(status(1, "read", 30), status(9, "sent", 3, opaque=False)),
        b'{"broken": "\xff\x00',
        body(messages=[button(1, 60)]),
        body("user_preferences", user_preferences=[preference("stop", 5)]),
        body("message_template_status_update", event="PAUSED"),
    )


@pytest.fixture
async def full(living: Living) -> Living:
    await fill(living)
    return living


@pytest.fixture
async def opening() -> AsyncIterator[Opening]:
    """Opens databases and closes them at the end."""
    opened: list[Database] = []

    async def opening(url: str) -> Database:
        opened.append(Database.open(url))
        return opened[-1]

    yield opening
    for each in opened:
        await each.close()


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """A second database, without even tables."""
    opened = Database.open(empty_url)
    yield opened
    await opened.close()


@pytest.mark.parametrize("portable", [False, True])
async def test_everything_comes_back_on_either_database(
    full: Living, empty: Database, tmp_path: Path, portable: bool
) -> None:
    file = tmp_path / "backup"
    made = await back_up(full.database, file, portable=portable)
    assert made.rows["whatsapp_messages"] == 3
    assert file.stat().st_mode & 0o777 == 0o600
    before = await full.rows()
    done = await recover(empty, file, prove_in=tmp_path / "proof")
    assert (done.written, done.differences, done.rows) == (True, 0, made.rows)
    after = await Living(empty).rows()
    assert [hold["subject"] for hold in after.pop("holds")] == [SENDER]
    before.pop("holds")
    assert after == before
    assert await audited(empty) == []
    assert (await replayed(empty, tmp_path))[1] == []


async def test_a_restored_database_goes_on_counting(full: Living, empty: Database, tmp_path: Path) -> None:
    """Row numbers given after a restore must not meet those that were restored."""
    await back_up(full.database, tmp_path / "backup")
    await recover(empty, tmp_path / "backup")
    restored = Living(empty)
    await restored.hear(statuses(status(1, "failed", 70, code=131026), status(8, "read", 71)))
    assert await audited(empty) == []
    async with empty.read() as connection:
        numbers = (await connection.execute(select(evidence.c.id))).scalars().all()
    assert len(numbers) == len(set(numbers))


async def test_what_still_waits_is_held_because_it_may_have_been_sent_since(
    full: Living, empty: Database, tmp_path: Path
) -> None:
    await back_up(full.database, tmp_path / "backup")
    done = await recover(empty, tmp_path / "backup")
    assert done.held == (SENDER,)
    [hold] = await HoldStore(empty).active()
    assert (hold.scope, hold.subject) == (Scope.SENDER, SENDER)
    assert "would be sent again" in hold.reason
    restored = Living(empty)
    lease = await restored.outbox.lease(SENDER, now=at(9000), limit=9, rate=100, owner="me", lease_s=60)
    assert lease.messages == ()


async def test_a_backup_is_one_moment_while_others_write(
    full: Living, empty: Database, tmp_path: Path
) -> None:
    """Receipts pour in while the backup is made: whatever it caught fits together."""
    writing = True

    async def pour() -> None:
        n = 0
        while writing:
            n += 1
            await full.hear(statuses(status(1, "delivered", n), status(2, "sent", n)), heard=200 + n)

    pouring = asyncio.create_task(pour())
    await asyncio.sleep(0.05)
    await back_up(full.database, tmp_path / "backup")
    writing = False
    await pouring
    done = await recover(empty, tmp_path / "backup", prove_in=tmp_path / "proof")
    assert (done.differences, done.written) == (0, True)


async def test_a_file_that_is_there_is_not_overwritten_unasked(full: Living, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_bytes(b"precious")
    with pytest.raises(InvalidInput, match="is there already"):
        await back_up(full.database, file)
    assert file.read_bytes() == b"precious"
    await back_up(full.database, file, overwrite=True)
    assert file.read_bytes() != b"precious"
    assert [each.name for each in tmp_path.iterdir() if "partial" in each.name] == []


async def test_a_place_that_cannot_be_written_to_is_said(full: Living, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be written"):
        await back_up(full.database, tmp_path / "missing" / "backup")


async def test_a_database_that_is_not_empty_is_not_touched_unasked(
    full: Living, empty: Database, tmp_path: Path
) -> None:
    await back_up(full.database, tmp_path / "backup")
    await schema.upgrade(empty)
    other = Living(empty)
    await other.begin(2)
    before = await other.rows()
    with pytest.raises(InvalidInput, match="2 messages") as refused:
        await recover(empty, tmp_path / "backup")
    assert "--force" in refused.value.hint
    assert await other.rows() == before
    await recover(empty, tmp_path / "backup", force=True)
    assert len((await other.rows())["whatsapp_messages"]) == 3


async def test_nothing_is_restored_under_a_service(full: Living, empty: Database, tmp_path: Path) -> None:
    await back_up(full.database, tmp_path / "backup")
    await schema.upgrade(empty)
    place = Workplace(empty)
    await place.beat("w", "service", at(6999), at(6999))
    with place.occupy(), pytest.raises(AnotherAtWork):
        await recover(empty, tmp_path / "backup")


async def test_a_backup_with_a_difference_is_not_restored_when_proof_is_asked_for(
    full: Living, empty: Database, tmp_path: Path
) -> None:
    async with full.database.write() as connection:
        await connection.execute(messages.update().values(status="read"))
    await back_up(full.database, tmp_path / "backup")
    done = await recover(empty, tmp_path / "backup", prove_in=tmp_path / "proof")
    assert done.differences > 0
    assert not done.written
    assert (await recover(empty, tmp_path / "backup")).written


async def test_without_a_database_it_is_only_looked_at(full: Living, tmp_path: Path) -> None:
    await back_up(full.database, tmp_path / "backup")
    done = await recover(None, tmp_path / "backup", prove_in=tmp_path / "proof")
    assert (done.written, done.differences, done.rows["whatsapp_messages"]) == (False, 0, 3)
    assert list((tmp_path / "proof").iterdir()) == []


# Bad files. The archive is made once; each test spoils a copy of it.


@pytest.fixture
async def archive(sqlite_url: str, opening: Opening, tmp_path: Path) -> Path:
    database = await opening(sqlite_url)
    await schema.upgrade(database)
    living = Living(database)
    await living.begin()
    await fill(living)
    async with database.write() as connection:
        await connection.execute(
            insert(tokens), {"id": "t", "name": "n", "digest": "d", "created_at": at(1), "last_used_at": None}
        )
    await back_up(database, tmp_path / "good.invy", portable=True)
    await back_up(database, tmp_path / "good.db")
    return tmp_path / "good.invy"


def lines(archive: Path) -> list[dict[str, Any] | list[Any]]:
    return [json.loads(line) for line in gzip.decompress(archive.read_bytes()).splitlines()]


def rewritten(archive: Path, made: list[Any]) -> Path:
    target = archive.with_name("spoiled.invy")
    target.write_bytes(gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in made)))
    return target


async def refused(file: Path, opening: Opening, tmp_path: Path) -> str:
    """The database holds something; after the refusal it holds the same."""
    target = await opening(f"sqlite:///{tmp_path / 'target.db'}")
    await schema.upgrade(target)
    living = Living(target)
    await living.begin(1)
    before = await living.rows()
    with pytest.raises(InvalidInput) as error:
        await recover(target, file, force=True)
    assert await living.rows() == before
    return f"{error.value.message} {error.value.hint}"


@pytest.mark.parametrize("name", ["good.invy", "good.db"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
async def test_a_truncated_file_changes_nothing(
    archive: Path, opening: Opening, tmp_path: Path, name: str, part: float
) -> None:
    whole = archive.with_name(name).read_bytes()
    short = tmp_path / "short"
    short.write_bytes(whole[: int(len(whole) * part)])
    assert "damaged" in await refused(short, opening, tmp_path)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(where=st.integers(0, 10**9), flip=st.integers(1, 255))
async def test_any_changed_byte_of_an_archive_is_noticed(archive: Path, where: int, flip: int) -> None:
    whole = bytearray(archive.read_bytes())
    where %= len(whole)
    if where in range(3, 10):
        return  # flags, time and system in the head of gzip: they carry nothing of ours
    whole[where] ^= flip
    spoiled = archive.with_name("flipped")
    spoiled.write_bytes(whole)
    with pytest.raises(InvalidInput):
        await recover(None, spoiled)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"\x1f\x8b",
        gzip.compress(b"", mtime=0),
        gzip.compress(b'{"format": "other", "version": 1}\n', mtime=0),
        b"text",
    ],
)
async def test_what_is_no_backup_is_refused(
    archive: Path, opening: Opening, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "strange"
    file.write_bytes(content)
    assert await refused(file, opening, tmp_path)
    assert "cannot be read" in await refused(tmp_path / "missing", opening, tmp_path)
    assert archive.exists()


async def test_somebody_elses_sqlite_file_is_refused(opening: Opening, tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert "not a backup of Invy" in await refused(file, opening, tmp_path)


async def test_a_newer_backup_says_which_version_it_needs(
    archive: Path, opening: Opening, tmp_path: Path
) -> None:
    made: list[Any] = lines(archive)
    newer = rewritten(archive, [{**made[0], "version": 2}, *made[1:]])
    assert "made by a newer Invy" in await refused(newer, opening, tmp_path)
    revision = rewritten(archive, [{**made[0], "revision": "9999"}, *made[1:]])
    assert "9999" in await refused(revision, opening, tmp_path)
    copy = archive.with_name("newer.db")
    copy.write_bytes(archive.with_name("good.db").read_bytes())
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "9999" in await refused(copy, opening, tmp_path)


@pytest.mark.parametrize("spoil", ["row", "table", "twice", "columns", "count", "after", "type"])
async def test_an_archive_that_was_edited_is_refused(
    archive: Path, opening: Opening, tmp_path: Path, spoil: str
) -> None:
    made: list[Any] = lines(archive)
    start = next(
        n for n, line in enumerate(made) if isinstance(line, dict) and line.get("table") == "journal"
    )
    end = next(n for n, line in enumerate(made) if isinstance(line, dict) and line.get("end") == "journal")
    match spoil:
        case "row":
            del made[start + 1]
        case "table":
            del made[start : end + 1]
        case "twice":
            made[end:end] = made[start : end + 1]
        case "columns":
            made[start]["columns"][0] = "other"
        case "count":
            made[end]["rows"] += 1
        case "after":
            made.append(made[-1])
        case "type":
            made[start + 1][1] = 7
    assert "damaged" in await refused(rewritten(archive, made), opening, tmp_path)


async def test_an_archive_can_be_read_by_any_program(archive: Path) -> None:
    head, *rest = lines(archive)
    assert isinstance(head, dict)
    assert (head["format"], head["version"], head["revision"]) == ("invy-backup", 1, schema.head())
    assert datetime.fromisoformat(head["made_at"]) == at(6000).astimezone(UTC)
    starts = [line for line in rest if isinstance(line, dict) and "table" in line]
    assert {"guests", "journal", "evidence", "whatsapp_messages"} <= {line["table"] for line in starts}
    assert "workers" not in {line["table"] for line in starts}


async def test_an_empty_database_has_a_backup_too(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    await back_up(database, tmp_path / "backup")
    done = await recover(empty, tmp_path / "backup", prove_in=tmp_path)
    assert (done.written, sum(done.rows.values()), done.held) == (True, 0, ())
    async with empty.read() as connection:
        assert (await connection.execute(select(opt_outs))).all() == []
