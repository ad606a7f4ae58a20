"""Sending against the simulator: what Meta answers decides, and nobody is ever sent a second message."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from invy.app.house import House
from invy.app.observer import LogObserver
from invy.diagnose.finding import Finding
from invy.domain.guest import Event, Guest
from invy.domain.hold import Scope
from invy.domain.ids import EventId, GuestId, SenderId, TemplateKey
from invy.domain.phone import E164
from invy.domain.state import State
from invy.engine.rest import IN_A_ROW
from invy.store import schema
from invy.store.database import Database
from invy.store.overview import Filter
from invy.store.tables import opt_outs
from tests.flows.world import World, simulator
from tests.making import T0

EVENT = EventId("wedding")
TEMPLATE = TemplateKey("hina_invitation")
COMMON = {"invitation_image_url": "https://example.com/i.jpg"}
EVERYTHING = Filter(event_id=EVENT)

OpenHouse = Callable[..., House]


@pytest.fixture
async def open_house(database_url: str, templates: Path) -> AsyncIterator[OpenHouse]:
    """A house on the test's database, towards a given simulator."""
    opened: list[Database] = []

    def make(world: World, **settings: str) -> House:
        database = Database.open(database_url)
        opened.append(database)
        return House(world.settings(database_url, templates, **settings), database)

    yield make
    for database in opened:
        await database.close()


async def invite(house: House, count: int) -> None:
    """Put guests on the list and their invitations in the outbox."""
    await schema.upgrade(house.database)
    guests = [
        Guest(GuestId(f"g{n:03d}"), EVENT, f"אורח {n}", E164(f"+447700900{n:03d}"), {}, T0)
        for n in range(count)
    ]
    await house.guests.put(Event(EVENT, "Wedding", T0), [guests])
    planned = await house.campaigns.start(EVENT, TEMPLATE, COMMON)
    assert planned.new == count


async def drain(house: House) -> None:
    graph = house.graph()
    try:
        await house.sender(graph).drain()
    finally:
        await graph.close()


async def send_until(
    house: House, *, done: Callable[[dict[State, int]], bool], patience_s: float = 30
) -> None:
    """Run the sender as the service does until the counts are as wanted."""
    graph = house.graph()
    sender = house.sender(graph)
    running = asyncio.create_task(sender.run())
    try:
        async with asyncio.timeout(patience_s):
            while not done(await house.overview.counts(EVERYTHING)):
                await asyncio.sleep(0.05)
    finally:
        sender.close()
        await running
        await graph.close()


async def test_every_guest_gets_exactly_one_message(open_house: OpenHouse, world: World) -> None:
    house = open_house(world, INVY_SEND_RATE="1000")
    await invite(house, 120)
    await drain(house)
    counts = await house.overview.counts(EVERYTHING)
    assert counts[State.SENT] == 120
    assert len({message["to"] for message in world.messages()}) == len(world.messages()) == 120


async def test_starting_a_campaign_again_invites_only_who_is_new(open_house: OpenHouse, world: World) -> None:
    house = open_house(world, INVY_SEND_RATE="1000")
    await invite(house, 10)
    newcomer = Guest(GuestId("new"), EVENT, "New", E164("+447700900999"), {}, T0)
    await house.guests.put(Event(EVENT, "Wedding", T0), [[newcomer]])
    again = await house.campaigns.start(EVENT, TEMPLATE, COMMON)
    assert (again.new, again.already) == (1, 10)
    await drain(house)
    assert len(world.messages()) == 11


async def test_every_guest_gets_their_own_parameters(open_house: OpenHouse, world: World) -> None:
    house = open_house(world, INVY_SEND_RATE="1000")
    await invite(house, 5)
    messages = [message async for message in house.overview.all(EVERYTHING)]
    for message in messages:
        payload = (await house.overview.payload(message.id)).decode()
        assert f"אורח {int(str(message.guest_id)[1:])}" in payload


async def test_an_expired_token_stops_the_campaign_and_blames_nobody(
    open_house: OpenHouse, world: World
) -> None:
    house = open_house(world, WHATSAPP_ACCESS_TOKEN="EAAexpired")
    await invite(house, 30)
    await drain(house)
    counts = await house.overview.counts(EVERYTHING)
    assert (counts[State.QUEUED], counts[State.FAILED]) == (30, 0)
    [hold] = await house.holds.active()
    assert (hold.scope, hold.code) == (Scope.SENDER, 190)

    mended = open_house(world, INVY_SEND_RATE="1000")
    await drain(mended)
    assert world.messages() == []
    await mended.holds.release(Scope.SENDER, hold.subject, mended.clock())
    await drain(mended)
    assert (await mended.overview.counts(EVERYTHING))[State.SENT] == 30
    assert len(world.messages()) == 30


async def test_while_meta_cannot_be_reached_everything_waits(open_house: OpenHouse, world: World) -> None:
    cut_off = open_house(world, WHATSAPP_API_BASE_URL="http://127.0.0.1:9")
    await invite(cut_off, 5)
    await drain(cut_off)
    counts = await cut_off.overview.counts(EVERYTHING)
    assert (counts[State.QUEUED], counts[State.UNCONFIRMED]) == (5, 0)
    back = open_house(world)
    await send_until(back, done=lambda counts: counts[State.SENT] == 5)
    assert len(world.messages()) == 5


async def test_a_rate_limit_slows_down_and_loses_nobody(open_house: OpenHouse) -> None:
    with simulator("--seed", "1", "--speed", "60", "--rate", "20") as slow:
        house = open_house(slow, INVY_SEND_RATE="200")
        await invite(house, 60)
        await send_until(house, done=lambda counts: counts[State.SENT] == 60, patience_s=60)
        assert len(slow.messages()) == 60
        counts = await house.overview.counts(EVERYTHING)
        assert counts[State.FAILED] == counts[State.UNCONFIRMED] == 0


