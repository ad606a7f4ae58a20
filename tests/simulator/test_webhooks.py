"""What clients are told: signed bytes, Meta's escaping, batches, handshakes, retries, and no fear of a dead callback."""

import hashlib
import hmac
import json
import socket
import threading
import time
from itertools import pairwise
from typing import Any

import pytest

from invy.simulator.news import Item, Sender, envelope
from invy.simulator.postman import RETRY_AFTER_S, SEVEN_DAYS_S
from invy.simulator.refusal import FAULTS
from invy.simulator.wire import encode, sign
from invy.testing import Catcher, CloudApi
from invy.testing.cloud_api import SimulatorTrouble
from tests.simulator.client import DELIVERED, READ, call, invitation, reminder, send

SENDER = Sender("1", "2", "12025550100")


def test_every_webhook_is_signed_over_its_exact_bytes(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert len(caught_webhooks.caught) == 3
    for each in caught_webhooks.caught:
        expected = hmac.new(cloud_api.app_secret.encode(), each.body, hashlib.sha256).hexdigest()
        assert each.signature == f"sha256={expected}"


def test_bytes_are_escaped_as_meta_escapes_them_so_serialising_again_breaks_the_signature() -> None:
    body = encode({"name": "נועה", "href": "/documentation", "heart": "🤍"})
    assert body == rb'{"name":"\u05e0\u05d5\u05e2\u05d4","href":"\/documentation","heart":"\ud83e\udd0d"}'
    again = json.dumps(json.loads(body)).encode()
    assert sign(body, "secret") != sign(again, "secret")


def test_a_status_carries_what_meta_promises(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    wamid = send(cloud_api, invitation(READ, opaque="campaign:7")).wamid
    cloud_api.settle()
    value = caught_webhooks.changes()[0]
    assert value["messaging_product"] == "whatsapp"
    assert value["metadata"]["phone_number_id"] == cloud_api.phone_number_id
    for status in caught_webhooks.statuses():
        assert status["id"] == wamid
        assert status["biz_opaque_callback_data"] == "campaign:7"
        assert status["timestamp"].isdigit()
        assert "conversation" not in status
    assert ["pricing" in each for each in caught_webhooks.statuses()] == [True, True, False]


def test_opaque_data_is_not_told_when_it_was_not_sent(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert all("biz_opaque_callback_data" not in each for each in caught_webhooks.statuses())


@pytest.mark.cloud_api(webhook_version=21.0)
def test_up_to_version_23_every_status_has_a_conversation(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    conversations = [each["conversation"] for each in caught_webhooks.statuses()]
    assert len({each["id"] for each in conversations}) == 1
    assert ["expiration_timestamp" in each for each in conversations] == [True, False, False]


def test_the_version_can_be_chosen_per_field_when_subscribing(cloud_api: CloudApi) -> None:
    with Catcher(cloud_api.app_secret, cloud_api.verify_token) as catcher:
        body = {
            "object": "whatsapp_business_account",
            "callback_url": catcher.url,
            "verify_token": cloud_api.verify_token,
            "fields": [{"name": "messages", "version": "v22.0"}],
        }
        cloud_api.call(
            "POST",
            f"/v25.0/{cloud_api.app_id}/subscriptions",
            body,
            token=f"{cloud_api.app_id}|{cloud_api.app_secret}",
        )
        send(cloud_api, invitation(READ))
        cloud_api.settle()
        assert "conversation" in catcher.statuses()[0]


def test_a_failure_is_explained_with_metas_words(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900158"))
    cloud_api.settle()
    status = caught_webhooks.statuses()[0]
    error = status["errors"][0]
    assert (status["status"], error["code"]) == ("failed", 131049)
    assert error["title"] == error["message"] == FAULTS[131049].title
    assert error["error_data"]["details"]
    assert "contacts" not in caught_webhooks.changes()[0]


def test_the_handshake_must_succeed_before_a_callback_is_accepted(cloud_api: CloudApi) -> None:
    with Catcher(cloud_api.app_secret, "the right token") as catcher:
        with pytest.raises(SimulatorTrouble, match="verification failed"):
            cloud_api.set_callback(catcher.url, verify_token="a wrong token")
        assert cloud_api.state()["callback_url"] is None
        cloud_api.set_callback(catcher.url, verify_token="the right token")
        assert cloud_api.state()["callback_url"] == catcher.url


def test_an_unreachable_callback_is_refused(cloud_api: CloudApi) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(SimulatorTrouble, match="could not be fetched"):
        cloud_api.set_callback(url)
    with pytest.raises(SimulatorTrouble, match="verification failed"):
        cloud_api.set_callback("not a url")


@pytest.mark.parametrize("missing", ["object", "callback_url", "verify_token", "fields"])
def test_subscribing_needs_every_parameter(cloud_api: CloudApi, missing: str) -> None:
    body = {
        "object": "whatsapp_business_account",
        "callback_url": "http://x/",
        "verify_token": "t",
        "fields": "messages",
    }
    body[missing] = ""
    path = f"/v25.0/{cloud_api.app_id}/subscriptions"
    reply = call(cloud_api, "POST", path, body, token=f"{cloud_api.app_id}|{cloud_api.app_secret}")
    assert reply.code == 100
    assert missing in reply.json["error"]["message"]
    assert call(cloud_api, "POST", path, body).code == 190


def test_a_subscription_is_shown_and_can_be_taken_away(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    path, token = f"/v25.0/{cloud_api.app_id}/subscriptions", f"{cloud_api.app_id}|{cloud_api.app_secret}"
    shown = call(cloud_api, "GET", path, token=token).json["data"][0]
    assert (shown["callback_url"], shown["active"]) == (caught_webhooks.url, True)
    assert {"name": "messages", "version": "v25.0"} in shown["fields"]
    assert call(cloud_api, "DELETE", path, token=token).json == {"success": True}
    assert call(cloud_api, "GET", path, token=token).json == {"data": []}
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert caught_webhooks.caught == []
    assert cloud_api.state()["untold_events"] == 3


def test_a_refused_webhook_comes_back_with_the_same_bytes_and_growing_pauses(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    answers = iter([500, 404, 302, 200])
    caught_webhooks.answer = lambda _: next(answers)
    send(cloud_api, invitation("+447700900152"))
    cloud_api.settle()
    assert len({each.body for each in caught_webhooks.caught}) == 1
    letter = cloud_api.webhooks()[0]
    assert [each["http"] for each in letter["attempts"]] == [500, 404, 302, 200]
    times = [each["at"] for each in letter["attempts"]]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses == pytest.approx(list(RETRY_AFTER_S[:3]), abs=0.5)
    assert letter["state"] == "DELIVERED"


def test_a_webhook_is_given_up_after_seven_days(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    caught_webhooks.answer = lambda _: 503
    send(cloud_api, invitation("+447700900152"))
    cloud_api.settle()
    letter = cloud_api.webhooks()[0]
    assert letter["state"] == "FAILED"
    lasted = letter["attempts"][-1]["at"] - letter["attempts"][0]["at"]
    assert SEVEN_DAYS_S - RETRY_AFTER_S[-1] <= lasted <= SEVEN_DAYS_S
    assert cloud_api.messages()[0]["events"][0]["webhook"] == "FAILED"
    assert cloud_api.state()["settled"]


@pytest.mark.cloud_api(limits={"per_second": 0})
def test_a_callback_that_never_answers_blocks_nothing(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    enough = threading.Event()
    caught_webhooks.answer = lambda _: 200 * enough.wait(30)
    began = time.monotonic()
    for each in range(100):
        assert send(cloud_api, invitation(f"+999000000{each:02d}0150")).http == 200
    for _ in range(3):
        assert send(cloud_api, invitation("+447700900175")).http == 200
    assert len(cloud_api.messages()) == 103
    assert cloud_api.advance(3600)["by_status"] == {"read": 103}
    assert time.monotonic() - began < 10
    enough.set()


def test_a_callback_that_is_gone_comes_back_to_everything(cloud_api: CloudApi) -> None:
    with Catcher(cloud_api.app_secret, cloud_api.verify_token) as catcher:
        cloud_api.set_callback(catcher.url)
        port = int(catcher.url.rpartition(":")[2].partition("/")[0])
    send(cloud_api, invitation(READ))
    cloud_api.advance(600)
    assert cloud_api.state()["pending_webhooks"] == 3
    with Catcher(cloud_api.app_secret, cloud_api.verify_token, port=port) as catcher:
        cloud_api.settle()
        assert {each["status"] for each in catcher.statuses()} == {"sent", "delivered", "read"}
    assert cloud_api.state()["settled"]


@pytest.mark.cloud_api(batch=1000, limits={"per_second": 0})
def test_updates_of_the_same_moment_travel_in_one_webhook(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    for each in range(30):
        send(cloud_api, invitation(f"+9990000{each:03d}0151"))
    cloud_api.settle()
    assert len(caught_webhooks.statuses()) == 60
    assert len(caught_webhooks.caught) <= 6
    assert max(len(value["statuses"]) for value in caught_webhooks.changes()) > 10


def _item(number: int, *, alone: bool = False, field: str = "messages") -> Item:
    body: dict[str, Any] = {"id": f"wamid.{number}"}
    return Item(SENDER, field, "statuses" if field == "messages" else "", body, alone=alone)


def test_an_envelope_groups_neighbours_and_keeps_strangers_apart() -> None:
    entries = envelope([_item(1), _item(2), _item(3, field="account_update"), _item(4)], at=5)["entry"]
    assert len(entries) == 1
    assert entries[0]["time"] == 5
    fields = [change["field"] for change in entries[0]["changes"]]
    assert fields == ["messages", "account_update", "messages"]
    assert len(entries[0]["changes"][0]["value"]["statuses"]) == 2
    split = envelope([_item(1), _item(2, alone=True), _item(3)], at=5)["entry"]
    assert [len(each["changes"][0]["value"]["statuses"]) for each in split] == [1, 2]


def test_an_override_takes_messages_away_and_nothing_else(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    account = f"/v25.0/{cloud_api.business_account_id}/subscribed_apps"
    with Catcher(cloud_api.app_secret, "other") as other, Catcher(cloud_api.app_secret, "number") as number:
        override = {"override_callback_uri": other.url, "verify_token": "other"}
        assert call(cloud_api, "POST", account, override).json == {"success": True}
        assert call(cloud_api, "GET", account).json["data"][0]["override_callback_uri"] == other.url
        send(cloud_api, invitation(DELIVERED))
        cloud_api.happen("lock-account")
        cloud_api.happen("unlock-account")
        cloud_api.settle()
        assert len(other.statuses()) == 2
        assert len(caught_webhooks.changes("account_update")) == 2
        assert caught_webhooks.statuses() == []
        configuration = {
            "webhook_configuration": {"override_callback_uri": number.url, "verify_token": "number"}
        }
        assert call(cloud_api, "POST", f"/v25.0/{cloud_api.phone_number_id}", configuration).json == {
            "success": True
        }
        send(cloud_api, invitation(DELIVERED))
        cloud_api.settle()
        assert (len(number.statuses()), len(other.statuses())) == (2, 2)
        wrong = {"override_callback_uri": other.url, "verify_token": "wrong"}
        assert call(cloud_api, "POST", account, wrong).code == 2200
        assert (
            call(cloud_api, "POST", account, {"override_callback_uri": "http://x/" + "y" * 200}).code == 100
        )
    assert call(cloud_api, "POST", account).json == {"success": True}
    assert (
        call(cloud_api, "POST", f"/v25.0/{cloud_api.phone_number_id}", {"webhook_configuration": {}}).http
        == 200
    )
    send(cloud_api, invitation(DELIVERED))
    cloud_api.settle()
    assert len(caught_webhooks.statuses()) == 2


def test_without_a_subscribed_app_nothing_is_told(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    account = f"/v25.0/{cloud_api.business_account_id}/subscribed_apps"
    assert call(cloud_api, "DELETE", account).json == {"success": True}
    assert call(cloud_api, "GET", account).json == {"data": []}
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert caught_webhooks.caught == []


def test_guests_answers_are_told_with_and_without_context(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    pressed = send(cloud_api, reminder("+447700900166", payload="yes:17")).wamid
    send(cloud_api, reminder("+447700900167"))
    written = send(cloud_api, reminder("+447700900168")).wamid
    cloud_api.settle()
    with_context, without_context, text = sorted(
        caught_webhooks.messages(), key=lambda each: str(each["from"])
    )
    assert with_context["type"] == "button"
    assert with_context["button"] == {"payload": "yes:17", "text": "Coming"}
    assert with_context["context"]["id"] == pressed
    assert without_context["button"] == {"payload": "Coming", "text": "Coming"}
    assert "context" not in without_context
    assert text["type"] == "text"
    assert text["context"]["id"] == written
    assert text["text"]["body"]


def test_a_guest_who_stops_marketing_is_told_and_not_reached_again(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    send(cloud_api, invitation("+447700900169"))
    cloud_api.settle()
    preference = caught_webhooks.changes("user_preferences")[0]["user_preferences"][0]
    assert (preference["value"], preference["category"]) == ("stop", "marketing_messages")
    assert isinstance(preference["timestamp"], int)
    again = send(cloud_api, invitation("+447700900169")).wamid
    useful = send(cloud_api, reminder("+447700900169")).wamid
    cloud_api.settle()
    assert cloud_api.message(again)["error_code"] == 131050
    assert cloud_api.message(useful)["final_status"] == "read"
    cloud_api.guest("+447700900169", "resume")
    back = send(cloud_api, invitation("+447700900169")).wamid
    cloud_api.settle()
    assert cloud_api.message(back)["final_status"] == "read"


def test_time_can_be_stamped_as_the_receiver_sees_it(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900155"))
    cloud_api.settle()
    first, *_, last = [int(each["timestamp"]) for each in caught_webhooks.statuses()]
    assert last - first >= 3 * 86400
    assert abs(first - time.time()) < 60


@pytest.mark.cloud_api(real_timestamps=True)
def test_real_timestamps_never_run_ahead(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900155"))
    cloud_api.settle()
    assert all(abs(int(each["timestamp"]) - time.time()) < 60 for each in caught_webhooks.statuses())


def test_attempts_grow_rarer() -> None:
    assert list(RETRY_AFTER_S) == sorted(RETRY_AFTER_S)
    assert sum(RETRY_AFTER_S) < SEVEN_DAYS_S
