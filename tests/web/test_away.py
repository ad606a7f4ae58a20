"""T3: the database is away while a webhook arrives. The answer is 503, and what Meta sends again is applied."""

import asyncio
import sqlite3
from pathlib import Path

from invy.domain.ids import MessageId
from invy.domain.journal import Outcome
from invy.domain.state import State
from tests.making import draft
from tests.postgres import PostgresServer
from tests.web.stand import Stand, settings, standing, status_update, until
from tests.web.test_api_access import assert_problem

BODY = status_update("wamid.A")


async def _known(stand: Stand) -> MessageId:
    """A message that Meta has accepted as wamid.A."""
    from tests.web.test_api_messages import accept

    one = draft(1)
    await stand.house.outbox.enqueue_one(one)
    await accept(stand, one.id, "wamid.A")
    return one.id


async def _delivered(stand: Stand, message_id: MessageId) -> None:
    async def arrived() -> bool:
        found = await stand.house.overview.find(message_id)
        return found is not None and found.state is State.DELIVERED

    await until(arrived)


async def test_t3_a_killed_postgresql_is_answered_503_and_the_redelivery_is_applied(
    private_postgres: PostgresServer, tmp_path: Path
) -> None:
    async with standing(settings(private_postgres.url(), tmp_path)) as stand:
        message_id = await _known(stand)
        caller = await stand.caller()
        private_postgres.kill()

        away = await stand.deliver(BODY)
        ready = await stand.client.get("/readyz")
        asked = await caller.get("/api/v1/messages")

        assert away.status == 503
        assert int(away.headers["retry-after"]) > 0
        assert stand.counted("not_stored") == 1
        assert ready.status == 503
        assert (await stand.client.get("/healthz")).status == 200
        assert_problem(asked, 503, "store-unavailable")
        assert str(private_postgres.port) not in asked.text + ready.text + away.text

        await asyncio.to_thread(private_postgres.start)
        await _redelivered(stand)
        await _delivered(stand, message_id)

        assert set(await stand.entries()) == {(BODY, Outcome.APPLIED)}
        assert all(stand.service.parts().values())


async def test_t3_a_locked_sqlite_file_is_answered_503_within_five_seconds_and_the_redelivery_is_applied(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with standing(settings(sqlite_url, tmp_path)) as stand:
        message_id = await _known(stand)
        caller = await stand.caller()
        locking = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        locking.execute("BEGIN IMMEDIATE")

        async with asyncio.timeout(5):
            away = await stand.deliver(BODY)

        assert away.status == 503
        assert (await caller.get("/api/v1/messages")).status == 200  # reading waits for no writer
        locking.execute("ROLLBACK")
        locking.close()
        await _redelivered(stand)
        await _delivered(stand, message_id)


async def _redelivered(stand: Stand) -> None:
    """As Meta does it: again and again until it is answered 200."""

    async def taken() -> bool:
        return (await stand.deliver(BODY)).status == 200

    await until(taken)


async def test_more_than_memory_may_hold_is_answered_503_and_what_was_taken_is_kept(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with standing(settings(sqlite_url, tmp_path)) as stand:
        locking = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        locking.execute("BEGIN IMMEDIATE")
        bodies = [b" " * 3_000_000 + str(n).encode() for n in range(40)]
        under_way = [asyncio.create_task(stand.deliver(body)) for body in bodies]
        turned_away, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result().status for task in turned_away} == {503}
        locking.execute("ROLLBACK")
        locking.close()

        answers = [(await task).status for task in under_way]

        kept = set(await stand.journalled())
        assert {200, 503} == set(answers)
        assert {body for body, status in zip(bodies, answers, strict=True) if status == 200} <= kept
