"""Our webhook tried from outside: through the real service, and through what may stand before it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from starlette.types import Receive, Scope, Send

from invy.app.settings import Settings
from invy.domain import self_test
from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.section import Section
from invy.gateway.callback import Callback
from invy.store import schema
from invy.store.database import Database
from invy.store.tables import evidence, inbound, journal, notices
from invy.testing import CloudApi, running
from tests.certificates import certificate
from tests.engine.doctor.clinic import clinic, listening
from tests.engine.doctor.patients import SECRET, by_key, examined, keys, settings


@pytest.fixture
def meta() -> Iterator[CloudApi]:
    """A simulator, whose front door can stand before our service."""
    with running(seed=7) as api:
        yield api


async def tried(folder: Path, *, service: Settings | None = None) -> list[Finding]:
    """Examine the webhook of a service with these settings (the doctor's own when none are given)."""
    async with clinic(service or settings(folder), send=False) as there:
        mine = settings(folder, INVY_PUBLIC_URL=there.url)
        return await examined(mine, Section.DATABASE, Section.WEBHOOK, Section.EVIDENCE)


async def through(
    meta: CloudApi, folder: Path, how: str = "", method: str = "", **changed: Any
) -> list[Finding]:
    """Examine the webhook through the simulator's front door, which goes wrong in this way."""
    async with clinic(settings(folder), send=False) as there:
        door = await asyncio.to_thread(meta.lead_door, there.url)
        if how:
            await asyncio.to_thread(meta.happen, "spoil-door", how=how, method=method, takes="30s")
        mine = settings(folder, INVY_PUBLIC_URL=door)
        return await examined(mine, Section.DATABASE, Section.WEBHOOK, Section.EVIDENCE, **changed)


async def test_a_webhook_that_works_is_verified_stores_the_self_test_and_refuses_the_unsigned(
    tmp_path: Path,
) -> None:
    findings = await tried(tmp_path)
    told = {each.key: each.mark for each in findings if each.section is Section.WEBHOOK}
    assert told == {
        "webhook.handshake": Mark.OK,
        "webhook.stored": Mark.OK,
        "webhook.unsigned_refused": Mark.OK,
    }


async def test_the_self_test_changes_nothing_and_is_not_taken_for_a_webhook_of_metas(tmp_path: Path) -> None:
    given = settings(tmp_path)
    async with clinic(given, send=False) as there:
        mine = settings(tmp_path, INVY_PUBLIC_URL=there.url)
        findings = await examined(mine, Section.DATABASE, Section.WEBHOOK, Section.EVIDENCE)
        await there.service.applier.step()
        async with there.house.database.read() as connection:
            counts = [
                (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (journal, evidence, inbound, notices)
            ]
            outcomes = (await connection.execute(select(journal.c.outcome))).scalars().all()
    assert counts == [1, 0, 0, 0]
    assert set(outcomes) <= {0, 1}
    assert by_key(findings, "evidence.nothing_yet").mark is Mark.WARNING
    assert not [each for each in findings if each.key.startswith("evidence.refused")]


async def test_a_proxy_that_leaves_everything_as_it_is_does_no_harm(meta: CloudApi, tmp_path: Path) -> None:
    findings = [each for each in await through(meta, tmp_path) if each.section is Section.WEBHOOK]
    assert {each.mark for each in findings} == {Mark.OK}
    assert meta.state()["door"]["passed"] == 4


async def test_a_proxy_that_rewrites_bodies_is_told_apart_from_a_wrong_secret(
    meta: CloudApi, tmp_path: Path
) -> None:
    found = keys(await through(meta, tmp_path, "rewrite"))
    assert "webhook.rewritten" in found
    assert "webhook.secret_differs" not in found


async def test_a_service_with_another_secret_is_told(tmp_path: Path) -> None:
    findings = await tried(tmp_path, service=settings(tmp_path, WHATSAPP_APP_SECRET="9" * 32))
    finding = by_key(findings, "webhook.secret_differs")
    assert finding.mark is Mark.FAILED
    assert SECRET not in repr(findings)


async def test_a_proxy_that_removes_the_signature_is_told(meta: CloudApi, tmp_path: Path) -> None:
    assert "webhook.stripped" in keys(await through(meta, tmp_path, "strip"))


async def test_a_service_with_another_verify_token_is_told_and_the_self_test_is_skipped(
    tmp_path: Path,
) -> None:
    findings = await tried(tmp_path, service=settings(tmp_path, WHATSAPP_VERIFY_TOKEN="another-word"))
    assert {each.key for each in findings if each.section is Section.WEBHOOK} == {
        "webhook.wrong_token",
        "general.skipped",
    }


@pytest.mark.parametrize(
    ("spoilt", "key", "words"),
    [
        (("login", ""), "webhook.wrong_echo", "Please log in"),
        (("lost-route", ""), "webhook.not_found", "404"),
        (("redirect", ""), "webhook.redirects", "login.door.example"),
        (("firewall", ""), "webhook.status", "Request blocked"),
        (("bad-gateway", ""), "webhook.status", "502"),
        (("cut", ""), "webhook.broken", ""),
        (("firewall", "POST"), "webhook.refused_unseen", "403"),
        (("too-large", "POST"), "webhook.status", "413"),
        (("swallow", "POST"), "webhook.not_journalled", "not in this database"),
        (("login", "POST"), "webhook.not_journalled", "not in this database"),
    ],
)
async def test_whatever_answers_in_our_place_is_told_for_what_it_is(
    meta: CloudApi, tmp_path: Path, spoilt: tuple[str, str], key: str, words: str
) -> None:
    assert words in by_key(await through(meta, tmp_path, *spoilt), key).seen.en


async def test_a_door_that_never_answers_is_told_with_the_time(meta: CloudApi, tmp_path: Path) -> None:
    async with Callback(timeout_s=0.3) as outside:
        findings = await through(meta, tmp_path, "slow", outside=outside)
    assert by_key(findings, "webhook.no_answer").mark is Mark.FAILED


async def test_a_service_that_takes_unsigned_bodies_is_told(tmp_path: Path) -> None:
    async with clinic(settings(tmp_path, WHATSAPP_APP_SECRET=""), send=False, insecure_local=True) as there:
        findings = await examined(
            settings(tmp_path, INVY_PUBLIC_URL=there.url), Section.DATABASE, Section.WEBHOOK
        )
    assert by_key(findings, "webhook.unsigned_accepted").mark is Mark.FAILED


@pytest.mark.parametrize("how", ["swallow", "login"])
async def test_what_never_reached_us_is_no_proof_that_we_take_unsigned_bodies(
    meta: CloudApi, tmp_path: Path, how: str
) -> None:
    found = keys(await through(meta, tmp_path, how, "POST"))
    assert "webhook.not_journalled" in found
    assert not [key for key in found if "unsigned" in key]


async def test_an_address_that_echoes_every_challenge_is_told(meta: CloudApi, tmp_path: Path) -> None:
    assert "webhook.any_token" in keys(await through(meta, tmp_path, "echo"))


async def test_a_service_that_cannot_store_says_so_and_is_believed(tmp_path: Path) -> None:
    mine = Database.open(settings(tmp_path).database_url)
    await schema.upgrade(mine)
    await mine.close()
    theirs = settings(tmp_path, INVY_DATABASE_URL=f"sqlite:///{tmp_path / 'theirs.db'}")
    async with clinic(theirs, send=False) as there:
        async with there.house.database.write() as connection:
            await connection.execute(text("DROP TABLE journal"))
        given = settings(tmp_path, INVY_PUBLIC_URL=there.url)
        findings = await examined(given, Section.DATABASE, Section.WEBHOOK)
    assert "503" in by_key(findings, "webhook.not_stored").seen.en


async def test_nobody_at_the_public_address_is_told(tmp_path: Path) -> None:
    findings = await examined(settings(tmp_path, INVY_PUBLIC_URL="http://127.0.0.1:9"), Section.WEBHOOK)
    assert "refused" in by_key(findings, "webhook.unreachable").seen.en


@pytest.mark.parametrize(
    "host", ["http://localhost:8000", "https://10.0.0.5", "https://invy.local", "http://[::1]:80"]
)
async def test_an_address_that_meta_cannot_reach_is_told_without_trying(tmp_path: Path, host: str) -> None:
    given = settings(tmp_path, INVY_PUBLIC_URL=host, WHATSAPP_API_BASE_URL="https://graph.facebook.com")
    assert keys(await examined(given, Section.WEBHOOK)) == {"webhook.local", "general.skipped"}


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Never called: the connection breaks before."""


async def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    async with listening(nobody, certificate=certificate("127.0.0.1", tmp_path)) as url:
        findings = await examined(settings(tmp_path, INVY_PUBLIC_URL=url), Section.WEBHOOK)
    assert keys(findings) == {"webhook.certificate", "general.skipped"}


async def test_https_where_only_http_is_spoken_is_told(meta: CloudApi, tmp_path: Path) -> None:
    secure = meta.base_url.replace("http://", "https://") + "/_simulator/door"
    findings = await examined(settings(tmp_path, INVY_PUBLIC_URL=secure), Section.WEBHOOK)
    assert keys(findings) & {"webhook.certificate", "webhook.broken"}


async def test_without_what_it_needs_the_section_is_skipped_because(tmp_path: Path) -> None:
    findings = await examined(settings(tmp_path), Section.SETTINGS, Section.WEBHOOK)
    assert "INVY_PUBLIC_URL is not set" in by_key(findings, "general.skipped").seen.en


async def test_nothing_is_posted_when_that_is_not_wanted(tmp_path: Path) -> None:
    async with clinic(settings(tmp_path), send=False) as there:
        mine = settings(tmp_path, INVY_PUBLIC_URL=there.url)
        findings = await examined(mine, Section.DATABASE, Section.WEBHOOK, self_test=False)
        assert await there.house.journal.last_heard() is None
    assert by_key(findings, "webhook.left_out").mark is Mark.SKIPPED


def test_a_self_test_is_recognised_also_when_it_was_rewritten() -> None:
    body = self_test.body("ab" * 16)
    assert self_test.nonce_of(body) == "ab" * 16
    assert self_test.nonce_of(body.replace(b":", b" : ").replace(b"{", b"{\n ")) == "ab" * 16
    assert self_test.nonce_of(b'{"object":"whatsapp_business_account","entry":[]}') is None


async def test_the_journal_is_searched_on_both_databases(tmp_path: Path, database_url: str) -> None:
    given = settings(tmp_path, INVY_DATABASE_URL=database_url)
    async with clinic(given, send=False) as there:
        mine = settings(tmp_path, INVY_DATABASE_URL=database_url, INVY_PUBLIC_URL=there.url)
        assert "webhook.stored" in keys(await examined(mine, Section.DATABASE, Section.WEBHOOK))
