"""Answers on a bad day: each kind as described, of those calls only, for so long only; and other facts about things."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

import pytest

from invy.simulator.oddity import Oddity
from invy.testing import Catcher, CloudApi
from invy.testing.cloud_api import SimulatorTrouble
from tests.simulator.client import READ, Reply, call, invitation, reminder, send


def number(api: CloudApi, fields: str = "id,status,throughput,is_pin_enabled") -> Reply:
    return call(api, "GET", f"/v25.0/{api.phone_number_id}?fields={fields}")


def of_kind(api: CloudApi, how: Oddity) -> Reply:
    api.happen("odd-answers", how=how, takes="50ms")
    return number(api)


def test_every_kind_of_odd_answer_differs_from_the_usual_one(cloud_api: CloudApi) -> None:
    usual = number(cloud_api)
    for how in Oddity:
        cloud_api.happen("odd-answers", how=how, takes="50ms")
        if how is Oddity.CUT:
            with pytest.raises((HTTPException, OSError)):
                number(cloud_api)
        else:
            odd = number(cloud_api)
            gone = set(usual.headers) - set(odd.headers)
            assert odd.text != usual.text or gone or how is Oddity.SLOW, how
        cloud_api.happen("usual-answers")
    assert number(cloud_api).text == usual.text


def test_a_login_page_comes_with_200_and_as_html(cloud_api: CloudApi) -> None:
    reply = of_kind(cloud_api, Oddity.HTML)
    assert (reply.http, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "sign in" in reply.text


@pytest.mark.parametrize("how", [Oddity.HTML, Oddity.EMPTY, Oddity.TRUNCATED, Oddity.BINARY, Oddity.DEEP])
def test_what_is_not_json_cannot_be_read_as_json(cloud_api: CloudApi, how: Oddity) -> None:
    with pytest.raises((ValueError, RecursionError)):
        json.loads(of_kind(cloud_api, how).text)


def test_wrong_types_keep_the_names_and_unknown_fields_keep_the_rest(cloud_api: CloudApi) -> None:
    usual = number(cloud_api).json
    retyped = of_kind(cloud_api, Oddity.WRONG_TYPES).json
    assert set(retyped) == set(usual)
    assert [type(retyped["id"]), type(retyped["throughput"]["level"]), retyped["is_pin_enabled"]] == [
        int,
        int,
        "perhaps",
    ]
    cloud_api.happen("usual-answers")
    strange = of_kind(cloud_api, Oddity.UNKNOWN_FIELDS).json
    assert strange.items() >= {"id": usual["id"], "status": usual["status"]}.items()
    assert "member_of_tomorrow" in strange
    assert "member_of_tomorrow" in strange["throughput"]


def test_no_date_takes_the_header_away_and_nothing_else(cloud_api: CloudApi) -> None:
    usual, dateless = number(cloud_api), of_kind(cloud_api, Oddity.NO_DATE)
    assert set(usual.headers) - set(dateless.headers) == {"date"}
    assert usual.text == dateless.text


def test_an_oddity_can_be_limited_to_some_calls_and_to_so_many(cloud_api: CloudApi) -> None:
    cloud_api.happen("odd-answers", how="empty", where="fields=status", calls=2)
    seen = [bool(number(cloud_api, fields).text) for fields in ("status", "throughput", "status", "status")]
    assert seen == [False, True, False, True]


def test_it_ends_by_itself(cloud_api: CloudApi) -> None:
    cloud_api.happen("odd-answers", how="empty", lasts="10m")
    assert number(cloud_api).text == ""
    cloud_api.advance(601)
    assert number(cloud_api).json["status"] == "CONNECTED"


def test_an_odd_answer_to_a_send_comes_after_the_message_was_accepted(cloud_api: CloudApi) -> None:
    cloud_api.happen("odd-answers", how="html", where="/messages")
    assert send(cloud_api, invitation(READ)).text.startswith("<!DOCTYPE")
    cloud_api.settle()
    assert [each["final_status"] for each in cloud_api.messages()] == ["read"]


def test_a_refused_call_has_done_nothing(cloud_api: CloudApi) -> None:
    cloud_api.happen("refuse-calls", code=190, where="/messages", calls=1)
    assert (send(cloud_api, invitation(READ)).http, cloud_api.messages()) == (401, [])
    assert send(cloud_api, invitation(READ)).http == 200


@pytest.mark.parametrize(
    ("rule", "http", "code", "message"),
    [
        ({}, 403, 368, "(#368) Temporarily blocked for policies violations"),
        ({"code": 0}, 401, 0, "AuthException"),
        ({"code": 80007}, 400, 80007, "Business request limit reached for WhatsApp Business Account"),
        ({"code": 987654}, 400, 987654, "(#987654) Something new"),
        ({"code": 10, "message": "Not granted"}, 403, 10, "Not granted"),
    ],
)
def test_any_code_can_be_the_reason(
    cloud_api: CloudApi, rule: dict[str, Any], http: int, code: int, message: str
) -> None:
    cloud_api.happen("refuse-calls", **rule)
    reply = number(cloud_api)
    assert (reply.http, reply.code, reply.json["error"]["message"]) == (http, code, message)


@pytest.mark.parametrize(("skew", "seconds"), [("3h", 10_800), ("-90s", -90)])
def test_metas_clock_can_differ_from_ours(cloud_api: CloudApi, skew: str, seconds: int) -> None:
    def ahead() -> timedelta:
        return parsedate_to_datetime(number(cloud_api).headers["date"]) - datetime.now(UTC)

    assert abs(ahead()) < timedelta(seconds=30)
    cloud_api.happen("clock-skew", skew=skew)
    assert abs(ahead() - timedelta(seconds=seconds)) < timedelta(seconds=30)
    cloud_api.happen("clock-right")
    assert abs(ahead()) < timedelta(seconds=30)


def test_other_facts_are_told_and_nothing_else_changes(cloud_api: CloudApi) -> None:
    cloud_api.happen("change-facts", about="number", facts={"status": "FLAGGED"}, without=["throughput"])
    assert number(cloud_api).json == {
        "id": cloud_api.phone_number_id,
        "status": "FLAGGED",
        "is_pin_enabled": True,
    }
    assert send(cloud_api, invitation(READ)).http == 200
    cloud_api.happen("usual-facts")
    assert number(cloud_api).json["status"] == "CONNECTED"


def test_facts_can_be_those_of_a_token_a_template_an_account_or_a_subscription(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    app, waba = cloud_api.app_id, cloud_api.business_account_id
    for about, facts in (
        ("token", {"type": "USER"}),
        ("template", {"category": "AUTHENTICATION"}),
        ("account", {"name": "Another"}),
        ("subscription", {"active": False}),
        ("subscribed-app", {"whatsapp_business_api_data": {"id": "1"}}),
    ):
        cloud_api.happen("change-facts", about=about, facts=facts, template="hina_invitation")
    debug = call(cloud_api, "GET", f"/v25.0/debug_token?input_token={cloud_api.access_token}").json
    assert debug["data"]["type"] == "USER"
    rows = call(cloud_api, "GET", f"/v25.0/{waba}/message_templates?fields=name,category").json["data"]
    assert {each["name"]: each["category"] for each in rows} == {
        "hina_invitation": "AUTHENTICATION",
        "rsvp_reminder": "UTILITY",
    }
    assert send(cloud_api, reminder(READ)).http == 200
    token = f"{app}|{cloud_api.app_secret}"
    there = call(cloud_api, "GET", f"/v25.0/{app}/subscriptions", token=token).json["data"][0]
    assert (there["active"], there["callback_url"]) == (False, caught_webhooks.url)
    listed = call(cloud_api, "GET", f"/v25.0/{waba}/subscribed_apps").json["data"]
    assert listed == [{"whatsapp_business_api_data": {"id": "1"}}]


@pytest.mark.cloud_api
def test_a_field_that_was_withdrawn_fails_the_call_that_asks_for_it(cloud_api: CloudApi) -> None:
    cloud_api.happen("withdraw-fields", about="number", without=["throughput"])
    reply = number(cloud_api)
    assert (reply.code, "nonexisting field (throughput)" in reply.json["error"]["message"]) == (100, True)
    assert number(cloud_api, "status").http == 200


@pytest.mark.parametrize(
    ("incident", "details", "words"),
    [
        ("odd-answers", {"how": "purple"}, "truncated"),
        ("spoil-door", {"how": "html"}, "lost-route"),
        ("change-facts", {"about": "weather"}, "subscribed-app"),
        ("clock-skew", {"skew": "soon"}, "not a duration"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_words_there_are(
    cloud_api: CloudApi, incident: str, details: dict[str, Any], words: str
) -> None:
    with pytest.raises(SimulatorTrouble, match=words):
        cloud_api.happen(incident, **details)
    assert cloud_api.state()["incidents"] == []


def test_a_number_s_webhooks_can_be_taken_away_by_somebody_else(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    with Catcher(cloud_api.app_secret, "x") as thief:
        cloud_api.happen("override-number", url=thief.url)
        send(cloud_api, invitation(READ))
        cloud_api.settle()
        assert (len(thief.statuses()), caught_webhooks.caught) == (3, [])
    cloud_api.happen("override-number")
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert len(caught_webhooks.statuses()) == 3


def test_an_unreadable_webhook_is_signed_by_meta_and_is_no_json(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    cloud_api.happen("unreadable-webhook")
    cloud_api.settle()
    [caught] = caught_webhooks.caught
    assert caught.genuine
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(caught.body)


def test_a_stranger_comes_once_unsigned_and_with_nothing_of_metas(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    cloud_api.happen("stranger")
    cloud_api.settle()
    [caught] = caught_webhooks.caught
    assert (caught.genuine, caught.signature, b"whatsapp" in caught.body) == (False, "", False)
