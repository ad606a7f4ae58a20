"""What is read about a message for its verdict: itself left out, the right others, the right moment. On both databases."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from invy.diagnose.finding import Finding
from invy.diagnose.groups import Tally
from invy.diagnose.health import Ability, SenderHealth, TemplateHealth
from invy.diagnose.sighting import (
    Address,
    Fact,
    Health,
    Number,
    Sighting,
    Subscription,
    Template,
    template_subject,
)
from invy.diagnose.situation import Situation
from invy.domain.evidence import Attempt, Evidence, Phase, Receipt, Told
from invy.domain.failure import Failure
from invy.domain.hold import Hold, Scope
from invy.domain.ids import EventId, JournalId, MessageId, SenderId, Wamid
from invy.domain.inbound import Preference
from invy.domain.message import Draft
from invy.domain.notice import Notice
from invy.domain.phone import E164
from invy.engine.why import Why
from invy.store import schema, telling
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.holds import HoldStore
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.sightings import SightingStore
from invy.store.situations import Situations
from invy.store.surroundings import SEVERAL
from invy.store.workers import Workplace
from tests.making import SENDER, at, chunks, draft, message_id, phone

EVENT = EventId("wedding")
ABOUT_US = (
    b'{"object":"whatsapp_business_account","entry":[{"id":"1","phone_number_id":"%s"}]}' % SENDER.encode()
)
LATER = at(20_000)


def wamid(n: int) -> Wamid:
    return Wamid(f"wamid.{n}")


def accepted(n: int, seconds: float, word: str = "accepted") -> Told:
    fact = Attempt(1, Phase.ACCEPTED, at(seconds), wamid=wamid(n), message_status=word)
    return Told(fact, message_id=message_id(n), wamid=wamid(n))


def receipt(n: int, status: str, seconds: float, code: int | None = None) -> Told:
    failure = Failure(code, "words") if code is not None else None
    fact = Receipt(wamid(n), status, at(seconds), at(seconds), failure=failure)
    return Told(fact, wamid=wamid(n))


def stopped(wa_id: str) -> Preference:
    return Preference(phone=wa_id, user_id=None, category=None, stopped=True, at=at(50), heard_at=at(51))


async def write(database: Database, drafts: Sequence[Draft], *facts: Told) -> None:
    await Outbox(database).enqueue(chunks(drafts))
    async with database.write() as connection:
        await telling.tell(connection, database, facts)


async def situation(database: Database, n: int, seconds: float = 20_000) -> Situation:
    found = await Situations(database, per_second=80).of(message_id(n), at(seconds))
    assert found is not None
    return found.situation


async def test_a_silent_message_is_compared_with_those_accepted_around_it_and_not_with_itself(
    database: Database,
) -> None:
    await write(
        database,
        [draft(n) for n in range(8)],
        accepted(0, 1000),
        accepted(1, 995),  # before it
        receipt(1, "sent", 996),
        accepted(2, 1500),  # after it
        receipt(2, "delivered", 1503),
        accepted(3, 1200),  # silent too
        accepted(4, 1100, "held_for_quality_assessment"),  # held for pacing: its silence says nothing
        accepted(5, 390),  # too early
        accepted(6, 1700),  # too late
        accepted(7, 1000.5),
        receipt(7, "failed", 1002, 131026),
    )
    others = (await situation(database, 0)).others
    assert (others.accepted, others.with_receipt, others.delivered) == (4, 3, 1)
    early = (await situation(database, 0, 1250)).others
    assert early.accepted == 2  # what was accepted within the last two minutes does not count yet


async def test_reports_that_came_only_after_the_repair_do_not_prove_that_we_heard_before_it(
    database: Database,
) -> None:
    """Two phones of the outage woke up after it; Meta repeated the report of a third; then came the test message."""
    await write(
        database,
        [draft(n) for n in range(6)],
        *(accepted(n, 1000 + 3 * n) for n in range(6)),
        receipt(1, "delivered", 1030),
        receipt(2, "read", 1090),
        receipt(3, "sent", 1300),
        receipt(5, "sent", 1016),
        receipt(5, "delivered", 1017),
    )
    for n in (0, 4):
        found = await situation(database, n)
        assert (found.others.with_receipt, found.others.late) == (4, 3)
        assert (await why(database).explain(message_id(n))).verdict.finding is Finding.WEBHOOK_WAS_DEAD
    [unreached] = await why(database).groups(EVENT)
    was_dead = [(each.count, each.phone_count) for each in unreached.groups if not each.label][:1]
    assert was_dead == [(2, 0)]


async def test_another_sender_has_ears_of_its_own(database: Database) -> None:
    stranger = replace(draft(1), sender_id=SenderId("106540000000002"))
    await write(database, [draft(0), stranger], accepted(0, 10), accepted(1, 10), receipt(1, "sent", 12))
    found = await situation(database, 0)
    assert found.others.accepted == 0
    assert found.webhooks.last_receipt_at is None
    assert (await situation(database, 1)).webhooks.last_receipt_at == at(12)


async def test_unanswered_are_those_accepted_after_the_last_report(database: Database) -> None:
    await write(
        database,
        [draft(n) for n in range(6)],
        accepted(0, 10),
        receipt(0, "sent", 100),
        accepted(1, 50),  # before the last report
        accepted(2, 200),
        accepted(3, 300),
        accepted(4, 400, "held_for_quality_assessment"),
        accepted(5, 990),  # too fresh to say anything
    )
    webhooks = (await situation(database, 2, 1000)).webhooks
    assert (webhooks.last_receipt_at, webhooks.unanswered) == (at(100), 2)


async def test_only_what_looks_like_metas_counts_as_turned_away(database: Database) -> None:
    await write(database, [draft(0)], accepted(0, 10))
    journal = JournalStore(database)
    await journal.refused(at(20), "wrong", ABOUT_US)
    await journal.refused(at(30), "missing", b"GET /wp-login.php")
    assert (await situation(database, 0)).webhooks.last_refused_at == at(20)


async def test_one_body_that_anybody_could_have_forged_is_no_reason_and_several_are(
    database: Database,
) -> None:
    await write(database, [draft(0)], accepted(0, 10))
    journal = JournalStore(database)
    for n in range(SEVERAL):
        assert (await situation(database, 0)).webhooks.last_refused_at is None
        await journal.refused(at(20 + n), "wrong", b'{"object":"whatsapp_business_account","entry":[]}')
    assert (await situation(database, 0)).webhooks.last_refused_at == at(20 + n)


async def test_what_was_seen_at_meta_fills_the_situation_of_this_sender_and_template_only(
    database: Database,
) -> None:
    stranger = replace(draft(1), sender_id=SenderId("106540000000002"), template_language="en_US")
    await write(database, [draft(0), stranger], accepted(0, 10), accepted(1, 10))
    hook = "https://old.example/hook"
    await seen(
        database,
        Sighting(SENDER, at(500), Number(display="+1 555-0100", quality="RED")),
        Sighting(SENDER, at(501), Health(ability=Ability.LIMITED, reason="low quality")),
        Sighting(
            SENDER,
            at(502),
            Subscription(account_id="1", subscribed=True, override=Address(url=hook, ours=False)),
        ),
        Sighting(
            template_subject("hina_invitation", "he"), at(503), Template(status="PAUSED", lifetime_s=43_200)
        ),
    )
    found = await situation(database, 0, 1000)
    assert (found.sender.quality, found.sender.quality_at) == ("RED", at(500))
    assert (found.sender.ability, found.sender.ability_reason) == (Ability.LIMITED, "low quality")
    assert (found.webhooks.subscribed, found.webhooks.diverted_to) == (True, hook)
    assert found.webhooks.looked_at == at(502)
    assert (found.template.status, found.template.lifetime_s) == ("PAUSED", 43_200)
    assert (found.template.status_at, found.template.lifetime_at) == (at(503), at(503))
    other = await situation(database, 1, 1000)
    assert (other.sender, other.template) == (SenderHealth(), TemplateHealth())
    assert (other.webhooks.subscribed, other.webhooks.diverted_to) == (None, None)


@pytest.mark.parametrize(("told", "quality"), [(600, None), (400, "RED")])
async def test_of_what_was_seen_and_what_meta_told_of_the_number_the_newer_counts(
    database: Database, told: float, quality: str | None
) -> None:
    await write(database, [draft(0)], accepted(0, 10))
    await seen(database, Sighting(SENDER, at(500), Number(display="+1 555-0100", quality="RED")))
    await tell(
        database,
        Notice("phone_number_quality_update", at(700), at(700), "15550199", word="FLAGGED"),
        Notice("phone_number_quality_update", at(told), at(told), "15550100", word="UNFLAGGED"),
    )
    assert (await situation(database, 0)).sender.quality == quality


async def test_a_report_that_comes_after_the_look_proves_it_outdated(database: Database) -> None:
    await write(database, [draft(0), draft(1)], accepted(0, 10), accepted(1, 10))
    await seen(database, Sighting(SENDER, at(500), Subscription(account_id="1", subscribed=False)))
    assert (await situation(database, 0, 1000)).webhooks.subscribed is False
    await write(database, [], receipt(1, "sent", 600))
    assert (await situation(database, 0, 1000)).webhooks.subscribed is None


async def tell(database: Database, *notices: Notice) -> None:
    async with ApplyStore(database).applying(1, 1) as batch:
        await batch.keep_notices([(JournalId(1), each) for each in notices])


async def seen(database: Database, *sightings: Sighting[Fact]) -> None:
    await SightingStore(database).keep(sightings)


async def test_messages_that_fail_alike_within_a_day_are_counted_without_this_one(database: Database) -> None:
    day = 86_400
    await write(
        database,
        [draft(n) for n in range(4)],
        *(accepted(n, n) for n in range(4)),
        receipt(0, "failed", day + 10, 131049),
        receipt(1, "failed", day + 20, 131049),
        receipt(2, "failed", day + 30, 131026),
        receipt(3, "failed", 5, 131049),
    )
    assert (await situation(database, 0, day + 100)).others.failing_alike == 1
    assert (await situation(database, 2, day + 100)).others.failing_alike == 0


async def test_what_earlier_messages_tell_of_a_number(database: Database) -> None:
    to = phone(0)
    drafts = [replace(draft(n), to=to, event_id=EventId(f"e{n}")) for n in range(4)]
    await write(
        database,
        drafts,
        accepted(0, 1),
        receipt(0, "delivered", 5),
        accepted(1, 10),
        receipt(1, "failed", 11, 131026),
        accepted(2, 20),
        receipt(2, "failed", 21, 131026),
    )
    guest = (await situation(database, 2)).guest
    assert (guest.reached_at, guest.missed, guest.opted_out_at) == (at(5), 1, None)
    assert (await situation(database, 3)).guest.missed == 2


async def test_a_guest_who_stopped_under_the_other_form_of_the_number_has_stopped(database: Database) -> None:
    dialled, known_as = E164("+5511987654321"), "551187654321"
    await write(database, [replace(draft(0), to=dialled)])
    async with ApplyStore(database).applying(1, 1) as batch:
        await batch.tell([], preferences=[stopped(known_as)])
    assert (await situation(database, 0)).guest.opted_out_at == at(50)


async def test_a_resend_knows_how_many_tries_there_were(database: Database) -> None:
    chain = [draft(0), *(replace(draft(n), retry_of=message_id(n - 1)) for n in (1, 2, 3))]
    await write(database, chain)
    assert [(await situation(database, n)).earlier_tries for n in range(4)] == [0, 1, 2, 3]


async def test_a_waiting_message_knows_its_place_its_holds_and_who_looks_for_work(database: Database) -> None:
    await write(database, [draft(n, campaign="c") for n in range(3)])
    store, workplace = HoldStore(database), Workplace(database)
    for scope, subject in ((Scope.SENDER, SENDER), (Scope.TEMPLATE, "t"), (Scope.CAMPAIGN, "c")):
        await store.place(Hold(scope, subject, "because", at(1)))
    await workplace.beat("w1", "receiver", at(0), at(90))
    assert (await situation(database, 2)).queue.looked_at is None  # who only receives sends nothing
    await workplace.beat("w2", "service", at(0), at(60))
    found = await situation(database, 2)
    assert (found.queue.ahead, found.queue.per_second, found.queue.looked_at) == (2, 80, at(60))
    assert found.sender.hold is not None
    assert found.template.hold is not None
    assert found.campaign_hold is not None


async def test_metas_last_word_on_the_template_and_the_account_is_known(database: Database) -> None:
    await write(database, [draft(0)])
    field = "message_template_status_update"
    notices = [
        Notice(field, at(1), at(1), "hina_invitation", "he", "APPROVED"),
        Notice(field, at(3), at(3), "hina_invitation", "he", "PAUSED"),
        Notice(field, at(4), at(4), "another", "he", "DISABLED"),
        Notice(field, at(5), at(5), "hina_invitation", "en", "APPROVED"),
        Notice("account_update", at(6), at(6), word="DISABLED_UPDATE", reason="SCHEDULE_FOR_DISABLE"),
    ]
    async with ApplyStore(database).applying(1, 1) as batch:
        await batch.keep_notices([(JournalId(1), each) for each in notices])
    found = await situation(database, 0)
    assert found.template.status == "PAUSED"
    assert found.sender.ability == "LIMITED"


async def test_a_message_that_was_sent_again_counts_by_its_newest_try_and_not_once_one_arrived(
    database: Database,
) -> None:
    to, other = phone(0), phone(1)
    drafts = [replace(draft(n), to=to if n < 2 else other) for n in range(4)]
    await write(
        database,
        drafts,
        *(accepted(n, n) for n in range(4)),
        receipt(0, "failed", 5, 131049),
        receipt(1, "failed", 6, 131026),
        receipt(2, "delivered", 7),  # the first try arrived after all
        receipt(3, "failed", 8, 131049),
    )
    seen = [
        each.message.id
        async for page in Situations(database).unreached(EVENT, LATER, size=1)
        for each in page
    ]
    assert seen == [message_id(1)]
    [unreached] = await why(database).groups(EVENT)
    assert (unreached.count, unreached.groups[0].label) == (1, "131026")


@pytest.mark.parametrize("seed", range(4))
async def test_counting_by_bundles_gives_what_judging_one_by_one_gives(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    drafts = [
        replace(
            draft(n, template=chance.choice(["t", "u"]), campaign=chance.choice(["c", None])),
            retry_of=message_id(n - 1) if n and chance.random() < 0.1 else None,
        )
        for n in range(120)
    ]
    facts = [
        Told(fact, message_id=message_id(n), wamid=wamid(n)) for n in range(120) for fact in fate(n, chance)
    ]
    await write(database, drafts, *facts)
    await HoldStore(database).place(Hold(Scope.CAMPAIGN, "c", "paused", at(1)))
    async with ApplyStore(database).applying(1, 1) as batch:
        await batch.tell([], preferences=[stopped(phone(n)[1:]) for n in range(0, 120, 9)])
    for later in (timedelta(), timedelta(hours=5), timedelta(days=4), timedelta(days=60)):
        explain = why(database, later)
        exact: dict[str, Tally[MessageId]] = {}
        async for found, verdict in explain.unreached(EVENT):
            exact.setdefault(found.message.template_key, Tally(keep=0)).add(found.message.id, verdict)
        counted = {
            each.template_key: {(g.finding, g.label): (g.count, g.phone_count) for g in each.groups}
            for each in await explain.groups(EVENT)
        }
        assert counted == {
            key: {(g.finding, g.label): (g.count, g.phone_count) for g in tally.groups()}
            for key, tally in exact.items()
        }


def why(database: Database, later: timedelta = timedelta()) -> Why:
    return Why(Situations(database), lambda: LATER + later, "IL")


def fate(n: int, chance: random.Random) -> list[Evidence]:
    """What a message may have been through."""
    seconds = 1000 * chance.randrange(1, 5)
    started = Attempt(1, Phase.STARTED, at(seconds - 1))
    word = chance.choice(["accepted", "accepted", "held_for_quality_assessment", "paused"])
    taken = Attempt(1, Phase.ACCEPTED, at(seconds), wamid=wamid(n), message_status=word)

    def told(status: str, code: int | None = None) -> Receipt:
        failure = Failure(code, "words") if code is not None else None
        return Receipt(wamid(n), status, at(seconds + 2), at(seconds + 3), failure=failure)

    return chance.choice(
        [
            [],
            [started],
            [started, Attempt(1, Phase.DEFERRED, at(seconds), failure=Failure(130429, "slow down"))],
            [started, Attempt(1, Phase.UNSURE, at(seconds), note="No answer")],
            [started, Attempt(1, Phase.REFUSED, at(seconds), failure=Failure(132000, "words"))],
            [started, taken],
            [started, taken, told("sent")],
            [started, taken, told("delivered")],
            [started, taken, told("failed", 131026)],
            [started, taken, told("failed", 131049)],
            [started, taken, told("failed")],
            [started, taken, told("hologram")],
        ]
    )


async def test_no_question_reads_a_whole_table_however_large_it_is(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    drafts = [draft(0), replace(draft(1), retry_of=message_id(0)), *(draft(n) for n in range(2, 7))]
    await write(
        database,
        drafts,
        accepted(2, 10),
        accepted(3, 10),
        receipt(3, "sent", 11),
        accepted(4, 10),
        receipt(4, "failed", 12, 131026),
        Told(Attempt(1, Phase.UNSURE, at(10)), message_id=message_id(5)),
    )
    asked: list[tuple[str, object]] = []

    def remember(_c: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        asked.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", remember)
    situations = Situations(database)
    for n in range(7):
        await situations.of(message_id(n), LATER)
    await situations.newest(to=phone(1), limit=5)
    await situations.newest(guest_id="guest-1", limit=5)
    await why(database).groups(EVENT)
    assert [page async for page in situations.unreached(EVENT, LATER)]
    event.remove(database.engine.sync_engine, "before_cursor_execute", remember)
    async with database.read() as connection:
        for statement, parameters in asked:
            if not statement.lstrip().upper().startswith("SELECT") or "sqlite_master" in statement:
                continue
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            for row in plan:
                read_whole = re.match(
                    r"SCAN (whatsapp_messages|evidence|notices|guests|opt_outs)\b", row.detail
                )
                assert not read_whole, (row.detail, statement)
    await database.close()
