"""The simulator's header pictures: what each is, byte by byte, and the fate of a message that links to it."""

import struct
import zlib
from collections.abc import Iterator
from http.client import HTTPException

import pytest
from playwright.sync_api import Browser, sync_playwright

from invy.simulator.gallery import PICTURES
from invy.testing import CloudApi
from tests.browser import ARGUMENTS, browser_program
from tests.simulator.client import READ, call, invitation, send


def linked(link: str) -> dict[str, object]:
    message = invitation(READ)
    message["template"]["components"][0]["parameters"][0]["image"] = {"link": link}
    return message


@pytest.mark.cloud_api(limits={"pair": False})
def test_a_message_meets_the_fate_of_its_picture(cloud_api: CloudApi) -> None:
    sent = {name: send(cloud_api, linked(cloud_api.picture(name))).wamid for name in PICTURES}
    cloud_api.settle()
    codes = {name: cloud_api.message(wamid)["error_code"] for name, wamid in sent.items()}
    assert codes == {name: None if PICTURES[name].meta_takes else 131053 for name in PICTURES}


def test_a_picture_that_is_not_there_cannot_be_had_and_other_links_are_taken_on_trust(
    cloud_api: CloudApi,
) -> None:
    assert call(cloud_api, "GET", "/_simulator/pictures/none.jpg").http == 404
    missing = send(cloud_api, linked(cloud_api.picture("none.jpg"))).wamid
    elsewhere = send(cloud_api, linked("https://example.org/none.jpg?x=/_simulator/pictures/")).wamid
    cloud_api.settle()
    assert cloud_api.message(missing)["error_code"] == 131053
    assert cloud_api.message(elsewhere)["final_status"] == "read"


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("good.jpg", 200, "image/jpeg"),
        ("good.png", 200, "image/png"),
        ("misdeclared.jpg", 200, "text/plain"),
        ("moved.jpg", 302, ""),
        ("missing.jpg", 404, "text/html; charset=utf-8"),
        ("forbidden.jpg", 403, "text/html; charset=utf-8"),
        ("failing.jpg", 500, "text/html; charset=utf-8"),
        ("page.jpg", 200, "text/html; charset=utf-8"),
        ("webp.jpg", 200, "image/jpeg"),
    ],
)
def test_each_is_served_as_it_is_described(cloud_api: CloudApi, name: str, status: int, kind: str) -> None:
    reply = call(cloud_api, "GET", f"/_simulator/pictures/{name}")
    assert (reply.http, reply.headers.get("content-type", "")) == (status, kind)


def test_the_chain_ends_at_a_picture_after_a_dozen_redirects(cloud_api: CloudApi) -> None:
    path, hops = "/_simulator/pictures/chain.jpg", 0
    while (reply := call(cloud_api, "GET", path)).http == 302:
        path, hops = reply.headers["location"], hops + 1
    assert (path, hops) == ("/_simulator/pictures/good.jpg", 12)


def test_a_broken_connection_is_one(cloud_api: CloudApi) -> None:
    with pytest.raises((HTTPException, OSError)):
        call(cloud_api, "GET", "/_simulator/pictures/cut.jpg")


def served(name: str) -> bytes:
    return PICTURES[name].serve().body


def test_the_heavy_one_is_heavier_than_meta_takes_and_the_others_are_not() -> None:
    assert len(served("large.jpg")) > 5 * 1024 * 1024
    assert max(len(served(name)) for name in PICTURES if name != "large.jpg") < 10_000


def test_every_part_of_a_png_has_the_right_sum() -> None:
    for name, depth in (("good.png", 8), ("transparent.png", 8), ("deep.png", 16)):
        data = served(name)
        assert data[24] == depth
        at = 8
        while at < len(data):
            [length] = struct.unpack(">I", data[at : at + 4])
            chunk, told = data[at + 4 : at + 8 + length], data[at + 8 + length : at + 12 + length]
            assert struct.unpack(">I", told)[0] == zlib.crc32(chunk)
            at += 12 + length


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_program(), args=[*ARGUMENTS, "--no-sandbox"])
        yield browser
        browser.close()


SHOWN = """async link => {
    const image = new Image();
    image.src = link;
    try { await image.decode(); } catch { return null; }
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
    const pencil = canvas.getContext("2d");
    pencil.drawImage(image, 0, 0);
    const at = (x, y) => [...pencil.getImageData(x, y, 1, 1).data].join();
    return [canvas.width, canvas.height, at(1, 1) === at(62, 62)];
}"""


@pytest.mark.glass
def test_a_browser_shows_those_that_are_pictures_also_the_ones_that_meta_does_not_take(
    browser: Browser, cloud_api: CloudApi
) -> None:
    page = browser.new_page()
    page.goto(f"{cloud_api.base_url}/_simulator/pictures/")
    names = (
        "good.jpg",
        "good.png",
        "transparent.png",
        "moved.jpg",
        "webp.jpg",
        "cmyk.jpg",
        "deep.png",
        "large.jpg",
    )
    for name in names:
        assert page.evaluate(SHOWN, cloud_api.picture(name)) == [64, 64, True], name
    for name in ("page.jpg", "empty.jpg"):
        assert page.evaluate(SHOWN, cloud_api.picture(name)) is None, name
    assert page.locator("tbody tr").count() == len(PICTURES)
    page.close()


@pytest.mark.glass
def test_the_overview_shows_where_the_door_leads_and_offers_every_kind_of_trouble(
    browser: Browser, cloud_api: CloudApi
) -> None:
    cloud_api.lead_door("http://127.0.0.1:9")
    page = browser.new_page()
    page.goto(f"{cloud_api.base_url}/_simulator/")
    page.get_by_label("Incident").select_option("spoil-door strip")
    page.get_by_role("button", name="Let it happen").click()
    assert "leads to http://127.0.0.1:9" in page.inner_text("main")
    assert "now it is spoilt: strip" in page.inner_text("main")
    page.close()
