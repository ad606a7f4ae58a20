"""Text that is none, a terminal without our letters, streams that are closed, places that are no files."""

import json
import os
import subprocess
import sys

import pytest

from invy.cli import guest_import
from tests.cli.shell import INVY, Shell

RECEIVING = {"WHATSAPP_APP_SECRET": "a" * 32, "WHATSAPP_VERIFY_TOKEN": "verify-me"}
NOT_TEXT = "\udcf9\udcfa"  # how Python hands on two bytes of cp1255 under UTF-8


@pytest.fixture
def listed(shell: Shell) -> Shell:
    """One guest, whose name needs more than ASCII and more than 16 bits."""
    assert shell.run("db", "upgrade").exit_code == 0
    (shell.folder / "guests.csv").write_text("name,phone\nדנה é 👰,+447700900150\n", encoding="utf-8")
    assert shell.run("guests", "import", "guests.csv", "--event", "wedding").exit_code == 0
    return shell


@pytest.mark.parametrize(
    "command",
    [
        ("guests", "list", NOT_TEXT),
        ("messages", "--event", NOT_TEXT),
        ("campaign", "hold", "wedding", NOT_TEXT),
        ("why", NOT_TEXT),
        ("resume", "sender", NOT_TEXT),
        ("send", "key", "+447700900150", "--param", f"name={NOT_TEXT}"),
    ],
    ids=" ".join,
)
def test_what_is_not_text_is_refused_by_its_name(listed: Shell, command: tuple[str, ...]) -> None:
    done = listed.run(*command)
    assert done.exit_code == 2, done.output
    assert "not valid text" in done.stderr
    assert "Unexpected" not in done.stderr


def test_a_file_may_have_a_name_that_is_not_text(listed: Shell) -> None:
    (listed.folder / NOT_TEXT).write_text("name,phone\nDan,+447700900151\n")
    done = listed.spawn("guests", "import", NOT_TEXT, "--event", "wedding", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["imported"]["new"] == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1255", "utf-8"])
def test_json_stays_json_where_the_letters_are_missing(listed: Shell, encoding: str) -> None:
    done = subprocess.run(
        [INVY, "guests", "list", "wedding", "--json"],
        cwd=listed.folder,
        env=listed.environ(PYTHONIOENCODING=encoding),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.decode(encoding))["guests"][0]["name"] == "דנה é 👰"


def test_what_was_typed_moves_nothing_when_an_error_repeats_it(listed: Shell) -> None:
    done = listed.run("guests", "list", "a\x7f\u202eb")
    assert done.exit_code == 4
    assert "\u202e" not in done.stderr
    assert "\x7f" not in done.stderr


def test_closed_streams_are_empty_ones(listed: Shell) -> None:
    def close() -> None:
        os.close(0)
        os.close(1)

    command = [INVY, "guests", "import", "-", "--event", "wedding", "--dry-run"]
    done = subprocess.run(
        command,
        cwd=listed.folder,
        env=listed.environ(),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=close,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Unexpected" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
@pytest.mark.parametrize(
    "command", [("backup", "pipe", "--force"), ("status", "wedding", "--export", "pipe")]
)
def test_what_is_no_file_is_never_replaced_by_one(listed: Shell, command: tuple[str, ...]) -> None:
    pipe = listed.folder / "pipe"
    os.mkfifo(pipe)
    done = listed.run(*command)
    assert done.exit_code == 2, done.output
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    "command",
    [("restore", "x" * 5000), ("journal", "show", "9" * 40), ("--env-file", "x" * 5000, "holds")],
    ids=["name", "number", "settings"],
)
def test_what_is_far_too_long_is_refused(listed: Shell, command: tuple[str, ...]) -> None:
    done = listed.run(*command)
    assert done.exit_code == 2, done.output


def test_a_list_with_nothing_but_problems_is_told_of_at_once_and_whole_in_json(listed: Shell) -> None:
    (listed.folder / "bad.csv").write_text("name,phone\n" + "".join(f"guest {i},none\n" for i in range(1500)))
    told = listed.run("guests", "import", "bad.csv", "--event", "wedding", "--dry-run")
    assert told.exit_code == 6, told.output
    assert "… and 500 more; --json lists every one." in told.stdout
    every = listed.json("guests", "import", "bad.csv", "--event", "wedding", "--dry-run", "--json", code=6)
    assert len(every["problems"]) == 1500


@pytest.mark.parametrize("host", ["x" * 300, "\u202eevil", "a..b"])
def test_an_address_that_no_host_can_have_is_a_setting_to_mend(listed: Shell, host: str) -> None:
    done = listed.run("serve", "--host", host, "--port", "0", env=RECEIVING)
    assert done.exit_code in {2, 3}, done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("target", ["/", ".", ""])
def test_a_list_to_phone_is_never_written_where_a_folder_is(listed: Shell, target: str) -> None:
    done = listed.run("status", "wedding", "--export", target)
    assert done.exit_code == 2, done.output
    assert "Name a file" in done.stderr


def test_a_list_may_come_through_a_pipe_that_has_a_name(listed: Shell) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{INVY} guests import <(cat guests.csv) --event wedding --json"],
        cwd=listed.folder,
        env=listed.environ(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["imported"]["same"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such devices there")
@pytest.mark.parametrize("file", ["/dev/zero", "huge.csv"])
def test_what_is_larger_than_any_list_is_refused_and_not_read_to_its_end(
    listed: Shell, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_import, "LARGEST", 1 << 20)
    with (listed.folder / "huge.csv").open("wb") as huge:
        huge.truncate(1 << 33)
    done = listed.run("guests", "import", file, "--event", "wedding")
    assert done.exit_code == 2, done.output
    assert "larger than any guest list: more than 1 megabytes" in done.stderr


def test_no_file_at_all_is_told_as_that(listed: Shell) -> None:
    done = listed.run("guests", "import", "", "--event", "wedding")
    assert done.exit_code == 2
    assert "No file was named" in done.stderr
