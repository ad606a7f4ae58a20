"""What the service sees when it glances at a simulated Meta is in the verdicts, and no longer once it has passed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from structlog.testing import capture_logs

from invy.app.house import House
from invy.app.settings import Settings
from invy.diagnose.finding import Finding
from invy.diagnose.health import Ability
from invy.diagnose.sighting import Template, template_subject
from invy.domain.ids import MessageId
from invy.meta.catalogue import Lang
from invy.store import schema
from invy.store.database import Database
from tests.adversity.stage import Stage, living, settings, staged, until
from tests.flows.test_why import EVENT, SOON, answered, happen, judged, number, send, told, why
from tests.flows.world import World, simulator

ELSEWHERE = "http://127.0.0.1:9/somebody-elses-hook"
HALF_A_DAY = timedelta(hours=12)
RARELY = timedelta(hours=15)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A Meta of its own for each test, for what happens to it stays; its `hina_invitation` lives for twelve hours."""
    short = {
        "name": "hina_invitation",
        "language": "he",
        "status": "APPROVED",
        "category": "MARKETING",
        "message_send_ttl_seconds": int(HALF_A_DAY.total_seconds()),
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "שלום {{1}}, מזמינים אותך.", "example": {"body_text": [["א"]]}},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "URL", "text": "לפרטים", "url": "https://invy.dvirlabs.com/guest/{{1}}"}
                ],
            },
        ],
    }
    live = tmp_path / "live.json"
    live.write_text(json.dumps({"data": [short]}), encoding="utf-8")
    with simulator("--seed", "7", "--rate", "0", "--real-timestamps", "--templates", str(live)) as started:
        yield started


@pytest.fixture
def known(database_url: str, tmp_path: Path, world: World) -> Settings:
    return settings(database_url, tmp_path, world, INVY_PUBLIC_URL="https://invy.example")


@pytest.fixture
async def alive(known: Settings, world: World) -> AsyncIterator[Stage]:
    async with living(known, world) as made:
        await glanced(made)
        yield made


@pytest.fixture
async def deaf(known: Settings) -> AsyncIterator[Stage]:
    """Sends, and hears nothing."""
    async with staged(known, send=True) as made:
        await glanced(made)
        yield made


async def glanced(stage: Stage) -> None:
    assert stage.service.glance is not None
    assert await stage.service.glance.round(after=timedelta(0))


async def sent(stage: Stage, count: int = 3) -> Sequence[MessageId]:
    ids = await send(stage, [number("0150", n) for n in range(count)])
    await answered(stage, ids)
    return ids


async def test_the_service_glances_by_itself_as_soon_as_it_starts(known: Settings) -> None:
    async with staged(known, send=True) as stage:
        assert stage.service.parts()["glance"]

        async def has_looked() -> bool:
            name = template_subject("hina_invitation", "he")
            return await stage.house.sightings.last(Template, name) is not None

        await until(has_looked)


async def test_an_account_that_is_no_longer_subscribed_is_the_verdict_until_it_is_again(
    deaf: Stage, world: World
) -> None:
    ids = await sent(deaf)
    assert (await judged(deaf, ids[0], SOON)).finding is Finding.WEBHOOK_DEAD
    await asyncio.to_thread(happen, world, "unsubscribe-app")
    await glanced(deaf)
    verdict = await judged(deaf, ids[0], SOON)
    assert verdict.finding is Finding.WEBHOOK_UNSUBSCRIBED
    assert not verdict.phone_instead
    [unreached] = await why(deaf, SOON).groups(EVENT)
    assert [(each.finding, each.count) for each in unreached.groups] == [(Finding.WEBHOOK_UNSUBSCRIBED, 3)]
    await asyncio.to_thread(subscribe_again, world)
    await glanced(deaf)
    assert (await judged(deaf, ids[0], SOON)).finding is Finding.WEBHOOK_DEAD


async def test_reports_that_go_elsewhere_are_the_verdict_with_the_address_until_they_do_not(
    deaf: Stage, world: World
) -> None:
    await asyncio.to_thread(happen, world, "override-callback", url=ELSEWHERE)
    ids = await sent(deaf)
    await glanced(deaf)
    verdict = await judged(deaf, ids[0], SOON)
    assert verdict.finding is Finding.WEBHOOK_DIVERTED
    assert ELSEWHERE in verdict.why.en
    [unreached] = await why(deaf, SOON).groups(EVENT)
    [group] = unreached.groups
    assert (group.finding, group.count) == (Finding.WEBHOOK_DIVERTED, 3)
    assert any(ELSEWHERE in remark.say(Lang.HE) for remark in group.remarks)
    await asyncio.to_thread(subscribe_again, world)
    await glanced(deaf)
    assert (await judged(deaf, ids[0], SOON)).finding is Finding.WEBHOOK_DEAD


