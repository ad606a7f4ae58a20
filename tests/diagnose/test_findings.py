"""The table of findings: whole, in both languages, with blanks that can always be filled."""

import re
from string import Formatter

import pytest

from invy.diagnose.finding import Entry, Finding, Remark, by_code, entries, remarks
from invy.meta.catalogue import Text, lookup

HEBREW = re.compile(r"[֐-׿]")
BLANKS = {"age", "ahead", "lifetime", "reason", "url", "code", "title", "meaning", "remedy", "who", "command"}
ENTRIES = list(entries().values())


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_every_finding_has_words_and_every_entry_a_finding() -> None:
    assert set(entries()) == set(Finding)


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.key for entry in ENTRIES])
def test_a_finding_is_said_in_both_languages_with_the_same_blanks(entry: Entry) -> None:
    for text in (entry.headline, entry.why, entry.todo):
        assert blanks(text.en) == blanks(text.he)
        assert blanks(text.en) <= BLANKS
        assert HEBREW.search(text.he) or text.he in ("{meaning}", "{remedy}")
        assert not HEBREW.search(text.en)


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.key for entry in ENTRIES])
def test_headline_and_remedy_depend_on_nothing_but_the_finding_the_code_and_what_ends_a_hold(
    entry: Entry,
) -> None:
    assert blanks(entry.headline.en) <= {"code", "title"}
    assert blanks(entry.todo.en) <= {"code", "title", "remedy", "command"}


@pytest.mark.parametrize("remark", list(Remark))
def test_every_remark_is_said_in_both_languages_with_the_same_blanks(remark: Remark) -> None:
    text: Text = remarks()[remark]
    assert blanks(text.en) == blanks(text.he)
    assert HEBREW.search(text.he)


def test_every_code_that_a_finding_names_is_documented_and_named_once() -> None:
    named = [code for entry in ENTRIES for code in entry.codes]
    assert len(named) == len(set(named)) == len(by_code())
    assert [code for code in named if not lookup(code).known] == []


def test_a_finding_without_a_code_judges_everything_itself() -> None:
    """What comes from the catalogue exists only where a code does."""
    own = [entry for entry in ENTRIES if not entry.codes and not entry.key.startswith("failed_")]
    assert [entry.key for entry in own if entry.resend is None] == []
