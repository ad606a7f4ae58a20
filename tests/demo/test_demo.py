"""The main job from end to end, as a user runs it: three processes, one database, an independent witness."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from invy.demo import people
from invy.domain.phone import parse


def surroundings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("INVY_", "WHATSAPP_"))}


def demo(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invy.cli", "demo", "--once", *arguments],
        cwd=folder,
        env=surroundings() | settings,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.mark.slow
def test_the_service_knows_of_every_message_what_the_witness_says(tmp_path: Path, database_url: str) -> None:
    ran = demo(
        tmp_path, "--guests", "150", "--seed", "7", "--json", "--rate", "200", "--speed", "600",
        INVY_DATABASE_URL=database_url,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    document: dict[str, Any] = json.loads(ran.stdout)
    assert document["agrees"] is True
    assert document["differences"] == []
    assert sum(document["counts"].values()) == len(document["guests"]) == 150
    states = Counter(guest["state"] for guest in document["guests"])
    assert {state: count for state, count in document["counts"].items() if count} == dict(states)
    assert {"read", "delivered", "failed", "sent"} <= set(states)
    for guest in document["guests"]:
        assert bool(guest["reason"]) == (guest["state"] not in {"read", "delivered"})


@pytest.mark.slow
def test_the_sample_list_ends_with_a_row_and_a_reason_for_everyone(tmp_path: Path) -> None:
    ran = demo(tmp_path, "--speed", "600", WHATSAPP_ACCESS_TOKEN="not-for-a-demo", COLUMNS="110")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ""
    for word in (
        "queued",
        "delivered",
        "read",
        "failed",
        "איילה חורב",
        "not invited",
        "The same number as row 3",
    ):
        assert word in ran.stderr
    log = (tmp_path / "invy-data" / "demo" / "invy.log").read_text(encoding="utf-8")
    assert "[WhatsApp Webhook] Status update: wamid=wamid." in log
    assert "not-for-a-demo" not in log
    assert "+972504370045" not in log


@pytest.mark.slow
def test_it_stays_until_ctrl_c_and_every_place_it_names_is_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "invy.cli", "demo", "--guests", "3", "--speed", "600"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        told = ""
        for line in running.stderr:
            told += line
            if line == "Ctrl-C ends it.\n":
                break
        places = re.findall(r"http://127\.0\.0\.1:\d+/[\w./]+", told)
        answers = [urllib.request.urlopen(place).status for place in places]
        steps = told.partition("in another terminal:")[2].replace("Ctrl-C ends it.", "")
        typed = subprocess.run(
            ["/bin/sh", "-ec", steps],
            cwd=tmp_path,
            env=surroundings(),
            capture_output=True,
            text=True,
            check=False,
        )
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()

    assert answers == [200, 200]
    assert typed.returncode == 0, typed.stderr
    assert (running.returncode, rest) == (0, "")


def test_made_up_people_have_different_valid_numbers_and_are_the_same_for_a_seed() -> None:
    crowd = list(people.people(people.MOST, 3))
    assert len({person.phone for person in crowd}) == people.MOST
    assert all(parse(person.phone, "IL").e164 == person.phone for person in crowd)
    assert list(people.people(20, 5)) == list(people.people(20, 5))
