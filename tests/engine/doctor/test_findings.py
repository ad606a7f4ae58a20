"""Every finding can be said in two languages, and says what to do."""

import re
import string

import pytest

from invy.engine.doctor.finding import Entry, Mark, entries, titles
from invy.engine.doctor.section import Section

ENTRIES = list(entries().values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_what_is_not_fine_says_what_it_means_and_what_to_do(entry: Entry) -> None:
    if entry.mark in (Mark.WARNING, Mark.FAILED):
        assert entry.means.en
        assert entry.todo.en


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_every_sentence_is_there_in_both_languages(entry: Entry) -> None:
    for text in (entry.seen, entry.means, entry.todo):
        if any(letter.isalpha() for letter in fixed(text.en)):
            assert any("\u05d0" <= letter <= "\u05ea" for letter in fixed(text.he))
        assert bool(text.en) == bool(text.he)


def fixed(text: str) -> str:
    """The text without its values."""
    return "".join(literal for literal, _, _, _ in string.Formatter().parse(text))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_what_is_fine_breaks_nothing(entry: Entry) -> None:
    if entry.breaks:
        assert entry.mark in (Mark.FAILED, Mark.WARNING)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_a_command_that_is_advised_is_a_whole_command(entry: Entry) -> None:
    for text in (entry.todo.en, entry.todo.he):
        for words in re.findall(r"invy resume([^;.,]*)", text):
            assert re.match(r" (sender|template) \{\w+\}", words), text


def test_every_section_has_a_heading() -> None:
    assert set(titles()) == set(Section)
