"""Cases seen to fail in well-known systems, on the sending side, against a simulated Meta that is its own witness."""

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from invy import roster
from invy.domain.evidence import Attempt, Phase
from invy.domain.guest import Event, Guest
from invy.domain.hold import Scope
from invy.domain.ids import EventId, GuestId, MessageId, TemplateKey
from invy.domain.phone import E164, aliases
from invy.domain.state import State
from invy.store.overview import Filter
from tests.adversity.bodies import signature, written
from tests.adversity.stage import Stage, living, send, settings, until
from tests.flows.world import World, simulator
from tests.making import T0

EVENT = EventId("wedding")
TEMPLATE = TemplateKey("hina_invitation")
COMMON = {"invitation_image_url": "https://example.com/i.jpg"}


def dial(suffix: str) -> str:
    """A number reserved for fiction whose last four digits choose its fate in the simulator."""
    return "+4477009" + suffix.zfill(5)


async def reaches(stage: Stage, name: MessageId, state: State, patience_s: float = 15) -> None:
    async def there() -> bool:
        return (await stage.message(name)).state is state

    await until(there, patience_s)


async def really(world: World, name: MessageId) -> list[dict[str, Any]]:
    """What Meta accepted under our id."""
    everything = await asyncio.to_thread(world.messages)
    return [each for each in everything if each["biz_opaque_callback_data"] == name]


async def guests(stage: Stage, *listed: tuple[str, str, dict[str, str]]) -> None:
    made = [
        Guest(GuestId(f"g{n}"), EVENT, name, E164(number), params, T0)
        for n, (name, number, params) in enumerate(listed)
    ]
    await stage.house.guests.put(Event(EVENT, "Wedding", T0), [made])


async def test_t07_a_send_whose_answer_is_lost_is_settled_by_the_echo_of_our_id(
    alive: Stage, world: World
) -> None:
    """The answer is lost, comes too late, or is a 5xx although the message was accepted."""
    names = await send(alive, [dial("0171"), dial("0170"), dial("0173")])

    for name in names:
        await until(partial(_unsure, alive, name))
        await reaches(alive, name, State.READ)

        [accepted] = await really(world, name)
        assert (await alive.message(name)).folded.wamid == accepted["wamid"]
        attempts = [fact for fact in await alive.evidence(name) if isinstance(fact, Attempt)]
        assert [each.phase for each in attempts] == [Phase.STARTED, Phase.UNSURE]
    assert await alive.audited() == []


async def _unsure(stage: Stage, name: MessageId) -> bool:
    facts = await stage.evidence(name)
    return any(isinstance(fact, Attempt) and fact.phase is Phase.UNSURE for fact in facts)


async def test_t07_a_send_that_nobody_hears_of_again_waits_for_a_human_and_is_not_repeated(
    alive: Stage, world: World
) -> None:
    """A 5xx and a broken connection, and Meta has accepted nothing."""
    names = await send(alive, [dial("0172"), dial("0174")])

    for name in names:
        await reaches(alive, name, State.UNCONFIRMED)
    await asyncio.sleep(0.3)
    await asyncio.to_thread(world.settle)

    for name in names:
        assert (await alive.message(name)).state is State.UNCONFIRMED
        assert await really(world, name) == []


async def test_t06_a_webhook_that_overtakes_the_reply_ends_in_the_same_state(
    alive: Stage, world: World
) -> None:
    names = await send(alive, [dial("0175"), dial("0177"), dial("0182")])

    for name in names:
        await reaches(alive, name, State.READ)

    assert await alive.house.overview.orphans() == 0
    assert await alive.audited() == []


async def test_t13_a_restart_between_the_request_and_its_reply_is_never_a_second_request(
    database_url: str, tmp_path: Path
) -> None:
    """The first service is dropped while Meta is still thinking; the next one must not ask Meta again."""
    with simulator("--seed", "3", "--speed", "1", "--rate", "0", "--latency", "600") as slow:
        known = settings(database_url, tmp_path, slow, INVY_SEND_TIMEOUT_S="1", INVY_LEASE_SECONDS="1.5")
        async with living(known, slow) as first:
            [name] = await send(first, [dial("0153")])
            await until(lambda: _asked(slow))
            await _dropped(first)
            assert (await first.message(name)).state is State.SENDING
        await asyncio.sleep(1.5)  # the lease of the first runs out
        async with living(known, slow) as second:
            await reaches(second, name, State.UNCONFIRMED)
            await asyncio.sleep(0.5)
            assert (await second.message(name)).state is State.UNCONFIRMED
        assert len(await really(slow, name)) == 1


async def _asked(world: World) -> bool:
    return bool(await asyncio.to_thread(world.messages))


async def _dropped(stage: Stage) -> None:
    """Forget every request that is under way, as a crash does: no outcome is recorded."""
    sender = stage.service.sender
    assert sender is not None
    for task in list(sender._in_flight):
        task.cancel()
    await asyncio.sleep(0)


async def test_t15_every_guest_gets_their_own_parameters(alive: Stage, world: World) -> None:
    await guests(
        alive,
        ("Dana", dial("0001"), {}),
        ("אורי", dial("0002"), {"contact_name": "אורי ונועה"}),
        ("Sam", dial("0003"), {"invitation_image_url": "https://example.com/sam.jpg"}),
    )

    planned = await alive.house.campaigns.start(EVENT, TEMPLATE, COMMON)
    assert planned.new == 3
    alive.service.wake_sender()
    await until(lambda: _all_sent(alive, 3))

    said = {}
    async for message in alive.house.overview.all(Filter(event_id=EVENT)):
        payload = json.loads(await alive.house.overview.payload(message.id))
        header, text, *_ = payload["template"]["components"]
        said[payload["to"]] = (
            text["parameters"][0]["text"],
            header["parameters"][0]["image"]["link"],
        )
        [accepted] = await really(world, message.id)
        assert "+" + accepted["dialled"].lstrip("+") == payload["to"] == message.to
    assert said == {
        dial("0001"): ("Dana", "https://example.com/i.jpg"),
        dial("0002"): ("אורי ונועה", "https://example.com/i.jpg"),
        dial("0003"): ("Sam", "https://example.com/sam.jpg"),
    }


