"""Keeps one PostgreSQL server for the tests, and sees to it that the server never outlives them.

A program of its own (`python postgres_keeper.py FOLDER ACCOUNT COMMAND...`), in a session of its own, so that Ctrl-C
and `kill -9` reach the tests and not this. Its standard input is a pipe held open by the tests: the word `stop` ends
the server and keeps the data; a closed pipe means that the tests are over, however they ended, and removes everything.
It says `ready PID` or `failed` on standard output, once.
"""

import contextlib
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TypedDict

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
POLL_S = 0.01


class Identity(TypedDict, total=False):
    """Whom a child process runs as; empty for the current user."""

    user: int
    group: int
    extra_groups: list[int]


def identity_of(account: str) -> Identity:
    """PostgreSQL refuses to run as root: `account` names who runs it instead; empty means whoever we are."""
    if not account:
        return {}
    entry = pwd.getpwnam(account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server says so in its pid file: line 1 is the pid, line 8 the status."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def wait_until_ready(server: subprocess.Popen[bytes], data: Path) -> bool:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        if is_ready(data, server.pid):
            return True
        time.sleep(POLL_S)
    return False


def end(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """SIGINT is PostgreSQL's orderly stop, SIGQUIT its immediate one."""
    if server.poll() is None:
        server.send_signal(how)
    try:
        server.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def keep(folder: Path, account: str, command: list[str], orders: IO[str]) -> None:
    over = True
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
            **identity_of(account),
        )
    try:
        word = f"ready {server.pid}" if wait_until_ready(server, folder / "data") else "failed"
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(f"{word}\n")
            sys.stdout.flush()
        over = orders.readline() != "stop\n"
    finally:
        end(server, signal.SIGQUIT if over else signal.SIGINT)
        if over:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    keep(Path(sys.argv[1]), sys.argv[2], sys.argv[3:], sys.stdin)
