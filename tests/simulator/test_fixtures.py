"""The fixtures as somebody else's project uses them: declared in a conftest, run by a pytest of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from invy.testing import Catcher, CloudApi, running
from invy.testing.cloud_api import SimulatorTrouble
from tests.simulator.client import READ, invitation, send

CONFTEST = 'pytest_plugins = ["invy.testing"]\n'
TEST = """
import json
from urllib.request import Request, urlopen

import pytest


@pytest.mark.cloud_api(mix="all-delivered", seed=3)
def test_my_client(cloud_api, caught_webhooks):
    message = {
        "messaging_product": "whatsapp",
        "to": "+447700900300",
        "type": "template",
        "template": {
            "name": "rsvp_reminder",
            "language": {"code": "he"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "parameter_name": "guest_name", "text": "Noa"},
                        {"type": "text", "parameter_name": "event_date", "text": "1.6"},
                    ],
                }
            ],
        },
    }
    request = Request(
        f"{cloud_api.base_url}/v25.0/{cloud_api.phone_number_id}/messages",
        json.dumps(message).encode(),
        {"Authorization": f"Bearer {cloud_api.access_token}"},
    )
    with urlopen(request) as response:
        assert response.status == 200
    cloud_api.settle()
    assert cloud_api.messages(to="+447700900300")[0]["final_status"] == "delivered"
    assert [each["status"] for each in caught_webhooks.statuses()] == ["sent", "delivered"]
"""


def test_the_example_of_the_documentation_runs_in_a_foreign_project(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_mine.py").write_text(TEST)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 passed" in run.stdout, run.stdout + run.stderr


def test_two_simulators_stand_side_by_side() -> None:
    with running(seed=1) as one, running(seed=2) as two:
        assert one.base_url != two.base_url
        assert one.app_secret != two.app_secret
        send(one, invitation(READ))
        assert (len(one.messages()), len(two.messages())) == (1, 0)
        assert send(two, invitation(READ), token=one.access_token).code == 190


def test_a_simulator_that_cannot_start_says_why() -> None:
    with pytest.raises(ValueError, match="colour"), running(colour="blue"):
        pass
    with pytest.raises(SimulatorTrouble, match="reed"), running(mix={"reed": 1.0}):
        pass
    with pytest.raises(SimulatorTrouble, match="meteor"), running(incident=[{"do": "meteor", "at": "1m"}]):
        pass


def test_the_catcher_keeps_forgeries_apart(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900181"))
    cloud_api.settle()
    assert len(caught_webhooks.statuses(genuine_only=False)) == 2
    assert len(caught_webhooks.statuses()) == 1