async def _all_sent(stage: Stage, count: int) -> bool:
    counts = await stage.house.overview.counts(Filter(event_id=EVENT))
    return counts[State.QUEUED] == counts[State.SENDING] == 0 and sum(counts.values()) == count


ABROAD = {
    "+5531999990101": "+553199990101",
    "+525555550102": "+5215555550102",
    "+541155550103": "+5491155550103",
}
"""Numbers in Brazil, Mexico and Argentina as dialled, and as Meta answers them."""


async def test_t18_a_wa_id_that_differs_from_the_number_is_kept_beside_it_and_rewrites_nothing(
    alive: Stage, world: World
) -> None:
    names = await send(alive, list(ABROAD))

    for name, (dialled, known_as) in zip(names, ABROAD.items(), strict=True):
        await until(partial(_accepted, alive, name))
        message = await alive.message(name)
        assert message.to == dialled
        assert message.folded.wa_id == known_as.removeprefix("+")
        assert aliases(E164(dialled)) == aliases(E164(known_as)) == {dialled, known_as}
        assert [each["to"] for each in await really(world, name)] == [known_as.removeprefix("+")]


async def _accepted(stage: Stage, name: MessageId) -> bool:
    return (await stage.message(name)).folded.accepted_at is not None


async def test_t18_who_stops_marketing_under_one_number_has_stopped_under_the_other(
    alive: Stage, world: World
) -> None:
    """Meta tells of the stop by `wa_id`; the guest list has the number as it is written on paper."""
    for known_as in ABROAD.values():
        stop = {
            "wa_id": known_as.removeprefix("+"),
            "detail": "User requested to stop marketing messages",
            "category": "marketing_messages",
            "value": "stop",
            "timestamp": int(T0.timestamp()),
        }
        value = {"messaging_product": "whatsapp", "user_preferences": [stop]}
        change = {"field": "user_preferences", "value": value}
        body = written({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]})
        assert await alive.post(body, signature(body, world.app_secret)) == 200
    await alive.applied()

    assert await alive.house.guests.opted_out([E164(each) for each in ABROAD]) == set(ABROAD)
    await guests(alive, *((f"Guest {n}", number, {}) for n, number in enumerate(ABROAD)))
    planned = await alive.house.campaigns.start(EVENT, TEMPLATE, COMMON)
    assert (planned.new, [each.kind for each in planned.left_out]) == (0, ["opted-out"] * 3)


async def test_t19_one_guest_written_in_many_ways_is_invited_once(alive: Stage, world: World) -> None:
    rows = [
        "name,phone",
        "Dana,050-437-0045",
        "Dana again,+972 50 437 0045",
        "Dana at work,972504370045",
        "Ana,+55 31 99999-0101",
        "Ana before 2016,+55 31 9999-0101",
        "Sam,+44 7700 900150",
    ]
    read = roster.read("\n".join(rows).encode(), "guests.csv", "IL")
    found = read.guests
    assert [each.phone for each in found] == ["+972504370045", "+5531999990101", "+447700900150"]
    assert len(read.duplicates) == 3

    await guests(alive, *((each.name, each.phone, {}) for each in found))
    for _ in range(2):
        await alive.house.campaigns.start(EVENT, TEMPLATE, COMMON)
    alive.service.wake_sender()
    await until(lambda: _all_sent(alive, 3))

    told = await asyncio.to_thread(world.ask, "/_simulator/guests")
    assert Counter(each["accepted"] for each in told["guests"]) == {1: 3}


async def test_t20_a_token_that_expires_while_sending_pauses_the_campaign_and_blames_nobody(
    database_url: str, tmp_path: Path
) -> None:
    with simulator("--seed", "20", "--speed", "60", "--rate", "0") as world:
        known = settings(database_url, tmp_path, world, INVY_SEND_RATE="100")
        async with living(known, world) as stage:
            await guests(stage, *((f"Guest {n}", dial(f"1{n:03d}"), {}) for n in range(150)))
            await stage.house.campaigns.start(EVENT, TEMPLATE, COMMON)
            stage.service.wake_sender()
            await until(partial(_asked, world))
            await asyncio.to_thread(world.ask, "/_simulator/incidents", {"do": "expire-token"})

            async def held() -> bool:
                if not await stage.house.holds.active():
                    return False
                # Asked in this order: once there is a hold, nothing more is leased.
                counts = await stage.house.overview.counts(Filter(event_id=EVENT))
                return not counts[State.SENDING]

            await until(held)

            [hold] = await stage.house.holds.active()
            assert (hold.scope, hold.subject, hold.code) == (Scope.SENDER, world.phone_number_id, 190)
            assert "expired" in hold.reason.lower()
            accepted = len(await asyncio.to_thread(world.messages))
            assert 0 < accepted < 150
            waiting = frozenset({State.QUEUED})
            rest = await stage.house.overview.page(Filter(states=waiting), limit=200)
            assert len(rest) == 150 - accepted
            assert all(message.folded.failed is None for message in rest)
