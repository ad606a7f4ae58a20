"""When silence is an alarm, and what else the database tells of Meta's webhooks."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain import self_test
from invy.domain.evidence import Attempt, Phase, Told
from invy.domain.ids import Wamid
from invy.domain.pulse import Unanswered
from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.section import Section
from invy.engine.doctor.silence import FEW, LOOK_BACK, PATIENCE, SETTLE, judge, window
from invy.store import schema, telling
from invy.store.database import Database
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.pulse import Pulse
from tests.engine.doctor.patients import by_key, examined, keys, settings
from tests.making import T0, at, draft, message_id, receipt

moments = st.integers(0, 200_000).map(lambda seconds: T0 + timedelta(seconds=seconds))


@given(now=moments, receipt_at=st.none() | moments)
def test_messages_count_only_after_the_last_report_and_not_when_they_are_fresh_or_old(
    now: datetime, receipt_at: datetime | None
) -> None:
    since, until = window(now, receipt_at)
    assert until == now - SETTLE
    assert since >= now - LOOK_BACK
    assert receipt_at is None or since >= receipt_at


@given(now=moments, oldest=moments, count=st.integers(1, 1000), more=st.integers(0, 1000))
def test_more_silent_messages_or_a_longer_silence_never_end_an_alarm(
    now: datetime, oldest: datetime, count: int, more: int
) -> None:
    if judge(now, None, Unanswered(count, oldest)) is not None:
        assert judge(now, None, Unanswered(count + more, oldest)) is not None
        assert judge(now + timedelta(seconds=more), None, Unanswered(count, oldest)) is not None


def test_one_message_without_a_report_is_its_own_affair_until_patience_ends() -> None:
    assert judge(at(200), None, Unanswered(1, T0)) is None
    assert judge(T0 + PATIENCE, None, Unanswered(1, T0)) is not None


def test_a_few_messages_without_a_report_are_an_alarm_at_once() -> None:
    assert judge(at(150), None, Unanswered(FEW - 1, T0)) is None
    silent = judge(at(150), at(-60), Unanswered(FEW, T0))
    assert silent is not None
    assert (silent.since, silent.unanswered, silent.last_receipt_at) == (T0, FEW, at(-60))


def test_nothing_in_flight_is_never_silence() -> None:
    assert judge(at(10_000_000), None, Unanswered()) is None


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    await schema.upgrade(opened)
    yield opened
    await opened.close()


def accepted(n: int, seconds: float) -> Told:
    wamid = Wamid(f"wamid.{n}")
    return Told(Attempt(1, Phase.ACCEPTED, at(seconds), wamid=wamid), message_id=message_id(n), wamid=wamid)


async def tell(database: Database, *facts: Told) -> None:
    async with database.write() as connection:
        await telling.tell(connection, database, facts)


async def sent(database: Database, *numbers: int, seconds: float = 0) -> None:
    """Messages that Meta accepted at that time."""
    for n in numbers:
        await Outbox(database).enqueue_one(draft(n))
    await tell(database, *(accepted(n, seconds) for n in numbers))


async def heard(database: Database, bodies: list[tuple[datetime, bytes]]) -> None:
    store = JournalStore(database)
    await store.append(bodies)
    await store.close()


async def evidence(database_url: str, folder: Path, now: float) -> list[Finding]:
    given_ = settings(folder, INVY_DATABASE_URL=database_url)
    return await examined(given_, Section.DATABASE, Section.EVIDENCE, clock=lambda: at(now))


async def test_accepted_messages_without_any_report_are_silence_since_the_first_of_them(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await sent(database, 1, 2, 3, 4)
    assert "evidence.silent" not in keys(await evidence(database_url, tmp_path, 60))
    finding = by_key(await evidence(database_url, tmp_path, 300), "evidence.silent")
    assert finding.mark is Mark.FAILED
    assert finding.seen.en.startswith("Webhooks are silent. Messages accepted by Meta without any report: 4,")
    assert "the first from 5 minutes ago" in finding.seen.en
    assert "Last report: never" in finding.seen.en
    assert "Run `invy doctor`" in finding.todo.en, (
        "it stands in the log and in /readyz, too, where there are no sections"
    )


async def test_reports_about_others_since_then_mean_that_webhooks_work(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await sent(database, 1, 2, 3, 4, 5)
    await tell(database, receipt("wamid.5", "sent", 20))
    assert "evidence.silent" not in keys(await evidence(database_url, tmp_path, 4000))
    await sent(database, 6, 7, 8, seconds=600)
    finding = by_key(await evidence(database_url, tmp_path, 4000), "evidence.silent")
    assert "any report: 3," in finding.seen.en, "only those after the last report count"


async def test_the_last_webhook_is_told_when_nothing_is_silent(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await heard(database, [(at(0), b'{"object":"whatsapp_business_account"}')])
    finding = by_key(await evidence(database_url, tmp_path, 7200), "evidence.heard")
    assert finding.seen.en == "The last webhook of Meta's came 2 hours ago."
    assert "לפני שעתיים" in finding.seen.he


async def test_open_ends_are_counted(database: Database, database_url: str, tmp_path: Path) -> None:
    await Outbox(database).enqueue_one(draft(1))
    await tell(
        database,
        Told(Attempt(1, Phase.UNSURE, T0), message_id=message_id(1)),
        receipt("wamid.nobody", "sent"),
        receipt("wamid.nobody-else", "read"),
    )
    await heard(database, [(T0, b"{}")] * 100)
    findings = await evidence(database_url, tmp_path, 300)
    assert ": 2." in by_key(findings, "evidence.orphans").seen.en
    assert ": 1." in by_key(findings, "evidence.unconfirmed").seen.en
    assert ": 100." in by_key(findings, "evidence.waiting").seen.en


META = rb'{"object":"whatsapp_business_account","entry":[{"id":"102290000000001","changes":[{"value":"https:\/\/x \u05d0"}]}]}'
FOREIGN = "evidence.refused_foreign"


@pytest.mark.parametrize(
    ("refused", "key"),
    [
        (("wrong", META), "evidence.refused_secret"),
        (("wrong", META[:80]), "evidence.refused_secret"),
        (("wrong", META.replace(b'":', b'": ')), "evidence.refused_rewritten"),
        (("wrong", META.replace(rb"\/", b"/")), "evidence.refused_rewritten"),
        (("wrong", META.replace(rb"\u05d0", "א".encode())), "evidence.refused_rewritten"),
        (("missing", META), "evidence.refused_unsigned"),
        (("wrong", b"<script>"), "evidence.refused_foreign"),
        (("malformed", b""), "evidence.refused_foreign"),
    ],
)
async def test_bodies_refused_of_late_are_told_by_what_they_look_like(
    database: Database, database_url: str, tmp_path: Path, refused: tuple[str, bytes], key: str
) -> None:
    reason, body = refused
    for seconds in (0, 5):
        await JournalStore(database).refused(at(seconds), reason, body)
    assert ": 2, the last 4 minutes ago." in by_key(await evidence(database_url, tmp_path, 300), key).seen.en
    assert key not in keys(await evidence(database_url, tmp_path, 90_000)), "after a day it is no news"


REWRITTEN = META.replace(b'":', b'": ')


@pytest.mark.parametrize(
    "bodies",
    [
        (META,),
        (REWRITTEN,),
        (META.replace(b"102290000000001", b"1"), REWRITTEN.replace(b"102290000000001", b"1")),
        (META, b"<script>", b"GET /wp-login.php"),
    ],
)
async def test_a_stranger_who_imitates_meta_raises_no_alarm(
    database: Database, database_url: str, tmp_path: Path, bodies: tuple[bytes, ...]
) -> None:
    """One body may be anybody's, and many that do not name our account are nobody's of Meta."""
    for body in bodies:
        await JournalStore(database).refused(T0, "wrong", body)
    findings = await evidence(database_url, tmp_path, 300)
    assert f": {len(bodies)}, the last" in by_key(findings, FOREIGN).seen.en
    assert {each.mark for each in findings if "refused" in each.key} == {Mark.WARNING}


async def test_while_webhooks_are_silent_one_refused_body_is_the_reason(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await JournalStore(database).refused(at(10), "wrong", META)
    assert "evidence.refused_secret" not in keys(await evidence(database_url, tmp_path, 300))
    await sent(database, 1, 2, 3)
    found = keys(await evidence(database_url, tmp_path, 300))
    assert {"evidence.silent", "evidence.refused_secret"} <= found


async def test_what_was_refused_before_a_genuine_webhook_was_taken_is_no_alarm(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    for seconds in (0, 5):
        await JournalStore(database).refused(at(seconds), "wrong", META)
    await heard(database, [(at(60), META)])
    findings = await evidence(database_url, tmp_path, 300)
    assert "evidence.refused_secret" not in keys(findings)
    assert FOREIGN in keys(findings)
    for seconds in (100, 299):
        await JournalStore(database).refused(at(seconds), "wrong", META)
    findings = await evidence(database_url, tmp_path, 300)
    finding = by_key(findings, "evidence.refused_secret")
    assert "the last 1 second ago" in finding.seen.en
    assert "the last one taken: 4 minutes ago" in finding.seen.en
    assert not keys(findings) & {"evidence.heard", "evidence.nothing_yet"}, "no ✓ beside it"


async def test_the_last_receipt_is_known_however_much_was_sent_since(database: Database) -> None:
    await sent(database, 1)
    await tell(database, receipt("wamid.1", "sent", 20))
    for start in range(2, 1302, 100):
        await sent(database, *range(start, start + 100), seconds=100)
    assert await Pulse(database).last_receipt() == at(21)


async def test_a_report_about_somebody_elses_message_is_heard_too(database: Database) -> None:
    await tell(database, receipt("wamid.nobody", "sent", 20))
    assert await Pulse(database).last_receipt() == at(21)


async def test_our_own_self_tests_are_no_webhooks_of_metas_however_many(database: Database) -> None:
    assert await Pulse(database).last_genuine() is None
    ours = [(at(n), self_test.body(f"{n:032x}")) for n in range(1, 200)]
    await heard(database, ours)
    assert await Pulse(database).last_genuine() is None
    await heard(database, [(at(300), META), *((at(400 + n), body) for n, (_, body) in enumerate(ours))])
    assert await Pulse(database).last_genuine() == at(300)


async def test_links_of_recent_messages_are_found_once_each(database: Database) -> None:
    link = b'{"template":{"components":[{"type":"header","parameters":[{"type":"image","image":{"link":"https://a.example/%d.jpg"}}]}]}}'
    for n, picture in ((1, 1), (2, 1), (3, 2)):
        await Outbox(database).enqueue_one(replace(draft(n), payload=link % picture))
    await Outbox(database).enqueue_one(replace(draft(4), payload=b"[]"))
    assert await Pulse(database).links(50) == ["https://a.example/2.jpg", "https://a.example/1.jpg"]
