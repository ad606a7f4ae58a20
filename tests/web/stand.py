"""The web face on a real database, with its service running, and what tests ask of it."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.types import ASGIApp

from invy.app.house import House, open_house
from invy.app.service import Service
from invy.app.settings import Settings, load
from invy.domain.journal import Outcome
from invy.store.tables import journal, refusals
from invy.web import create_app
from tests.web.asgi import Answered, Client

WEBHOOK = "/whatsapp/webhook"
VERIFY_TOKEN = "a-verify-token-of-ours"
SECRET = "0123456789abcdef0123456789abcdef"
OLD_SECRET = "fedcba9876543210fedcba9876543210"
ACCESS_TOKEN = "EAAtest-access-token-of-nobody"

TEMPLATES = """
[hina_invitation]
meta_name = "hina_invitation"
language_code = "he"
header_type = "IMAGE"
header_handle_key = "invitation_image_url"
body_params = ["contact_name"]
button_type = "URL"
button_url = "https://invy.example/guest/{{1}}"
button_param_key = "event_id"

[reminder]
meta_name = "reminder"
language_code = "en"
body_params = ["contact_name"]
"""


def settings(database_url: str, folder: Path, **more: str) -> Settings:
    templates = folder / "templates.toml"
    templates.write_text(TEMPLATES, encoding="utf-8")
    environ = {
        "WHATSAPP_ACCESS_TOKEN": ACCESS_TOKEN,
        "WHATSAPP_PHONE_NUMBER_ID": "106540000000001",
        "WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN,
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_API_BASE_URL": "http://127.0.0.1:9",  # nobody listens there
        "INVY_DATABASE_URL": database_url,
        "INVY_TEMPLATES_FILE": str(templates),
    }
    return load({name: value for name, value in (environ | more).items() if value}, None)


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def status_update(wamid: str, status: str = "delivered", *, code: int | None = None) -> bytes:
    """A webhook body in the shape that Meta documents, with one status."""
    update: dict[str, object] = {
        "id": wamid,
        "status": status,
        "timestamp": "1764000000",
        "recipient_id": "447700900123",
    }
    if code is not None:
        update["errors"] = [{"code": code, "title": "Failed"}]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "447700900999", "phone_number_id": "106540000000001"},
        "statuses": [update],
    }
    changes = [{"field": "messages", "value": value}]
    body = {"object": "whatsapp_business_account", "entry": [{"id": "102290000000001", "changes": changes}]}
    return json.dumps(body, separators=(",", ":")).encode()


@dataclass
class Stand:
    """The application, the house behind it, and a client."""

    house: House
    service: Service
    app: ASGIApp

    @property
    def client(self) -> Client:
        return Client(self.app)

    async def deliver(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answered:
        return await self.client.post(WEBHOOK, body, signed(body) if headers is None else headers)

    async def caller(self, name: str = "tests") -> Client:
        """A client with a token."""
        token = await self.house.tokens.create(self.house.new_id(), name, self.house.clock())
        return Client(self.app, {"Authorization": f"Bearer {token}"})

    async def journalled(self) -> list[bytes]:
        return [body for body, _ in await self.entries()]

    async def entries(self) -> list[tuple[bytes, Outcome]]:
        async with self.house.database.read() as connection:
            found = await connection.execute(select(journal.c.body, journal.c.outcome).order_by(journal.c.id))
            return [(row.body, Outcome(row.outcome)) for row in found]

    async def samples(self) -> list[tuple[str, bytes]]:
        async with self.house.database.read() as connection:
            found = await connection.execute(
                select(refusals.c.reason, refusals.c.sample).order_by(refusals.c.id)
            )
            return [(row.reason, row.sample) for row in found]

    async def applied(self) -> None:
        """Return when nothing in the journal waits to be read."""
        await until(self._nothing_waits)

    async def _nothing_waits(self) -> bool:
        return await self.house.journal.waiting() == 0

    def counted(self, result: str) -> float:
        value = self.house.metrics.registry.get_sample_value(
            "invy_webhooks_received_total", {"result": result}
        )
        assert value is not None, result
        return value


async def until(condition: Callable[[], Any], timeout_s: float = 10) -> None:
    """Wait for something that happens in the background; fail when it does not."""
    async with asyncio.timeout(timeout_s):
        while not await condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def standing(
    known: Settings, *, send: bool = False, insecure_local: bool = False
) -> AsyncIterator[Stand]:
    async with open_house(known, upgrade=True) as house:
        service = Service(house)
        app = create_app(house, service, insecure_local=insecure_local)
        async with service.running(send=send):
            yield Stand(house, service, app)
        await app.settle()
