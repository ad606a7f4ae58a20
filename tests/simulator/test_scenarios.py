"""Scenarios: each shipped one loads, says what it is, and does what it says; a typing error never passes."""

from pathlib import Path

import pytest

from invy.simulator.clock import Clock
from invy.simulator.incident import plan
from invy.simulator.scenario import Scenario, ScenarioInvalid, load_scenario, read_scenario, seconds, shipped
from invy.simulator.world import World
from invy.testing import Catcher, CloudApi
from tests.simulator.client import READ, call, invitation, reminder, send

SHIPPED = sorted(shipped())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_loads_starts_and_describes_itself(name: str) -> None:
    scenario = load_scenario(name)
    assert len(scenario.description) > 30
    assert scenario.description.endswith(".")
    plan(World(scenario, Clock()))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour = 1", "colour"),
        ("[chaos]\nduplicates = 0.1", "duplicates"),
        ("[chaos]\nlose = 2.0", "between 0 and 1"),
        ("[mix]\nreed = 1", "reed"),
        ("[mix]\nread = 0", "above 0"),
        ("[mix]\nread = -1", "negative"),
        ('mix = "sunshine"', "sunshine"),
        ("[replies]\nshout = 1", "shout"),
        ('[[incident]]\ndo = "lock-account"\nat = "soon"', "soon"),
        ("not toml", "source"),
    ],
)
def test_a_typing_error_never_passes_for_calm(text: str, complaint: str) -> None:
    with pytest.raises(ScenarioInvalid, match=complaint):
        read_scenario(text, source="source")


def test_a_scenario_of_ones_own_is_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('description = "mine"\n[mix]\nread = 1\n')
    assert load_scenario(str(mine)).description == "mine"
    with pytest.raises(ScenarioInvalid, match="cannot be read"):
        load_scenario(str(tmp_path / "none.toml"))
    with pytest.raises(ScenarioInvalid, match="wedding-500"):
        load_scenario("no-such-scenario")


@pytest.mark.parametrize(
    ("text", "value"), [("90s", 90), ("5m", 300), ("2h", 7200), ("1.5d", 129_600), ("250ms", 0.25)]
)
def test_durations_are_read(text: str, value: float) -> None:
    assert seconds(text) == value


def test_no_scenario_is_a_calm_world() -> None:
    assert World(Scenario(), Clock()).chaos.calm


@pytest.mark.cloud_api(scenario="wedding-500", seed=8, limits={"per_second": 0}, latency_ms=[0, 0])
def test_a_wedding_of_five_hundred_ends_with_everybody_accounted_for(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    for each in range(500):
        assert send(cloud_api, reminder(f"+999{each:08d}", payload=f"rsvp:{each}")).http == 200
    state = cloud_api.settle()
    assert state["settled"]
    assert sum(state["by_status"].values()) == 500
    assert state["by_status"]["read"] > 300
    assert {"sent", "delivered", "failed"} <= set(state["by_status"])
    told: dict[str, set[str]] = {}
    for status in caught_webhooks.statuses():
        told.setdefault(status["id"], set()).add(status["status"])
    for message in cloud_api.messages():
        events = {each["status"] for each in message["events"] if each["webhook"] == "DELIVERED"}
        assert told.get(message["wamid"], set()) == events
    assert 100 < sum(each["type"] == "button" for each in caught_webhooks.messages()) < 300
    assert all(each["received"] <= 1 for each in cloud_api.guests())


@pytest.mark.cloud_api(scenario="storm", seed=4, limits={"per_second": 0, "pair": False}, latency_ms=[0, 0])
def test_in_a_storm_the_witness_still_knows_the_truth(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    cloud_api.chaos(
        **dict.fromkeys(("lost_reply", "error_before", "error_after", "duplicate", "lose", "reorder"), 0.15)
    )
    accepted: set[str] = set()
    for each in range(150):
        try:
            reply = send(cloud_api, invitation(f"+999{each:08d}", opaque=f"guest:{each}"))
        except ConnectionError:
            continue
        if reply.http == 200:
            accepted.add(reply.wamid)
    cloud_api.settle()
    truth = {each["wamid"]: each for each in cloud_api.messages()}
    assert accepted < set(truth)
    assert {each["id"] for each in caught_webhooks.statuses()} <= set(truth)
    for status in caught_webhooks.statuses():
        assert status["biz_opaque_callback_data"] == truth[status["id"]]["biz_opaque_callback_data"]
    assert all(each["accepted"] == 1 for each in cloud_api.guests())


@pytest.mark.cloud_api(scenario="token-expired")
def test_the_token_expires_in_the_middle(cloud_api: CloudApi) -> None:
    replies = [send(cloud_api, invitation(f"+999{each:08d}")).http for each in range(25)]
    assert replies == [200] * 20 + [401] * 5


@pytest.mark.cloud_api(scenario="template-disabled")
def test_a_template_is_paused_twice_and_then_disabled(cloud_api: CloudApi) -> None:
    for each in range(20):
        send(cloud_api, invitation(f"+999{each:08d}"))
    codes = []
    for hours in (0, 3.5, 1, 7, 10):
        cloud_api.advance(hours * 3600)
        reply = send(cloud_api, invitation(READ))
        codes.append(reply.http if reply.http == 200 else reply.code)
    assert codes == [132015, 200, 132015, 200, 132016]


@pytest.mark.cloud_api(scenario="test-number")
def test_a_test_number_is_shown_as_a_sandbox(cloud_api: CloudApi) -> None:
    path = f"/v25.0/{cloud_api.phone_number_id}?fields=account_mode"
    assert call(cloud_api, "GET", path).json["account_mode"] == "SANDBOX"
    assert send(cloud_api, invitation("+447700900151")).code == 131030


@pytest.mark.cloud_api(scenario="meta-outage")
def test_an_outage_comes_and_goes(cloud_api: CloudApi) -> None:
    answers = []
    for wait in (0, 31, 300, 301):
        cloud_api.advance(wait)
        answers.append(send(cloud_api, invitation(READ)).http)
    assert answers == [200, 503, 503, 200]
