"""The main job from end to end: import a list, invite everyone, watch the receipts come in, compare with the witness."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import aiohttp
import msgspec

from invy.app import settings
from invy.app.house import House
from invy.demo import comparison, ending, people
from invy.demo.ending import Ending
from invy.demo.processes import Credentials, Serving, Witness, environment, started
from invy.domain.errors import InvyError
from invy.domain.guest import Event, Guest
from invy.domain.ids import EventId, GuestId, TemplateKey
from invy.domain.phone import parse
from invy.domain.state import State
from invy.meta import registry
from invy.roster import Roster, read
from invy.store import schema
from invy.store.database import Database
from invy.store.overview import Filter

TEMPLATE = TemplateKey("hina_invitation")
IMAGE = "https://example.com/invitation.jpg"
LOOK_S = 0.2
HURRY_AFTER_S = 2.0
"""After so long without a change, days are let pass for the phones that are off."""

HELD_S = 5.0
PATIENCE_S = 120.0
"""How long nothing may change before the demo gives up."""

Progress = Callable[[Mapping[State, int]], None]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for. `guests` None means the sample list."""

    folder: Path
    database_url: str
    guests: int | None
    seed: int
    speed: float
    port: int
    rate: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    plan: Plan
    house: House
    witness: Witness
    credentials: Credentials
    service_url: str
    environment: Mapping[str, str]


@asynccontextmanager
async def stage(plan: Plan, say: Say) -> AsyncIterator[Stage]:
    """Start the simulator and the service, and introduce them to each other."""
    folder = plan.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "templates.toml").write_text(registry.sample(), encoding="utf-8")
    log, talk = folder / "invy.log", folder / "processes.log"
    async with AsyncExitStack() as stack:
        say("Starting the simulator of Meta's API …")
        arguments = ["invy.simulator", "--json", "--port", "0", "--seed", str(plan.seed)]
        arguments += ["--speed", f"{plan.speed:g}", "--rate", "0", "--real-timestamps", "--no-magic"]
        line = await stack.enter_async_context(
            started("simulator", arguments, env=os.environ, folder=folder, talk=talk)
        )
        credentials = msgspec.json.decode(line, type=Credentials)
        env = environment(credentials, plan.database_url, folder, log) | {
            "INVY_SEND_RATE": f"{plan.rate:g}",
            "INVY_PORT": str(plan.port),
        }
        say("Starting the service …")
        line = await stack.enter_async_context(
            started(
                "service", ["invy.cli", "serve", "--upgrade", "--json"], env=env, folder=folder, talk=talk
            )
        )
        service_url = msgspec.json.decode(line, type=Serving).url
        session = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        )
        witness = Witness(session, credentials)
        await witness.call_back(f"{service_url}/whatsapp/webhook")
        database = Database.open(plan.database_url)
        stack.push_async_callback(database.close)
        await schema.require_current(database)
        house = House(settings.load(env, None), database)
        yield Stage(plan, house, witness, credentials, service_url, env)


async def play(on: Stage, say: Say, progress: Progress) -> Ending:
    """Import, invite, wait until every message has settled, compare."""
    house = on.house
    event = Event(EventId(f"demo-{house.new_id()[:13]}"), "Dana and Omer's wedding", house.clock())
    roster, guests = _guest_list(on.plan, event, house)
    imported = await house.guests.put(event, [guests])
    say(
        f"Imported {imported.new} guests"
        + (
            f"; {len(roster.problems)} rows cannot be used and {len(roster.duplicates)} are duplicates."
            if roster
            else "."
        )
    )
    planned = await house.campaigns.start(event.id, TEMPLATE, {"invitation_image_url": IMAGE})
    say(f"Wrote {planned.new} invitations to the outbox; the service sends them.")
    await _watch(on, event.id, progress)
    which = Filter(event_id=event.id)
    messages = [message async for message in house.overview.all(which)]
    progress(await house.overview.counts(which))
    ours = {message.id for message in messages}
    witnessed = [each for each in await on.witness.messages() if each["biz_opaque_callback_data"] in ours]
    strangers = [each for each in await on.witness.messages() if each["biz_opaque_callback_data"] not in ours]
    by_guest = {message.guest_id: message for message in messages}
    verdicts = {found.message.id: verdict async for found, verdict in house.why.unreached(event.id)}
    rows = [
        ending.invited(guest, message, verdicts.get(message.id))
        for guest in guests
        if (message := by_guest.get(guest.id))
    ]
    if roster:
        rows += ending.left_out(roster.problems, roster.duplicates)
    return Ending(
        event_id=event.id,
        seed=on.plan.seed,
        database=house.database.engine.dialect.name,
        rows=tuple(rows),
        messages=tuple(messages),
        differences=tuple(comparison.differences(messages, [*witnessed, *strangers])),
    )


def _guest_list(plan: Plan, event: Event, house: House) -> tuple[Roster | None, list[Guest]]:
    """The sample list as it would be imported, or as many people as were asked for."""
    region = house.settings.default_region
    if plan.guests is None:
        sample = files("invy.roster.samples").joinpath("guests.csv").read_bytes()
        roster = read(sample, "guests.csv", region)
        return roster, [
            Guest(GuestId(house.new_id()), event.id, row.name, row.phone, row.params, house.clock())
            for row in roster.guests
        ]
    return None, [
        Guest(GuestId(house.new_id()), event.id, one.name, parse(one.phone, region).e164, {}, house.clock())
        for one in people.people(plan.guests, plan.seed)
    ]


async def _watch(on: Stage, event_id: EventId, progress: Progress) -> None:
    """Until everything is sent, every phone has done what it will do, and every webhook heard has been applied."""
    which = Filter(event_id=event_id)
    loop = asyncio.get_running_loop()
    last, since = None, loop.time()
    hurried = False
    while True:
        counts = await on.house.overview.counts(which)
        progress(counts)
        moving = counts[State.QUEUED] + counts[State.SENDING]
        if not moving and await on.witness.settled() and not await on.house.journal.waiting():
            return
        if counts != last:
            last, since = counts, loop.time()
        quiet_s = loop.time() - since
        if not moving and not hurried and quiet_s > HURRY_AFTER_S:
            # What is left are phones that are off for days: let those days pass.
            await on.witness.settle()
            hurried = True
        if quiet_s > HELD_S and moving:
            await _complain_of_holds(on, moving)
        if quiet_s > PATIENCE_S:
            raise InvyError(
                f"Nothing has moved for {PATIENCE_S:g} seconds.",
                hint=f"The log is {on.plan.folder / 'invy.log'}.",
            )
        await asyncio.sleep(LOOK_S)


async def _complain_of_holds(on: Stage, moving: int) -> None:
    holds = await on.house.holds.active()
    if holds:
        raise InvyError(
            f"{moving} messages wait, because sending is on hold: {'; '.join(hold.reason for hold in holds)}",
            hint="In a demo this should not happen; with your own account, `invy holds` shows what to do.",
        )
