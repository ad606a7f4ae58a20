"""Output that cannot be written: a full disk, a reader that went away, letters that are missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import INVY, Shell

DOCUMENTS = [
    ("config", "show", "--json"),
    ("phone", "054-דנה", "0504370045", "--json"),
    ("explain", "131026", "--json"),
    ("templates", "list", "--json"),
    ("guests", "list", "wedding", "--json"),
    ("db", "current", "--json"),
    ("audit", "--json"),
]
FULL = Path("/dev/full")
a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")


def run(
    shell: Shell, *args: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE, **env: str
) -> subprocess.CompletedProcess[bytes]:
    """As the installed program, with buffers as users have them."""
    environ = shell.environ(**{"PYTHONUNBUFFERED": ""} | env)
    return subprocess.run(
        [INVY, *args], cwd=shell.folder, env=environ, stdout=stdout, stderr=stderr, timeout=60, check=False
    )


@a_full_disk
@pytest.mark.parametrize(
    "command",
    [("--version",), ("--help",), ("explain", "--all"), ("explain", "131026", "--json")],
    ids=" ".join,
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_the_users_and_no_defect(
    shell: Shell, command: tuple[str, ...], unbuffered: str
) -> None:
    with FULL.open("wb") as full:
        done = run(shell, *command, stdout=full.fileno(), PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 74, done.stderr
    told = done.stderr.decode()
    assert told.count("could not be written: no space left") == 1
    assert "defect" not in told
    assert "Make room" in told


@a_full_disk
def test_talk_that_cannot_be_written_stops_nothing(shell: Shell) -> None:
    shell.ready()
    (shell.folder / "guests.csv").write_text("name,phone\nDan,+447700900150\n", encoding="utf-8")
    with FULL.open("wb") as full:
        done = run(shell, "guests", "import", "guests.csv", "--event", "w", "--json", stderr=full.fileno())
    assert done.returncode == 0
    assert json.loads(done.stdout)["imported"]["new"] == 1


@a_full_disk
def test_an_error_that_nobody_hears_keeps_its_exit_code(shell: Shell) -> None:
    with FULL.open("wb") as full:
        assert run(shell, "nosuch", stderr=full.fileno()).returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
@pytest.mark.parametrize(
    "command",
    [
        ("--help",),
        ("--version",),
        ("explain", "131026"),
        ("doctor", "--no-self-test"),
        ("guests", "list", "w"),
    ],
    ids=" ".join,
)
def test_a_reader_that_went_away_ends_any_command_in_silence(shell: Shell, command: tuple[str, ...]) -> None:
    shell.ready()
    shell.guests("name,phone\nDan,+447700900150\n", event="w")
    read, write = os.pipe()
    os.close(read)
    try:
        done = run(shell, *command, stdout=write)
    finally:
        os.close(write)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.parametrize("command", DOCUMENTS, ids=" ".join)
def test_every_document_stays_json_where_stdout_has_no_letters_but_ascii(
    shell: Shell, command: tuple[str, ...]
) -> None:
    shell.ready()
    shell.guests("name,phone\nדנה é 👰,+447700900150\n")
    done = run(shell, *command, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert json.loads(done.stdout.decode("ascii")), done.stderr


def test_signs_that_the_terminal_lacks_are_replaced_by_signs_much_like_them(shell: Shell) -> None:
    shell.ready()
    shell.guests("name,phone\nA name that is far too long for a table,+447700900150\n")
    done = run(shell, "guests", "list", "wedding", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert "A name that is far too long..." in done.stdout.decode("ascii")
    assert b"\\u2026" not in done.stdout


def test_csv_is_utf_8_whatever_the_terminal_uses(shell: Shell) -> None:
    shell.ready()
    shell.guests("name,phone\nדנה,+447700900150\n")
    done = run(shell, "guests", "list", "wedding", "--csv", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert "דנה" in done.stdout.decode("utf-8")
