"""Header images: found where they are used, fetched as Meta would, judged by what they are."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.images import judged
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Chart
from invy.gateway.image import ImageFetcher
from invy.meta.live_template import LiveTemplate
from invy.meta.picture import Fetched, Look
from invy.store import schema
from invy.store.database import Database
from invy.store.outbox import Outbox
from tests.certificates import certificate, trust
from tests.engine.doctor.clinic import listening
from tests.engine.doctor.odd_meta import error, odd_meta
from tests.engine.doctor.patients import by_key, examined, keys, settings
from tests.making import draft

JPEG = b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03" + b"\0" * 2000
GALLERY = {
    "/good.jpg": (b"image/jpeg", JPEG),
    "/lying.jpg": (b"text/plain", JPEG),
    "/really.jpg": (b"image/jpeg", b"RIFF\0\0\0\0WEBPVP8 "),
    "/page.jpg": (b"image/jpeg", b"<!doctype html><html>not found</html>"),
    "/print.jpg": (b"image/jpeg", JPEG.replace(b"\x00\x10\x03", b"\x00\x10\x04")),
    "/empty.jpg": (b"image/jpeg", b""),
}


async def gallery(scope: Scope, receive: Receive, send: Send) -> None:
    del receive
    if scope["path"] == "/moved.jpg":
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", b"/good.jpg")]})
        await send({"type": "http.response.body", "body": b""})
        return
    kind, body = GALLERY.get(scope["path"], (b"text/html", b"gone"))
    status = 200 if scope["path"] in GALLERY else 404
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    async with listening(gallery, certificate=certificate("127.0.0.1", tmp_path)) as url:
        yield url


def fetcher() -> ImageFetcher:
    return ImageFetcher(allowed=lambda _: True, trust=trust())


async def seen(folder: Path, *urls: str, **changed: object) -> list[Finding]:
    return await examined(settings(folder), Section.IMAGES, images=fetcher(), image_urls=urls, **changed)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/good.jpg", {"images.good"}),
        ("/lying.jpg", {"images.good", "images.misdeclared"}),
        ("/moved.jpg", {"images.good", "images.redirects"}),
        ("/really.jpg", {"images.wrong_kind"}),
        ("/page.jpg", {"images.wrong_kind"}),
        ("/print.jpg", {"images.wrong_colours"}),
        ("/empty.jpg", {"images.empty"}),
        ("/nowhere.jpg", {"images.http_error"}),
    ],
)
async def test_an_image_is_judged_by_its_content(
    tmp_path: Path, server: str, path: str, expected: set[str]
) -> None:
    assert {key for key in keys(await seen(tmp_path, server + path)) if key.startswith("images.")} == expected


@pytest.mark.parametrize("look", [look for look in Look if look is not Look.FETCHED])
def test_everything_that_can_happen_to_a_fetch_has_its_finding(look: Look) -> None:
    [finding] = judged(
        "https://x.example/a.jpg", Fetched(look, "https://y.example/b.jpg", 404, note="a note")
    )
    assert finding.mark is Mark.FAILED
    assert finding.about == "https://x.example/a.jpg"
    assert finding.todo.he


def test_what_follows_a_question_mark_in_a_link_is_not_shown() -> None:
    link = "https://x.example/a.jpg?signature=secret"
    assert "signature" not in repr(judged(link, Fetched(Look.HTTP_ERROR, link + "&more", 403)))


async def test_without_any_image_the_section_says_how_to_look_at_one(tmp_path: Path) -> None:
    finding = by_key(await seen(tmp_path), "images.none")
    assert (finding.mark, "--image URL" in finding.seen.en) == (Mark.SKIPPED, True)


def with_default(folder: Path, value: str) -> None:
    file = folder / "templates.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text + f'\n[hina_invitation.defaults]\ninvitation_image_url = "{value}"\n', encoding="utf-8"
    )


async def test_the_image_of_the_template_file_is_looked_at(tmp_path: Path, server: str) -> None:
    settings(tmp_path)
    with_default(tmp_path, f"{server}/good.jpg")
    assert "images.good" in keys(await seen(tmp_path))


async def test_the_images_of_recent_messages_are_looked_at_five_of_them(tmp_path: Path, server: str) -> None:
    database = Database.open(settings(tmp_path).database_url)
    await schema.upgrade(database)
    for n in range(1, 8):
        header = {"type": "header", "parameters": [{"type": "image", "image": {"link": f"{server}/{n}.jpg"}}]}
        payload = json.dumps({"template": {"components": [header]}}).encode()
        await Outbox(database).enqueue_one(replace(draft(n), payload=payload))
    await database.close()
    findings = await examined(settings(tmp_path), Section.DATABASE, Section.IMAGES, images=fetcher())
    looked: Sequence[str] = [each.about for each in findings if each.key == "images.http_error"]
    assert looked == [f"{server}/{n}.jpg" for n in (7, 6, 5, 4, 3)]
    assert "2 more images" in by_key(findings, "images.more").seen.en


async def test_the_example_of_a_template_is_known_by_what_meta_lists(tmp_path: Path, server: str) -> None:
    link = f"{server}/good.jpg"
    live = LiveTemplate("1", "t", "he", "APPROVED", header="IMAGE", header_examples=(link,))
    findings = await seen(tmp_path, link, chart=Chart(templates=[live]))
    assert "images.metas_example" in keys(findings)


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"id": "1234567890123456", "mime_type": "image/jpeg"}, "images.at_meta"),
        ((400, error(100, "Object does not exist", subcode=33)), "general.no_such_thing"),
    ],
)
async def test_an_image_by_id_is_asked_for_at_meta(tmp_path: Path, answer: object, key: str) -> None:
    async with odd_meta({"1234567890123456": answer}) as (url, meta):
        given = settings(tmp_path, WHATSAPP_API_BASE_URL=url)
        with_default(tmp_path, "1234567890123456")
        findings = await examined(given, Section.IMAGES)
    assert by_key(findings, key).about == "1234567890123456"
    assert ("1234567890123456", {"phone_number_id": "106540000000001"}) in meta.asked
