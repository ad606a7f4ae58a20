"""Being told to end while messages are on their way: real processes, real signals, and a Meta that takes its time."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.cli.shell import IMAGE, INVY, Shell
from tests.flows.world import simulator

PARAMS = ("--param", "contact_name=Dana", "--param", f"invitation_image_url={IMAGE}", "--event-id", "wedding")
ONE = ("send", "hina_invitation", "+12025550111", *PARAMS)
MANY = ("campaign", "send", "wedding", "hina_invitation", "--param", f"invitation_image_url={IMAGE}")
GUESTS = "name,phone\n" + "".join(f"Guest {n},+120255501{n:02}\n" for n in range(20, 40))
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

THOUGHT_MS = 700
LONG_MS = 60_000
"""Nobody waits that long: whoever has ended before did not wait for the answer."""


@contextmanager
def process(shell: Shell, *arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [INVY, *arguments],
        cwd=shell.folder,
        env=shell.environ(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate()


def until(condition: Callable[[], bool], patience_s: float = 20) -> None:
    ends = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < ends
        os.sched_yield()


def states(shell: Shell) -> Counter[str]:
    return Counter(each["status"] for each in shell.json("messages", "--limit", "0", "--json")["messages"])


def told_until_it_ends(running: subprocess.Popen[str], sent: signal.Signals) -> tuple[str, str]:
    """Told once, and again and again."""
    ends = time.monotonic() + 10
    while running.poll() is None and time.monotonic() < ends:
        running.send_signal(sent)
        try:
            running.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            continue
    return running.communicate(timeout=1)


@pytest.mark.parametrize("sent", SIGNALS)
def test_a_sending_command_that_is_told_to_end_records_what_is_in_the_air_and_keeps_the_rest(
    shell: Shell, sent: signal.Signals
) -> None:
    with simulator("--latency", str(THOUGHT_MS), "--no-pair", "--rate", "0", "--no-magic") as meta:
        shell.ready().talking_to(meta).guests(GUESTS)
        with process(shell, *MANY, INVY_SEND_RATE="5") as running:
            until(lambda: states(shell)["sending"] > 0)
            running.send_signal(sent)
            out, err = running.communicate(timeout=20)
        assert (running.returncode, "Traceback" in err) == (130, False), err
        assert "Stopped. What has left is recorded" in err
        found = states(shell)
        assert set(found) == {"sent", "queued"}
        assert f"{found['sent']} sent" in out
        assert len(meta.messages()) == found["sent"]


@pytest.mark.parametrize("sent", SIGNALS)
def test_one_message_in_the_air_is_waited_for_when_the_command_is_told_to_end(
    shell: Shell, sent: signal.Signals
) -> None:
    with simulator("--latency", str(THOUGHT_MS), "--no-pair", "--rate", "0", "--no-magic") as meta:
        shell.ready().talking_to(meta)
        with process(shell, *ONE) as running:
            until(lambda: states(shell)["sending"] > 0)
            running.send_signal(sent)
            out, _ = running.communicate(timeout=20)
        assert (running.returncode, states(shell)) == (0, {"sent": 1})
        assert "Meta accepted the message" in out


@pytest.mark.parametrize("sent", SIGNALS)
def test_told_twice_a_single_message_says_that_it_must_not_be_sent_again_and_where_to_look(
    shell: Shell, sent: signal.Signals
) -> None:
    with simulator("--latency", str(LONG_MS), "--no-pair", "--rate", "0", "--no-magic") as meta:
        shell.ready().talking_to(meta)
        with process(shell, *ONE) as running:
            until(lambda: states(shell)["sending"] > 0)
            _, err = told_until_it_ends(running, sent)
        [message] = shell.json("messages", "--json")["messages"]
        assert (running.returncode, "Traceback" in err) == (130, False), err
        assert "do not send it again" in err
        assert f"invy message {message['id']}" in err


@pytest.mark.parametrize("command", ["serve", "worker", "campaign"])
def test_told_twice_whoever_sends_ends_at_once_and_calmly(shell: Shell, command: str) -> None:
    with simulator("--latency", str(LONG_MS), "--no-pair", "--rate", "0", "--no-magic") as meta:
        shell.ready().talking_to(meta).guests(GUESTS)
        shell.env["INVY_PORT"] = "0"
        with process(shell, *(MANY if command == "campaign" else (command,))) as running:
            if command != "campaign":
                assert running.stderr is not None
                assert any(
                    "Stop" in line for line in running.stderr
                )  # it says how to stop it when it is at work
                assert shell.json(*MANY, "--json")["ended"] == "left_to_service"
            until(lambda: states(shell)["sending"] == 20)
            _, err = told_until_it_ends(running, signal.SIGTERM)
        assert (running.returncode, "Traceback" in err) == (130, False), err
        assert "Stopped at once. What was in the air becomes unconfirmed" in err
        assert "never retrieved" not in err


def test_told_once_while_it_waits_for_a_delivery_the_command_says_that_the_message_is_sent(
    shell: Shell,
) -> None:
    with simulator("--rate", "0", "--no-pair", "--no-magic", "--mix", "all-silent") as meta:
        shell.ready().talking_to(meta)
        with shell.serving(meta), process(shell, *ONE, "--wait", "delivered") as running:
            until(lambda: states(shell)["sent"] > 0)
            running.send_signal(signal.SIGTERM)
            out, err = running.communicate(timeout=20)
        assert running.returncode == 130
        assert "Meta accepted the message" in out
        assert "You stopped before it was delivered. It is sent: do not send it again." in err


def test_under_nohup_a_command_outlives_its_terminal(shell: Shell) -> None:
    with simulator("--latency", str(THOUGHT_MS), "--no-pair", "--rate", "0", "--no-magic") as meta:
        shell.ready().talking_to(meta).guests(GUESTS)
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            with process(shell, *MANY, INVY_SEND_RATE="10") as running:
                until(lambda: states(shell)["sending"] > 0)
                running.send_signal(signal.SIGHUP)
                running.communicate(timeout=20)
        finally:
            signal.signal(signal.SIGHUP, before)
        assert (running.returncode, states(shell)) == (0, {"sent": 20})
