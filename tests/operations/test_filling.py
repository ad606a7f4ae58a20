"""The rows that the endurance run writes in bulk are those that the service would have written."""

from collections import Counter
from pathlib import Path

import pytest

from bench.filling import EVENT, fill
from tests.cli.shell import Shell
from tests.making import SENDER


def test_a_database_filled_in_bulk_is_audited_and_replayed_without_a_difference(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(database_url, 200, SENDER)
    shell = Shell(tmp_path, {"INVY_DATABASE_URL": database_url})
    audited = shell.json("audit", "--json")
    assert (audited["count"], audited["differences"]) == (0, [])
    replayed = shell.json("journal", "replay", "--check", "--json")
    assert (replayed["count"], replayed["differences"]) == (0, [])
    found = shell.json("messages", "--event", EVENT, "--limit", "0", "--json")["messages"]
    assert Counter(each["status"] for each in found) == {
        "queued": 14,
        "unconfirmed": 1,
        "sent": 10,
        "failed": 20,
        "read": 155,
    }
