"""Whatever the doctor can find wrong is brought about: by the simulator, and only where it cannot be, by other means.

A new finding needs a play here: the first test fails until it has one.
"""

from pathlib import Path

import pytest

from invy.engine.doctor.finding import Mark, entries
from invy.testing import running
from tests.engine.doctor.own_plays import BELOW_HTTP, OWN_SIDE
from tests.engine.doctor.own_plays import Play as OwnPlay
from tests.engine.doctor.patients import keys
from tests.engine.doctor.plays import LOOKS, PLAYS, Look, Stage

WRONG = {key for key, entry in entries().items() if entry.mark in {Mark.WARNING, Mark.FAILED}}


def test_every_finding_that_tells_of_something_wrong_has_exactly_one_play() -> None:
    played = [*PLAYS, *OWN_SIDE, *BELOW_HTTP]
    assert sorted(played) == sorted(WRONG)


def test_what_the_simulator_cannot_bring_about_has_a_reason() -> None:
    assert all(reason for reason, _ in BELOW_HTTP.values())
    assert len(BELOW_HTTP) <= 5, "each more is one that users of the simulator cannot try"


@pytest.mark.parametrize("key", PLAYS)
async def test_the_simulator_brings_it_about(key: str, tmp_path: Path) -> None:
    play = PLAYS[key]
    with running(seed=7, scenario=play.trouble.scenario, templates=play.trouble.templates) as api:
        assert key in keys(await play.look(Stage(api, tmp_path, play.trouble, key)))


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
async def test_without_the_trouble_there_is_none_of_it(look: Look, tmp_path: Path) -> None:
    with running(seed=7) as api:
        found = keys(await look(Stage(api, tmp_path)))
    assert found
    assert not found & {key for key, play in PLAYS.items() if play.look is look}


@pytest.mark.parametrize("key", OWN_SIDE)
async def test_our_own_state_brings_it_about(key: str, tmp_path: Path) -> None:
    assert key in keys(await OWN_SIDE[key](tmp_path))


@pytest.mark.parametrize("key", BELOW_HTTP)
async def test_the_network_brings_it_about(key: str, tmp_path: Path) -> None:
    play: OwnPlay = BELOW_HTTP[key][1]
    assert key in keys(await play(tmp_path))
