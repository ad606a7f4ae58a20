"""`invy guests`: every row of a file is accounted for, and the list comes back as it was."""

import csv
import io
import json
import random

import pytest

from tests.cli.shell import Shell

GOOD = "שם,טלפון,שולחן\nאיילה חורב,050-437-0045,1\nEmma,+44 7700 900101,2\n"
BAD = (
    "name,phone,table\n"
    "איילה חורב,0504370045,1\n"
    "Dan,050-43,1\n"
    "Twin,+972 50-437-0045,2\n"
    "Nobody,,3\n"
    '"O\'Hara, Eve",+44 7700 900102,4\n'
)


def test_a_good_list_is_imported_with_exit_0(shell_on_both: Shell) -> None:
    shell = shell_on_both.ready()
    result = shell.guests(GOOD)
    assert result.exit_code == 0
    assert "2 guests imported: 2 new" in result.stdout
    listed = shell.json("guests", "list", "wedding", "--json")
    assert [(guest["name"], guest["phone"], guest["params"]) for guest in listed["guests"]] == [
        ("איילה חורב", "+972504370045", {"שולחן": "1"}),
        ("Emma", "+447700900101", {"שולחן": "2"}),
    ]


def test_bad_rows_are_listed_and_the_good_ones_imported_with_exit_6(shell: Shell) -> None:
    result = shell.ready().guests(BAD)
    assert result.exit_code == 6
    lines = result.stdout.splitlines()
    row_of_dan = next(line for line in lines if "050-43" in line)
    assert row_of_dan.split()[0] == "3"
    assert "Too short" in row_of_dan
    assert any(line.split()[:1] == ["5"] and "There is no phone number" in line for line in lines)
    twin = next(line for line in lines if "Twin" in line)
    assert twin.split()[0] == "4"
    assert twin.split()[-1] == "2"
    assert "2 guests imported: 2 new, 0 changed, 0 as they were; 2 problems, 1 duplicate." in result.stdout


def test_the_json_accounts_for_every_row(shell: Shell) -> None:
    shell.ready()
    (shell.folder / "list.csv").write_text(BAD, encoding="utf-8")
    told = shell.json("guests", "import", "list.csv", "--event", "e", "--json", code=6)
    assert told["rows"] == {"good": 2, "problems": 2, "duplicates": 1, "blank": 0, "headings": 1}
    assert sum(told["rows"].values()) == len(BAD.splitlines())
    assert told["imported"] == {"new": 2, "changed": 0, "same": 0}
    assert [(p["row"], p["value"]) for p in told["problems"]] == [(3, "050-43"), (5, "")]
    assert all(p["reason"] and p["suggestion"] and p["kind"] for p in told["problems"])
    assert told["duplicates"] == [
        {"row": 4, "name": "Twin", "value": "+972 50-437-0045", "phone": "+972504370045", "kept_row": 2}
    ]


def test_importing_again_changes_only_what_has_changed(shell: Shell) -> None:
    shell.ready().guests(GOOD)
    again = shell.guests(GOOD.replace("Emma", "Emma Stone"))
    assert "2 guests imported: 0 new, 1 changed, 1 as they were." in again.stdout


def test_a_dry_run_needs_no_database_and_writes_none(shell: Shell) -> None:
    (shell.folder / "list.csv").write_text(BAD, encoding="utf-8")
    result = shell.run("guests", "import", "list.csv", "--event", "e", "--dry-run")
    assert result.exit_code == 6
    assert "2 guests would be imported" in result.stdout
    assert not (shell.folder / "invy.db").exists()


def test_a_list_may_come_by_standard_input(shell: Shell) -> None:
    result = shell.ready().run("guests", "import", "-", "--event", "wedding", data=GOOD.encode("utf-8-sig"))
    assert result.exit_code == 0
    assert "2 new" in result.stdout


def test_a_new_event_gets_its_name_and_an_old_one_keeps_it_and_says_so(shell: Shell) -> None:
    shell.ready()
    (shell.folder / "list.csv").write_text(GOOD, encoding="utf-8")
    shell.run("guests", "import", "list.csv", "--event", "wedding", "--name", "נועה ועמית")
    assert shell.json("guests", "list", "wedding", "--json")["event_name"] == "נועה ועמית"
    again = shell.run("guests", "import", "list.csv", "--event", "wedding", "--name", "Another")
    assert "keeps the name it has: נועה ועמית" in again.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file list.csv is empty"),
        (b"name,table\nEmma,1\n", "No column of phone numbers"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "not a list of guests"),
        (random.Random(1).randbytes(4000), "not a list of guests"),
    ],
    ids=["empty", "no phone column", "pdf", "binary junk"],
)
def test_a_file_that_is_no_guest_list_is_a_usage_error_and_makes_no_event(
    shell: Shell, content: bytes, words: str
) -> None:
    shell.ready()
    (shell.folder / "list.csv").write_bytes(content)
    result = shell.run("guests", "import", "list.csv", "--event", "e")
    assert result.exit_code == 2
    assert words in result.stdout
    assert shell.run("guests", "list", "e").exit_code == 4


