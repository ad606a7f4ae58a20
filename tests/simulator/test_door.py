"""The front door hands on what it gets, byte for byte, and goes wrong in each way that it is told to."""

import json
from collections.abc import Iterator
from http.client import HTTPException

import pytest

from invy.testing import Catcher, CloudApi
from tests.simulator.client import READ, call, invitation, send

BODY = rb'{"text":"\u05d0\/","n":1}'


@pytest.fixture
def server(cloud_api: CloudApi) -> Iterator[Catcher]:
    """A server of the user's, behind the door."""
    with Catcher(cloud_api.app_secret, cloud_api.verify_token, answer=lambda _: 207) as catcher:
        cloud_api.lead_door(catcher.url.removesuffix("/webhook"))
        yield catcher


def post(api: CloudApi, body: bytes = BODY) -> int:
    return call(api, "POST", "/_simulator/door/webhook?a=%D7%90&a=2", raw=body).http


def challenge(api: CloudApi, token: str) -> tuple[int, str]:
    path = f"/_simulator/door/webhook?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=42"
    reply = call(api, "GET", path)
    return reply.http, reply.text


def test_it_hands_on_every_byte_and_the_answer_back(cloud_api: CloudApi, server: Catcher) -> None:
    assert post(cloud_api) == 207
    assert [each.body for each in server.caught] == [BODY]
    assert challenge(cloud_api, cloud_api.verify_token) == (200, "42")
    assert challenge(cloud_api, "wrong") == (403, "")
    assert cloud_api.state()["door"]["passed"] == 3


def test_webhooks_that_come_through_it_keep_their_signature(cloud_api: CloudApi, server: Catcher) -> None:
    server.answer = lambda caught: 200 if caught.genuine else 401
    address = cloud_api.call("GET", "/_simulator/door")["address"]
    cloud_api.set_callback(f"{address}/webhook")
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert [each["status"] for each in server.statuses()] == ["sent", "delivered", "read"]


def test_rewriting_keeps_the_meaning_and_breaks_the_signature(cloud_api: CloudApi, server: Catcher) -> None:
    address = cloud_api.call("GET", "/_simulator/door")["address"]
    server.answer = lambda caught: 200 if caught.genuine else 401
    cloud_api.set_callback(f"{address}/webhook")
    cloud_api.happen("spoil-door", how="rewrite")
    send(cloud_api, invitation(READ))
    cloud_api.advance(120)
    assert server.caught
    assert not any(each.genuine for each in server.caught)
    assert {each["status"] for each in server.statuses(genuine_only=False)} == {"sent", "delivered", "read"}
    cloud_api.happen("mend-door")
    cloud_api.settle()
    assert len(server.statuses()) == 3, "what was refused comes again"


def test_what_is_no_json_passes_a_rewriting_door_unchanged(cloud_api: CloudApi, server: Catcher) -> None:
    cloud_api.happen("spoil-door")
    post(cloud_api, b"{half")
    assert [each.body for each in server.caught] == [b"{half"]


def test_a_stripping_door_takes_the_signature_away_and_leaves_the_body(
    cloud_api: CloudApi, server: Catcher
) -> None:
    address = cloud_api.call("GET", "/_simulator/door")["address"]
    cloud_api.set_callback(f"{address}/webhook")
    cloud_api.happen("spoil-door", how="strip")
    send(cloud_api, invitation(READ))
    cloud_api.advance(120)
    assert {each.signature for each in server.caught} == {""}
    assert json.loads(server.caught[0].body)["object"] == "whatsapp_business_account"


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("login", 200, "Please log in"),
        ("redirect", 302, ""),
        ("lost-route", 404, "404"),
        ("firewall", 403, "blocked"),
        ("too-large", 413, "413"),
        ("bad-gateway", 502, "502"),
        ("swallow", 200, "ok"),
        ("echo", 200, "ok"),
        ("slow", 504, "504"),
    ],
)
def test_a_spoilt_door_answers_by_itself_and_hands_nothing_on(
    cloud_api: CloudApi, server: Catcher, how: str, status: int, words: str
) -> None:
    cloud_api.happen("spoil-door", how=how, takes="10ms")
    reply = call(cloud_api, "POST", "/_simulator/door/webhook", raw=BODY)
    assert (reply.http, words in reply.text) == (status, True)
    assert server.caught == []
    assert ("location" in reply.headers) == (how == "redirect")


def test_a_careless_door_echoes_every_challenge(cloud_api: CloudApi, server: Catcher) -> None:
    cloud_api.happen("spoil-door", how="echo")
    assert challenge(cloud_api, "wrong") == (200, "42")
    assert server.caught == []


def test_a_door_that_breaks_the_connection_gives_no_answer(cloud_api: CloudApi, server: Catcher) -> None:
    cloud_api.happen("spoil-door", how="cut")
    with pytest.raises((HTTPException, OSError)):
        post(cloud_api)
    assert server.caught == []


def test_a_trouble_can_concern_one_method_only_and_ends_by_itself(
    cloud_api: CloudApi, server: Catcher
) -> None:
    cloud_api.happen("spoil-door", how="firewall", method="post", lasts="5m")
    assert challenge(cloud_api, cloud_api.verify_token) == (200, "42")
    assert post(cloud_api) == 403
    assert cloud_api.state()["door"]["spoilt"] == "firewall"
    cloud_api.advance(301)
    assert post(cloud_api) == 207
    assert cloud_api.state()["door"]["spoilt"] is None
    assert len(server.caught) == 1


def test_a_door_that_leads_nowhere_or_to_itself_says_so(cloud_api: CloudApi) -> None:
    assert post(cloud_api) == 502
    cloud_api.lead_door("http://127.0.0.1:9")
    assert post(cloud_api) == 502
    cloud_api.lead_door(f"{cloud_api.base_url}/_simulator/door")
    assert post(cloud_api) == 508


def test_it_leads_to_addresses_only(cloud_api: CloudApi) -> None:
    reply = call(cloud_api, "POST", "/_simulator/door", {"leads_to": "ftp://x"})
    assert (reply.http, "http://127.0.0.1:8000" in reply.json["error"]) == (400, True)
