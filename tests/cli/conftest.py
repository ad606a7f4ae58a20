from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.flows.world import World, simulator


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Shell:
    """An empty folder and a database file that does not exist yet."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, {"INVY_DATABASE_URL": sqlite_url})


@pytest.fixture
def shell_on_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Shell:
    """The same, once on each database."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, {"INVY_DATABASE_URL": database_url})


@pytest.fixture(scope="session")
def meta() -> Iterator[World]:
    """A simulator for the tests of this folder; each test uses numbers or events of its own."""
    with simulator("--seed", "7", "--speed", "60", "--rate", "0", "--no-pair") as started:
        yield started
