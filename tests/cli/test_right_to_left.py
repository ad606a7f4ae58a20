"""Hebrew on a terminal: the sentence runs right to left, ids and commands in it stay in their own order."""

import pytest

from invy.cli.right_to_left import (
    LEFT_TO_RIGHT_ISOLATE,
    POP_ISOLATE,
    RIGHT_TO_LEFT_ISOLATE,
    isolated,
)

MARKS = str.maketrans({RIGHT_TO_LEFT_ISOLATE: "{", LEFT_TO_RIGHT_ISOLATE: "<", POP_ISOLATE: ">"})


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("ההודעה הגיעה", "{ההודעה הגיעה>"),
        ("יש להריץ `invy doctor`: הוא בודק", "{יש להריץ <`invy doctor`>: הוא בודק>"),
        ("קוד 131026 (invy explain 131026)", "{קוד 131026 (<invy explain 131026>)>"),
        ("ה־webhook שלנו", "{ה־<webhook> שלנו>"),
        ("אל https://old.example/hook/.", "{אל <https://old.example/hook/>.>"),
        ("אל +972504370045, ואז", "{אל <+972504370045>, ואז>"),
        ("הודעות: 14; עם דיווח: 3", "{הודעות: 14; עם דיווח: 3>"),
        ("שגיאה (100/33)", "{שגיאה (<100/33>)>"),
    ],
)
def test_what_is_not_hebrew_is_kept_together(text: str, marked: str) -> None:
    assert isolated(text, terminal=True).translate(MARKS) == marked


def test_every_mark_that_is_opened_is_closed() -> None:
    marked = isolated("כש־INVY_PUBLIC_URL ו־`invy serve` (WhatsApp), Meta.", terminal=True)
    assert marked.count(POP_ISOLATE) == marked.count(LEFT_TO_RIGHT_ISOLATE) + 1


@pytest.mark.parametrize(("text", "terminal"), [("שלום invy", False), ("Nothing: wait a moment.", True)])
def test_no_marks_in_a_pipe_and_none_without_hebrew(text: str, *, terminal: bool) -> None:
    assert isolated(text, terminal=terminal) == text
