"""What is wrong with a database as a whole is told in words, by both of them, and leaves nothing behind."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from invy.domain.errors import ConfigurationError, StoreUnavailable
from invy.store import schema
from invy.store.appender import appender
from invy.store.database import Database, engine_url


@pytest.fixture
def unhandled(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """What threads died of."""
    died: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: died.append(told.exc_value))
    return died


def garbage(folder: Path) -> Path:
    file = folder / "invy.db"
    file.write_bytes(b"these are not the pages of a database\n" * 500)
    return file


def a_folder(folder: Path) -> Path:
    file = folder / "invy.db"
    file.mkdir()
    return file


@pytest.mark.parametrize(("made", "said"), [(garbage, "no database"), (a_folder, "unable to open")])
async def test_a_file_that_is_no_database_is_told_in_words_and_leaves_no_thread(
    tmp_path: Path, unhandled: list[BaseException | None], made: object, said: str
) -> None:
    assert callable(made)
    database = Database.open(f"sqlite:///{made(tmp_path)}")
    with pytest.raises(StoreUnavailable, match=said) as told:
        await schema.require_current(database)
    assert "INVY_DATABASE_URL" in told.value.hint or "running" in told.value.hint
    connecting = [each for each in threading.enumerate() if "_connection_worker_thread" in each.name]
    assert not connecting
    await database.close()
    assert unhandled == []


async def test_a_damaged_page_is_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "invy.db"
    database = Database.open(f"sqlite:///{file}")
    await schema.upgrade(database)
    await database.close()
    whole = bytearray(file.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    file.write_bytes(whole)
    database = Database.open(f"sqlite:///{file}")
    with pytest.raises(StoreUnavailable, match="damaged") as told:
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT count(*) FROM messages")
    assert "invy restore" in told.value.hint
    await database.close()


@pytest.mark.parametrize("wrong", ["password", "database"])
async def test_a_postgresql_that_lets_nobody_in_is_told_in_words(postgresql_url: str, wrong: str) -> None:
    url = make_url(postgresql_url)
    url = url.set(password="not-this-one") if wrong == "password" else url.set(database="not_there")
    database = Database.open(url.render_as_string(hide_password=False))
    with pytest.raises(StoreUnavailable, match="does not let us in") as told:
        await schema.require_current(database)
    assert "INVY_DATABASE_URL" in told.value.hint
    assert "not-this-one" not in told.value.message + told.value.hint
    await database.close()


def test_the_sslmode_that_providers_hand_out_is_taken() -> None:
    url = engine_url("postgresql://host/invy?sslmode=require")
    assert dict(url.query) == {"ssl": "require"}


def test_an_option_that_the_driver_does_not_have_is_named() -> None:
    with pytest.raises(ConfigurationError, match="channel_binding") as told:
        engine_url("postgresql://me:secret-word@host/invy?sslmode=require&channel_binding=require")
    assert "secret-word" not in told.value.message + told.value.hint


@pytest.mark.parametrize("how", ["deleted", "replaced"])
async def test_nothing_is_taken_into_a_database_file_that_is_not_there_any_more(
    tmp_path: Path, how: str
) -> None:
    """SQLite would go on writing into the old file, and all that was answered with 200 would end with the process."""
    file = tmp_path / "invy.db"
    database = Database.open(f"sqlite:///{file}")
    await schema.upgrade(database)
    journal = appender(database)
    body = (datetime(2026, 11, 23, tzinfo=UTC), b"{}")
    await journal.append([body])
    whole = file.read_bytes()
    file.unlink()
    if how == "replaced":
        file.write_bytes(whole)
    with pytest.raises(StoreUnavailable, match="gone" if how == "deleted" else "replaced"):
        await journal.append([body])
    await journal.close()
    await database.close()
