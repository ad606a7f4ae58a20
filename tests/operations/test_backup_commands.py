"""`invy backup` and `invy restore` as an operator runs them."""

import asyncio
import subprocess
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from invy.cli.exit_code import ExitCode
from invy.domain.guest import Event
from invy.domain.ids import EventId
from invy.store import schema
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.tables import messages
from tests.cli.shell import INVY, Shell
from tests.making import SENDER, T0, message_id
from tests.operations.living import Living, live, status, statuses


async def a_day(living: Living) -> None:
    await living.begin()
    await living.accepted(1)
    await living.hear(statuses(status(1, "read", 30)))


@pytest.fixture
def other(shell: Shell, tmp_path: Path) -> Shell:
    """The same folder with another, empty database."""
    return Shell(tmp_path, {**shell.env, "INVY_DATABASE_URL": f"sqlite:///{tmp_path / 'other.db'}"})


def test_a_backup_moves_to_another_database_with_proof(shell: Shell, other: Shell) -> None:
    live(shell, a_day)
    made = shell.run("backup", "today.invy")
    assert made.exit_code == 0
    assert made.stdout.startswith("today.invy: 3 messages, 1 webhook, ")
    restored = other.run("restore", "today.invy", "--verify")
    assert restored.exit_code == 0, restored.output
    assert "Restored from today.invy: 3 messages, 1 webhook." in restored.stdout
    assert f"invy resume sender {SENDER}" in restored.stderr
    assert other.json("message", message_id(1), "--json")["status"] == "read"
    assert other.run("audit").exit_code == 0
    assert [hold["subject"] for hold in other.json("holds", "--json")["holds"]] == [SENDER]


def test_a_dry_run_proves_and_writes_nothing(shell: Shell, other: Shell, tmp_path: Path) -> None:
    live(shell, a_day)
    document = shell.json("backup", "today.invy", "--json")
    assert (document["rows"]["whatsapp_messages"], document["revision"]) == (3, schema.HEAD)
    result = other.run("restore", "today.invy", "--dry-run")
    assert result.exit_code == 0
    assert "every message equals its evidence and its replay" in result.stdout
    assert not (tmp_path / "other.db").exists()


def test_a_backup_that_does_not_agree_with_itself_ends_with_6(shell: Shell, other: Shell) -> None:
    live(shell, a_day)

    async def harm(living: Living) -> None:
        async with living.database.write() as connection:
            await connection.execute(update(messages).values(status="failed"))

    live(shell, harm)
    assert shell.run("backup", "today.invy").exit_code == 0
    result = other.run("restore", "today.invy", "--verify")
    assert result.exit_code == ExitCode.FINDINGS
    assert f"message {message_id(1)}  status: written failed, by the evidence read" in result.stdout
    assert "Nothing was written." in result.stderr
    document = other.json("restore", "today.invy", "--dry-run", "--json", code=ExitCode.FINDINGS)
    assert (document["restored"], document["count"] > 0) == (False, True)


def test_what_would_be_overwritten_is_kept_unless_forced(shell: Shell, other: Shell) -> None:
    live(shell, a_day)
    assert shell.run("backup", "today.invy").exit_code == 0
    again = shell.run("backup", "today.invy")
    assert (again.exit_code, "is there already" in again.stderr) == (ExitCode.USAGE, True)
    assert shell.run("backup", "today.invy", "--force").exit_code == 0
    refused = shell.run("restore", "today.invy")
    assert (refused.exit_code, "not empty: it holds 3 messages" in refused.stderr) == (ExitCode.USAGE, True)
    assert shell.run("restore", "today.invy", "--force").exit_code == 0
    assert other.run("restore", "nothing.invy").exit_code == ExitCode.USAGE


def test_the_database_is_not_its_own_backup(other: Shell) -> None:
    assert other.run("db", "upgrade").exit_code == 0
    result = other.run("restore", "other.db", "--force")
    assert result.exit_code == ExitCode.USAGE
    assert "is the configured database itself" in result.stderr


def limited(shell: Shell, blocks: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As on a disk with room for so many blocks of 1 KiB in one file: the kernel refuses to write more."""
    return subprocess.run(
        ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "-", INVY, *arguments],
        cwd=shell.folder,
        env=shell.environ(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("option", [(), ("--portable",)])
def test_a_full_disk_leaves_the_old_backup_and_nothing_else(
    shell: Shell, tmp_path: Path, option: tuple[str, ...]
) -> None:
    async def much(living: Living) -> None:
        await living.begin(3)
        await living.hear(*(Random(n).randbytes(10_000) for n in range(40)), apply=False)

    live(shell, much)
    (tmp_path / "today.invy").write_bytes(b"the old one")
    result = limited(shell, 100, "backup", "today.invy", "--force", *option)
    assert result.returncode == ExitCode.TRY_LATER, result.stderr
    assert "Make room on the disk" in result.stderr
    assert (tmp_path / "today.invy").read_bytes() == b"the old one"
    assert list(tmp_path.glob("today.invy.*")) == []


def test_a_disk_that_fills_while_restoring_leaves_the_database_as_it_was(shell: Shell, other: Shell) -> None:
    async def much(living: Living) -> None:
        await living.begin(3)
        await living.hear(*(bytes([n]) * 100_000 for n in range(40)), apply=False)

    live(shell, much)
    assert shell.run("backup", "today.invy").exit_code == 0
    assert other.run("db", "upgrade").exit_code == 0
    live(other, a_day)
    before = live(other, lambda living: living.rows())
    result = limited(other, 1000, "restore", "today.invy", "--force")
    assert result.returncode == ExitCode.TRY_LATER, result.stderr
    assert live(other, lambda living: living.rows()) == before


def test_a_database_of_the_first_revision_is_upgraded_by_the_command_that_every_refusal_names(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin() -> None:
        database = Database.open(database_url)
        await schema.upgrade(database, "0001")
        await GuestStore(database).put_event(Event(EventId("wedding"), "החתונה", T0))
        await database.close()

    asyncio.run(begin())
    monkeypatch.chdir(tmp_path)
    old = Shell(tmp_path, {"INVY_DATABASE_URL": database_url})
    refused = old.run("backup", "today.invy")
    assert refused.exit_code == ExitCode.CONFIGURATION
    assert "invy db upgrade" in refused.stderr

    upgraded = old.run("db", "upgrade")

    assert upgraded.exit_code == 0
    assert f"revision {schema.HEAD} (from 0001)" in upgraded.stderr
    assert old.run("audit").exit_code == 0
    made = old.json("backup", "today.invy", "--json")
    assert (made["revision"], made["rows"]["events"]) == (schema.HEAD, 1)
