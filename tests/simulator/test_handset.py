"""A guest's phone and the overview of the world, as pages and as actions a test can take."""

from html.parser import HTMLParser

import pytest

from invy.simulator.guest import Guests
from invy.testing import Catcher, CloudApi
from invy.testing.cloud_api import SimulatorTrouble
from tests.simulator.client import READ, Reply, call, invitation, reminder, send

PHONE = "/_simulator/handset/447700900150"


class Words(HTMLParser):
    """The visible words of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _press(api: CloudApi, form: str) -> Reply:
    return call(api, "POST", PHONE, raw=form.encode(), content_type="application/x-www-form-urlencoded")


def test_an_invitation_is_shown_once_it_has_arrived(cloud_api: CloudApi) -> None:
    send(cloud_api, invitation(READ, name="איילה"))
    assert "No message has arrived" in call(cloud_api, "GET", PHONE).text
    assert "1 on the way" in call(cloud_api, "GET", PHONE).text
    cloud_api.settle()
    page = call(cloud_api, "GET", PHONE).text
    assert "היי איילה!" in page
    assert 'src="https://example.org/i.jpg"' in page
    assert 'href="https://invy.dvirlabs.com/guest/token-1"' in page
    assert 'dir="auto"' in page


def test_what_a_client_sends_can_never_become_markup(cloud_api: CloudApi) -> None:
    send(cloud_api, invitation(READ, name="<script>alert(1)</script>"))
    cloud_api.guest(READ, "rename", text='"><img src=x onerror=alert(1)>')
    cloud_api.settle()
    cloud_api.guest(READ, "write", text="<b>bold</b>")
    for path in (PHONE, "/_simulator/"):
        page = call(cloud_api, "GET", path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>bold" not in page


def test_pressing_a_button_on_the_page_is_told_as_an_answer(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    wamid = send(cloud_api, reminder(READ, payload="yes:17")).wamid
    cloud_api.settle()
    assert _press(cloud_api, f"do=press&button=0&wamid={wamid.replace('=', '%3D')}").http == 303
    cloud_api.settle()
    answer = caught_webhooks.messages()[0]
    assert (answer["button"]["payload"], answer["context"]["id"]) == ("yes:17", wamid)
    assert "Coming" in Words(call(cloud_api, "GET", PHONE).text).words


def test_trouble_is_said_on_the_page(cloud_api: CloudApi) -> None:
    assert "trouble=There%20is%20no%20message" in _press(cloud_api, "do=press&button=0").headers["location"]
    assert "trouble=That%20button" in _press(cloud_api, "do=explode").headers["location"]
    assert "There is no message" in call(cloud_api, "GET", f"{PHONE}?trouble=There%20is%20no%20message").text


def test_a_phone_that_is_off_receives_nothing_until_it_is_on(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    _press(cloud_api, "do=offline")
    wamid = send(cloud_api, invitation(READ)).wamid
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "sent"
    assert "This phone is off" in call(cloud_api, "GET", PHONE).text
    with pytest.raises(SimulatorTrouble, match="phone is off"):
        cloud_api.guest(READ, "write", text="hello")
    _press(cloud_api, "do=online")
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "read"
    assert [each["status"] for each in caught_webhooks.statuses()] == ["sent", "delivered", "read"]


def test_a_guest_who_blocks_the_business_stays_silent_for_ever(cloud_api: CloudApi) -> None:
    _press(cloud_api, "do=block")
    wamid = send(cloud_api, invitation(READ)).wamid
    cloud_api.settle()
    cloud_api.advance(40 * 86_400)
    assert (cloud_api.message(wamid)["final_status"], cloud_api.message(wamid)["settled"]) == ("sent", True)
    with pytest.raises(SimulatorTrouble, match="has blocked the business"):
        cloud_api.guest(READ, "read", wamid=wamid)
    _press(cloud_api, "do=unblock")
    wamid = send(cloud_api, invitation(READ)).wamid
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "read"


def test_opening_a_message_by_hand_reads_it_now(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    wamid = send(cloud_api, invitation("+447700900151")).wamid
    cloud_api.settle()
    cloud_api.guest("+447700900151", "read", wamid=wamid)
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "read"
    cloud_api.guest("+447700900151", "read", wamid=wamid)
    cloud_api.settle()
    assert [each["status"] for each in caught_webhooks.statuses()] == ["sent", "delivered", "read"]


def test_a_message_that_failed_cannot_be_opened(cloud_api: CloudApi) -> None:
    send(cloud_api, invitation("+447700900156"))
    cloud_api.settle()
    with pytest.raises(SimulatorTrouble, match="never came to this phone"):
        cloud_api.guest("+447700900156", "press")


def test_the_overview_finds_a_phone_by_its_number(cloud_api: CloudApi) -> None:
    reply = call(cloud_api, "GET", "/_simulator/handset?number=%2B44%207700%20900150")
    assert (reply.http, reply.headers["location"]) == (303, PHONE)


@pytest.mark.cloud_api(limits={"per_second": 0}, mix="all-delivered")
def test_the_overview_shows_the_world_page_by_page(cloud_api: CloudApi) -> None:
    assert "Nobody yet" in call(cloud_api, "GET", "/_simulator/").text
    for each in range(120):
        send(cloud_api, invitation(f"+99900000{each:04d}"))
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert call(cloud_api, "POST", "/_simulator/levers", raw=b"settle=1", **form).http == 303
    assert call(cloud_api, "POST", "/_simulator/levers", raw=b"incident=lock-account", **form).http == 303
    assert call(cloud_api, "POST", "/_simulator/levers", raw=b"advance=1d", **form).http == 303
    assert call(cloud_api, "POST", "/_simulator/levers", raw=b"advance=soon", **form).http == 400
    page = call(cloud_api, "GET", "/_simulator/?page=3").text
    assert "Page 3 of 3" in page
    assert page.count("/_simulator/handset/9990") == 20
    assert "lock-account at" in page
    assert "<b>120</b>" in page


def test_every_lever_is_refused_with_reason_when_it_makes_no_sense(cloud_api: CloudApi) -> None:
    for do, details in [("press", {}), ("explode", {}), ("read", {"wamid": "wamid.unknown"}), ("write", {})]:
        with pytest.raises(SimulatorTrouble, match="400"):
            cloud_api.guest(READ, do, **details)
    for path in (
        "/_simulator/nothing",
        "/_simulator/messages/wamid.none",
        "/_simulator/media/1",
        "/_simulator/handset/x",
    ):
        assert call(cloud_api, "GET", path).http == 404
    assert call(cloud_api, "PUT", "/_simulator/state").http == 404
    assert call(cloud_api, "POST", "/_simulator/clock", {"speed": -1}).http == 400
    assert call(cloud_api, "POST", "/_simulator/clock", {"warp": 9}).http == 400
    assert call(cloud_api, "POST", "/_simulator/fates", {"to": READ, "fate": "immortal"}).http == 400
    assert call(cloud_api, "POST", "/_simulator/chaos", {"lose": 7}).http == 400


def test_a_template_is_filled_by_position_and_by_name(cloud_api: CloudApi) -> None:
    send(cloud_api, reminder(READ))
    cloud_api.settle()
    assert (
        "Hello Noa, we have not heard from you yet. Will we see you on 1 June?"
        in call(cloud_api, "GET", PHONE).text
    )


def test_a_template_that_is_gone_does_not_break_the_page(cloud_api: CloudApi) -> None:
    send(cloud_api, reminder(READ))
    cloud_api.happen("delete-template")
    cloud_api.settle()
    assert "(rsvp_reminder)" in call(cloud_api, "GET", PHONE).text


def test_free_form_messages_are_shown_too(cloud_api: CloudApi) -> None:
    cloud_api.guest(READ, "write", text="שלום")
    texts = [
        {"type": "text", "text": {"body": "See you there"}},
        {"type": "image", "image": {"link": "https://example.org/map.png", "caption": "The way"}},
        {"type": "document", "document": {"link": "https://example.org/plan.pdf"}},
        {
            "type": "interactive",
            "interactive": {"type": "button", "body": {"text": "Pick one"}, "action": {"buttons": [{}]}},
        },
        {"type": "location", "location": {"latitude": 32, "longitude": 35}},
    ]
    for each in texts:
        assert send(cloud_api, {"messaging_product": "whatsapp", "to": READ} | each).http == 200
    cloud_api.settle()
    page = call(cloud_api, "GET", PHONE).text
    for words in ("See you there", "The way", "plan.pdf", "Pick one", "(location)", "שלום"):
        assert words in page


def test_guests_are_the_same_people_in_every_run_of_a_seed() -> None:
    assert Guests(1).of("447700900150") == Guests(1).of("447700900150")
    assert Guests(1).of("447700900150").user_id != Guests(2).of("447700900150").user_id
    assert Guests(1).of("447700900150").user_id.startswith("GB.")
    assert Guests(1).of("972500000000").user_id.startswith("IL.")
    assert Guests(1).of("999500000000").user_id.startswith("ZZ.")
