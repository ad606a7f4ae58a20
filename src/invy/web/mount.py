"""The webhook inside somebody else's FastAPI application, with all that must run behind it.

    app.include_router(invy.web.router())

The application's lifespan then starts and stops the service; including it under a prefix moves the webhook there.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from invy.app import logs
from invy.app.house import open_house
from invy.app.service import Service
from invy.app.settings import Settings, load
from invy.web.answer import text
from invy.web.webhook import Webhook, keys

_NOT_STARTED: Final = text(
    503,
    "The webhook has not started: the application must run its lifespan.\n",
    (b"retry-after", b"5"),
)


class _Place:
    """Where the webhook will be once the application has started."""

    def __init__(self) -> None:
        self.webhook: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.webhook is None:
            await _NOT_STARTED.send(send)
        else:
            await self.webhook(scope, receive, send)


def router(
    settings: Settings | None = None,
    *,
    path: str = "/whatsapp/webhook",
    send: bool = True,
    upgrade: bool = False,
    insecure_local: bool = False,
) -> APIRouter:
    """A router that brings the webhook and, through its lifespan, the service behind it.

    Args:
        settings: as `invy.app.settings.load` gives them; by default read from the environment and `.env` at start.
        path: where the webhook is, below the prefix of `include_router`.
        send: run a sender too, so that what waits in the outbox (a campaign, a message that Meta asked to send later)
            leaves. Not needed where `invy worker` or `invy serve` runs on the same database.
        upgrade: bring the database up to date at start.
        insecure_local: take webhooks without a signature when no app secret is set. For your own machine only.

    The application fails to start with ConfigurationError (a setting, or SchemaBehind), AnotherAtWork (SQLite takes one
    service at a time: run one process) or StoreUnavailable.
    """
    place = _Place()

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        known = settings or load(os.environ, Path(".env"))
        logs.route(secrets=known.secret_values())
        if not insecure_local:
            known.require_receiving(insecure_local=False, host="")
        async with AsyncExitStack() as stack:
            house = await stack.enter_async_context(open_house(known, upgrade=upgrade))
            role = "service" if send else "receiver"
            service = await stack.enter_async_context(Service(house, role=role).running(send=send))
            webhook = Webhook(house, service.ingest.receive, keys(known, insecure_local=insecure_local))
            stack.push_async_callback(webhook.settle)
            place.webhook = webhook
            stack.callback(setattr, place, "webhook", None)
            yield

    found = APIRouter(lifespan=lifespan)
    found.routes.append(Route(path, place, include_in_schema=False, name="whatsapp-webhook"))
    return found
