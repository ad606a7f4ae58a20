"""What is held, and letting it go on: a name that is not held is never told as a success."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from invy.domain.campaign import Campaign
from invy.domain.guest import Event
from invy.domain.hold import Hold, Scope
from invy.domain.ids import CampaignId, EventId, TemplateKey
from invy.store.campaigns import CampaignStore
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.holds import HoldStore
from invy.store.outbox import Outbox
from invy.store.tables import workers
from invy.store.workers import Workplace
from tests.cli.shell import Shell
from tests.making import chunks, draft

SENDER = "106540000000001"
SINCE = datetime.now(UTC) - timedelta(hours=3)


def hold(shell: Shell, *holds: Hold) -> None:
    async def work() -> None:
        database = Database.open(shell.env["INVY_DATABASE_URL"])
        try:
            await GuestStore(database).put_event(Event(EventId("wedding"), "wedding", SINCE))
            await CampaignStore(database).put(
                Campaign(CampaignId("c-1"), EventId("wedding"), TemplateKey("hina_invitation"), SINCE)
            )
            for each in holds:
                await HoldStore(database).place(each)
        finally:
            await database.close()

    asyncio.run(work())


PAUSED = Hold(Scope.TEMPLATE, "hina_invitation", "Template is paused", SINCE, 132015)
EXPIRED = Hold(Scope.SENDER, SENDER, "Token has expired", SINCE, 190)


@pytest.fixture
def held(shell_on_both: Shell) -> Shell:
    shell_on_both.ready()
    hold(shell_on_both, PAUSED, EXPIRED)
    return shell_on_both


def test_what_is_held_goes_on_once_and_a_moment_later_that_is_told_calmly(held: Shell) -> None:
    done = held.run("resume", "template", " hina_invitation ")
    assert (done.exit_code, done.stdout) == (0, "The template hina_invitation goes on.\n")
    again = held.run("resume", "template", "hina_invitation")
    assert again.exit_code == 0
    assert "hina_invitation is not held: it was let go on" in again.stdout
    assert again.stdout.rstrip().endswith("s ago.")
    assert "goes on." not in again.stdout


@pytest.mark.parametrize(
    ("command", "first"),
    [
        (("template", "hina_invitaton"), "invy resume template hina_invitation"),
        (("template", SENDER), f"invy resume sender {SENDER}"),
        (("sender", "106540000000002"), f"invy resume sender {SENDER}"),
        (("sender", ""), "invy resume template hina_invitation"),
    ],
)
def test_a_name_that_was_never_held_is_not_found_and_what_is_held_is_named_the_nearest_first(
    held: Shell, command: tuple[str, ...], first: str
) -> None:
    done = held.run("resume", *command)
    assert done.exit_code == 4, done.output
    assert done.stdout == ""
    assert "is not held" in done.stderr
    assert f"Held are: {first}; " in done.stderr
    assert len(held.json("holds", "--json")["holds"]) == 2


def test_without_a_name_the_sender_is_the_one_of_the_settings(held: Shell) -> None:
    held.env |= {"WHATSAPP_PHONE_NUMBER_ID": SENDER, "WHATSAPP_ACCESS_TOKEN": "EAAx"}
    assert held.run("resume", "sender").stdout == f"The sender {SENDER} goes on.\n"
    assert f"The sender {SENDER} is not held" in held.run("resume", "sender").stdout


def test_where_nothing_is_held_that_is_said(shell: Shell) -> None:
    done = shell.ready().run("resume", "template", "hina_invitation")
    assert done.exit_code == 4
    assert "Nothing is held at all" in done.stderr


def test_only_so_many_holds_stand_in_a_hint(shell: Shell) -> None:
    shell.ready()
    hold(shell, *(Hold(Scope.TEMPLATE, f"t{n}", "paused", SINCE) for n in range(8)))
    told = shell.run("resume", "template", "nothing").stderr
    assert told.count("invy resume template") == 5
    assert "and 3 more, see invy holds" in told


def test_a_campaign_that_is_held_already_keeps_its_first_reason(held: Shell) -> None:
    command = ("campaign", "hold", "wedding", "hina_invitation", "--reason")
    assert held.run(*command, "The date has changed").exit_code == 0
    again = held.run(*command, "Another reason")
    assert again.exit_code == 0
    assert "is held already" in again.stdout
    assert "The date has changed." in again.stdout
    assert "The date has changed" in [each["reason"] for each in held.json("holds", "--json")["holds"]]


@pytest.mark.parametrize("verb", ["hold", "resume"])
@pytest.mark.parametrize("name", [("weding", "hina_invitation"), ("wedding", "hina_invitaton")])
def test_no_campaign_is_held_or_resumed_that_was_never_started(
    held: Shell, verb: str, name: tuple[str, str]
) -> None:
    done = held.run("campaign", verb, *name)
    assert done.exit_code == 4
    assert "Did you mean" in done.stderr


@pytest.mark.parametrize("age", ["", " ", "5", "m", "5x", "-5m", "1.5h", "999999w", "nan", "1h30m"])
@pytest.mark.parametrize("command", [("unconfirmed", "--older-than"), ("reconcile", "--older-than")])
def test_what_is_no_length_of_time_is_refused_by_every_command_that_takes_one(
    shell: Shell, command: tuple[str, str], age: str
) -> None:
    shell.ready()
    shell.env |= {"WHATSAPP_PHONE_NUMBER_ID": SENDER, "WHATSAPP_ACCESS_TOKEN": "EAAx"}
    done = shell.run(*command, age)
    assert done.exit_code == 2, done.output
    assert "is not a length of time that --older-than can use" in done.stderr
    assert "10m" in done.stderr


@pytest.mark.parametrize("when", ["", " ", "-2h", "yesterday", "2026-13-01", "1.5h"])
def test_what_is_no_moment_is_refused(shell: Shell, when: str) -> None:
    done = shell.ready().run("messages", "--since", when)
    assert done.exit_code == 2, done.output
    assert "--since" in done.stderr


def at_work(shell: Shell, pid: int) -> None:
    """A service whose last beat is a moment old; on SQLite the lock tells more."""

    async def work() -> None:
        database = Database.open(shell.env["INVY_DATABASE_URL"])
        now = datetime.now(UTC)
        row = {"id": "s-1", "role": "service", "host": socket.gethostname(), "pid": pid}
        try:
            async with database.write() as connection:
                await connection.execute(insert(workers), row | {"started_at": now, "beat_at": now})
        finally:
            await database.close()

    asyncio.run(work())


def test_a_service_that_was_killed_a_moment_ago_is_not_taken_for_one_that_sends(held: Shell) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    at_work(held, ended.pid)
    with closing_place(held):
        queue_one(held)
        assert "No service is running" in held.run("resume", "sender", SENDER).stderr


def test_a_running_service_is_said_to_keep_the_token_it_was_started_with(held: Shell) -> None:
    at_work(held, os.getpid())
    with closing_place(held):
        done = held.run("resume", "sender", SENDER)
        assert "after a change of WHATSAPP_ACCESS_TOKEN start it again" in done.stderr
        assert "WHATSAPP_ACCESS_TOKEN" not in held.run("resume", "template", "hina_invitation").output


@contextmanager
def closing_place(shell: Shell) -> Iterator[None]:
    """Somebody sends for an SQLite file, such as a campaign command; on PostgreSQL nothing tells of that."""
    database = Database.open(shell.env["INVY_DATABASE_URL"])
    try:
        with Workplace(database).occupy():
            yield
    finally:
        asyncio.run(database.close())


def queue_one(shell: Shell) -> None:
    async def work() -> None:
        database = Database.open(shell.env["INVY_DATABASE_URL"])
        try:
            await Outbox(database).enqueue(chunks([draft(1)]))
        finally:
            await database.close()

    asyncio.run(work())
