"""The simulator as a process of its own: what it prints, how it stops, and what it says when it cannot start."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from typer import Typer
from typer.testing import CliRunner

from invy.simulator.command import simulator

COMMAND = [sys.executable, "-m", "invy.simulator"]


def start(*options: str, stdin: int | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=stdin, text=True
    )


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    facts: dict[str, Any] = json.loads(process.stdout.readline())
    return facts


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_serves_and_stops_cleanly(stop: signal.Signals) -> None:
    process = start("--json", "--seed", "3")
    facts = first_line(process)
    assert set(facts) >= {
        "base_url",
        "phone_number_id",
        "business_account_id",
        "app_id",
        "app_secret",
        "access_token",
        "verify_token",
        "display_phone_number",
    }
    with urlopen(f"{facts['base_url']}/_simulator/state", timeout=10) as response:
        assert json.load(response)["seed"] == 3
    process.send_signal(stop)
    out, errors = process.communicate(timeout=10)
    assert (process.returncode, out, errors) == (0, "", "")


def test_what_it_prints_for_a_person_can_be_copied_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The default seed decides the credentials, so that two starts have the same."""
    plain = start("--json")
    facts = first_line(plain)
    plain.send_signal(signal.SIGTERM)
    plain.communicate(timeout=10)
    monkeypatch.setenv("COLUMNS", "80")
    process = start()
    assert process.stderr is not None
    lines: list[str] = []
    while not lines or lines[-1].split()[:1] != ["door"]:
        lines.append(process.stderr.readline())
        assert lines[-1], lines
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    shown = dict(line.split(maxsplit=1) for line in lines[1:])
    assert shown["access_token"].strip() == facts["access_token"]
    assert shown["app_secret"].strip() == facts["app_secret"]


def test_it_stops_when_its_parent_closes_the_line() -> None:
    process = start("--json", "--until-stdin-closes", stdin=subprocess.PIPE)
    first_line(process)
    assert process.stdin is not None
    process.stdin.write("hello\n")
    process.stdin.flush()
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


def run(*options: str) -> tuple[int, str]:
    app = Typer()
    app.command()(simulator)
    result = CliRunner(env={"COLUMNS": "400"}).invoke(app, options)
    return result.exit_code, " ".join((result.output + result.stderr).split())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--mix", "sunshine"), "no mix called 'sunshine'"),
        (("--scenario", "no-such"), "wedding-500"),
        (("--speed", "0"), "more than 0"),
        (("--speed", "nan"), "--speed takes"),
        (("--speed", "inf"), "--speed takes"),
        (("--latency", "nan"), "milliseconds"),
        (("--latency", "5-inf"), "milliseconds"),
        (("--chaos", "lose=nan"), "a name and a rate"),
        (("--latency", "slow"), "milliseconds"),
        (("--chaos", "meteor=1"), "no chaos called 'meteor'"),
        (("--chaos", "lose=often"), "a name and a rate"),
        (("--chaos", "lose=3"), "between 0 and 1"),
        (("--templates", "/no/such/file.json"), "GET message_templates"),
        (("--batch", "0"), "--batch"),
        (("--latency", "9-3"), "smaller one first"),
    ],
)
def test_a_wrong_option_is_explained_and_nothing_starts(options: tuple[str, ...], complaint: str) -> None:
    code, output = run(*options)
    assert code == 2
    assert complaint in output


def test_a_port_that_is_taken_is_explained() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, output = run("--port", str(taken.getsockname()[1]))
    assert code == 2
    assert "Choose another --port" in output


def test_scenarios_are_listed() -> None:
    code, output = run("--list-scenarios")
    assert code == 0
    assert "wedding-500" in output
    assert "webhook-outage" in output


def test_templates_of_ones_own_replace_the_default_ones(tmp_path: Path) -> None:
    mine = tmp_path / "templates.json"
    rows = [{"name": "mine", "language": "en", "components": [{"type": "BODY", "text": "Hello {{1}}!"}]}]
    mine.write_text(json.dumps({"data": rows}))
    process = start(
        "--json", "--templates", str(mine), "--scenario", "sunny", "--chaos", "lose=0.5", "--rate", "5"
    )
    facts = first_line(process)
    with urlopen(f"{facts['base_url']}/_simulator/state", timeout=10) as response:
        assert json.load(response)["templates"] == {"mine/en": "APPROVED"}
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0
    mine.write_text('{"data": [{"name": "mine"}]}')
    assert run("--templates", str(mine))[0] == 2


def test_a_callback_given_at_the_start_is_verified_as_soon_as_it_is_up() -> None:
    from invy.testing import Catcher

    with Catcher("unknown", "my token") as catcher:
        process = start("--json", "--callback-url", catcher.url, "--verify-token", "my token")
        facts = first_line(process)
        assert facts["verify_token"] == "my token"
        for _ in range(200):
            with urlopen(f"{facts['base_url']}/_simulator/state", timeout=10) as response:
                if json.load(response)["callback_verified"]:
                    break
        else:
            pytest.fail("the callback was never verified")
        process.terminate()
        process.communicate(timeout=10)
