"""`invy reconcile` against the simulator: an independent witness of what Meta's message history answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from invy.cli.exit_code import ExitCode
from tests.cli.shell import IMAGE, Shell
from tests.flows.world import World, simulator
from tests.operations.living import live

SEND = (
    "send",
    "hina_invitation",
    "+12025550111",
    "--param",
    "contact_name=Dana",
    "--param",
    f"invitation_image_url={IMAGE}",
    "--event-id",
    "wedding",
)
ASK = ("reconcile", "--older-than", "0s")


@pytest.fixture
def meta() -> Iterator[World]:
    with simulator("--seed", "7", "--rate", "0", "--no-pair") as started:
        yield started


@pytest.fixture
def sent(shell: Shell, meta: World) -> str:
    """A message that arrived at Meta's, with no webhook of ours for Meta to call."""
    shell.talking_to(meta)
    assert shell.run(*SEND).exit_code == 0
    meta.settle()
    found: str = shell.json("messages", "--json")["messages"][0]["id"]
    return found


def asked(shell: Shell, *options: str, code: int = 0) -> Any:
    return shell.json(*ASK, "--json", *options, code=code)


def test_what_no_webhook_told_is_learnt_by_asking(shell: Shell, sent: str) -> None:
    assert shell.json("message", sent, "--json")["status"] == "sent"
    document = asked(shell)
    [message] = document["messages"]
    assert (message["id"], message["before"]) == (sent, "sent")
    assert message["after"] in {"delivered", "read", "failed"}
    assert document["moved"] == 1
    after = shell.json("message", sent, "--json")
    assert after["status"] == message["after"]
    assert {fact.get("source") for fact in after["evidence"] if fact["kind"] == "receipt"} == {"history"}
    assert after["first_receipt_at"] is None
    assert shell.run("audit").exit_code == 0
    assert shell.run("journal", "replay", "--check").exit_code == 0


def test_it_is_told_in_a_table_and_not_asked_again_at_once(shell: Shell, sent: str) -> None:
    result = shell.run(*ASK)
    assert result.exit_code == 0
    assert sent in result.stdout
    assert "1 message asked about, 1 moved on" in result.stderr
    assert asked(shell)["asked"] == 0
    wamid = shell.json("message", sent, "--json")["wamid"]
    assert shell.json("reconcile", "--wamid", wamid, "--json")["asked"] == 1


def test_an_account_that_may_not_ask_is_told_so_and_nothing_changes(
    shell: Shell, meta: World, sent: str
) -> None:
    meta.ask("/_simulator/incidents", {"do": "forbid-history"})
    before = live(shell, lambda living: living.rows())
    result = shell.run(*ASK)
    assert result.exit_code == ExitCode.REFUSED
    assert "may not use Meta's message history" in result.stderr
    assert "Nothing is lost" in result.stderr
    after = live(shell, lambda living: living.rows())
    assert after["evidence"] == before["evidence"]
    assert shell.json("message", sent, "--json")["status"] == "sent"


def test_which_messages_are_asked_about_can_be_narrowed(shell: Shell, sent: str) -> None:
    assert asked(shell, "--limit", "1")["asked"] == 1
    assert shell.json("reconcile", "--older-than", "36500d", "--json")["asked"] == 0
    assert shell.run("reconcile", "--event", "another").exit_code == ExitCode.NOT_FOUND
    assert shell.run("reconcile", "--wamid", "wamid.nothing").exit_code == ExitCode.NOT_FOUND
    assert shell.run("reconcile", "--wamid", sent, "--event", "wedding").exit_code == ExitCode.USAGE
