"""What is shown while messages are on their way: stages that add up, bars on a terminal, a line elsewhere."""

import io
import os
import pty
import re
import select
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.cli.progress import Bars, stages
from invy.domain.state import State
from tests.cli.shell import IMAGE, INVY, Shell
from tests.flows.world import World

COUNTS = st.fixed_dictionaries({state: st.integers(0, 10_000) for state in State})


@given(COUNTS)
def test_each_stage_counts_all_that_came_so_far_or_further(counts: dict[State, int]) -> None:
    shown = stages(counts)
    assert shown[State.SENT] >= shown[State.DELIVERED] >= shown[State.READ] == counts[State.READ]
    parts = (State.QUEUED, State.SENT, State.FAILED, State.UNCONFIRMED)
    assert sum(shown[stage] for stage in parts) == sum(counts.values())


def test_without_a_terminal_a_line_is_written_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [0.0], io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setattr("invy.cli.progress.time.monotonic", lambda: now[0])
    with Bars() as bars:
        for now[0], read in ((1.0, 1), (11.0, 2), (12.0, 3), (22.0, 3), (33.0, 3)):
            bars.update({State.READ: read, State.QUEUED: 10 - read})
    assert said.getvalue().splitlines() == [
        "10 messages: 8 queued, 2 sent, 2 delivered, 2 read",
        "10 messages: 7 queued, 3 sent, 3 delivered, 3 read",
    ]


def on_a_terminal(shell: Shell, *args: str, **more: str) -> str:
    """What a person would see, control sequences included."""
    ours, theirs = pty.openpty()
    env = shell.environ(TERM="xterm-256color", COLUMNS="140", **more)
    with subprocess.Popen(
        [INVY, *args], cwd=shell.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    ) as process:
        os.close(theirs)
        seen = b""
        while True:
            select.select([ours], [], [], 60)
            try:
                block = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not block:
                break
            seen += block
        process.wait(timeout=60)
    os.close(ours)
    return seen.decode()


def bare(seen: str) -> str:
    """Without colours and other commands to the terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "")


def test_on_a_terminal_there_is_a_bar_for_each_stage(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests("name,phone\nאיילה,0504370045\nEmma,+447700900101\n")
    seen = on_a_terminal(
        shell, "campaign", "send", "wedding", "hina_invitation", "--param", f"invitation_image_url={IMAGE}"
    )
    for stage in ("queued", "sent", "delivered", "read", "failed"):
        assert re.search(rf"^{stage} .* \d/2", bare(seen), re.MULTILINE)
    assert "\x1b[" in seen


def test_no_color_is_respected_on_a_terminal(shell: Shell) -> None:
    shell.ready().guests("name,phone\nEmma,+447700900101\n")
    assert "\x1b[" in on_a_terminal(shell, "guests", "list", "wedding")
    plain = on_a_terminal(shell, "guests", "list", "wedding", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)


def test_a_hebrew_name_is_isolated_on_a_terminal_and_plain_in_a_pipe(shell: Shell) -> None:
    shell.ready().guests("name,phone\nאיילה חורב,0504370045\nEmma,+447700900101\n")
    seen = on_a_terminal(shell, "guests", "list", "wedding")
    assert "\u2068איילה חורב\u2069" in seen
    assert "\u2068Emma" not in seen
    assert "\u2068" not in shell.run("guests", "list", "wedding").stdout
    lines = [line for line in re.sub("[\u2068\u2069]", "", bare(seen)).splitlines() if "+" in line]
    assert len({line.index("+") for line in lines}) == 1
