"""After an outage of Meta's there may be hundreds of messages of unknown outcome: many are decided about at once."""

import os
import pty
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from invy.domain.evidence import Attempt, Phase
from invy.domain.ids import EventId
from invy.domain.message import Posted
from tests.cli.shell import INVY, Shell
from tests.making import SENDER, chunks, draft, message_id
from tests.operations.living import Living, live, status, statuses

PARTY = (4, 5)
WEDDING = (1, 2, 3)


async def doubts(living: Living) -> None:
    """Three unconfirmed messages of a wedding and two of a party; a sixth has arrived."""
    await living.begin(0)
    made = [
        replace(
            draft(n),
            payload=b'{"biz_opaque_callback_data": "%s"}' % message_id(n).encode(),
            event_id=EventId("party" if n in PARTY else "wedding"),
        )
        for n in range(1, 7)
    ]
    await living.outbox.enqueue(chunks(made))
    for n in (*WEDDING, *PARTY):
        await living.unsure(n)
    await living.accepted(6)
    await living.hear(statuses(status(6, "delivered", 60)), heard=90)


@pytest.fixture
def office(shell_on_both: Shell) -> Shell:
    shell = shell_on_both.ready()
    live(shell, doubts)
    for event in ("wedding", "party"):
        assert shell.guests("name,phone\nDana,+12025550160\n", event=event).exit_code == 0
    return shell


def states(shell: Shell) -> dict[str, str]:
    listed = shell.json("messages", "--limit", "0", "--json")["messages"]
    return {each["id"]: each["status"] for each in listed}


def test_all_of_an_event_are_settled_and_sent_again_and_no_others(office: Shell) -> None:
    settled = office.run("unconfirmed", "settle", "--event", "wedding", "--not-sent", "--yes", "--by", "dana")
    assert (settled.exit_code, settled.stdout) == (0, "3 messages settled as not sent.\n")
    assert "invy unconfirmed resend --event wedding" in settled.stderr
    found = states(office)
    assert {found[message_id(n)] for n in WEDDING} == {"failed"}
    assert {found[message_id(n)] for n in PARTY} == {"unconfirmed"}
    fact = office.json("message", message_id(1), "--json")["evidence"][-1]
    assert (fact["decision"], fact["by"]) == ("not_sent", "dana")

    resent = office.run("unconfirmed", "resend", "--event", "wedding", "--yes")
    assert (resent.exit_code, resent.stdout) == (0, "3 messages in the outbox to be sent again.\n")
    again = office.run("unconfirmed", "resend", "--event", "wedding", "--yes")
    assert "No such message" in again.stdout
    listed = office.json("messages", "--status", "queued", "--json")["messages"]
    assert sorted(each["retry_of"] for each in listed) == [message_id(n) for n in WEDDING]


def test_all_that_are_old_enough_are_meant_when_no_event_is_named(office: Shell) -> None:
    none = office.run("unconfirmed", "settle", "--older-than", "36500d", "--sent")
    assert none.stdout == "No such message is unconfirmed for so long.\n"
    assert "5 messages not for so long yet" in none.stderr
    settled = office.run("unconfirmed", "settle", "--older-than", "1h", "--sent", "--yes")
    assert settled.stdout == "5 messages settled as sent.\n"
    assert "unconfirmed" not in states(office).values()


def test_what_is_still_unconfirmed_is_sent_again_only_by_whoever_takes_the_risk(office: Shell) -> None:
    assert "No such message" in office.run("unconfirmed", "resend", "--event", "party", "--yes").stdout
    risky = office.run("unconfirmed", "resend", "--event", "party", "--yes", "--yes-it-may-arrive-twice")
    assert risky.stdout == "2 messages in the outbox to be sent again.\n"


def test_without_a_yes_nothing_is_done_and_the_number_is_told(office: Shell) -> None:
    before = states(office)
    refused = office.run("unconfirmed", "settle", "--event", "wedding", "--not-sent")
    assert refused.exit_code == 2
    assert "This would settle 3 messages as not sent. Nothing was done." in refused.stderr
    assert "--yes" in refused.stderr
    assert states(office) == before


@pytest.mark.parametrize(("answer", "code", "left"), [(b"n\n", 130, 3), (b"y\n", 0, 0)])
def test_on_a_terminal_it_asks_first(office: Shell, answer: bytes, code: int, left: int) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        done = subprocess.run(
            [INVY, "unconfirmed", "settle", "--event", "wedding", "--not-sent"],
            cwd=office.folder,
            env=office.environ(),
            stdin=theirs,
            capture_output=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(theirs)
        os.close(ours)
    assert b"This will settle 3 messages as not sent. Go on?" in done.stderr
    assert done.returncode == code
    assert [states(office)[message_id(n)] for n in WEDDING].count("unconfirmed") == left


@pytest.mark.parametrize(
    "arguments",
    [
        ("settle", "--not-sent"),
        ("resend",),
        ("settle", message_id(1), "--event", "wedding", "--sent"),
        ("resend", message_id(1), "--older-than", "1h"),
        ("settle", "--event", "wedding", "--older-than", "soon", "--sent"),
    ],
)
def test_which_messages_are_meant_must_be_said_in_one_way(office: Shell, arguments: tuple[str, ...]) -> None:
    before = states(office)
    assert office.run("unconfirmed", *arguments).exit_code == 2
    assert states(office) == before


async def a_moment_ago(living: Living) -> None:
    """A message whose outcome has been unknown for a minute, by the clock of the commands that look at it."""
    request = b'{"biz_opaque_callback_data": "%s"}' % message_id(1).encode()
    ago = datetime.now(UTC) - timedelta(seconds=60)
    await living.outbox.enqueue(
        chunks([replace(draft(1), payload=request, event_id=EventId("wedding"), created_at=ago)])
    )
    await living.outbox.lease(SENDER, now=ago, limit=1, rate=1000, owner="w", lease_s=600)
    await living.outbox.record([Posted(message_id(1), Attempt(1, Phase.UNSURE, ago))])


def test_what_was_settled_a_moment_ago_is_sent_again_by_the_command_that_was_named(shell: Shell) -> None:
    live(shell.ready(), a_moment_ago)
    assert shell.guests("name,phone\nDana,+12025550160\n", event="wedding").exit_code == 0
    young = shell.run("unconfirmed")
    assert young.stdout == "No message is unconfirmed for so long.\n"
    assert "invy unconfirmed --older-than 0m" in young.stderr
    settled = shell.run(
        "unconfirmed", "settle", "--event", "wedding", "--older-than", "30s", "--not-sent", "--yes"
    )
    assert settled.stdout == "1 message settled as not sent.\n"
    assert "invy unconfirmed resend --event wedding\n" in settled.stderr
    resent = shell.run("unconfirmed", "resend", "--event", "wedding", "--yes")
    assert resent.stdout == "1 message in the outbox to be sent again.\n"
    [funnel] = shell.json("status", "wedding", "--json")["templates"]
    assert funnel["funnel"]["queued"] == 1  # the new one stands for both