async def test_an_override_to_our_own_address_is_no_diversion(deaf: Stage, world: World) -> None:
    ours = "https://INVY.example:443/whatsapp/webhook/"
    await asyncio.to_thread(happen, world, "override-callback", url=ours)
    ids = await sent(deaf)
    await glanced(deaf)
    assert (await judged(deaf, ids[0], SOON)).finding is Finding.WEBHOOK_DEAD


async def test_what_was_seen_is_not_believed_after_a_day(deaf: Stage, world: World) -> None:
    ids = await sent(deaf)
    await asyncio.to_thread(happen, world, "unsubscribe-app")
    await glanced(deaf)
    assert (await judged(deaf, ids[0], timedelta(hours=23))).finding is Finding.WEBHOOK_UNSUBSCRIBED
    assert (await judged(deaf, ids[0], timedelta(hours=25))).finding is Finding.WEBHOOK_DEAD


async def test_a_number_that_is_rated_red_says_so_beside_the_verdict_until_it_is_not(
    alive: Stage, world: World
) -> None:
    [off] = await send(alive, [number("0152")])
    await told(alive, world, [off])
    await asyncio.to_thread(happen, world, "quality-red")
    await glanced(alive)
    verdict = await judged(alive, off, SOON)
    said = " ".join(remark.en for remark in verdict.remarks)
    assert "Meta rates the number we send from as RED" in said
    assert "Meta limits the number we send from" in said
    found = await why(alive).explain(off)
    assert found.case.situation.sender.ability is Ability.LIMITED
    [unreached] = await why(alive, SOON).groups(EVENT)
    assert any("RED" in remark.en for remark in unreached.groups[0].remarks)
    await asyncio.to_thread(happen, world, "quality-green")
    await glanced(alive)
    after = " ".join(remark.en for remark in (await judged(alive, off, SOON)).remarks)
    assert "RED" not in after
    assert "limits" not in after


async def test_a_message_outlives_no_longer_than_its_template_allows(alive: Stage, world: World) -> None:
    [off] = await send(alive, [number("0152")])
    await told(alive, world, [off])
    assert (await judged(alive, off, timedelta(hours=11))).finding is Finding.SENT_HOURS
    verdict = await judged(alive, off, RARELY)
    assert verdict.finding is Finding.EXPIRED
    assert "12 hours" in verdict.why.en
    assert any("own time to live" in remark.en for remark in verdict.remarks)
    [unreached] = await why(alive, RARELY).groups(EVENT)
    assert [each.finding for each in unreached.groups] == [Finding.EXPIRED]


async def test_a_campaigns_preflight_keeps_what_it_sees_for_those_without_a_service(
    known: Settings, database_url: str
) -> None:
    database = Database.open(database_url)
    await schema.upgrade(database)
    house = House(known, database)
    assert await house.preflight("hina_invitation") is None
    seen = await house.sightings.last(Template, template_subject("hina_invitation", "he"))
    assert seen is not None
    assert (seen.fact.status, seen.fact.lifetime_s) == ("APPROVED", 43_200)
    await database.close()


async def test_a_meta_that_cannot_be_asked_is_told_once_and_what_was_known_stays(
    deaf: Stage, world: World
) -> None:
    name = template_subject("hina_invitation", "he")
    before = await deaf.house.sightings.last(Template, name)
    await asyncio.to_thread(happen, world, "expire-token")
    with capture_logs() as lines:
        await glanced(deaf)
        await glanced(deaf)
    assert [line["event"] for line in lines if line["event"].startswith("meta.")] == ["meta.unseen"]
    assert await deaf.house.sightings.last(Template, name) == before
    await asyncio.to_thread(happen, world, "renew-token")


def subscribe_again(world: World) -> None:
    """As a person does it: without an override, which takes away the one there is."""
    path = f"{world.base_url}/v25.0/{world.business_account_id}/subscribed_apps"
    with urlopen(
        Request(path, data=b"{}", headers={"Authorization": f"Bearer {world.access_token}"}), timeout=10
    ) as answer:
        assert answer.status == 200
