"""`invy phone` shows every number it was given, and says by its exit code whether one was refused."""

import json

import typer
from typer.testing import CliRunner

from invy.cli.phone import phone

app = typer.Typer()
app.command()(phone)
run = CliRunner()


def test_every_form_of_the_brief_is_shown_with_its_number_and_country() -> None:
    result = run.invoke(app, ["0504370045", "050-437-0045", "+972504370045", "972504370045"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 5
    for line in lines[1:]:
        assert "+972504370045" in line
        assert "IL" in line
        assert "mobile" in line


def test_a_refused_number_gives_exit_code_2_and_the_others_are_still_shown() -> None:
    result = run.invoke(app, ["050437004", "0504370045"])
    assert result.exit_code == 2
    assert "Too short" in result.stdout
    assert "+972504370045" in result.stdout


def test_json_has_one_entry_for_each_number_and_nothing_else_on_stdout() -> None:
    result = run.invoke(app, ["--json", "03-555-0000", "abc"])
    assert result.exit_code == 2
    document = json.loads(result.stdout)
    fixed, refused = document["numbers"]
    assert document["region"] == "IL"
    assert fixed["e164"] == "+97235550000"
    assert fixed["kind"] == "fixed line"
    assert [warning["code"] for warning in fixed["warnings"]] == ["not_mobile"]
    assert fixed["reason"] is None
    assert refused["given"] == "abc"
    assert refused["e164"] is None
    assert refused["reason"] == "This is not a phone number"
    assert refused["hint"]


def test_the_region_is_an_option_and_its_default_can_be_handed_in() -> None:
    assert "+447700900123" in run.invoke(app, ["--region", "gb", "07700 900123"]).stdout
    handed_in = run.invoke(app, ["07700 900123"], default_map={"region": "GB"})
    assert "+447700900123" in handed_in.stdout


def test_an_unknown_region_is_a_usage_error_told_on_stderr() -> None:
    result = run.invoke(app, ["--region", "XX", "0504370045"])
    assert result.exit_code == 2
    what, todo = result.stderr.splitlines()
    assert what.startswith("Error: 'XX'")
    assert todo.startswith("What to do: ")
    assert result.stdout == ""


def test_marks_that_could_disturb_a_terminal_are_not_printed() -> None:
    result = run.invoke(app, ["\u202e0504370045\x1b[31m\n[bold]"])
    assert result.exit_code == 2
    assert "\u202e" not in result.stdout
    assert "\x1b" not in result.stdout
    assert len(result.stdout.splitlines()) == 2
