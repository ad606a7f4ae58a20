"""Scenarios: each shipped one loads, says what it is, and does what it says; a typing error never passes."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from invy.simulator.clock import Clock
from invy.simulator.incident import plan
from invy.simulator.scenario import Scenario, ScenarioInvalid, load_scenario, read_scenario, seconds, shipped
from invy.simulator.world import World
from invy.testing import Catcher, CloudApi, running
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
        ("speed = 0.0", "more than 0"),
        ("batch = 0", "1 to 1000"),
        ("numbers = 0", "1 to 100"),
        ("latency_ms = [9.0, 3.0]", "smaller one first"),
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


@dataclass(frozen=True)
class Outcome:
    """What sixty invitations in a scenario came to: answers, truth, and what was told."""

    answers: list[int]
    errors: list[int | None]
    state: dict[str, Any]
    told: Catcher

    def count(self, code: int) -> int:
        return self.errors.count(code) + self.answers.count(code)


def _play(scenario: str, *, count: int = 60, **changes: Any) -> Outcome:
    """Invite so many guests. An answer is 200, an error code, or 0 when there was none that says anything."""
    with running(scenario=scenario, seed=5, magic=False, **changes) as api, _caught(api) as told:
        answers = []
        for each in range(count):
            try:
                reply = send(api, invitation(f"+999{each:08d}", opaque=f"m-{each}"))
            except ConnectionError:
                answers.append(0)
                continue
            known = "application/json" in reply.headers["content-type"] and reply.http < 500
            answers.append(200 if reply.http == 200 else reply.code if known else 0)
        state = api.settle()
        return Outcome(answers, [each["error_code"] for each in api.messages()], state, told)


@contextmanager
def _caught(api: CloudApi) -> Iterator[Catcher]:
    with Catcher(api.app_secret, api.verify_token) as told:
        api.set_callback(told.url)
        yield told


CALM: dict[str, Any] = {"limits": {"per_second": 0, "pair": False}}
OUTCOMES: dict[str, tuple[dict[str, Any], Callable[[Outcome], bool]]] = {
    "sunny": ({}, lambda it: it.state["by_status"] == {"read": 60}),
    "blocked": (CALM, lambda it: 6 < it.state["by_status"]["sent"] < 25),
    "not-on-whatsapp": (CALM, lambda it: 10 < it.count(131026) < 32),
    "marketing-cap": (CALM, lambda it: all(it.count(each) for each in (131049, 130472, 131050))),
    "media-unfetchable": (CALM, lambda it: it.count(131053) == 60),
    "token-expired": (CALM, lambda it: it.answers == [200] * 20 + [190] * 40),
    "account-locked": (CALM, lambda it: it.answers == [200] * 20 + [131031] * 40),
    "template-edited": (CALM, lambda it: it.answers == [200] * 20 + [132000] * 40),
    "payment-problem": (CALM, lambda it: it.answers == [200] * 60 and it.errors[20:] == [131042] * 40),
    "maintenance": (CALM, lambda it: it.answers == [200] * 50 + [0] * 10),
    "template-held": (CALM, lambda it: it.answers == [200] * 60 and 132015 not in it.errors),
    "template-paused": (
        CALM,
        lambda it: it.errors[50:] == [132015] * 10 and "PAUSED" in it.state["templates"].values(),
    ),
    "hijacked": (CALM, lambda it: len({each["id"] for each in it.told.statuses()}) <= 20),
    "rate-limited": ({}, lambda it: it.count(130429) > 10),
    "test-number": ({}, lambda it: it.answers == [131030] * 60),
    "webhooks-lost": (CALM, lambda it: it.state["webhooks"]["lost"] > 10),
    "history-forbidden": (CALM, lambda it: it.state["webhooks"]["lost"] > 3),
    "lost-replies": (
        CALM,
        lambda it: it.answers.count(0) > 3 and it.state["messages"] > it.answers.count(200),
    ),
    "out-of-order": (CALM, lambda it: len(it.told.caught) < len(it.told.statuses()) > 170),
    "hostile": (CALM, lambda it: not all(each.genuine for each in it.told.caught)),
    "hidden-numbers": (
        CALM,
        lambda it: 20 < sum("recipient_id" not in each for each in it.told.statuses()) < 140,
    ),
    "garbled-answers": (CALM, lambda it: it.state["messages"] == 60),
    "secret-reset": (CALM, lambda it: bool(it.told.caught) and not it.told.statuses()),
    "webhook-v21": (CALM, lambda it: any("conversation" in each for each in it.told.statuses())),
    "webhook-outage": (CALM, lambda it: it.state["webhooks"]["lost"] > 0),
    "phones-off": (CALM, lambda it: it.state["running_for_s"] > 86_400),
    "meta-outage": (CALM, lambda it: it.answers == [200] * 60),
    "template-disabled": (CALM, lambda it: it.answers == [200] * 20 + [132015] * 40),
    "slow-replies": (
        CALM | {"latency_ms": [1, 2], "chaos": {"slow_reply": 0.05, "slow_reply_s": 0.05}},
        lambda it: it.state["troubles"]["slow_reply"] > 0,
    ),
    "storm": (
        CALM | {"latency_ms": [0, 0]},
        lambda it: it.state["settled"] and bool(it.state["troubles"]),
    ),
    "wedding-500": (CALM | {"latency_ms": [0, 0]}, lambda it: it.state["by_status"]["read"] > 30),
}


OF_THEIR_OWN = {"tier-250", "rewriting-proxy"}


@pytest.mark.parametrize("name", [each for each in SHIPPED if each not in OF_THEIR_OWN])
def test_a_shipped_scenario_does_what_it_says(name: str) -> None:
    changes, holds = OUTCOMES[name]
    outcome = _play(name, **changes)
    assert holds(outcome), (outcome.answers, outcome.errors, outcome.state)
    assert outcome.state["settled"]


def test_a_new_business_reaches_two_hundred_and_fifty_guests_a_day() -> None:
    outcome = _play("tier-250", count=260, limits={"tier": 250, "per_second": 0})
    assert outcome.answers == [200] * 250 + [131048] * 10


@pytest.mark.cloud_api(scenario="rewriting-proxy", mix="all-delivered", limits={"per_second": 0})
def test_what_a_proxy_has_spoilt_comes_again_and_fits_once_it_is_mended(cloud_api: CloudApi) -> None:
    with Catcher(cloud_api.app_secret, cloud_api.verify_token) as server:
        cloud_api.set_callback(cloud_api.lead_door(server.url.removesuffix("/webhook")) + "/webhook")
        sent = [send(cloud_api, invitation(f"+999{each:08d}")).wamid for each in range(30)]
        cloud_api.advance(3600)
        refused = [each for each in server.caught if not each.genuine]
        assert refused
        assert b": " in refused[0].body
        cloud_api.settle()
        assert {each["id"] for each in server.statuses()} == set(sent)


@pytest.mark.cloud_api(scenario="garbled-answers")
def test_half_an_answer_says_nothing_and_the_message_goes_out_all_the_same(cloud_api: CloudApi) -> None:
    replies = [send(cloud_api, invitation(f"+999{each:08d}")) for each in range(22)]
    assert [each.text.endswith("}") for each in replies] == [True] * 20 + [False] * 2
    cloud_api.advance(601)
    assert send(cloud_api, invitation(READ)).wamid
    assert cloud_api.state()["messages"] == 23


def test_a_storm_is_the_same_storm_again_with_the_same_seed_and_another_with_another() -> None:
    def weather(seed: int) -> tuple[list[int], Counter[tuple[str, str, bool]]]:
        told: Counter[tuple[str, str, bool]] = Counter()
        with (
            running(scenario="storm", seed=seed, magic=False, batch=1, latency_ms=[0, 0], **CALM) as api,
            _caught(api) as caught,
        ):
            answers = []
            for each in range(80):
                try:
                    answers.append(send(api, invitation(f"+999{each:08d}", opaque=f"m-{each}")).http)
                except ConnectionError:
                    answers.append(0)
            api.settle()
            for post in caught.caught:
                for entry in post.payload["entry"]:
                    for change in entry["changes"]:
                        for status in change["value"].get("statuses", []):
                            told[status["biz_opaque_callback_data"], status["status"], post.genuine] += 1
        return answers, told

    assert weather(21) == weather(21)
    assert weather(21) != weather(22)


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
