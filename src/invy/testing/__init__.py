"""For other people's tests: the simulator as a pytest fixture, and a callback that catches its webhooks.

Say `pytest_plugins = ["invy.testing"]` in your `conftest.py`. It knows the simulator only, nothing else of Invy.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from invy.testing.catcher import Catcher, Caught
from invy.testing.cloud_api import CloudApi, running

__all__ = ["Catcher", "Caught", "CloudApi", "caught_webhooks", "cloud_api", "pytest_configure", "running"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "cloud_api(scenario=None, seed=0, **changes): what the simulator of the `cloud_api` fixture is like; "
        "changes are keys of a scenario, such as mix='all-read'",
    )


@pytest.fixture
def cloud_api(request: pytest.FixtureRequest) -> Iterator[CloudApi]:
    """A fresh simulator on a free port of this machine; `@pytest.mark.cloud_api(...)` says what it is like."""
    marker = request.node.get_closest_marker("cloud_api")
    wishes: dict[str, Any] = dict(marker.kwargs) if marker else {}
    with running(**wishes) as api:
        yield api


@pytest.fixture
def caught_webhooks(cloud_api: CloudApi) -> Iterator[Catcher]:
    """A callback that is subscribed to everything and keeps what it receives, exact bytes and signature."""
    with Catcher(cloud_api.app_secret, cloud_api.verify_token) as catcher:
        cloud_api.set_callback(catcher.url, verify_token=cloud_api.verify_token)
        yield catcher
