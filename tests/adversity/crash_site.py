"""Where Invy's processes are killed: starting, killing and starting again, then waiting for calm, then the account of it.

The simulator is the witness: it knows which webhooks were answered 200, what it accepted, and what became of that.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sqlalchemy import select

from invy.app import proof
from invy.app.house import House, open_house
from invy.domain.difference import Difference
from invy.domain.guest import Event, Guest
from invy.domain.ids import EventId, GuestId, MessageId, TemplateKey
from invy.domain.message import Message
from invy.domain.state import State
from invy.store.overview import Filter
from invy.store.tables import evidence
from tests.adversity import nursery
from tests.adversity.stage import PATH, settings
from tests.flows.world import World
from tests.making import T0, phone
from tests.postgres import free_port

EVENT = EventId("wedding")
TEMPLATE = TemplateKey("hina_invitation")
CALM_S = 60.0

CHAOS = {
    "duplicate": 0.1,
    "reorder": 0.1,
    "early": 0.1,
    "split": 0.1,
    "delay": 0.05,
    "bad_signature": 0.05,
    "forged": 0.03,
    "missing_fields": 0.1,
    "unknown_status": 0.05,
    "unknown_fields": 0.1,
    "lost_reply": 0.05,
    "error_after": 0.03,
    "error_before": 0.03,
    "reset": 0.03,
}
"""Everything that the simulator can do but losing webhooks: of those nobody can know."""


@dataclass
class Site:
    """The processes by name, and how to start each again."""

    world: World
    environ: Mapping[str, str]
    folder: Path
    house: subprocess.Popen[str]
    port: int = field(default_factory=free_port)
    pids: dict[str, int] = field(default_factory=dict)
    kills: int = 0

    def start(self, name: str) -> None:
        argv = ["serve", "--json", "--port", str(self.port)] if name == "service" else ["worker"]
        order = {
            "argv": argv,
            "env": dict(self.environ),
            "folder": str(self.folder),
            "talk": str(self.folder / f"{name}.txt"),
        }
        assert self.house.stdin is not None
        assert self.house.stdout is not None
        self.house.stdin.write(json.dumps(order) + "\n")
        self.house.stdin.flush()
        self.pids[name] = int(self.house.stdout.readline())

    def kill(self, name: str) -> None:
        """`kill -9`, and wait until it is gone. One that has ended by itself already is no kill."""
        pid = self.pids.pop(name)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills += 1
        while alive(pid):
            time.sleep(0.002)

    def revive(self) -> None:
        """Start again whoever has ended by itself, as a supervisor does."""
        for name, pid in list(self.pids.items()):
            if not alive(pid):
                self.start(name)

    def subscribe(self) -> None:
        """Have Meta call the service; it must be up for the handshake."""
        deadline = time.monotonic() + CALM_S
        while True:
            try:
                self.world.call_back(f"http://127.0.0.1:{self.port}{PATH}")
            except OSError:
                assert time.monotonic() < deadline, self.talk("service")
                time.sleep(0.02)
            else:
                return

    def ready(self) -> bool:
        """Whether the service answers that it can take webhooks: a revived one needs a moment to open its door."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
                return bool(response.status == HTTPStatus.OK)
        except OSError:
            return False

    def talk(self, name: str) -> str:
        return (self.folder / f"{name}.txt").read_text(errors="replace")[-3000:]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def site(world: World, database_url: str, folder: Path, *, rate: int) -> Iterator[Site]:
    known = settings(database_url, folder)  # writes the template file
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("INVY_", "WHATSAPP_"))
    }
    environ |= world.environment(database_url, Path(str(known.templates_file)))
    environ |= {
        "INVY_SEND_RATE": str(rate),
        "INVY_SEND_TIMEOUT_S": "1",
        "INVY_LEASE_SECONDS": "2",
        "INVY_LOG_LEVEL": "error",
    }
    started = subprocess.Popen(
        [sys.executable, nursery.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
        start_new_session=True,  # Ctrl-C is for the tests; this one ends with them, and its children with it
    )
    try:
        yield Site(world, environ, folder, started)
    finally:
        started.communicate(timeout=30)


async def furnish(world: World, database_url: str, folder: Path) -> None:
    """Tables, and nothing in them: Meta is to know our address before there is anything to tell."""
    async with open_house(settings(database_url, folder, world), upgrade=True):
        pass


async def invite(world: World, database_url: str, folder: Path, count: int) -> None:
    """Guests on the list, and their invitations in the outbox."""
    async with open_house(settings(database_url, folder, world), upgrade=True) as house:
        guests = [Guest(GuestId(f"g{n:05d}"), EVENT, f"Guest {n}", phone(n), {}, T0) for n in range(count)]
        await house.guests.put(Event(EVENT, "Wedding", T0), [guests])
        await house.campaigns.start(EVENT, TEMPLATE, {"invitation_image_url": "https://example.com/i.jpg"})


async def unfinished(house: House) -> tuple[int, int]:
    """Messages that are not sent yet, and webhooks that are not read yet."""
    return await house.outbox.unfinished(), await house.journal.waiting()


@dataclass
class Account:
    """What Invy says and what the witness says, side by side."""

    messages: dict[MessageId, Message]
    receipts: set[tuple[str, str]]
    """Every status of every wamid that is stored."""
    heard_of: set[MessageId]
    """Messages with at least one receipt."""
    differences: list[Difference]
    holds: int
    accepted: dict[MessageId, dict[str, Any]]
    guests: list[dict[str, Any]]
    webhooks: list[dict[str, Any]]
    untold: int
    """What happened while nobody had subscribed."""

    def lost(self) -> list[tuple[str, str]]:
        """What was answered 200 and is not stored."""
        taken = [
            (each["wamid"], each["status"])
            for webhook in self.webhooks
            if any(attempt["http"] == 200 for attempt in webhook["attempts"])
            for each in webhook["updates"]
            if each["field"] == "messages" and each["wamid"] and each["status"]
        ]
        return [each for each in taken if each not in self.receipts]

    def given_up(self) -> list[int]:
        """Webhooks that Meta tried to bring for seven days, in vain: what they told, Invy cannot know."""
        return [webhook["id"] for webhook in self.webhooks if webhook["state"] == "FAILED"]

    def believed(self) -> list[int]:
        """Forged webhooks that were taken for true."""
        return [
            webhook["id"]
            for webhook in self.webhooks
            if webhook["forged"] and any(attempt["http"] == 200 for attempt in webhook["attempts"])
        ]

    def twice(self) -> list[dict[str, Any]]:
        return [guest for guest in self.guests if guest["accepted"] > 1 or guest["received"] > 1]

    def stuck(self) -> list[tuple[MessageId, State]]:
        """Messages in a state that nothing will ever move."""
        moving = {State.SENDING} if self.holds else {State.SENDING, State.QUEUED}
        return [(name, message.state) for name, message in self.messages.items() if message.state in moving]

    def untrue(self) -> list[tuple[MessageId, State, str]]:
        """Where Invy's state is not what really happened, but for the unconfirmed of which nobody told by our id."""
        found: list[tuple[MessageId, State, str]] = []
        for name, message in self.messages.items():
            really = self.accepted[name]["final_status"] if name in self.accepted else "never accepted"
            unknown = message.state is State.UNCONFIRMED and name not in self.heard_of
            if message.state.value != really and not unknown and message.state is not State.QUEUED:
                found.append((name, message.state, really))
        return found


async def account(world: World, house: House) -> Account:
    messages = {message.id: message async for message in house.overview.all(Filter(event_id=EVENT))}
    async with house.database.read() as connection:
        rows = (
            await connection.execute(
                select(evidence.c.message_id, evidence.c.wamid, evidence.c.word).where(
                    evidence.c.kind == "receipt"
                )
            )
        ).all()
    differences: list[Difference] = []
    await proof.audit(house.database, differences.append, lambda _: None)
    return Account(
        messages,
        {(row.wamid, row.word) for row in rows},
        {row.message_id for row in rows if row.message_id is not None},
        differences,
        len(await house.holds.active()),
        {each["biz_opaque_callback_data"]: each for each in world.messages()},
        world.ask("/_simulator/guests")["guests"],
        world.ask("/_simulator/webhooks")["webhooks"],
        world.ask("/_simulator/state")["untold_events"],
    )
