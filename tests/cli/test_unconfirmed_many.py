"""After an outage of Meta's there may be hundreds of messages of unknown outcome: many are decided about at once."""

import os
import pty
import subprocess
from dataclasses import replace

import pytest

from invy.domain.ids import EventId
from tests.cli.shell import INVY, Shell
from tests.making import chunks, draft, message_id
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
