"""Header images: found where they are used, fetched as Meta would, judged by what they are."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.images import judged
from invy.engine.doctor.section import Section
from invy.gateway.image import ImageFetcher
from invy.meta.picture import Fetched, Look
from invy.simulator.gallery import PICTURES
from invy.simulator.template import default_templates
from invy.store import schema
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.testing import CloudApi, running
from tests.engine.doctor.patients import by_key, keys
from tests.engine.doctor.simulated import pointed, seen
from tests.making import draft
from tests.simulator.client import call


@pytest.fixture
def meta() -> Iterator[CloudApi]:
    with running(seed=7) as api:
        yield api


async def looked(meta: CloudApi, folder: Path, *names: str) -> list[Finding]:
    """What the doctor finds about these pictures of the simulator."""
    return await seen(meta, folder, Section.IMAGES, image_urls=tuple(meta.picture(name) for name in names))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("good.jpg", {"images.good"}),
        ("good.png", {"images.good"}),
        ("transparent.png", {"images.good"}),
        ("misdeclared.jpg", {"images.good", "images.misdeclared"}),
        ("moved.jpg", {"images.good", "images.redirects"}),
        ("webp.jpg", {"images.wrong_kind"}),
        ("page.jpg", {"images.wrong_kind"}),
        ("cmyk.jpg", {"images.wrong_colours"}),
        ("deep.png", {"images.wrong_colours"}),
        ("empty.jpg", {"images.empty"}),
        ("large.jpg", {"images.too_large"}),
        ("missing.jpg", {"images.http_error"}),
        ("forbidden.jpg", {"images.http_error"}),
        ("failing.jpg", {"images.http_error"}),
        ("chain.jpg", {"images.too_many_redirects"}),
        ("moved-to-private.jpg", {"images.private"}),
        ("moved-to-http.jpg", {"images.not_https"}),
        ("moved-to-nothing.jpg", {"images.not_a_link"}),
        ("cut.jpg", {"images.unreachable"}),
    ],
)
async def test_a_picture_is_judged_by_what_it_is_and_as_the_simulator_judges_it(
    meta: CloudApi, tmp_path: Path, name: str, expected: set[str]
) -> None:
    assert keys(await looked(meta, tmp_path, name)) == expected
    assert ("images.good" in expected) is PICTURES[name].meta_takes


async def test_a_picture_that_never_comes_is_not_waited_for(meta: CloudApi, tmp_path: Path) -> None:
    eyes = ImageFetcher(home=meta.base_url, timeout_s=0.3)
    link = meta.picture("slow.jpg")
    findings = await seen(meta, tmp_path, Section.IMAGES, images=eyes, image_urls=(link,))
    assert "0.3 seconds" in by_key(findings, "images.timeout").seen.en


async def test_only_pictures_at_the_very_address_of_the_simulated_meta_count_as_public(
    meta: CloudApi, tmp_path: Path
) -> None:
    with running(seed=8) as another:
        elsewhere = another.picture("good.jpg")
        findings = await seen(meta, tmp_path, Section.IMAGES, image_urls=(elsewhere,))
    assert keys(findings) == {"images.not_https"}
    secure = meta.picture("good.jpg").replace("http://", "https://")
    assert keys(await seen(meta, tmp_path, Section.IMAGES, image_urls=(secure,))) == {"images.private"}


async def test_the_simulator_may_be_called_by_a_name(meta: CloudApi) -> None:
    by_name = meta.base_url.replace("127.0.0.1", "localhost")

    async def here(_host: str) -> Sequence[str]:
        return ["127.0.0.1"]

    link = meta.picture("good.jpg").replace("127.0.0.1", "localhost")
    assert (await ImageFetcher(home=by_name, lookup=here).fetch(link)).look is Look.FETCHED
    assert (await ImageFetcher(home=meta.base_url, lookup=here).fetch(link)).look is Look.NOT_HTTPS
    another_door = "https://localhost:9/a.jpg"
    assert (await ImageFetcher(home=by_name, lookup=here).fetch(another_door)).look is Look.PRIVATE


@pytest.mark.parametrize("look", [look for look in Look if look is not Look.FETCHED])
def test_everything_that_can_happen_to_a_fetch_has_its_finding(look: Look) -> None:
    [finding] = judged(
        "https://x.example/a.jpg", Fetched(look, "https://y.example/b.jpg", 404, note="a note")
    )
    assert finding.mark is Mark.FAILED
    assert finding.about == "https://x.example/a.jpg"
    assert finding.todo.he


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("moved-to-private.jpg", "which is not on the public internet (10.0.0.7 is not a public address)."),
        ("moved-to-http.jpg", "which is not an https link."),
    ],
)
async def test_a_link_that_leads_elsewhere_is_named_besides_where_it_leads(
    meta: CloudApi, tmp_path: Path, name: str, words: str
) -> None:
    [finding] = await looked(meta, tmp_path, name)
    assert finding.seen.en.startswith(f"{meta.picture(name)} leads to http")
    assert finding.seen.en.endswith(words)
    assert finding.seen.he.startswith(f"{meta.picture(name)} מובילה אל http")


async def test_the_address_that_a_name_leads_to_is_the_reason() -> None:
    async def inside(_host: str) -> Sequence[str]:
        return ["192.168.1.5"]

    link = "https://pictures.example/a.jpg"
    [finding] = judged(link, await ImageFetcher(lookup=inside).fetch(link))
    assert finding.seen.en == f"{link} is not on the public internet (192.168.1.5 is not a public address)."
    assert finding.seen.he == f"{link} אינה באינטרנט הציבורי (192.168.1.5 אינה כתובת ציבורית)."


def test_what_follows_a_question_mark_in_a_link_is_not_shown() -> None:
    link = "https://x.example/a.jpg?signature=secret"
    assert "signature" not in repr(judged(link, Fetched(Look.HTTP_ERROR, link + "&more", 403)))


async def test_without_any_image_the_section_says_how_to_look_at_one(meta: CloudApi, tmp_path: Path) -> None:
    finding = by_key(await looked(meta, tmp_path), "images.none")
    assert (finding.mark, "--image URL" in finding.seen.en) == (Mark.SKIPPED, True)


def with_default(folder: Path, value: str) -> None:
    file = folder / "templates.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text + f'\n[hina_invitation.defaults]\ninvitation_image_url = "{value}"\n', encoding="utf-8"
    )


async def test_the_image_of_the_template_file_is_looked_at(meta: CloudApi, tmp_path: Path) -> None:
    pointed(meta, tmp_path)
    with_default(tmp_path, "https://127.0.0.1/private.jpg")
    assert keys(await looked(meta, tmp_path)) == {"images.private"}


async def test_the_images_of_recent_messages_are_looked_at_five_of_them(
    meta: CloudApi, tmp_path: Path
) -> None:
    database = Database.open(pointed(meta, tmp_path).database_url)
    await schema.upgrade(database)
    for n in range(1, 8):
        link = meta.picture(f"{n}.jpg")
        header = {"type": "header", "parameters": [{"type": "image", "image": {"link": link}}]}
        payload = json.dumps({"template": {"components": [header]}}).encode()
        await Outbox(database).enqueue_one(replace(draft(n), payload=payload))
    await database.close()
    findings = await seen(meta, tmp_path, Section.DATABASE, Section.IMAGES)
    looked_at: Sequence[str] = [each.about for each in findings if each.key == "images.http_error"]
    assert looked_at == [meta.picture(f"{n}.jpg") for n in (7, 6, 5, 4, 3)]
    assert "2 more images" in by_key(findings, "images.more").seen.en


async def test_the_example_of_a_template_is_known_by_what_meta_lists(meta: CloudApi, tmp_path: Path) -> None:
    link = meta.picture("example.jpg")
    assert keys(await looked(meta, tmp_path, "example.jpg")) == {"images.http_error"}
    header, *others = default_templates()[0]["components"]
    example = [{**header, "example": {"header_handle": [link]}}, *others]
    meta.happen("change-facts", about="template", template="hina_invitation", facts={"components": example})
    findings = await seen(meta, tmp_path, Section.TEMPLATES, Section.IMAGES, image_urls=(link,))
    assert "images.metas_example" in keys(findings)


async def test_the_example_that_the_simulator_lists_is_not_even_asked_for(
    meta: CloudApi, tmp_path: Path
) -> None:
    [link] = default_templates()[0]["components"][0]["example"]["header_handle"]
    findings = await seen(meta, tmp_path, Section.TEMPLATES, Section.IMAGES, image_urls=(link,))
    assert by_key(findings, "images.metas_example").about == link


def uploaded(meta: CloudApi, content: bytes) -> str:
    """The id of a JPEG that was uploaded to Meta."""
    form = (
        b'--cut\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n'
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="i.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n--cut--\r\n"
    )
    path = f"/v25.0/{meta.phone_number_id}/media"
    reply = call(meta, "POST", path, raw=form, content_type="multipart/form-data; boundary=cut")
    return str(reply.json["id"])


async def test_an_image_by_id_is_asked_for_at_meta(meta: CloudApi, tmp_path: Path) -> None:
    pointed(meta, tmp_path)
    media_id = uploaded(meta, PICTURES["good.jpg"].serve().body)
    with_default(tmp_path, media_id)
    assert by_key(await seen(meta, tmp_path, Section.IMAGES), "images.at_meta").about == media_id
    meta.advance(31 * 86_400)
    assert by_key(await seen(meta, tmp_path, Section.IMAGES), "general.no_such_thing").about == media_id