async def test_an_answer_that_does_not_come_is_unconfirmed_and_not_repeated(open_house: OpenHouse) -> None:
    with simulator("--seed", "1", "--latency", "3000") as slow:
        house = open_house(slow, INVY_SEND_TIMEOUT_S="0.3", INVY_LEASE_SECONDS="5")
        await invite(house, 3)
        await drain(house)
        counts = await house.overview.counts(EVERYTHING)
        assert counts[State.UNCONFIRMED] == 3
        await drain(house)
        assert (await house.overview.counts(EVERYTHING))[State.UNCONFIRMED] == 3


async def test_two_senders_on_one_database_share_the_work(open_house: OpenHouse, world: World) -> None:
    one, other = open_house(world, INVY_SEND_RATE="400"), open_house(world, INVY_SEND_RATE="400")
    await invite(one, 100)
    await asyncio.gather(drain(one), drain(other))
    assert (await one.overview.counts(EVERYTHING))[State.SENT] == 100
    assert len(world.messages()) == len({message["to"] for message in world.messages()}) == 100


async def test_a_guest_who_opted_out_is_left_out_unless_forced(open_house: OpenHouse, world: World) -> None:
    house = open_house(world)
    await schema.upgrade(house.database)
    guest = Guest(GuestId("g"), EVENT, "Guest", E164("+447700900123"), {}, T0)
    await house.guests.put(Event(EVENT, "Wedding", T0), [[guest]])
    async with house.database.write() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO opt_outs (phone, stopped, at) VALUES ('+447700900123', true, '2026-01-01 00:00:00')"
        )
    planned = await house.campaigns.start(EVENT, TEMPLATE, COMMON)
    assert planned.new == 0
    assert [each.kind for each in planned.left_out] == ["opted-out"]
    forced = await house.campaigns.start(EVENT, TEMPLATE, COMMON, force=True)
    assert forced.new == 1


async def test_a_guest_who_opts_out_while_the_invitation_waits_gets_none(
    open_house: OpenHouse, world: World
) -> None:
    """Under the other form of the number, too: Meta tells of the stop as it knows the phone."""
    house = open_house(world)
    await schema.upgrade(house.database)
    guests = [
        Guest(GuestId("stays"), EVENT, "Stays", E164("+447700900124"), {}, T0),
        Guest(GuestId("stops"), EVENT, "Stops", E164("+525555550102"), {}, T0),
    ]
    await house.guests.put(Event(EVENT, "Wedding", T0), [guests])
    assert (await house.campaigns.start(EVENT, TEMPLATE, COMMON)).new == 2
    async with house.database.write() as connection:
        await connection.execute(
            insert(opt_outs).values(phone="+5215555550102", stopped=True, at=house.clock())
        )

    await drain(house)

    assert [each["to"] for each in world.messages()] == ["447700900124"]
    [stopped] = [message async for message in house.overview.all(EVERYTHING) if message.to != guests[0].phone]
    told = await house.why.explain(stopped.id)
    assert told.verdict.finding is Finding.OPTED_OUT_WAITING
    assert (await house.campaigns.start(EVENT, TEMPLATE, COMMON)).new == 0
    assert (await house.campaigns.start(EVENT, TEMPLATE, COMMON, force=True)).new == 1
    await drain(house)
    assert len(world.messages()) == 2


class Hurrying:
    """A clock that runs faster than the wall's, from the moment it was made: rests of minutes end in seconds."""

    def __init__(self, times: float) -> None:
        self._times = times
        self._from = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._from + self._times * (datetime.now(UTC) - self._from)


class Listener(LogObserver):
    """Remembers what is told of resting, beside logging it."""

    def __init__(self, house: House) -> None:
        super().__init__(house.metrics, house.clock)
        self._clock = house.clock
        self.rests: list[int] = []
        self.resumed_after: list[int] = []

    def resting(self, sender_id: SenderId, until: datetime) -> None:
        super().resting(sender_id, until)
        self.rests.append(round((until - self._clock()).total_seconds()))

    def resumed(self, sender_id: SenderId) -> None:
        super().resumed(sender_id)
        self.resumed_after.append(len(self.rests))


async def test_an_outage_of_meta_leaves_few_in_doubt_and_the_others_leave_by_themselves_afterwards(
    open_house: OpenHouse,
) -> None:
    guests, in_air, times = 300, 10, 20
    with simulator("--seed", "1", "--rate", "0", "--no-magic", "--no-pair", "--mix", "all-silent") as meta:
        house = open_house(
            meta, INVY_SEND_RATE="40", INVY_SEND_CONCURRENCY=str(in_air), INVY_LEASE_SECONDS="3600"
        )
        house.clock = Hurrying(times)
        house.observer = listener = Listener(house)
        await invite(house, guests)
        meta.ask("/_simulator/incidents", {"do": "api-outage", "lasts": "1d"})

        await send_until(house, done=lambda _: len(listener.rests) == 3)
        counts = await house.overview.counts(EVERYTHING)
        doubted = counts[State.UNCONFIRMED]
        assert IN_A_ROW <= doubted < IN_A_ROW + in_air + 2
        assert counts[State.QUEUED] == guests - doubted
        assert listener.resumed_after == []

        meta.ask("/_simulator/clock", {"advance_s": 86_400})
        await send_until(house, done=lambda counts: counts[State.SENT] == guests - doubted)
        # Told once for each change, and each rest twice as long as the one before, but for what the answers took.
        first, second, third = listener.rests
        assert first <= 10
        assert second >= 20
        assert third >= 2 * second - 1
        assert listener.resumed_after == [3]
        assert len(meta.messages()) == guests - doubted
