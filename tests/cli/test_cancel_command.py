"""`invy cancel` and `invy campaign cancel`: what has not left never leaves, and its guest can be invited anew."""

import pytest

from tests.cli.shell import IMAGE, Shell
from tests.flows.world import World

SEND = ("campaign", "send", "party", "hina_invitation", "--param", f"invitation_image_url={IMAGE}")
CANCEL = ("campaign", "cancel", "party", "hina_invitation")
PHONES = ["+447700900101", "+447700900102", "+447700900103"]
LIST = "name,phone\n" + "".join(f"דנה {n},{phone}\n" for n, phone in enumerate(PHONES))


@pytest.fixture
def queued(shell_on_both: Shell, meta: World) -> Shell:
    """Three invitations in the outbox, which rests."""
    shell = shell_on_both.ready().talking_to(meta)
    shell.guests("name,phone\nRina,+447700900104\n", event="party")
    assert shell.run(*SEND).exit_code == 0
    assert shell.run("campaign", "hold", "party", "hina_invitation").exit_code == 0
    shell.guests(LIST, event="party")
    assert shell.run(*SEND).exit_code == 75
    return shell


def test_a_cancelled_campaign_is_told_is_sent_to_nobody_and_leaves_the_books_clean(queued: Shell) -> None:
    tried = queued.json(*CANCEL, "--dry-run", "--json")
    assert (tried["cancelled"], tried["counts"]["queued"], tried["counts"]["failed"]) == (3, 3, 0)
    done = queued.run(*CANCEL, "--note", "The date has changed", "--by", "dana")
    assert (done.exit_code, done.stdout) == (0, "3 queued messages are cancelled.\n")
    assert "count as not invited" in done.stderr
    again = queued.run(*CANCEL)
    assert again.exit_code == 0
    assert "Nothing of the campaign party hina_invitation is queued." in again.stdout

    cancelled = queued.json("messages", "--event", "party", "--status", "failed", "--json")["messages"]
    assert {each["to"] for each in cancelled} == set(PHONES)
    evidence = queued.json("message", cancelled[0]["id"], "--json")["evidence"]
    assert [(fact["decision"], fact["by"], fact["note"]) for fact in evidence] == [
        ("not_sent", "dana", "The date has changed")
    ]
    assert "dana decided" in queued.run("why", cancelled[0]["id"]).stdout
    assert queued.json("audit", "--json")["count"] == 0
    assert queued.json("journal", "replay", "--check", "--json")["count"] == 0


def test_the_same_campaign_invites_the_cancelled_guests_anew_each_once(queued: Shell, meta: World) -> None:
    before = len(meta.messages())
    queued.run(*CANCEL)
    queued.run("campaign", "resume", "party", "hina_invitation")
    sent = queued.json(*SEND, "--json")
    assert (sent["new"], sent["already"], sent["cancelled"]) == (3, 1, 3)
    assert (sent["counts"]["sent"], sent["counts"]["failed"]) == (4, 0)
    assert "4 sent, 3 cancelled" in queued.run(*SEND).stdout
    assert len(meta.messages()) == before + 3
    [template] = queued.json("status", "party", "--json")["templates"]
    assert template["funnel"]["queued"] == 4
    assert queued.json("audit", "--json")["count"] == 0


def test_what_was_cancelled_is_not_sent_again_as_if_it_had_left(queued: Shell) -> None:
    queued.run(*CANCEL)
    message = queued.json("messages", "--event", "party", "--status", "failed", "--json")["messages"][0]
    done = queued.run("unconfirmed", "resend", message["id"])
    assert done.exit_code == 2
    assert "cancelled before it was sent" in done.stderr
    assert "invy campaign send" in done.stderr


def test_one_message_is_cancelled_and_never_twice(queued: Shell) -> None:
    message = queued.json("messages", "--event", "party", "--status", "queued", "--json")["messages"][0]
    assert queued.json("cancel", message["id"], "--json")["status"] == "failed"
    again = queued.run("cancel", message["id"])
    assert again.exit_code == 2
    assert "only a queued one can be cancelled" in again.stderr
    sent = queued.json("messages", "--event", "party", "--status", "sent", "--json")["messages"][0]
    assert queued.run("cancel", sent["id"]).exit_code == 2
    assert queued.run("cancel", "nobody").exit_code == 4
    assert queued.json("audit", "--json")["count"] == 0


@pytest.mark.parametrize(("event", "template"), [("parti", "hina_invitation"), ("party", "hina_invitaton")])
def test_a_campaign_that_was_never_started_is_not_found(queued: Shell, event: str, template: str) -> None:
    done = queued.run("campaign", "cancel", event, template)
    assert done.exit_code == 4
    assert "Did you mean" in done.stderr
