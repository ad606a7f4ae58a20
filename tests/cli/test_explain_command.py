"""`invy explain`: one code or many, in words or as JSON, in English or Hebrew, without any setting."""

import json

import pytest
import typer
from typer.testing import CliRunner, Result

from invy.cli.explain import explain
from invy.meta.catalogue import all_rows
from invy.meta.catalogue_page import markdown

app = typer.Typer()
app.command()(explain)


@app.command("other")
def _other() -> None:
    """A second command, so that `explain` keeps its name."""


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["explain", *args], env={"COLUMNS": "200", "NO_COLOR": "1"})


def test_it_says_what_happened_whose_side_where_and_what_to_do() -> None:
    result = run("131026")
    assert result.exit_code == 0
    for words in (
        "131026  Message Undeliverable",
        "Most likely it has no WhatsApp",
        "What to do: Check the number and phone the guest.",
        "Whose side: the guest's",
        "Shows up: later, in a delivery report",
        "Send again?: yes, once what is wrong has been changed",
        "Note: Often described as",
        "Source: Meta, Cloud API error codes, 2026-09-11",
    ):
        assert words in result.stdout


def test_it_explains_several_codes_in_the_order_they_were_given() -> None:
    out = run("131053", "132015").stdout
    assert out.index("131053  Media upload error") < out.index("132015  Template is Paused")


def test_it_tells_the_earliest_sensible_time_of_a_later_try() -> None:
    assert "Send again?: yes, after 1 day at the earliest" in run("131049").stdout


def test_it_tells_that_the_work_is_held_for_an_expired_token() -> None:
    out = run("190").stdout
    assert "it waits in the queue until you release it" in out
    assert "everything from this number waits" in out


def test_it_speaks_hebrew() -> None:
    out = run("131026", "--lang", "he").stdout
    assert "מה לעשות: כדאי לבדוק את המספר ולהתקשר." in out
    assert "What to do" not in out


def test_json_is_one_array_with_both_languages() -> None:
    rows = json.loads(run("131026", "100/33", "--json").stdout)
    assert [(row["code"], row["subcode"]) for row in rows] == [(131026, None), (100, 33)]
    assert set(rows[0]["meaning"]) == {"en", "he"}
    assert rows[1]["effect"] == "hold_sender"
    assert rows[1]["return_to_queue"] is True
    assert rows[0]["as_of"] == "2026-09-11"


def test_an_unknown_code_gets_an_honest_answer() -> None:
    result = run("424242")
    assert result.exit_code == 0
    assert "Meta does not document this code" in result.stdout
    assert "Send again?: not known" in result.stdout
    hebrew = run("424242", "--lang", "he").stdout
    assert "לשלוח שוב?: לא ידוע" in hebrew
    assert "Unknown code" not in hebrew
    assert "published lists" not in hebrew
    assert json.loads(run("424242", "--json").stdout)[0]["known"] is False


@pytest.mark.parametrize("given", ["#131026", "131026", " 131026 "])
def test_a_code_may_be_pasted_as_logs_write_it(given: str) -> None:
    assert "Message Undeliverable" in run(given).stdout


def test_a_whole_range_can_be_asked_for_by_its_label() -> None:
    assert "200-299  API Permission" in run("200-299").stdout


@pytest.mark.parametrize("given", ["delivered", "13x", "1/2/3", "", "100/", "١٣١٠٢٦", "9" * 40])
def test_what_is_not_a_code_is_refused_with_an_example(given: str) -> None:
    result = run(given)
    assert result.exit_code == 2
    assert "is not an error code" in result.stderr
    assert "131026" in result.stderr
    assert result.stdout == ""


def test_no_code_at_all_is_a_usage_error() -> None:
    assert run().exit_code == 2


def test_one_wrong_code_among_right_ones_explains_none_of_them() -> None:
    result = run("131026", "nonsense")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_all_gives_the_whole_catalogue_as_json_and_as_a_page() -> None:
    assert len(json.loads(run("--all", "--json").stdout)) == len(all_rows())
    assert run("--all", "--markdown").stdout == markdown(all_rows())


def test_square_brackets_in_a_text_are_printed_as_they_are() -> None:
    assert "{{1}}" in run("2388072").stdout
