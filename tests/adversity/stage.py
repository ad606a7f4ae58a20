"""The whole receiving side in this process: the application, the service behind it, a database, and a hand that posts.

With a simulated Meta (`world`) it also sends, and listens on a real socket for the webhooks that come back.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from sqlalchemy import select
from starlette.types import ASGIApp
from starlette.types import Message as Event

from invy.app import proof
from invy.app.house import House, open_house
from invy.app.service import Service
from invy.app.settings import Settings, load
from invy.domain.difference import Difference
from invy.domain.evidence import Attempt, Evidence, Phase
from invy.domain.ids import MessageId, Wamid
from invy.domain.journal import Outcome
from invy.domain.message import Message, Posted
from invy.meta import registry
from invy.store.database import SERVICE, Limits
from invy.store.tables import journal
from invy.web import create_app
from tests.adversity.bodies import SECRET, signature
from tests.flows.world import World
from tests.making import SENDER, at, chunks, draft, message_id

PATH = "/whatsapp/webhook"


def wamid(n: int) -> Wamid:
    return Wamid(f"wamid.{n}")


@dataclass
class Stage:
    house: House
    service: Service
    app: ASGIApp

    async def post(self, body: bytes, given: str | None = None) -> int:
        """Deliver a body as Meta does; the HTTP status of the answer. An empty signature is none."""
        name = signature(body) if given is None else given
        headers = [(b"x-hub-signature-256", name.encode())] if name else []
        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("203.0.113.9", 50000),
        }
        told: list[Event] = []

        async def receive() -> Event:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Event) -> None:
            told.append(event)

        await self.app(scope, receive, send)
        return int(told[0]["status"])

    async def hear(self, *bodies: bytes) -> None:
        """Deliver these at once, and return when all of them have been applied."""
        answers = await asyncio.gather(*(self.post(body) for body in bodies))
        assert set(answers) == {200}
        await self.applied()

    async def applied(self) -> None:
        async def nothing_waits() -> bool:
            return await self.house.journal.waiting() == 0

        await until(nothing_waits)

    async def accepted(self, *numbers: int) -> None:
        """Messages of ours that Meta has accepted: number n as `wamid.n`."""
        await self.leased(*numbers)
        await self.reply(*numbers)

    async def leased(self, *numbers: int) -> None:
        """Messages whose request is on its way."""
        outbox = self.house.outbox
        await outbox.enqueue(chunks([draft(n) for n in numbers]))
        taken = 0
        while taken < len(numbers):
            lease = await outbox.lease(
                SENDER, now=at(1 + taken / 100), limit=len(numbers), rate=10_000, owner="test", lease_s=60
            )
            taken += len(lease.messages)

    async def reply(self, *numbers: int) -> None:
        """Meta's 200, stored as the sender stores it."""
        await self.house.outbox.record(
            [Posted(message_id(n), Attempt(1, Phase.ACCEPTED, at(2), wamid=wamid(n))) for n in numbers]
        )
        await self.house.outbox.adopt([wamid(n) for n in numbers])

    async def message(self, name: int | str) -> Message:
        found = await self.house.overview.find(message_id(name) if isinstance(name, int) else name)
        assert found is not None, name
        return found

    async def evidence(self, name: int | MessageId) -> list[Evidence]:
        asked = message_id(name) if isinstance(name, int) else name
        return [fact for _, fact in await self.house.overview.timeline(asked)]

    async def outcomes(self) -> list[Outcome]:
        async with self.house.database.read() as connection:
            rows = await connection.execute(select(journal.c.outcome).order_by(journal.c.id))
            return [Outcome(row.outcome) for row in rows]

    async def bodies(self) -> list[bytes]:
        async with self.house.database.read() as connection:
            rows = await connection.execute(select(journal.c.body).order_by(journal.c.id))
            return [bytes(row.body) for row in rows]

    async def audited(self) -> list[Difference]:
        """Where the written state is not the fold of the stored evidence."""
        found: list[Difference] = []
        await proof.audit(self.house.database, found.append, lambda _: None)
        return found


async def until(condition: Callable[[], Awaitable[bool]], patience_s: float = 15) -> None:
    """Wait for something that happens by itself; fail when it does not."""
    async with asyncio.timeout(patience_s):
        while not await condition():
            await asyncio.sleep(0.01)


def settings(database_url: str, folder: Path, world: World | None = None, **more: str) -> Settings:
    templates = folder / "templates.toml"
    templates.write_text(registry.sample(), encoding="utf-8")
    if world is not None:
        return world.settings(database_url, templates, **more)
    environ = {
        "WHATSAPP_ACCESS_TOKEN": "EAAtest-access-token-of-nobody",
        "WHATSAPP_PHONE_NUMBER_ID": SENDER,
        "WHATSAPP_VERIFY_TOKEN": "a-verify-token-of-ours",
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_API_BASE_URL": "http://127.0.0.1:9",  # nobody listens there
        "INVY_DATABASE_URL": database_url,
        "INVY_TEMPLATES_FILE": str(templates),
    }
    return load(environ | more, None)


@asynccontextmanager
async def staged(known: Settings, *, send: bool = False, limits: Limits = SERVICE) -> AsyncIterator[Stage]:
    """The application with its service running, reached without a socket."""
    async with open_house(known, upgrade=True, limits=limits) as house:
        service = Service(house)
        app = create_app(house, service)
        async with service.running(send=send):
            yield Stage(house, service, app)


@asynccontextmanager
async def living(known: Settings, world: World, *, limits: Limits = SERVICE) -> AsyncIterator[Stage]:
    """The same, sending to a simulated Meta and hearing from it over real sockets."""
    async with staged(known, send=True, limits=limits) as stage:
        server = uvicorn.Server(
            uvicorn.Config(
                stage.app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
            )
        )
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            serving = asyncio.create_task(server.serve(sockets=[taken]))
            while not server.started:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(world.call_back, f"http://127.0.0.1:{taken.getsockname()[1]}{PATH}")
            try:
                yield stage
            finally:
                server.should_exit = True
                await serving


async def send(stage: Stage, to: Sequence[str], template: str = "hina_invitation") -> list[MessageId]:
    """Put an invitation for each number into the outbox of a living stage."""
    params = {"contact_name": "Dana", "invitation_image_url": "https://example.com/i.jpg"}
    drafts = [
        stage.house.composer.draft(template, each, params, event_id="wedding")  # type: ignore[arg-type]
        for each in to
    ]
    await stage.house.outbox.enqueue(chunks(drafts))
    stage.service.wake_sender()
    return [each.id for each in drafts]
