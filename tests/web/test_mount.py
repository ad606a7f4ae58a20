"""The webhook inside somebody else's FastAPI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI

from invy.domain.errors import ConfigurationError, SchemaBehind
from invy.domain.journal import Outcome
from invy.store.database import Database
from invy.store.tables import journal
from invy.store.workers import AnotherAtWork
from invy.web import router
from tests.web.asgi import Client
from tests.web.stand import VERIFY_TOKEN, WEBHOOK, settings, signed, status_update, until

BODY = status_update("wamid.A")
HANDSHAKE = f"?hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=test123"


@asynccontextmanager
async def started(app: FastAPI) -> AsyncIterator[Client]:
    """As a server does: the application's lifespan around all requests."""
    async with app.router.lifespan_context(app):
        yield Client(app)


async def outcomes(url: str) -> list[Outcome]:
    database = Database.open(url)
    try:
        async with database.read() as connection:
            return [Outcome(row.outcome) for row in await connection.execute(journal.select())]
    finally:
        await database.close()


@pytest.mark.parametrize("prefix", ["", "/hooks"])
async def test_including_the_router_brings_the_webhook_and_the_service_behind_it(
    database_url: str, tmp_path: Path, prefix: str
) -> None:
    app = FastAPI()
    app.include_router(router(settings(database_url, tmp_path), upgrade=True), prefix=prefix)

    @app.get("/mine")
    async def mine() -> str:
        return "mine"

    async with started(app) as client:
        handshake = await client.get(prefix + WEBHOOK + HANDSHAKE)
        stored = await client.post(prefix + WEBHOOK, BODY, signed(BODY))
        forged = await client.post(prefix + WEBHOOK, BODY, signed(BODY, "another-secret-altogether"))
        wrong_method = await client.call("DELETE", prefix + WEBHOOK)
        own = await client.get("/mine")

        async def applied() -> bool:
            return await outcomes(database_url) == [Outcome.APPLIED]

        await until(applied)

    assert (handshake.status, handshake.text) == (200, "test123")
    assert [stored.status, forged.status, wrong_method.status, own.status] == [200, 403, 405, 200]


async def test_the_application_keeps_its_own_lifespan(sqlite_url: str, tmp_path: Path) -> None:
    happened: list[str] = []

    @asynccontextmanager
    async def own(_app: FastAPI) -> AsyncIterator[dict[str, str]]:
        happened.append("started")
        yield {"own": "state"}
        happened.append("stopped")

    app = FastAPI(lifespan=own)
    app.include_router(router(settings(sqlite_url, tmp_path), upgrade=True))

    async with app.router.lifespan_context(app) as state:
        assert (await Client(app).post(WEBHOOK, BODY, signed(BODY))).status == 200
        assert happened == ["started"]

    assert state == {"own": "state"}
    assert happened == ["started", "stopped"]


async def test_a_router_inside_a_router_works_too(sqlite_url: str, tmp_path: Path) -> None:
    outer = APIRouter(prefix="/outer")
    outer.include_router(router(settings(sqlite_url, tmp_path), path="/meta", upgrade=True), prefix="/inner")
    app = FastAPI()
    app.include_router(outer)

    async with started(app) as client:
        assert (await client.post("/outer/inner/meta", BODY, signed(BODY))).status == 200


async def test_before_it_has_started_and_after_it_has_stopped_nothing_is_taken(
    sqlite_url: str, tmp_path: Path
) -> None:
    app = FastAPI()
    app.include_router(router(settings(sqlite_url, tmp_path), upgrade=True))

    before = await Client(app).post(WEBHOOK, BODY, signed(BODY))
    async with started(app):
        pass
    after = await Client(app).post(WEBHOOK, BODY, signed(BODY))

    assert (before.status, after.status) == (503, 503)
    assert "lifespan" in before.text
    assert await outcomes(sqlite_url) == []


async def test_it_starts_anew_after_it_has_stopped(sqlite_url: str, tmp_path: Path) -> None:
    app = FastAPI()
    app.include_router(router(settings(sqlite_url, tmp_path), upgrade=True))

    for _ in range(2):
        async with started(app) as client:
            assert (await client.post(WEBHOOK, BODY, signed(BODY))).status == 200


async def test_it_does_not_start_without_what_it_needs(sqlite_url: str, tmp_path: Path) -> None:
    unsigned = FastAPI()
    unsigned.include_router(router(settings(sqlite_url, tmp_path, WHATSAPP_APP_SECRET=""), upgrade=True))
    with pytest.raises(ConfigurationError, match="WHATSAPP_APP_SECRET"):
        async with started(unsigned):
            pass

    behind = FastAPI()
    behind.include_router(router(settings(sqlite_url, tmp_path)))
    with pytest.raises(SchemaBehind):
        async with started(behind):
            pass


async def test_two_applications_do_not_share_one_sqlite_file(sqlite_url: str, tmp_path: Path) -> None:
    apps = [FastAPI(), FastAPI()]
    for app in apps:
        app.include_router(router(settings(sqlite_url, tmp_path), upgrade=True))

    async with started(apps[0]):
        with pytest.raises(AnotherAtWork):
            async with started(apps[1]):
                pass


async def test_the_webhook_does_not_appear_in_the_description_of_the_application(
    sqlite_url: str, tmp_path: Path
) -> None:
    app = FastAPI()
    app.include_router(router(settings(sqlite_url, tmp_path)))

    assert app.openapi()["paths"] == {}
