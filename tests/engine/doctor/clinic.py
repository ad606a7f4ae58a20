"""The real service on loopback, and what may stand between it and Meta: a proxy that rewrites, strips, or answers itself."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from invy.app.house import House
from invy.app.service import Service
from invy.app.settings import Settings
from invy.store import schema
from invy.store.database import Database
from invy.web.app import create_app

Wrap = Callable[[ASGIApp], ASGIApp]


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
async def clinic(settings: Settings, *, wrap: Wrap | None = None, send: bool = True) -> AsyncIterator[Clinic]:
    """The service on its database, which is brought up to date first."""
    database = Database.open(settings.database_url)
    try:
        await schema.upgrade(database)
        house = House(settings, database)
        service = Service(house)
        app = create_app(house, service)
        async with (
            service.running(send=send),
            listening(wrap(app) if wrap else app) as url,
        ):
            yield Clinic(url, house, service)
    finally:
        await database.close()


def rewriting(app: ASGIApp) -> ASGIApp:
    """A proxy that parses JSON and writes it again."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        body = await _whole(receive) if scope["method"] == "POST" else b""
        again = json.dumps(json.loads(body), ensure_ascii=False).encode() if body else b""
        kept = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        scope = {**scope, "headers": [*kept, (b"content-length", str(len(again)).encode())]}
        await app(scope, _once(again), send)

    return proxy


def stripping(app: ASGIApp) -> ASGIApp:
    """A proxy that lets no unknown header through."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        kept = [(name, value) for name, value in scope["headers"] if not name.startswith(b"x-hub")]
        await app({**scope, "headers": kept}, receive, send)

    return proxy


def answering(status: int, body: bytes, *headers: tuple[bytes, bytes], method: str = "") -> Wrap:
    """Something that answers in place of the service, to one method or to all."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def instead(scope: Scope, receive: Receive, send: Send) -> None:
            if method and scope["method"] != method:
                await app(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": status, "headers": list(headers)})
            await send({"type": "http.response.body", "body": body})

        return instead

    return wrap


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _once(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
