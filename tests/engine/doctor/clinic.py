"""The real service on loopback, and any other application there."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from invy.app.house import House, utc_now
from invy.app.service import Service
from invy.app.settings import Settings
from invy.engine.ports import Clock
from invy.store import schema
from invy.store.database import Database
from invy.web.app import create_app


@dataclass(frozen=True)
class Clinic:
    url: str
    house: House
    service: Service

    @property
    def webhook(self) -> str:
        return self.url + "/whatsapp/webhook"


def free_socket() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken


@asynccontextmanager
async def listening(
    app: ASGIApp, *, dated: bool = True, certificate: Path | None = None
) -> AsyncIterator[str]:
    """Any application on loopback, with https when it has a certificate; gives its address."""
    taken = free_socket()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
            date_header=dated,
            ssl_certfile=certificate,
            ssl_keyfile=certificate,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[taken]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        scheme = "https" if certificate else "http"
        yield f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        taken.close()


@asynccontextmanager
async def clinic(
    settings: Settings, *, send: bool = True, clock: Clock = utc_now, insecure_local: bool = False
) -> AsyncIterator[Clinic]:
    """The service on its database, which is brought up to date first."""
    database = Database.open(settings.database_url)
    try:
        await schema.upgrade(database)
        house = House(settings, database, clock=clock)
        service = Service(house)
        app = create_app(house, service, insecure_local=insecure_local)
        async with (
            service.running(send=send),
            listening(app) as url,
        ):
            yield Clinic(url, house, service)
    finally:
        await database.close()
