from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from invy.store import schema
from invy.store.database import Database
from tests.cli.shell import Shell
from tests.operations.living import Living


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of each kind with all tables."""
    opened = Database.open(database_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def living(database: Database) -> Living:
    made = Living(database)
    await made.begin()
    return made


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Shell:
    """A folder with an up to date database of each kind."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, {"INVY_DATABASE_URL": database_url}).ready()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A second place for a database, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'second' / 'invy.db'}"
        return
    databases = request.getfixturevalue("postgres_databases")
    url = databases.create()
    yield url
    databases.drop(url)
