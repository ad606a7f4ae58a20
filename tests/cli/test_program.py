"""The program as a whole: its commands, its global options, and how every kind of failure ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from invy.cli import exit_code
from invy.cli.exit_code import ExitCode
from invy.cli.program import ENTRIES, load
from invy.domain import errors
from tests.cli.shell import INVY, Shell


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    below = getattr(command, "commands", {})
    yield path
    for name, inner in below.items():
        yield from commands(inner, (*path, name))


COMMANDS = [path for entry in ENTRIES for path in commands(load(entry), (entry.name,))]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(shell: Shell, path: tuple[str, ...]) -> None:
    result = shell.run(*path, "--help")
    assert result.exit_code == 0
    assert f"invy {' '.join(path)}" in result.stdout


def test_the_list_of_commands_names_them_all_in_a_line_each(shell: Shell) -> None:
    out = shell.run("--help").stdout
    for entry in ENTRIES:
        assert any(entry.name in line.split() and entry.about in line for line in out.splitlines())


def test_the_list_of_commands_imports_none_of_them() -> None:
    heavy = [
        "sqlalchemy",
        "aiohttp",
        "fastapi",
        "alembic",
        "pydantic",
        "phonenumbers",
        "msgspec",
        "structlog",
        "asyncio",
        "invy.app.house",
    ]
    program = (
        "import sys\n"
        "from typer.main import get_command\n"
        "from invy.cli.program import app\n"
        "get_command(app).main(['--help'], standalone_mode=False)\n"
        f"print([name for name in {heavy!r} if name in sys.modules and name != 'asyncio'], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.strip() == "[]"


def test_the_version_is_told(shell: Shell) -> None:
    result = shell.run("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("invy ")


def test_a_misspelt_command_is_a_usage_error_that_names_the_nearest(shell: Shell) -> None:
    result = shell.run("mesages")
    assert result.exit_code == 2
    assert "Did you mean" in result.stderr
    assert "messages" in result.stderr
    assert result.stdout == ""


def test_an_option_given_twice_is_refused(shell: Shell) -> None:
    result = shell.run("guests", "import", "x.csv", "--event", "a", "--event", "b")
    assert result.exit_code == 2
    assert "--event" in result.stderr
    assert "given twice" in result.stderr


def test_without_any_setting_a_look_is_a_configuration_error_with_the_command_that_helps(
    shell: Shell,
) -> None:
    result = shell.run("messages", env={"INVY_DATABASE_URL": ""})
    assert result.exit_code == 3
    assert "invy db upgrade" in result.stderr


def test_an_unknown_setting_of_ours_is_a_configuration_error_that_names_the_nearest(shell: Shell) -> None:
    result = shell.run("messages", env={"INVY_DATABSE_URL": "sqlite:///x.db"})
    assert result.exit_code == 3
    assert "INVY_DATABASE_URL" in result.stderr


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00junk", b"INVY_PORT=abc\n", b"WHATSAPP_ACCESS_TOKEN='open\n"]
)
def test_a_broken_env_file_is_a_configuration_error(shell: Shell, content: bytes) -> None:
    (shell.folder / ".env").write_bytes(content)
    result = shell.run("messages")
    assert result.exit_code == 3
    assert ".env" in result.stderr
    assert "open" not in result.stdout


def test_a_folder_called_dot_env_is_a_configuration_error(shell: Shell) -> None:
    (shell.folder / ".env").mkdir()
    assert shell.run("messages").exit_code == 3


def test_another_env_file_may_be_named_and_must_exist(shell: Shell) -> None:
    (shell.folder / "other.env").write_text("INVY_DEFAULT_REGION=GB\n")
    assert "+447700900123" in shell.run("--env-file", "other.env", "phone", "07700 900123").stdout
    assert "GB" in shell.run("--env-file", "other.env", "config", "show").stdout
    missing = shell.run("--env-file", "nowhere.env", "messages")
    assert missing.exit_code == 2
    assert "nowhere.env" in missing.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvyError("x"), 1),
        (errors.InvalidInput("x"), 2),
        (errors.PhoneRefused("x"), 2),
        (errors.ParameterRefused("x", parameter="p"), 2),
        (errors.OptedOut("x"), 2),
        (errors.TemplateInvalid("x"), 3),
        (errors.ConfigurationError("x"), 3),
        (errors.SchemaBehind("x"), 3),
        (errors.NotFound("x"), 4),
        (errors.MetaRefused("x", code=1), 5),
        (errors.TryLater("x"), 75),
        (errors.StoreUnavailable("x"), 75),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_kind_of_error_has_its_exit_code(error: errors.InvyError, code: int) -> None:
    assert exit_code.of(error) == code


def test_an_error_is_told_with_what_to_do_and_whose_side_it_is_on(shell: Shell) -> None:
    result = shell.ready().run("message", "nope")
    assert result.exit_code == 4
    assert result.stdout == ""
    assert "Error: There is no message 'nope'." in result.stderr
    assert "What to do: " in result.stderr
    assert "Whose side: ours" in result.stderr


def broken_database(shell: Shell) -> None:
    """A database with a row that no version of Invy has written: a defect that nobody foresaw."""
    import sqlite3

    shell.ready()
    with sqlite3.connect(shell.folder / "invy.db") as connection:
        connection.execute(
            "INSERT INTO holds (scope, subject, reason, since) VALUES ('moon', 'x', 'y', '2026-01-01 00:00:00')"
        )
    connection.close()


def test_a_defect_ends_in_one_line_without_a_traceback(shell: Shell) -> None:
    broken_database(shell)
    result = shell.run("holds")
    assert result.exit_code == 1
    assert "Unexpected error: ValueError" in result.stderr
    assert "invy --traceback" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_traceback_of_a_defect_is_in_the_log_file_when_there_is_one(shell: Shell) -> None:
    broken_database(shell)
    result = shell.run("holds", env={"INVY_LOG_FILE": str(shell.folder / "invy.log")})
    assert "invy.log" in result.stderr
    assert "Traceback" in (shell.folder / "invy.log").read_text()


def test_the_traceback_of_a_defect_is_shown_on_request(shell: Shell) -> None:
    broken_database(shell)
    result = shell.run("--traceback", "holds")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def test_a_database_that_has_lost_a_table_is_told_as_that(shell: Shell) -> None:
    import sqlite3

    shell.ready()
    with sqlite3.connect(shell.folder / "invy.db") as connection:
        connection.execute("DROP TABLE holds")
    connection.close()
    result = shell.run("holds")
    assert result.exit_code == 75
    assert "has lost tables" in result.stderr
    assert "invy restore FILE" in result.stderr


def test_a_locked_database_means_try_later(shell: Shell) -> None:
    import sqlite3

    shell.ready()
    (shell.folder / "guests.csv").write_text("name,phone\nEmma,+447700900123\n")
    holder = sqlite3.connect(shell.folder / "invy.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        result = shell.run("guests", "import", "guests.csv", "--event", "wedding")
    finally:
        holder.close()
    assert result.exit_code == 75
    assert "locked" in result.stderr


def test_a_database_that_cannot_be_reached_means_try_later(shell: Shell) -> None:
    result = shell.run("messages", env={"INVY_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"})
    assert result.exit_code == 75


def test_a_reader_that_goes_away_is_nothing_to_talk_about(shell: Shell) -> None:
    script = f"{INVY} explain --all | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        env=shell.environ(),
        cwd=shell.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in {"0", str(int(ExitCode.PIPE_CLOSED))}


def test_ctrl_c_ends_calmly(shell: Shell) -> None:
    with subprocess.Popen(
        [INVY, "guests", "import", "-", "--event", "wedding"],
        env=shell.environ(),
        cwd=shell.folder,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(timeout=30) == 130
    assert said.strip() == "Stopped."


def _until_it_reads(pid: int) -> None:
    """Until the process waits for its standard input."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        waits = Path(f"/proc/{pid}/wchan").read_text()
        if "pipe" in waits or (waits == "0" and Path(f"/proc/{pid}/stat").read_text().split()[2] == "S"):
            return
        os.sched_yield()
    raise AssertionError("it never began to read")
