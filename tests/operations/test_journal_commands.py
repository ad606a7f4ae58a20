"""`invy audit` and `invy journal` as an operator runs them."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, text, update

from invy.cli.exit_code import ExitCode
from invy.store.tables import evidence, journal, messages, notices
from invy.store.workers import Workplace
from tests.cli.shell import Shell
from tests.making import at, message_id
from tests.operations.living import PHONE, Living, body, button, live, status, statuses, wamid


async def a_day(living: Living) -> None:
    """One message is read, one failed, a webhook tells of a stranger, one is broken, one is half broken."""
    await living.begin()
    await living.accepted(1, 2)
    await living.hear(
        statuses(status(1, "read", 30)),
        statuses(status(2, "failed", 40, code=131026)),
        statuses(status(9, "delivered", 50, opaque=False)),
        b'{"from": "447700900123", ' + b"\xff",
        body(statuses=[None, status(1, "delivered", 20)], messages=[button(1, 60)]),
    )


async def harm(living: Living) -> None:
    async with living.database.write() as connection:
        await connection.execute(
            update(messages).where(messages.c.id == message_id(1)).values(status="sent", read_at=None)
        )


def test_an_audit_of_a_sound_database_is_calm(shell: Shell) -> None:
    live(shell, a_day)
    result = shell.run("audit")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 messages audited, 0 differences." in result.stderr
    assert shell.json("audit", "--json") == {"differences": [], "checked": 3, "count": 0}


def test_an_audit_shows_message_column_and_both_values_and_ends_with_6(shell: Shell) -> None:
    live(shell, a_day)
    live(shell, harm)
    result = shell.run("audit")
    assert result.exit_code == ExitCode.FINDINGS
    assert f"message {message_id(1)}  status: written sent, by the evidence read" in result.stdout
    assert "read_at: written nothing, by the evidence 2026-11-01T12:00:30Z" in result.stdout
    assert "invy journal replay" in result.stderr
    found = shell.json("audit", "--json", code=ExitCode.FINDINGS)
    assert found["count"] == 2
    assert found["differences"][0] == {
        "table": "whatsapp_messages",
        "id": message_id(1),
        "column": "status",
        "written": "sent",
        "folded": "read",
        "mendable": True,
        "left": None,
    }


def test_a_replay_writes_what_an_audit_found(shell: Shell) -> None:
    live(shell, a_day)
    live(shell, harm)
    checked = shell.run("journal", "replay", "--check")
    assert checked.exit_code == ExitCode.FINDINGS
    assert "5 journal entries replayed, 2 differences." in checked.stderr
    replayed = shell.run("journal", "replay")
    assert replayed.exit_code == 0
    assert "Everything that differed has been written." in replayed.stderr
    assert shell.run("audit").exit_code == 0
    assert shell.json("journal", "replay", "--check", "--json") == {
        "differences": [],
        "replayed": 5,
        "count": 0,
        "left": 0,
    }


async def spoil(living: Living) -> None:
    """What a webhook told about a message is no longer readable."""
    async with living.database.write() as connection:
        await connection.execute(update(evidence).where(evidence.c.word == "read").values(fact=b"\x00"))


def test_an_audit_of_damaged_evidence_ends_with_6_and_its_json_is_whole(shell: Shell) -> None:
    live(shell, a_day)
    live(shell, spoil)
    result = shell.run("audit")
    assert result.exit_code == ExitCode.FINDINGS
    assert "fact: written (damaged)" in result.stdout
    assert message_id(1) in result.stdout
    found = shell.json("audit", "--json", code=ExitCode.FINDINGS)
    assert [(each["table"], each["column"]) for each in found["differences"]] == [("evidence", "fact")]
    assert (found["checked"], found["count"]) == (3, 1)


@pytest.mark.parametrize("command", ["message", "why"])
def test_a_message_whose_evidence_is_damaged_is_said_to_be_so(shell: Shell, command: str) -> None:
    live(shell, a_day)
    live(shell, spoil)
    result = shell.run(command, message_id(1))
    assert result.exit_code == ExitCode.FINDINGS
    assert "Unexpected" not in result.stderr
    assert "Error: Evidence " in result.stderr
    assert f"about message {message_id(1)} cannot be read" in result.stderr
    assert "invy journal replay" in result.stderr
    assert shell.run(command, message_id(2)).exit_code == 0


def test_a_replay_that_would_send_again_leaves_the_row_and_says_so(shell: Shell) -> None:
    live(shell, a_day)

    async def lose(living: Living) -> None:
        async with living.database.write() as connection:
            await connection.execute(delete(evidence).where(evidence.c.message_id == message_id(1)))
            await connection.execute(delete(journal).where(journal.c.id.in_([1, 5])))

    live(shell, lose)
    result = shell.run("journal", "replay")
    assert result.exit_code == ExitCode.FINDINGS
    assert "could send them twice" in result.stderr
    assert shell.json("message", message_id(1), "--json")["status"] == "read"


def test_a_replay_names_the_row_that_the_database_refuses_and_ends_with_6(shell: Shell) -> None:
    live(shell, a_day)

    async def narrow(living: Living) -> None:
        await living.hear(body("account_alerts", alert_type="ONE"), body("account_alerts", alert_type="TWO"))
        async with living.database.write() as connection:
            await connection.execute(delete(notices))
            await connection.execute(text("CREATE UNIQUE INDEX narrow ON notices (field)"))

    live(shell, narrow)
    live(shell, harm)
    result = shell.run("journal", "replay")
    assert result.exit_code == ExitCode.FINDINGS
    assert "(not written: the database does not take it)" in result.stdout
    assert "1 difference not written: the database does not take these rows" in result.stderr
    assert "Unexpected" not in result.stderr
    assert shell.json("message", message_id(1), "--json")["status"] == "read"


def test_a_replay_says_what_no_webhook_can_bring_again(shell: Shell) -> None:
    live(shell, a_day)

    async def lose(living: Living) -> None:
        async with living.database.write() as connection:
            await connection.execute(update(evidence).where(evidence.c.word == "accepted").values(fact=b"{}"))

    live(shell, lose)
    result = shell.run("journal", "replay")
    assert result.exit_code == ExitCode.FINDINGS
    assert "no webhook brought" in result.stderr
    found = shell.json("journal", "replay", "--check", "--json", code=ExitCode.FINDINGS)
    assert {(each["column"], each["left"]) for each in found["differences"]} == {("fact", "no-source")}


def test_a_replay_refuses_while_a_service_is_at_work_and_a_check_does_not(shell: Shell) -> None:
    live(shell, a_day)

    async def busy(living: Living) -> tuple[int, int]:
        place = Workplace(living.database)
        with place.occupy():
            now = datetime.now(UTC)
            await place.beat("w", "service", now, now)
            refused = await asyncio.to_thread(shell.run, "journal", "replay")
            checked = await asyncio.to_thread(shell.run, "journal", "replay", "--check")
        assert "Stop it first" in refused.stderr
        return refused.exit_code, checked.exit_code

    assert live(shell, busy) == (ExitCode.TRY_LATER, 0)


def test_the_list_shows_what_became_of_each_webhook(shell: Shell) -> None:
    live(shell, a_day)
    outcomes = [entry["outcome"] for entry in shell.json("journal", "list", "--json")["entries"]]
    assert outcomes == ["partly", "unreadable", "applied", "applied", "applied"]
    assert [e["id"] for e in shell.json("journal", "list", "--unparsed", "--json")["entries"]] == [5, 4]
    assert [e["id"] for e in shell.json("journal", "list", "--orphans", "--json")["entries"]] == [3]
    assert [e["id"] for e in shell.json("journal", "list", "--limit", "2", "--json")["entries"]] == [5, 4]
    table = shell.run("journal", "list", "--unparsed").stdout
    assert "unreadable" in table
    assert "statuses[0]" in table
    assert "no such entries" in shell.run("journal", "list", "--unparsed", "--orphans").stdout


def test_an_entry_is_shown_with_what_was_read_and_everything_personal_masked(shell: Shell) -> None:
    live(shell, a_day)
    shown = shell.run("journal", "show", "5").stdout
    assert "report: delivered at" in shown
    assert f"message {message_id(1)}" in shown
    assert "from a guest: button" in shown
    assert "could not be read: entry[0].changes[0].value.statuses[0]" in shown
    assert '"recipient_id": "+44••••••0123"' in shown
    for entry in ("1", "2", "3", "4", "5"):
        assert PHONE not in shell.run("journal", "show", entry).stdout
    assert '"Yes"' not in shown
    assert "no such message here, so its report waits" in shell.run("journal", "show", "3").stdout
    assert "no such message" not in shell.run("journal", "show", "1").stdout


def test_the_body_can_be_had_byte_for_byte(shell: Shell) -> None:
    live(shell, a_day)
    assert shell.run("journal", "show", "4", "--raw").stdout_bytes == b'{"from": "447700900123", \xff'
    document = shell.json("journal", "show", "4", "--json")
    assert (document["body"], document["body_base64"]) == (None, "eyJmcm9tIjogIjQ0NzcwMDkwMDEyMyIsIP8=")
    read = shell.json("journal", "show", "2", "--json")
    assert json.loads(read["body"])["entry"][0]["changes"][0]["field"] == "messages"
    assert read["read"]["receipts"] == [
        {
            "wamid": wamid(2),
            "status": "failed",
            "at": at(40).isoformat().replace("+00:00", "Z"),
            "message_id": message_id(2),
            "error_code": 131026,
        }
    ]


@pytest.mark.parametrize(("arguments", "code"), [(["show", "99"], 4), (["show", "x"], 2), (["show", "0"], 2)])
def test_an_entry_that_is_not_there_is_said_to_be_missing(
    shell: Shell, arguments: list[str], code: int
) -> None:
    assert shell.run("journal", *arguments).exit_code == code
