from collections.abc import Iterator

import pytest

from tests.flows.world import World, simulator


@pytest.fixture
def world() -> Iterator[World]:
    with simulator("--seed", "7", "--speed", "60") as started:
        yield started
