"""The pages in a real browser, at the size of a phone and of a desk, with screenshots kept for looking at."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from invy.testing import Catcher, CloudApi
from tests.browser import ARGUMENTS, browser_program
from tests.simulator.client import READ, Reply, call, invitation, reminder, send
from tests.simulator.test_management import _upload

pytestmark = pytest.mark.glass

# A red square, so that a picture that is really shown can be told from a broken one.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGO4Y2ODFTEMLQkAXBwzQSu3HVMAAAAASUVORK5CYII="
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_program(), args=[*ARGUMENTS, "--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Browser, cloud_api: CloudApi) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=cloud_api.base_url)
    page = context.new_page()
    yield page
    context.close()


def _invite(api: CloudApi) -> Reply:
    media_id = _upload(api, PICTURE, "image/png").json["id"]
    message = invitation(READ, name="איילה")
    message["template"]["components"][0]["parameters"][0]["image"] = {"id": media_id}
    return send(api, message)


def test_the_invitation_is_seen_as_the_guest_sees_it(
    cloud_api: CloudApi, phone: Page, tmp_path: Path
) -> None:
    _invite(cloud_api)
    cloud_api.settle()
    phone.goto("/_simulator/handset/447700900150")
    picture = phone.locator(".bubble img")
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 8
    body = phone.locator(".bubble .text").first
    assert body.evaluate("text => getComputedStyle(text).direction") == "rtl"
    box, text = phone.locator(".bubble").bounding_box(), body.bounding_box()
    assert box is not None
    assert text is not None
    assert box["width"] <= 390 * 0.9
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.screenshot(path=tmp_path / "handset.png", full_page=True)
    assert (tmp_path / "handset.png").stat().st_size > 5000


def test_a_guest_presses_a_button_writes_and_blocks(
    cloud_api: CloudApi, caught_webhooks: Catcher, phone: Page, tmp_path: Path
) -> None:
    message = reminder(READ, payload="yes:17")
    message["template"]["language"]["code"] = "he"
    send(cloud_api, message)
    cloud_api.settle()
    phone.goto("/_simulator/handset/447700900150")
    phone.get_by_role("button", name="מגיעים").first.click()
    phone.get_by_label("Message").fill("נתראה!")
    phone.get_by_role("button", name="Send").click()
    phone.get_by_text("נתראה!").wait_for()
    phone.get_by_role("button", name="Block the business").click()
    phone.get_by_text("has blocked the business").wait_for()
    phone.get_by_role("button", name="Switch phone off").click()
    phone.get_by_text("This phone is off").wait_for()
    phone.screenshot(path=tmp_path / "answered.png", full_page=True)
    cloud_api.settle()
    assert [each["type"] for each in caught_webhooks.messages()] == ["button", "text"]
    assert caught_webhooks.messages()[0]["button"] == {"payload": "yes:17", "text": "מגיעים"}


def test_a_message_appears_by_itself_while_the_page_is_open(cloud_api: CloudApi, phone: Page) -> None:
    phone.goto("/_simulator/handset/447700900150")
    phone.get_by_text("No message has arrived").wait_for()
    _invite(cloud_api)
    cloud_api.settle()
    phone.get_by_text("היי איילה").wait_for(timeout=8000)


def test_the_printed_address_leads_to_the_world(phone: Page) -> None:
    phone.goto("/")
    phone.get_by_role("heading", name="The simulator's world").wait_for()


def test_the_keyboard_reaches_every_button(cloud_api: CloudApi, phone: Page) -> None:
    send(cloud_api, reminder(READ))
    cloud_api.settle()
    phone.goto("/_simulator/handset/447700900150")
    reached = set()
    for _ in range(12):
        phone.keyboard.press("Tab")
        reached.add(phone.evaluate("document.activeElement.innerText || document.activeElement.name"))
    assert {"↩ Coming", "↩ Not coming", "text", "Send", "Switch phone off", "Block the business"} <= reached


@pytest.mark.cloud_api(mix="harsh", limits={"per_second": 0})
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "light"), (1280, "dark")])
def test_the_overview_fits_every_screen(
    cloud_api: CloudApi, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    for each in range(30):
        send(cloud_api, invitation(f"+4477009002{each:02d}"))
    cloud_api.settle()
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        base_url=cloud_api.base_url,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto("/_simulator/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("Number").fill("+44 7700 900205")
    page.screenshot(path=tmp_path / f"overview-{width}-{scheme}.png", full_page=True)
    page.get_by_role("button", name="Open phone").click()
    page.wait_for_url("**/handset/447700900205")
    context.close()
    assert call(cloud_api, "GET", "/_simulator/state").json["messages"] == 30
