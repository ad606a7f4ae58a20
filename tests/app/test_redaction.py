"""What never reaches the log, and what must stay readable in it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.app.redaction import HIDDEN, PHONE_KEYS, REMOVED, SECRET_KEYS, Redactor

WAMID = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAERgSQzI4QkE1RkQ5MzFFNTY1RTEwAA=="
MESSAGE_ID = "01936f3a-1234-7000-8000-123456789012"
SECRET = "quiet-otter-paints-a-fence"
redactor = Redactor([SECRET, "short"])


@pytest.mark.parametrize("key", [*sorted(PHONE_KEYS), "guest_phone", "Wa_Id"])
@pytest.mark.parametrize(
    "number", ["+447700900123", "447700900123", "+44 7700 900-123", 447700900123, ["447700900123"]]
)
def test_a_number_under_a_key_that_holds_numbers_is_masked_however_it_is_written(
    key: str, number: Any
) -> None:
    shown = str(redactor.keys({key: number})[key])

    assert "+44•••••0123" in shown.replace("••••••", "•••••")
    assert "7700" not in shown


def test_a_local_number_under_such_a_key_is_masked_too() -> None:
    assert redactor.keys({"to": "050-437-0045"}) == {"to": "•••"}


@pytest.mark.parametrize(
    "text",
    [
        "sending to +447700900123 failed",
        "sending to +44 7700 900 123 failed",
        "sending to +44 (7700) 900-123 failed",
        "GET /search?q=%2B447700900123 200",
        "to=447700900123, status=sent",
        '{"wa_id": "447700900123"}',
        "recipient_id='447700900123'",
        "to_phone: 447700900123",
    ],
)
def test_a_number_inside_any_text_is_masked(text: str) -> None:
    for shown in (redactor.text(text), redactor.keys({"error": text})["error"]):
        assert "900123" not in shown.replace(" ", "").replace("-", "")
        assert "0123" in shown


def test_numbers_in_nested_values_are_masked() -> None:
    event = {"guests": [{"phone": "447700900123", "wamid": WAMID}], "seen": {"+447700900124"}}
    shown = redactor.keys(event)

    assert shown["guests"][0]["wamid"] == WAMID
    assert "7700" not in str(shown["guests"][0]["phone"])
    assert "7700" not in str(shown["seen"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("wamid", WAMID),
        ("wamid", "wamid.+447700900123+447700900123=="),
        ("message", MESSAGE_ID),
        ("event_id", "f3122a7d-1d7c-4cc1-955d-1c6b7358bd25"),
        ("phone_number_id", "106540000000001"),
        ("status", "delivered"),
        ("error_code", 131026),
        ("at", "2026-11-23T06:00:00+00:00"),
        ("count", 12_345_678_901),
        ("version", "v25.0"),
        ("url", "https://graph.facebook.com/v25.0/106540000000001/messages"),
        ("database", "sqlite:///invy-data/invy.db"),
        ("lag_s", 0.25),
        ("ready", True),
        ("campaign_id", None),
    ],
)
def test_what_is_needed_to_trace_a_message_stays_readable(key: str, value: Any) -> None:
    assert redactor.keys({key: value}) == {key: value}
    if isinstance(value, str):
        assert redactor.text(f"about {value} here") == f"about {value} here"


def test_names_are_shortened_to_their_first_letter_and_bodies_are_removed() -> None:
    shown = redactor.keys(
        {"guest_name": "איילה חורב", "body": "see you there", "params": {"contact_name": "Ayala"}}
    )

    assert shown == {"guest_name": "א…", "body": REMOVED, "params": REMOVED}


@pytest.mark.parametrize("key", sorted(SECRET_KEYS))
def test_the_value_of_a_secret_key_is_hidden_whatever_its_case(key: str) -> None:
    assert redactor.keys({key.upper(): "abc", "headers": {key: "abc"}}) == {
        key.upper(): HIDDEN,
        "headers": {key: HIDDEN},
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://g.example/x?access_token=abc123&b=1", f"https://g.example/x?access_token={HIDDEN}&b=1"),
        ("GET /whatsapp/webhook?hub.verify_token=abc&hub.challenge=1", f"GET /whatsapp/webhook?hub.verify_token={HIDDEN}&hub.challenge=1"),
        ("Authorization: Bearer abcdefgh", f"Authorization: Bearer {HIDDEN}"),
        ("{'Authorization': 'Bearer abcdefgh'}", f"{{'Authorization': 'Bearer {HIDDEN}'}}"),
        ("sent with bearer abcdefgh", f"sent with bearer {HIDDEN}"),
        ("postgresql://invy:hunter2@db/invy", f"postgresql://invy:{HIDDEN}@db/invy"),
        ("token EAAG1234567890abcdefghij expired", f"token {HIDDEN} expired"),
        (f"expected {SECRET}.", f"expected {HIDDEN}."),
    ],
)  # fmt: skip
def test_secrets_inside_text_are_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert redactor.text(text) == shown
    assert redactor.keys({"detail": text}) == {"detail": shown}


def test_a_known_secret_that_is_only_a_short_word_does_not_blank_ordinary_text() -> None:
    assert redactor.text("a short line") == "a short line"


def test_values_of_other_kinds_become_text_or_numbers() -> None:
    shown = redactor.keys(
        {
            "raw_size": b"abc",
            "at": datetime(2026, 11, 23, 6, 0, tzinfo=UTC),
            "id": UUID(MESSAGE_ID),
            "file": Path("a/b"),
            "error": ValueError("no +447700900123"),
        }
    )

    assert shown == {
        "raw_size": "<3 bytes>",
        "at": "2026-11-23T06:00:00+00:00",
        "id": MESSAGE_ID,
        "file": "a/b",
        "error": "ValueError: no +44••••••0123",
    }


def test_a_value_that_contains_itself_does_not_hang() -> None:
    knot: list[Any] = []
    knot.append(knot)

    assert redactor.keys({"knot": knot})


PIECES = st.sampled_from(
    ["+447700900123", "447700900123", WAMID, SECRET, "to=", " ", "status=sent", "Bearer ", "%2B", "א", "\n"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_masking_twice_changes_nothing_more_and_no_secret_survives(text: str) -> None:
    once = redactor.text(text)

    assert SECRET not in once
    assert redactor.text(once) == once


@given(st.text())
def test_any_text_can_be_masked(text: str) -> None:
    assert isinstance(redactor.text(text), str)
    assert isinstance(redactor.keys({text: text})[text], str)
