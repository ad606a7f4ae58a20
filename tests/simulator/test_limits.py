"""How much may be sent: each limit refuses with its own code, recovers with time, and can be switched off."""

import pytest

from invy.simulator.limits import Limits
from invy.simulator.refusal import Refusal
from invy.simulator.scenario import LimitRules
from invy.testing import Catcher, CloudApi
from tests.simulator.client import READ, call, invitation, reminder, send


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _sent(limits: Limits, count: int, *, now: float = 0.0, number: str = "n", to: str = "") -> int:
    """How many of so many sends get through."""
    accepted = 0
    for each in range(count):
        try:
            limits.check_send(number, to or f"guest {each}", now, window_open=False)
        except Refusal:
            continue
        accepted += 1
    return accepted


def test_throughput_is_per_number_and_second() -> None:
    hand = Hand()
    limits = Limits(LimitRules(per_second=80), hand)
    assert _sent(limits, 100) == 80
    assert _sent(limits, 100, number="another") == 80
    hand.now = 0.99
    assert _sent(limits, 10) == 0
    hand.now = 1.01
    assert _sent(limits, 100) == 80


def test_incoming_messages_take_from_the_same_throughput() -> None:
    limits = Limits(LimitRules(per_second=10), Hand())
    for _ in range(4):
        limits.count_inbound("n")
    assert _sent(limits, 10) == 6


def test_the_pair_rate_lends_a_burst_and_takes_it_back_at_one_in_six_seconds() -> None:
    limits = Limits(LimitRules(per_second=0), Hand())
    assert _sent(limits, 60, to="one guest") == 45
    assert _sent(limits, 5, now=5.9, to="one guest") == 0
    assert _sent(limits, 5, now=6.1, to="one guest") == 1
    assert _sent(limits, 5, now=6.1, to="somebody else") == 5


def test_the_tier_counts_different_guests_in_a_rolling_day() -> None:
    limits = Limits(LimitRules(per_second=0, pair=False, tier=250))
    assert _sent(limits, 400) == 250
    assert _sent(limits, 250, now=3600) == 250
    assert _sent(limits, 400, now=86401) == 250


def test_every_limit_can_be_switched_off() -> None:
    assert _sent(Limits(LimitRules(per_second=0, pair=False)), 5000, to="one guest") == 5000


@pytest.mark.cloud_api(limits={"per_second": 5})
def test_the_refusal_is_metas(cloud_api: CloudApi) -> None:
    replies = [send(cloud_api, invitation(f"+99900000{each:04d}")) for each in range(8)]
    refused = [each for each in replies if each.http != 200]
    assert refused
    assert {(each.http, each.code) for each in refused} == {(400, 130429)}
    assert len(cloud_api.messages()) == 8 - len(refused)


@pytest.mark.cloud_api(limits={"per_second": 0, "tier": 3})
def test_the_tier_opens_again_when_a_day_is_fast_forwarded(cloud_api: CloudApi) -> None:
    codes = [send(cloud_api, invitation(f"+99900000{each:04d}")).http for each in range(5)]
    assert codes == [200, 200, 200, 400, 400]
    cloud_api.advance(86_400)
    assert send(cloud_api, invitation("+9990000000004")).http == 200


@pytest.mark.cloud_api(limits={"management_per_hour": 2})
def test_management_calls_have_their_own_limit_and_header(cloud_api: CloudApi) -> None:
    path = f"/v25.0/{cloud_api.phone_number_id}"
    assert "call_count" in call(cloud_api, "GET", path).headers["x-business-use-case-usage"]
    call(cloud_api, "GET", path)
    assert call(cloud_api, "GET", path).code == 80007
    assert send(cloud_api, invitation(READ)).http == 200
    cloud_api.advance(3601)
    assert call(cloud_api, "GET", path).http == 200


@pytest.mark.cloud_api(limits={"allowed_recipients": [READ]})
def test_a_test_number_writes_to_registered_guests_only(cloud_api: CloudApi) -> None:
    assert send(cloud_api, invitation(READ)).http == 200
    reply = send(cloud_api, invitation("+447700900151"))
    assert (reply.code, reply.json["error"]["error_subcode"]) == (131030, 2655007)


@pytest.mark.cloud_api(limits={"us_marketing_paused": True})
def test_marketing_to_the_united_states_can_be_paused(cloud_api: CloudApi) -> None:
    marketing = send(cloud_api, invitation("+12025550150")).wamid
    useful = send(cloud_api, reminder("+12025550150")).wamid
    elsewhere = send(cloud_api, invitation(READ)).wamid
    cloud_api.settle()
    assert cloud_api.message(marketing)["error_code"] == 131049
    assert cloud_api.message(useful)["final_status"] == cloud_api.message(elsewhere)["final_status"] == "read"


@pytest.mark.cloud_api(mix="all-delivered", pacing={"hold_after": 2, "hold_s": 600})
def test_held_messages_are_released_after_a_while(cloud_api: CloudApi) -> None:
    replies = [send(cloud_api, invitation(f"+99900000{each:04d}")) for each in range(5)]
    words = [each.json["messages"][0]["message_status"] for each in replies]
    assert words == ["accepted"] * 2 + ["held_for_quality_assessment"] * 3
    cloud_api.advance(590)
    assert cloud_api.state()["by_status"] == {"delivered": 2, "accepted": 3}
    cloud_api.settle()
    assert cloud_api.state()["by_status"] == {"delivered": 5}
    assert send(cloud_api, invitation("+9990000009999")).json["messages"][0]["message_status"] == "accepted"


@pytest.mark.cloud_api(mix="all-delivered", pacing={"hold_after": 2, "hold_s": 600, "drop": True})
def test_held_messages_are_dropped_and_the_template_paused_when_it_goes_badly(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    for each in range(5):
        send(cloud_api, invitation(f"+99900000{each:04d}"))
    cloud_api.settle()
    assert [each["error_code"] for each in cloud_api.messages()] == [None, None, 132015, 132015, 132015]
    assert send(cloud_api, invitation("+9990000009999")).code == 132015
    paused = caught_webhooks.changes("message_template_status_update")
    assert [(each["event"], each["other_info"]["title"]) for each in paused] == [
        ("PAUSED", "RATE_LIMITING_PAUSE")
    ]
