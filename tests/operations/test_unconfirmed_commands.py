"""`invy unconfirmed` as an operator runs it."""

from dataclasses import replace

import pytest

from invy.cli.exit_code import ExitCode
from tests.cli.shell import Shell
from tests.making import chunks, draft, message_id
from tests.operations.living import Living, live, status, statuses


async def two_in_doubt(living: Living) -> None:
    request = b'{"biz_opaque_callback_data": "%s"}'
    await living.begin(0)
    await living.outbox.enqueue(
        chunks([replace(draft(n), payload=request % message_id(n).encode()) for n in (1, 2, 3)])
    )
    await living.unsure(1)
    await living.unsure(2)
    await living.accepted(3)
    await living.hear(statuses(status(3, "delivered", 60)), heard=90)


def test_the_list_shows_what_is_known_about_each(shell: Shell) -> None:
    live(shell, two_in_doubt)
    shown = shell.run("unconfirmed").stdout
    assert f"{message_id(1)}  to {draft(1).to}, t, event wedding" in shown
    assert "attempt 1: left, and nobody knows whether Meta took it; No answer" in shown
    assert "Other webhooks have come since, and none about this message." in shown
    assert message_id(3) not in shown
    listed = shell.json("unconfirmed", "--json")["unconfirmed"]
    assert [each["id"] for each in listed] == [message_id(1), message_id(2)]
    assert listed[0]["heard_since"] is True
    assert [fact["phase"] for fact in listed[0]["evidence"]] == ["started", "unsure"]
    assert shell.json("unconfirmed", "--older-than", "36500d", "--json")["unconfirmed"] == []


def test_an_empty_list_says_so(shell: Shell) -> None:
    assert shell.run("unconfirmed").stdout == "No message is unconfirmed.\n"


def test_settled_as_not_sent_and_sent_again(shell: Shell) -> None:
    live(shell, two_in_doubt)
    name = message_id(1)
    refused = shell.run("unconfirmed", "resend", name)
    assert refused.exit_code == ExitCode.USAGE
    assert "may bring it twice" in refused.stderr
    settled = shell.run("unconfirmed", "settle", name, "--not-sent", "--note", "asked", "--by", "dana")
    assert settled.stdout == f"Message {name} is settled: failed.\n"
    fact = shell.json("message", name, "--json")["evidence"][-1]
    assert (fact["decision"], fact["by"], fact["note"]) == ("not_sent", "dana", "asked")
    resent = shell.run("unconfirmed", "resend", name)
    assert f"it sends {name} again." in resent.stdout
    assert "invy serve" in resent.stderr
    assert shell.run("unconfirmed", "resend", name).exit_code == ExitCode.USAGE


def test_the_user_name_is_kept_when_nobody_says_another(shell: Shell) -> None:
    live(shell, two_in_doubt)
    assert shell.run("unconfirmed", "settle", message_id(2), "--sent").exit_code == 0
    assert shell.json("message", message_id(2), "--json")["evidence"][-1]["by"]
    assert shell.json("message", message_id(2), "--json")["status"] == "sent"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["settle", message_id(1)], ExitCode.USAGE),
        (["settle", message_id(1), "--sent", "--not-sent"], ExitCode.USAGE),
        (["settle", "nobody", "--sent"], ExitCode.NOT_FOUND),
        (["resend", "nobody"], ExitCode.NOT_FOUND),
        (["--older-than", "soon"], ExitCode.USAGE),
        (["--older-than", "999999w"], ExitCode.USAGE),
    ],
)
def test_what_cannot_be_done_is_said_with_a_code(shell: Shell, arguments: list[str], code: ExitCode) -> None:
    assert shell.run("unconfirmed", *arguments).exit_code == code
