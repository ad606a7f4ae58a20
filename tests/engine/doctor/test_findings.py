"""Every finding can be said in two languages, and says what to do."""

import string

import pytest

from invy.engine.doctor.finding import Entry, Mark, entries, titles
from invy.engine.doctor.section import Section
from invy.meta.catalogue import Text

ENTRIES = list(entries().values())


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_what_is_not_fine_says_what_it_means_and_what_to_do(entry: Entry) -> None:
    if entry.mark in (Mark.WARNING, Mark.FAILED):
        assert entry.means.en
        assert entry.todo.en


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_every_sentence_is_there_in_both_languages(entry: Entry) -> None:
    for text in (entry.seen, entry.means, entry.todo):
        assert bool(text.en) == bool(text.he)
        if (
            text.he
            and values(text.en) == values(text.he) != {"words"}
            and len(text.he) > len("".join(values(text.he))) + 20
        ):
            assert has_hebrew(text) or only_values(text)


def has_hebrew(text: Text) -> bool:
    return any("\u05d0" <= letter <= "\u05ea" for letter in text.he)


def only_values(text: Text) -> bool:
    return text.en == text.he


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_what_is_fine_breaks_nothing(entry: Entry) -> None:
    if entry.breaks:
        assert entry.mark in (Mark.FAILED, Mark.WARNING)


def test_every_section_has_a_heading() -> None:
    assert set(titles()) == set(Section)
