"""Starts Invy's processes quickly: imports everything once, then forks one process per order. A program of its own.

Each order is a line of JSON (`argv`, `env`, `folder`, `talk`); the answer is the pid. What is started is the command
line's own `main`, a real process that can be killed with `kill -9`. When the orders end, so does every child.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import invy.app.house
import invy.app.service
import invy.cli.program
import invy.cli.serve
import invy.cli.serving
import invy.cli.worker
import invy.store.appender
import invy.web.app


def live(order: dict[str, Any]) -> None:
    """In the child: become what was ordered."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    talk = os.open(order["talk"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for taken, given in ((0, nothing), (1, talk), (2, talk)):
        os.dup2(given, taken)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["folder"])
    sys.argv = ["invy", *order["argv"]]
    code = 1
    try:
        invy.cli.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead need no burial
    children: list[int] = []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            live(json.loads(line))
        children.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
