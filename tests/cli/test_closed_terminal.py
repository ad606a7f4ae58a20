"""The window is closed while a command still writes to it: SIGHUP, and nowhere left to write."""

import os
import pty
import time

from tests.cli.shell import INVY, Shell


def test_a_command_whose_terminal_is_gone_ends_as_stopped_and_no_defect_is_logged(shell: Shell) -> None:
    log = shell.folder / "invy.log"
    environ = shell.environ(INVY_LOG_FILE=str(log), PYTHONUNBUFFERED="")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(shell.folder)
        # As a sending command does, it outlives the SIGHUP and tells its end.
        os.execve("/bin/sh", ["sh", "-c", f"trap '' HUP; sleep 1; {INVY} explain --all"], environ)
    time.sleep(0.2)
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert not log.exists() or "Traceback" not in log.read_text()
