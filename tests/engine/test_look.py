"""What is seen of a message's picture, and whether WhatsApp would take it."""

import json

import pytest

from invy.diagnose.link import link_of, shown
from invy.engine.look import judged
from invy.meta.picture import Fetched, Look

URL = "https://images.example.com/invitation.jpg"
JPEG = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03" + bytes(20)
CMYK = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x04" + bytes(20)


def fetched(start: bytes, size: int = 212_000) -> Fetched:
    return Fetched(Look.FETCHED, URL, 200, size=size, start=start)


def test_a_picture_that_can_be_used_is_told_with_its_kind_and_size() -> None:
    seen = judged(URL, fetched(JPEG))
    assert (seen.fine, seen.seen.en, seen.url) == (True, "image/jpeg, 212 kB", URL)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"\x00\x01\x02", "no picture that we know"),
        (CMYK, "4 channels"),
    ],
)
def test_what_whatsapp_does_not_take_is_named(start: bytes, words: str) -> None:
    seen = judged(URL, fetched(start))
    assert not seen.fine
    assert words in seen.seen.en


@pytest.mark.parametrize("look", [look for look in Look if look is not Look.FETCHED])
def test_whatever_kept_it_from_being_fetched_is_said(look: Look) -> None:
    seen = judged(URL, Fetched(look, URL, status=404))
    assert not seen.fine
    assert seen.seen.en
    assert seen.seen.he
    assert (seen.seen.en == "HTTP 404") == (look is Look.HTTP_ERROR)


def test_the_link_is_found_in_the_request_that_was_sent() -> None:
    def request(*components: object) -> bytes:
        return json.dumps({"template": {"components": components}}).encode()

    image = {"type": "header", "parameters": [{"type": "image", "image": {"link": URL}}]}
    by_id = {"type": "header", "parameters": [{"type": "image", "image": {"id": "17"}}]}
    body = {"type": "body", "parameters": [{"type": "text", "text": "Noa"}]}
    assert link_of(request(body, image)) == URL
    assert link_of(request(by_id, body)) is None
    assert link_of(request()) is None
    for other in (b"{}", b"no json", b"[]", b'{"template": {"components": 7}}'):
        assert link_of(other) is None


@pytest.mark.parametrize(
    ("link", "as_shown"),
    [
        (URL, URL),
        (f"{URL}?sig=SECRET&a=1", f"{URL}?…"),
        (f"{URL}#SECRET", f"{URL}?…"),
        ("https://dana:SECRET@images.example.com/a.jpg", "https://images.example.com/a.jpg"),
    ],
)
def test_a_link_is_shown_without_what_may_be_a_secret(link: str, as_shown: str) -> None:
    assert shown(link) == as_shown
    seen = judged(link, Fetched(Look.HTTP_ERROR, link, status=404))
    assert seen.url == as_shown