def test_a_missing_file_is_told_with_the_nearest_name(shell: Shell) -> None:
    (shell.folder / "guests.csv").write_text(GOOD, encoding="utf-8")
    result = shell.run("guests", "import", "guest.csv", "--event", "e")
    assert result.exit_code == 2
    assert "There is no file guest.csv" in result.stderr
    assert "guests.csv" in result.stderr


def test_a_folder_and_a_name_that_no_file_can_have_are_usage_errors(shell: Shell) -> None:
    assert "is a folder" in shell.run("guests", "import", ".", "--event", "e").stderr
    strange = shell.run("guests", "import", "a\0b.csv", "--event", "e")
    assert strange.exit_code == 2
    assert "Unexpected" not in strange.stderr


@pytest.mark.parametrize("event", ["", "  ", "a\nb", "x" * 300])
def test_what_cannot_be_the_id_of_an_event_is_refused(shell: Shell, event: str) -> None:
    result = shell.run("guests", "import", "x.csv", "--event", event)
    assert result.exit_code == 2
    assert "id of an event" in result.stderr


def test_an_unknown_event_is_not_found_with_the_nearest_named(shell: Shell) -> None:
    shell.ready().guests(GOOD)
    result = shell.run("guests", "list", "weding")
    assert result.exit_code == 4
    assert "Did you mean 'wedding'?" in result.stderr
    assert result.stdout == ""


def test_csv_is_safe_in_a_spreadsheet_and_comes_back_as_it_was(shell: Shell) -> None:
    risky = "name,phone,note\n=HYPERLINK(1),+447700900101,@x\n-Dana,0504370045,+5\n"
    shell.ready().guests(risky)
    out = shell.run("guests", "list", "wedding", "--csv").stdout
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["name", "phone", "note", "guest_id"]
    assert [row[:3] for row in rows[1:]] == [
        ["'=HYPERLINK(1)", "+447700900101", "'@x"],
        ["'-Dana", "+972504370045", "'+5"],
    ]
    again = shell.run("guests", "import", "-", "--event", "other", data=out.encode())
    assert "2 new" in again.stdout


def test_a_long_list_is_shortened_in_a_table_and_whole_in_json_and_csv(shell: Shell) -> None:
    people = "".join(f"Guest {n},+447700900{n:03}\n" for n in range(250))
    shell.ready().guests("name,phone\n" + people)
    table = shell.run("guests", "list", "wedding")
    assert len(table.stdout.splitlines()) == 201
    assert "250 guests, 200 of them shown" in table.stderr
    assert len(shell.run("guests", "list", "wedding", "--csv").stdout.splitlines()) == 251
    guests = shell.json("guests", "list", "wedding", "--json")["guests"]
    assert [guest["name"] for guest in guests] == [f"Guest {n}" for n in range(250)]
    assert (
        len(json.loads(shell.run("guests", "list", "wedding", "--json", "--limit", "3").stdout)["guests"])
        == 3
    )


def test_json_and_csv_at_once_is_a_usage_error(shell: Shell) -> None:
    assert shell.run("guests", "list", "wedding", "--json", "--csv").exit_code == 2


def test_which_of_two_columns_of_numbers_was_taken_is_said(shell: Shell) -> None:
    text = "name,phone,mobile\nDan,+447700900160,+447700900150\nRon,+447700900151,\n"
    (shell.folder / "list.csv").write_text(text, encoding="utf-8")
    told = shell.run("guests", "import", "list.csv", "--event", "wedding", "--dry-run")
    assert told.exit_code == 0
    assert "2 columns of numbers; mobile was taken, not phone." in told.stdout
    assert "Where mobile has none (1 guest), the next one was." in told.stdout
    assert "1 guest has another number there, which was left" in told.stdout
    document = shell.json("guests", "import", "list.csv", "--event", "wedding", "--dry-run", "--json")
    assert document["phone_columns"] == {"names": ["mobile", "phone"], "filled_in": 1, "left": 1}


@pytest.mark.parametrize("name", ["guests.xls", "guests.csv"])
def test_a_web_page_is_no_list_whatever_it_is_called(shell: Shell, name: str) -> None:
    (shell.folder / name).write_text("<html><table><tr><td>+447700900150</td></tr></table></html>")
    told = shell.run("guests", "import", name, "--event", "wedding", "--dry-run")
    assert told.exit_code == 2
    assert "This is a web page (HTML), not a list of guests" in told.stdout
    assert "save it as XLSX or CSV" in told.stdout
