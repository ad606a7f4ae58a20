"""Everybody's fate is decided by seed, number and how many came before: never by order or time."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.simulator.fate import MIXES, Ending, Reaction, Status, choose, fate_of
from invy.simulator.magic import MAGIC, magic_fate, named_fate
from invy.testing import Catcher, CloudApi, running
from tests.simulator.client import invitation, send

NUMBERS = [f"+4477009002{each:02d}" for each in range(40)]


@given(
    seed=st.integers(0, 10**6),
    number=st.from_regex(r"[1-9][0-9]{9,12}", fullmatch=True),
    nth=st.integers(1, 50),
)
def test_a_fate_is_the_same_each_time_it_is_asked_for(seed: int, number: str, nth: int) -> None:
    mix = MIXES["harsh"]
    assert fate_of(seed, number, nth, mix) == fate_of(seed, number, nth, mix)


@given(st.floats(0, 1, exclude_max=True), st.sampled_from(sorted(MIXES)))
def test_every_chance_ends_somewhere(chance: float, mix: str) -> None:
    assert choose(MIXES[mix], chance) in MIXES[mix]


@given(st.integers(0, 10**6), st.from_regex(r"[1-9][0-9]{9,12}", fullmatch=True))
def test_a_fate_is_a_way_that_meta_could_tell(seed: int, number: str) -> None:
    steps = fate_of(seed, number, 1, MIXES["harsh"]).steps
    statuses = [each.status for each in steps]
    in_order = [Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED]
    assert statuses == sorted(statuses, key=in_order.index)
    assert all(each.after_s >= 0 for each in steps)
    assert all((each.code is not None) == (each.status is Status.FAILED) for each in steps)


def _fates(order: list[str], seed: int) -> dict[str, list[tuple[str, int | None]]]:
    with running(seed=seed, mix="harsh", limits={"per_second": 0}) as api:
        for number in order:
            send(api, invitation(number))
        api.settle()
        found: dict[str, list[tuple[str, int | None]]] = {}
        for each in api.messages():
            found.setdefault(each["to"], []).append((each["final_status"], each["error_code"]))
        return found


def test_the_order_of_sending_changes_nobodys_fate_but_the_seed_does() -> None:
    order = NUMBERS * 2
    shuffled = random.Random(5).sample(order, len(order))
    assert _fates(order, seed=11) == _fates(shuffled, seed=11)
    assert _fates(order, seed=11) != _fates(order, seed=12)


def test_the_realistic_mix_has_every_ending_in_about_its_share() -> None:
    endings = [fate_of(3, f"4477{each:08d}", 1, MIXES["realistic"]).name for each in range(4000)]
    for ending, weight in MIXES["realistic"].items():
        share = endings.count(ending.value) / len(endings)
        assert share == pytest.approx(weight / 100, rel=0.5, abs=0.004)
    assert 0.6 < (endings.count(Ending.READ) + endings.count(Ending.READ_AT_ONCE)) / len(endings) < 0.8


def test_replies_are_given_by_about_the_share_asked_for() -> None:
    replies = {Reaction.BUTTON: 0.5, Reaction.STOP: 0.1}
    fates = [fate_of(3, f"4477{each:08d}", 1, MIXES["all-read"], replies) for each in range(2000)]
    assert sum(each.reaction is Reaction.BUTTON for each in fates) / 2000 == pytest.approx(0.5, abs=0.05)
    assert sum(each.reaction is Reaction.STOP for each in fates) / 2000 == pytest.approx(0.1, abs=0.03)


def test_magic_lies_within_the_numbers_reserved_for_fiction() -> None:
    assert all(150 <= int(suffix) <= 199 and len(suffix) == 4 for suffix in MAGIC)
    assert magic_fate("447700900156") == magic_fate("12025550156") == MAGIC["0156"]
    assert magic_fate("447700900300") is None


PLAIN = [suffix for suffix, fate in MAGIC.items() if not fate.quirks and not fate.refusal]


@pytest.mark.parametrize("suffix", PLAIN)
def test_a_number_with_magic_meets_its_fate(
    cloud_api: CloudApi, caught_webhooks: Catcher, suffix: str
) -> None:
    fate = MAGIC[suffix]
    wamid = send(cloud_api, invitation(f"+44770090{suffix}")).wamid
    cloud_api.settle()
    truth = cloud_api.message(wamid)
    assert [each["status"] for each in truth["events"]] == [each.status.value for each in fate.steps]
    assert truth["settled"]
    told = [each["status"] for each in caught_webhooks.statuses() if each["id"] == wamid]
    assert sorted(told) == sorted(each.status.value for each in fate.steps if each.told)


@pytest.mark.parametrize("suffix", [suffix for suffix, fate in MAGIC.items() if fate.refusal])
def test_a_number_with_magic_is_refused_as_its_fate_says(cloud_api: CloudApi, suffix: str) -> None:
    fate = MAGIC[suffix]
    number = f"+44770090{suffix}"
    assert send(cloud_api, invitation(number)).code == fate.refusal
    again = send(cloud_api, invitation(number))
    assert again.http == 200 if fate.refused_attempts == 1 else again.code == fate.refusal


def test_delivered_is_skipped_when_reading_coincides(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900154"))
    cloud_api.settle()
    assert [each["status"] for each in caught_webhooks.statuses()] == ["sent", "read"]
    assert [each["status"] for each in cloud_api.messages()[0]["events"]] == ["sent", "delivered", "read"]


def test_a_failure_after_delivery_does_not_undo_it(cloud_api: CloudApi) -> None:
    wamid = send(cloud_api, invitation("+447700900165")).wamid
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "delivered"
    assert cloud_api.message(wamid)["error_code"] == 131026


def test_a_fate_can_be_chosen_for_any_number(cloud_api: CloudApi) -> None:
    cloud_api.choose_fate("+447700900400", "undeliverable")
    wamid = send(cloud_api, invitation("+447700900400")).wamid
    cloud_api.settle()
    assert cloud_api.message(wamid)["error_code"] == 131026


def test_every_name_of_a_fate_can_be_chosen() -> None:
    names = {fate.name for fate in MAGIC.values()} | {each.value for each in Ending}
    assert all(named_fate(name, 0, "447700900400", 1) is not None for name in names)
    assert named_fate("immortal", 0, "447700900400", 1) is None


@pytest.mark.cloud_api(magic=False, mix="all-delivered")
def test_magic_can_be_switched_off(cloud_api: CloudApi) -> None:
    wamid = send(cloud_api, invitation("+447700900156")).wamid
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "delivered"
