"""Every verdict that a simulated Meta can bring about, reached through a real run: sent, reported, applied, explained."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from invy.app.house import utc_now
from invy.app.settings import Settings
from invy.cli.exit_code import ExitCode
from invy.diagnose.finding import Confidence, Finding, MayResend
from invy.diagnose.verdict import Verdict
from invy.domain.errors import NotFound, Side
from invy.domain.guest import Event, Guest
from invy.domain.hold import Scope
from invy.domain.ids import EventId, GuestId, MessageId
from invy.domain.phone import E164
from invy.domain.state import State
from invy.engine.why import Why
from invy.meta.catalogue import Lang
from invy.store.situations import Situations
from tests.adversity.stage import Stage, living, settings, staged, until
from tests.flows.world import World, simulator
from tests.making import T0, chunks

EVENT = EventId("wedding")
PARAMS = {"contact_name": "איילה", "invitation_image_url": "https://example.com/i.jpg"}
# Nothing listens there, and no request ever leaves for it: an address that only we could reach is refused before.
HIDDEN_PICTURE = {**PARAMS, "invitation_image_url": "https://127.0.0.1/invitation.jpg?sig=SECRET"}
HIDDEN_AS_SHOWN = "https://127.0.0.1/invitation.jpg?…"

SOON, HOURS, DAYS, MONTHS = (
    timedelta(minutes=5),
    timedelta(hours=5),
    timedelta(days=3),
    timedelta(days=60),
)


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    with simulator("--seed", "7", "--rate", "0", "--real-timestamps") as started:
        yield started


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """A simulated Meta that tells real times; afterwards it forgets what it was told and what it did."""
    yield shared_world
    shared_world.ask("/_simulator/reset", {})


@pytest.fixture
def known(database_url: str, tmp_path: Path, world: World) -> Settings:
    return settings(
        database_url, tmp_path, world, INVY_SEND_RATE="500", INVY_SEND_TIMEOUT_S="1", INVY_LEASE_SECONDS="2"
    )


@pytest.fixture
async def alive(known: Settings, world: World) -> AsyncIterator[Stage]:
    """Sends, and hears what becomes of it."""
    async with living(known, world) as made:
        yield made


@pytest.fixture
async def deaf(known: Settings) -> AsyncIterator[Stage]:
    """Sends, and hears nothing: nobody has told Meta where to call."""
    async with staged(known, send=True) as made:
        yield made


def number(digits: str, n: int = 0) -> E164:
    return E164(f"+4477009{n}{digits}")


async def send(
    stage: Stage,
    to: Sequence[E164],
    params: Mapping[str, str] = PARAMS,
    *,
    template: str = "hina_invitation",
    retry_of: MessageId | None = None,
) -> list[MessageId]:
    drafts = [
        stage.house.composer.draft(template, each, params, event_id=EVENT, retry_of=retry_of) for each in to
    ]
    await stage.house.outbox.enqueue(chunks(drafts))
    stage.service.wake_sender()
    return [draft.id for draft in drafts]


async def answered(stage: Stage, ids: Sequence[MessageId]) -> None:
    """Until every request has been answered, or will never be."""

    async def none_is_under_way() -> bool:
        states = [(await stage.message(each)).state for each in ids]
        return not {State.QUEUED, State.SENDING} & set(states)

    await until(none_is_under_way)


async def told(stage: Stage, world: World, ids: Sequence[MessageId]) -> None:
    """Until every phone has done what it will do, and we have heard and applied all that Meta tells."""
    await answered(stage, ids)
    await asyncio.to_thread(world.settle)
    await stage.applied()


def why(stage: Stage, later: timedelta = timedelta(0)) -> Why:
    """As it would be explained so much later, if nothing else happened."""
    moment = utc_now() + later
    return Why(Situations(stage.house.database), lambda: moment, "IL")


async def judged(stage: Stage, name: str, later: timedelta = timedelta(0), *, look: bool = False) -> Verdict:
    found = await why(stage, later).explain(name, eyes=stage.house.eyes if look else None)
    return found.verdict


FATES: Mapping[str, Finding] = {
    "0150": Finding.READ,
    "0151": Finding.DELIVERED,
    "0153": Finding.NO_RECEIPT_ALONE,
    "0154": Finding.READ,
    "0156": Finding.NOT_DELIVERABLE,
    "0157": Finding.NOT_DELIVERABLE,
    "0158": Finding.MARKETING_CAP,
    "0159": Finding.EXPERIMENT,
    "0160": Finding.OPTED_OUT,
    "0161": Finding.PICTURE,
    "0162": Finding.META_TROUBLE,
    "0165": Finding.ARRIVED_DESPITE_FAILURE,
    "0168": Finding.ANSWERED,
    "0171": Finding.READ,  # its reply was lost: the echo of our id in the receipt has settled it
    "0175": Finding.READ,  # its receipt came before its reply, and waited as an orphan
    "0179": Finding.NO_RECEIPT_ALONE,
    "0183": Finding.NOT_DELIVERABLE,
    "0184": Finding.READ,
    "0188": Finding.NOT_DELIVERABLE,
    "0194": Finding.TEST_NUMBER,
}


async def test_every_fate_of_a_guest_gets_its_verdict(alive: Stage, world: World) -> None:
    ids = await send(alive, [number(digits) for digits in FATES])
    await told(alive, world, ids)
    found = {digits: await judged(alive, each, SOON) for digits, each in zip(FATES, ids, strict=True)}
    assert {digits: verdict.finding for digits, verdict in found.items()} == FATES
    assert all(verdict.rests_on for verdict in found.values())
    groups = {each.finding: each.count for each in (await why(alive, SOON).groups(EVENT))[0].groups}
    unreached = [verdict.finding for verdict in found.values() if not verdict.reached]
    assert groups == {finding: unreached.count(finding) for finding in unreached}


async def test_a_phone_that_is_off_is_told_from_one_that_will_never_answer_only_by_time(
    alive: Stage, world: World
) -> None:
    off, blocked = await send(alive, [number("0155"), number("0152")])
    await answered(alive, [off, blocked])
    await asyncio.to_thread(world.ask, "/_simulator/clock", {"advance_s": 60})
    await alive.applied()
    for message_id in (off, blocked):
        assert (await judged(alive, message_id)).finding is Finding.SENT_MINUTES
        assert (await judged(alive, message_id, HOURS)).finding is Finding.SENT_HOURS
        days = await judged(alive, message_id, DAYS)
        assert (days.finding, days.phone_instead) == (Finding.SENT_DAYS, True)
    await told(alive, world, [off, blocked])
    assert (await judged(alive, off, DAYS)).finding is Finding.READ
    assert (await judged(alive, blocked, MONTHS)).finding is Finding.EXPIRED


async def test_with_a_dead_webhook_nobody_is_blamed_for_silence(deaf: Stage) -> None:
    ids = await send(deaf, [number("0150", n) for n in range(5)])
    await answered(deaf, ids)
    assert (await judged(deaf, ids[0])).finding is Finding.SENT_FRESH
    for message_id in ids:
        verdict = await judged(deaf, message_id, SOON)
        assert (verdict.finding, verdict.confidence) == (Finding.WEBHOOK_DEAD, Confidence.CERTAIN)
        assert not verdict.phone_instead
    [unreached] = await why(deaf, DAYS).groups(EVENT)
    assert [(each.finding, each.count, each.phone_count) for each in unreached.groups] == [
        (Finding.WEBHOOK_DEAD, 5, 0)
    ]


async def test_one_silent_guest_among_others_is_that_guests_own_silence(alive: Stage, world: World) -> None:
    ids = await send(alive, [*(number("0150", n) for n in range(4)), number("0153")])
    await told(alive, world, ids)
    verdict = await judged(alive, ids[-1], SOON)
    assert verdict.finding is Finding.NO_RECEIPT_ALONE
    assert any(
        "Other messages from the same time: 4; with a report: 4" in each.en for each in verdict.remarks
    )
    assert (await judged(alive, ids[-1], DAYS)).phone_instead


async def test_a_webhook_that_dies_in_the_middle_is_found_out_by_those_after_it(
    database_url: str, tmp_path: Path
) -> None:
    with simulator("--seed", "7", "--rate", "0", "--real-timestamps") as world:
        async with living(settings(database_url, tmp_path, world), world) as stage:
            before = await send(stage, [number("0150", n) for n in range(3)])
            await told(stage, world, before)
            happen(world, "webhook-outage", lasts="2d", share=1.0)
            after = await send(stage, [number("0151", n) for n in range(4)])
            await answered(stage, after)
            # By now those of before have long been heard of; among those after, nobody has.
            later = await judged(stage, after[0], SOON)
            assert later.finding is Finding.WEBHOOK_DEAD
            assert any("last delivery report" in each.en for each in later.remarks)
            assert (await judged(stage, before[0], SOON)).finding is Finding.READ


async def test_a_test_message_after_the_repair_puts_no_guest_of_the_outage_on_the_phone_list(
    alive: Stage, world: World
) -> None:
    await asyncio.to_thread(happen, world, "unsubscribe-app")
    guests = await send(alive, [number("0150", n) for n in range(5)])
    await told(alive, world, guests)
    await asyncio.to_thread(subscribe_the_account, world)
    [test] = await send(alive, [number("0151")])
    await told(alive, world, [test])
    assert (await judged(alive, test, SOON)).reached
    for later in (SOON, HOURS, DAYS):
        for message_id in guests:
            verdict = await judged(alive, message_id, later)
            assert (verdict.finding, verdict.side) == (Finding.WEBHOOK_WAS_DEAD, Side.OURS)
            assert any("with a report: 1" in each.en for each in verdict.remarks)
        [unreached] = await why(alive, later).groups(EVENT)
        assert [(each.finding, each.count, each.phone_count) for each in unreached.groups] == [
            (Finding.WEBHOOK_WAS_DEAD, 5, 0)
        ]


async def test_webhooks_that_were_turned_away_for_their_signature_are_the_reason(
    database_url: str, tmp_path: Path, world: World
) -> None:
    known = settings(database_url, tmp_path, world, WHATSAPP_APP_SECRET="another-secret-than-that-of-meta")
    async with living(known, world) as stage:
        [message_id] = await send(stage, [number("0150")])
        await answered(stage, [message_id])

        async def refused() -> bool:
            return (await judged(stage, message_id, SOON)).finding is not Finding.WEBHOOK_DEAD

        await until(refused)
        verdict = await judged(stage, message_id, SOON)
        assert (verdict.finding, verdict.phone_instead) == (Finding.WEBHOOK_REFUSED, False)


async def test_an_unknown_outcome_is_unconfirmed_until_a_report_settles_it(deaf: Stage, world: World) -> None:
    [message_id] = await send(deaf, [number("0171")])
    await answered(deaf, [message_id])
    now = await judged(deaf, message_id)
    assert (now.finding, now.may_resend) == (Finding.UNCONFIRMED, MayResend.RISKY)
    assert (await judged(deaf, message_id, SOON)).finding is Finding.UNCONFIRMED_DEAF


async def test_an_unknown_outcome_with_working_webhooks_is_for_a_person_to_decide(
    alive: Stage, world: World
) -> None:
    heard = await send(alive, [number("0150")])
    await told(alive, world, heard)
    await asyncio.to_thread(world.ask, "/_simulator/chaos", {"lose": 1.0})
    [message_id] = await send(alive, [number("0171")])
    await told(alive, world, [message_id])
    await asyncio.to_thread(world.ask, "/_simulator/chaos", {})
    verdict = await judged(alive, message_id, timedelta(minutes=20))
    assert (verdict.finding, verdict.may_resend) == (Finding.UNCONFIRMED_LONG, MayResend.RISKY)


async def test_a_message_that_is_held_for_quality_waits_and_is_released_or_dropped(
    alive: Stage, world: World
) -> None:
    held, dropped = await send(alive, [number("0186"), number("0187")])
    await answered(alive, [held, dropped])
    assert (await judged(alive, held, SOON)).finding is Finding.PACING_HELD
    await told(alive, world, [held, dropped])
    assert (await judged(alive, held)).finding is Finding.READ
    verdict = await judged(alive, dropped)
    assert (verdict.finding, verdict.label) == (Finding.PACING_DROPPED, "132015")


async def test_a_second_marketing_cap_in_a_row_advises_the_telephone(alive: Stage, world: World) -> None:
    [first] = await send(alive, [number("0158")])
    await told(alive, world, [first])
    once = await judged(alive, first)
    assert (once.finding, once.may_resend) == (Finding.MARKETING_CAP, MayResend.LATER)
    [second] = await send(alive, [number("0158")], retry_of=first)
    await told(alive, world, [second])
    again = await judged(alive, second)
    assert again.finding is Finding.MARKETING_CAP_AGAIN
    assert any("Earlier tries of the same message: 1" in each.en for each in again.remarks)
    [unreached] = await why(alive).groups(EVENT)
    assert [(each.finding, each.count) for each in unreached.groups] == [(Finding.MARKETING_CAP_AGAIN, 1)]


async def test_whoever_stops_marketing_is_not_sent_another(alive: Stage, world: World) -> None:
    to = number("0169")
    [first] = await send(alive, [to])
    await told(alive, world, [first])
    assert (await judged(alive, first)).reached
    [second] = await send(alive, [to])
    await told(alive, world, [second])
    verdict = await judged(alive, second)
    assert (verdict.finding, verdict.may_resend) == (Finding.OPTED_OUT, MayResend.NO)


async def test_a_picture_that_meta_could_not_use_is_looked_at_on_request(alive: Stage, world: World) -> None:
    [message_id] = await send(alive, [number("0161")], HIDDEN_PICTURE)
    await told(alive, world, [message_id])
    unseen = await judged(alive, message_id)
    assert unseen.finding is Finding.PICTURE
    assert any(HIDDEN_AS_SHOWN in remark.en for remark in unseen.remarks)
    seen = await judged(alive, message_id, look=True)
    assert seen.finding is Finding.PICTURE_BROKEN
    assert HIDDEN_AS_SHOWN in seen.why.en
    assert "SECRET" not in repr((unseen, seen))
    assert "inside our network" in seen.why.en


@pytest.mark.parametrize(
    ("digits", "finding", "code"),
    [("0163", Finding.PAYMENT, 131042), ("0164", Finding.ACCOUNT_LOCKED, 131031)],
)
async def test_trouble_of_the_account_holds_the_others_and_blames_no_guest(
    alive: Stage, world: World, digits: str, finding: Finding, code: int
) -> None:
    [message_id] = await send(alive, [number(digits)])
    await told(alive, world, [message_id])
    verdict = await judged(alive, message_id)
    assert (verdict.finding, verdict.code, verdict.phone_instead) == (finding, code, False)
    [waiting] = await send(alive, [number("0150")])
    held = await judged(alive, waiting, SOON)
    assert (held.finding, held.code) == (Finding.HELD_SENDER, code)


async def test_an_expired_token_is_why_everything_waits(
    database_url: str, tmp_path: Path, world: World
) -> None:
    known = settings(database_url, tmp_path, world, WHATSAPP_ACCESS_TOKEN="EAAexpired")
    async with staged(known, send=True) as stage:
        ids = await send(stage, [number("0150", n) for n in range(3)])
        await held(stage, Scope.SENDER)

        async def all_wait_again() -> bool:
            return {(await stage.message(each)).state for each in ids} == {State.QUEUED}

        await until(all_wait_again)
        for message_id in ids:
            verdict = await judged(stage, message_id, SOON)
            assert (verdict.finding, verdict.label) == (Finding.HELD_SENDER, "190")
        [unreached] = await why(stage, SOON).groups(EVENT)
        assert [(each.finding, each.count) for each in unreached.groups] == [(Finding.HELD_SENDER, 3)]


async def test_a_paused_template_is_why_its_messages_wait(database_url: str, tmp_path: Path) -> None:
    with simulator("--seed", "7", "--rate", "0", "--real-timestamps") as world:
        async with living(settings(database_url, tmp_path, world), world) as stage:
            await asyncio.to_thread(subscribe, world, "messages,message_template_status_update")
            happen(world, "pause-template", template="hina_invitation")
            [message_id] = await send(stage, [number("0150")])
            await held(stage, Scope.TEMPLATE)

            async def noticed() -> bool:
                return any("PAUSED" in each.en for each in (await judged(stage, message_id)).remarks)

            await until(noticed)
            verdict = await judged(stage, message_id, SOON)
            assert (verdict.finding, verdict.label) == (Finding.HELD_TEMPLATE, "132015")


async def test_while_meta_cannot_be_reached_a_message_waits_for_its_next_try(
    database_url: str, tmp_path: Path, world: World
) -> None:
    known = settings(database_url, tmp_path, world, WHATSAPP_API_BASE_URL="http://127.0.0.1:9")
    async with staged(known, send=True) as stage:
        [message_id] = await send(stage, [number("0150")])

        async def waits_for_another_try() -> bool:
            found = await stage.message(message_id)
            return found.state is State.QUEUED and found.due_at is not None

        await until(waits_for_another_try)
        assert (await judged(stage, message_id, -SOON)).finding is Finding.QUEUED_RETRY


async def test_a_message_that_nobody_sends_says_so(known: Settings) -> None:
    async with staged(known) as stage:
        [message_id] = await send(stage, [number("0150")])
        assert (await judged(stage, message_id, MONTHS)).finding is Finding.NOBODY_SENDS


async def test_a_guest_is_found_by_id_and_by_number_in_any_form_and_the_newest_message_is_meant(
    alive: Stage, world: World
) -> None:
    guest = Guest(GuestId("noa"), EVENT, "נועה", E164("+972504370045"), {}, T0)
    await alive.house.guests.put(Event(EVENT, "החתונה", T0), [[guest]])
    ids = []
    for _ in range(2):
        draft = alive.house.composer.draft(
            "hina_invitation", guest.phone, PARAMS, event_id=EVENT, guest_id=guest.id
        )
        await alive.house.outbox.enqueue(chunks([draft]))
        alive.service.wake_sender()
        await told(alive, world, [draft.id])
        ids.append(draft.id)
    first, newest = ids
    for name in ("noa", "0504370045", "050-437-0045", "+972 50 437 0045", newest):
        found = await why(alive).explain(name)
        assert found.case.message.id == newest
        assert found.case.guest_name == "נועה"
        assert [each.id for each in found.others] == ([] if name == newest else [first])
    wamid = (await alive.message(first)).folded.wamid
    assert (await why(alive).explain(str(wamid))).case.message.id == first
    for stranger in ("+447700900777", "no such guest"):
        with pytest.raises(NotFound):
            await why(alive).explain(stranger)


async def test_the_command_explains_in_hebrew_that_json_does_not_jumble(
    alive: Stage, world: World, tmp_path: Path
) -> None:
    [message_id] = await send(alive, [number("0156")])
    await told(alive, world, [message_id])
    verdict = await judged(alive, message_id)
    environment = world.environment(alive.house.settings.database_url, tmp_path / "templates.toml")

    def invy(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "invy.cli", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)

    ended = await asyncio.to_thread(invy, "why", message_id, "--json", "--lang", "he")
    assert ended.returncode == ExitCode.OK, ended.stderr.decode()
    text = ended.stdout.decode("utf-8")
    told_verdict: dict[str, Any] = json.loads(text)["verdict"]
    assert told_verdict["headline"] == verdict.headline.he
    assert told_verdict["headline"] in text  # as letters, not as escapes
    assert told_verdict["lang"] == Lang.HE
    assert told_verdict["label"] == "131026"
    document = json.loads(text)
    assert [each["decisive"] for each in document["evidence"]].count(True) == len(verdict.rests_on)
    page = await asyncio.to_thread(invy, "why", message_id, "--lang", "he")
    for sentence in (verdict.headline.he, "מה לעשות", "לשלוח שוב?"):
        assert sentence in page.stdout.decode("utf-8")
    missing = await asyncio.to_thread(invy, "why", "+447700900777")
    assert missing.returncode == ExitCode.NOT_FOUND


def happen(world: World, do: str, **more: object) -> None:
    world.ask("/_simulator/incidents", {"do": do, **more})


def subscribe(world: World, fields: str) -> None:
    path = f"/v25.0/{world.app_id}/subscriptions"
    [subscription] = world.ask(path)["data"]
    world.ask(
        path,
        {
            "object": "whatsapp_business_account",
            "callback_url": subscription["callback_url"],
            "verify_token": world.verify_token,
            "fields": fields,
        },
    )


def subscribe_the_account(world: World) -> None:
    request = Request(
        f"{world.base_url}/v25.0/{world.business_account_id}/subscribed_apps",
        data=b"",
        method="POST",
        headers={"Authorization": f"Bearer {world.access_token}"},
    )
    urlopen(request, timeout=10).close()


async def held(stage: Stage, scope: Scope) -> None:
    async def is_held() -> bool:
        return any(hold.scope is scope for hold in await stage.house.holds.active())

    await until(is_held)
