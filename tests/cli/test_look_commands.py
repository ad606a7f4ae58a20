"""`invy messages`, `message` and `status`: what is known, for people and for programs."""

import csv
import io
import time
from collections.abc import Iterator

import pytest

from invy.domain.state import State
from invy.web.api.shown import EvidenceShown, MessageShown
from tests import making
from tests.cli import history
from tests.cli.shell import Shell


@pytest.fixture
def past(shell_on_both: Shell) -> Shell:
    history.live_through(shell_on_both.ready().env["INVY_DATABASE_URL"])
    return shell_on_both


@pytest.fixture
def lived(shell: Shell) -> Shell:
    history.live_through(shell.ready().env["INVY_DATABASE_URL"])
    return shell


@pytest.fixture
def jerusalem(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Jerusalem")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_list_has_every_message_newest_first_in_its_state(past: Shell) -> None:
    found = past.json("messages", "--json")["messages"]
    assert [each["id"] for each in found] == [making.message_id(n) for n in range(8, -1, -1)]
    assert [each["status"] for each in reversed(found)] == [
        "queued", "unconfirmed", "failed", "sent", "sent", "failed", "delivered", "read", "read",
    ]  # fmt: skip


def test_a_message_in_json_has_the_members_of_the_http_api(lived: Shell) -> None:
    [message] = lived.json("messages", "--limit", "1", "--json")["messages"]
    assert set(message) == set(MessageShown.model_fields)
    MessageShown.model_validate(message)


def test_evidence_in_json_has_the_members_of_the_http_api(lived: Shell) -> None:
    from pydantic import TypeAdapter

    shown: TypeAdapter[object] = TypeAdapter(EvidenceShown)
    for n in range(len(history.NAMES)):
        for fact in lived.json("message", making.message_id(n), "--json")["evidence"]:
            assert set(fact) >= set(type(shown.validate_python(fact)).model_fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--status", "failed"), {2, 5}),
        (("--status", "read,delivered"), {6, 7, 8}),
        (("--status", "READ", "--status", "queued"), {0, 7, 8}),
        (("--to", making.phone(3)), {3}),
        (("--event", "wedding", "--limit", "2"), {7, 8}),
        (("--limit", "0"), set(range(9))),
        (("--since", "2026-11-01"), set(range(9))),
        (("--since", "2026-11-01T12:00:00.005Z"), {5, 6, 7, 8}),
        (("--since", "1s"), set()),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked_for(
    past: Shell, options: tuple[str, ...], numbers: set[int]
) -> None:
    found = past.json("messages", "--json", *options)["messages"]
    assert {each["id"] for each in found} == {making.message_id(n) for n in numbers}


@pytest.mark.usefixtures("jerusalem")
def test_since_is_local_time_unless_it_names_a_zone(lived: Shell) -> None:
    # Noon in UTC is two in the afternoon in Jerusalem in November.
    assert lived.json("messages", "--json", "--since", "2026-11-01T14:00:01")["messages"] == []
    assert len(lived.json("messages", "--json", "--since", "2026-11-01T13:59:59")["messages"]) == 9
    assert lived.json("messages", "--json", "--since", "2026-11-01T12:00:01+00:00")["messages"] == []


def test_the_table_names_guests_states_and_reasons(lived: Shell) -> None:
    result = lived.run("messages")
    row = next(line for line in result.stdout.splitlines() if making.message_id(history.FAILED) in line)
    assert "פנינה" in row
    assert "failed" in row
    assert "131026 Message undeliverable" in row
    assert "UTC" in result.stdout.splitlines()[0]
    assert "9 messages. One in full: invy message ID" in result.stderr


def test_csv_has_a_row_for_each_message_with_names_and_reasons(past: Shell) -> None:
    rows = list(csv.DictReader(io.StringIO(past.run("messages", "--csv").stdout)))
    assert len(rows) == 9
    failed = rows[8 - history.FAILED]
    assert (failed["guest_name"], failed["to"], failed["error_code"]) == ("פנינה", making.phone(5), "131026")
    assert failed["failed_at"] == "2026-11-01T12:00:30Z"


def test_many_messages_come_page_by_page(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    history.live_through(shell.ready().env["INVY_DATABASE_URL"])
    monkeypatch.setattr("invy.cli.message_list.PAGE", 2)
    assert len(shell.json("messages", "--json", "--limit", "0")["messages"]) == 9
    assert len(shell.json("messages", "--json", "--limit", "5")["messages"]) == 5
    table = shell.run("messages", "--limit", "5")
    assert len(table.stdout.splitlines()) == 6
    assert "5 messages; there are older ones" in table.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--event", "weding"), 4, "Did you mean 'wedding'?"),
        (("--status", "arrived"), 2, "The states are: queued"),
        (("--since", "yesterday"), 2, "2026-11-01"),
        (("--since", "2026-13-01"), 2, "not a time"),
        (("--since", "999999w"), 2, "not a time"),
        (("--to", "12"), 2, "Too short"),
        (("--limit", "-1"), 2, "--limit"),
        (("--json", "--csv"), 2, "Keep one"),
    ],
)
def test_what_cannot_be_looked_for_is_told(
    lived: Shell, options: tuple[str, ...], code: int, words: str
) -> None:
    result = lived.run("messages", *options)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""


def test_messages_of_an_event_that_only_another_program_knows_are_found(shell: Shell) -> None:
    history.live_through(shell.ready().env["INVY_DATABASE_URL"])
    import sqlite3

    with sqlite3.connect(shell.folder / "invy.db") as connection:
        connection.execute("DELETE FROM guests")
        connection.execute("DELETE FROM events")
    connection.close()
    assert len(shell.json("messages", "--event", "wedding", "--json")["messages"]) == 9
    assert shell.json("status", "wedding", "--json")["guests"] == 0


@pytest.mark.parametrize("name", [making.message_id(history.FAILED), history.wamid(history.FAILED)])
def test_a_message_is_found_by_our_id_and_by_wamid(past: Shell, name: str) -> None:
    out = past.run("message", name).stdout
    assert "failed: not delivered" in out
    assert "131026 Message undeliverable" in out
    assert "Most likely it has no WhatsApp" in out
    assert "What to do" in out
    assert "Whose side   the guest's" in out


@pytest.mark.usefixtures("jerusalem")
def test_the_page_tells_when_it_happened_and_how_much_later_we_heard(lived: Shell) -> None:
    out = lived.run("message", making.message_id(history.DELIVERED)).stdout
    assert "TIME (UTC+02:00)" in out
    line = next(line for line in out.splitlines() if line.rstrip().endswith("webhook"))
    assert line.split("  ")[0] == "2026-11-01 14:00:40"
    assert "2 h later" in line
    assert "delivered" in line


def test_the_timeline_is_in_the_order_of_what_happened_and_names_its_sources(lived: Shell) -> None:
    out = lived.run("message", making.message_id(history.READ)).stdout
    timeline = out[out.index("HAPPENED") :].splitlines()[1:]
    assert [line.rstrip().split("  ")[-1].strip() for line in timeline] == [
        "Meta's answer",
        "webhook",
        "webhook",
        "webhook",
    ]
    assert [
        word in line
        for word, line in zip(["accepted", "delivered", "read", "hologram"], timeline, strict=True)
    ]


def test_an_answer_of_the_guest_is_part_of_the_evidence(lived: Shell) -> None:
    out = lived.run("message", making.message_id(history.ANSWERED)).stdout
    assert "the guest answered (button); “אגיע!”" in out
    assert "read: the guest has seen it" in out


def test_what_is_only_accepted_says_that_no_webhook_has_come(lived: Shell) -> None:
    silent = lived.run("message", making.message_id(history.SILENT)).stdout
    assert "that is not delivery; no webhook has come about it yet" in silent
    heard = lived.run("message", making.message_id(history.SENT)).stdout
    assert "no webhook has come" not in heard


def test_an_unconfirmed_message_warns_of_sending_again(lived: Shell) -> None:
    out = lived.run("message", making.message_id(history.UNSURE)).stdout
    assert "do not send it again" in out
    assert "No answer within 30 seconds" in out


def test_a_refusal_shows_what_meta_said_in_full(lived: Shell) -> None:
    out = lived.run("message", making.message_id(history.REFUSED_N)).stdout
    assert "body: 2 expected, 1 given" in out
    assert "AxTr1" in out


@pytest.mark.parametrize("name", ["nope", "wamid.%", "' OR 1=1 --", "x" * 500])
def test_an_unknown_message_is_not_found(lived: Shell, name: str) -> None:
    result = lived.run("message", name)
    assert result.exit_code == 4
    assert "invy messages" in result.stderr


def test_the_funnel_counts_who_came_so_far_or_further(past: Shell) -> None:
    told = past.json("status", "wedding", "--json")
    assert (told["event_name"], told["guests"]) == ("החתונה", 9)
    [template] = told["templates"]
    assert template["funnel"] == {
        "guests": 9, "queued": 9, "sent": 6, "delivered": 3, "read": 2, "answered": 1,
    }  # fmt: skip
    reasons = {
        (each["state"], each["code"], each["webhook_heard"]): each["count"] for each in template["unreached"]
    }
    assert reasons == {
        ("queued", None, False): 1,
        ("unconfirmed", None, False): 1,
        ("failed", 132000, False): 1,
        ("failed", 131026, True): 1,
        ("sent", None, True): 1,
        ("sent", None, False): 1,
    }
    reached = sum(1 for state in ("delivered", "read", "read") if State(state).reached)
    assert sum(reasons.values()) + reached == 9


def test_the_funnel_for_people_has_a_bar_for_each_stage_and_the_reasons_in_words(lived: Shell) -> None:
    out = lived.run("status", "wedding").stdout
    bars = {line.split()[0]: line.count("█") for line in out.splitlines() if "█" in line}
    assert bars == {"guests": 40, "queued": 40, "sent": 26, "delivered": 13, "read": 8, "answered": 4}
    assert "Not reached, 6 messages:" in out
    [undeliverable] = [line for line in out.splitlines() if "(131026)" in line]
    assert "phone the guest" in undeliverable
    assert "while others got their reports" in out
    assert lived.run("status", "wedding", "--lang", "he").stdout.count("מה לעשות") == 1


def test_the_unreached_are_grouped_by_verdict_with_one_next_step_each(past: Shell) -> None:
    [template] = past.json("status", "wedding", "--json")["templates"]
    groups = {each["finding"]: each for each in template["verdicts"]}
    assert {finding: each["count"] for finding, each in groups.items()} == dict.fromkeys(
        (
            "no_receipt_alone",
            "nobody_sends",
            "not_deliverable",
            "sent_days",
            "template_mismatch",
            "unconfirmed_long",
        ),
        1,
    )
    assert groups["not_deliverable"]["label"] == "131026"
    assert all(each["todo"] for each in groups.values())
    hebrew = past.json("status", "wedding", "--json", "--lang", "he")["templates"][0]["verdicts"]
    assert all(any("א" <= letter <= "ת" for letter in each["headline"]) for each in hebrew)


def test_the_guests_to_phone_are_exported_for_a_spreadsheet(past: Shell) -> None:
    result = past.run("status", "wedding", "--export", "phone.csv", "--lang", "he")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "כדאי להתקשר אל: 4 אורחים" in result.stderr
    written = (past.folder / "phone.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")  # so that Excel reads Hebrew
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"))))
    assert {row["name"] for row in rows} == {"Una", "Sina", "Saul", "פנינה"}
    [failed] = [row for row in rows if row["name"] == "פנינה"]
    assert (failed["phone"], failed["verdict"], failed["code"]) == (
        making.phone(history.FAILED),
        "not_deliverable",
        "131026",
    )
    assert "וואטסאפ" in failed["reason"]


def test_a_name_that_a_spreadsheet_would_run_is_made_harmless(shell: Shell) -> None:
    history.live_through(shell.ready().env["INVY_DATABASE_URL"])
    formula = '=HYPERLINK("http://evil.example")'
    shell.guests(f"name,phone\n{formula.replace(chr(34), '')},{making.phone(history.FAILED)}\n")
    out = shell.run("status", "wedding", "--export", "-").stdout
    assert "'=HYPERLINK" in out
    assert ",=HYPERLINK" not in out


def test_a_list_that_cannot_be_written_says_so_and_leaves_nothing(lived: Shell) -> None:
    result = lived.run("status", "wedding", "--export", "no/such/folder/phone.csv")
    assert result.exit_code == 2
    assert "folder" in result.stderr
    assert lived.run("status", "weding", "--export", "-").exit_code == 4


def test_an_event_with_guests_and_no_messages_says_how_to_invite_them(shell: Shell) -> None:
    shell.ready().guests("name,phone\nEmma,+447700900101\n", event="party")
    result = shell.run("status", "party")
    assert result.exit_code == 0
    assert "1 guest on the list; nobody is invited yet." in result.stdout
    assert "invy campaign send party" in result.stderr


def test_the_status_of_an_unknown_event_is_not_found(lived: Shell) -> None:
    result = lived.run("status", "weding")
    assert result.exit_code == 4
    assert "Did you mean 'wedding'?" in result.stderr
