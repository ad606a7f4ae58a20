"""The service's web application: the webhook on its own short path, everything else through FastAPI."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from invy.app.house import House
from invy.app.service import Service
from invy.web import openapi, probes, problem
from invy.web.api import cancelling, events, guests, messages, why
from invy.web.guard import Guard
from invy.web.openapi import DESCRIPTION
from invy.web.readiness import Probe
from invy.web.webhook import Webhook, keys

API: Final = "/api/v1"
WEBHOOK_PATH: Final = "/whatsapp/webhook"


class FrontDoor:
    """Tells the webhook from everything else by its exact path."""

    def __init__(self, webhook: Webhook, rest: ASGIApp) -> None:
        self._webhook = webhook
        self._rest = rest

    def hurry(self) -> None:
        """The process is about to stop; slow senders must not delay that."""
        self._webhook.hurry()

    async def settle(self) -> None:
        """Finish what was left to do behind an answer; before the database is closed."""
        await self._webhook.settle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == WEBHOOK_PATH:
            await self._webhook(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def create_app(
    house: House, service: Service, *, send: bool = True, insecure_local: bool = False
) -> FrontDoor:
    """Everything that Invy serves, as one ASGI application.

    Its lifespan runs the service, with a sender when `send` is true. A server that runs the service itself turns the
    lifespan off (uvicorn: `lifespan="off"`) and calls `settle` at the end. `insecure_local` takes webhooks without a
    signature if no app secret is set; whoever says so listens on a loopback address only.

    Raises:
        ConfigurationError: webhooks cannot be verified and that was not waived.
    """
    if not insecure_local:
        house.settings.require_receiving(insecure_local=False, host="")
    webhook = Webhook(house, service.ingest.receive, keys(house.settings, insecure_local=insecure_local))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with service.running(send=send):
            yield
        await webhook.settle()

    app = FastAPI(
        title="Invy",
        version=version("invy"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere; any viewer takes /openapi.json
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.house = house
    app.state.service = service
    app.state.probe = Probe(house, service, time.monotonic)
    problem.install(app)
    app.include_router(probes.router)
    # `why` first: a message's own path takes a wamid with everything behind it, slashes too.
    for router in (why.router, cancelling.router, messages.router, events.router, guests.router):
        app.include_router(router, prefix=API)
    openapi.complete(app)
    return FrontDoor(webhook, Guard(app))
