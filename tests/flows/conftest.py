from collections.abc import Iterator
from pathlib import Path

import pytest

from invy.app import logs
from invy.meta import registry
from tests.flows.world import World, simulator


@pytest.fixture(autouse=True)
def quiet_log() -> None:
    """Log as inside an application: masked, through the standard logging."""
    logs.route()


@pytest.fixture
def world() -> Iterator[World]:
    with simulator("--seed", "7", "--speed", "60", "--rate", "0") as started:
        yield started


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A template file as `invy templates init` writes it."""
    path = tmp_path / "templates.toml"
    path.write_text(registry.sample(), encoding="utf-8")
    return path
