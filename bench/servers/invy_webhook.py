"""Invy's webhook: signature checked and the body durable before the answer; with `apply`, also folded into messages.

Nobody else here writes a log, so Invy writes its line for every status only when told `log`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI

from bench.bodies import SECRET
from bench.servers.serving import serve
from invy.app import logs
from invy.app.house import House
from invy.app.service import Service
from invy.app.settings import LogFormat, LogLevel, load
from invy.cli.serving import settle_in
from invy.store.database import Database
from invy.web.app import FrontDoor, create_app
from invy.web.webhook import Webhook, keys

settings = load(
    {"WHATSAPP_APP_SECRET": SECRET, "WHATSAPP_VERIFY_TOKEN": "v", "INVY_DATABASE_URL": sys.argv[1]}, None
)
logs.configure(LogFormat.HUMAN, LogLevel.WARNING, sys.stderr)
house = House(settings, Database.open(settings.database_url))
service = Service(house)


def receiving_only() -> FrontDoor:
    """The same door and the same journal, without the applier."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        writer = asyncio.create_task(service.ingest.run())
        yield
        service.ingest.close()
        await writer

    webhook = Webhook(house, service.ingest.receive, keys(settings, insecure_local=False))
    return FrontDoor(webhook, FastAPI(lifespan=lifespan))


if __name__ == "__main__":
    settle_in()  # as `invy serve` does
    with TemporaryDirectory(prefix="invy-bench-") as folder:
        if "log" in sys.argv:
            logs.configure(LogFormat.HUMAN, LogLevel.INFO, None, Path(folder, "invy.log"))
        serve(create_app(house, service, send=False) if sys.argv[2] == "apply" else receiving_only())
