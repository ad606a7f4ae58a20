"""Floor 5: the library face, for an application of yours that sends invitations itself.

    from invy.whatsapp import get_whatsapp_service

    service = get_whatsapp_service(db)            # your AsyncSession or AsyncEngine
    result = await service.send_by_template_key(
        template_key="hina_invitation",
        to_phone="0504370045",
        params={...},
        event_id="...",
        guest_id="...",
    )
    result["message_id"]                          # Meta's wamid

The message is written to the database before the request leaves, in transactions of Invy's own: commit what your
session has written before sending, above all on SQLite, where only one transaction can write at a time.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from invy.app import logs, settings
from invy.app.house import House
from invy.app.settings import Settings
from invy.domain.errors import InvalidInput, MetaRefused, OptedOut, Side
from invy.domain.ids import MessageId
from invy.domain.message import Draft, Message
from invy.domain.phone import parse
from invy.domain.state import State
from invy.gateway.graph import Graph
from invy.meta import catalogue
from invy.store import schema
from invy.store.database import Database

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:  # pydantic, which brings it, takes no other there: without it a FastAPI route could not declare a SendResult
    from typing_extensions import TypedDict

__all__ = ["SendResult", "WhatsAppService", "close_whatsapp_services", "get_whatsapp_service"]

FOLLOW_EVERY_S = 0.05


class SendResult(TypedDict):
    """What became of a send. `status` is the message's state: `sent` means that Meta accepted it, not delivery."""

    message_id: str | None
    """Meta's wamid; None while the message is queued or unconfirmed."""
    status: str
    to: str
    template: str
    id: str
    """Invy's own id, which exists in every case; `invy message ID` shows the evidence."""


class WhatsAppService:
    """Sends templates and records every message. One per engine; cheap to ask for again."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._checked = False
        self._graphs: WeakKeyDictionary[asyncio.AbstractEventLoop, Graph] = WeakKeyDictionary()

    async def send_by_template_key(
        self,
        template_key: str,
        to_phone: str,
        params: Mapping[str, object],
        event_id: str | None = None,
        guest_id: str | None = None,
        *,
        force: bool = False,
    ) -> SendResult:
        """Send one template to one number, now.

        At most once: an outcome that nobody knows (timeout, broken connection) is returned as `unconfirmed` and must
        not be repeated; Meta's webhooks settle it. A message that Meta certainly did not process (rate limit, no
        connection, an account on hold) stays `queued`, and a running `invy serve` or `invy worker` sends it later.

        Args:
            template_key: the entry in the template file.
            to_phone: the number in any form; without a country code it is dialled in INVY_DEFAULT_REGION.
            params: a value per parameter of the template.
            event_id: your id of the occasion; also fills the template where an entry asks for it.
            guest_id: your id of the guest; likewise.
            force: send although the guest has stopped marketing messages.

        Raises:
            PhoneRefused: the number cannot be valid.
            ParameterRefused: a parameter is missing or ill-formed; it is named.
            NotFound: there is no such template.
            OptedOut: the guest has stopped marketing messages.
            MetaRefused: Meta said no; `code` is Meta's, `message_id` ours.
            ConfigurationError: a credential or the template file is missing, or the database needs an upgrade.
            StoreUnavailable: the database is locked or away; nothing was sent.
        """
        house = self._house
        if not self._checked:
            await schema.require_current(house.database)
            self._checked = True
        phone = parse(to_phone, house.settings.default_region).e164
        draft = house.composer.draft(template_key, phone, params, event_id=event_id, guest_id=guest_id)
        if not force and await house.guests.opted_out([phone]):
            raise OptedOut(
                "The guest has stopped marketing messages from your business.",
                hint="Reach the guest another way, or pass force=True if this is not marketing.",
            )
        await house.outbox.enqueue_one(draft)
        await house.sender(self._graph()).drain(only={draft.id})
        return _result(await self._settled(draft), template_key)

    async def close(self) -> None:
        """Close the connections to Meta of the running event loop."""
        graph = self._graphs.pop(asyncio.get_running_loop(), None)
        if graph is not None:
            await graph.close()

    def _graph(self) -> Graph:
        loop = asyncio.get_running_loop()
        graph = self._graphs.get(loop)
        if graph is None:
            graph = self._graphs[loop] = self._house.graph()
        return graph

    async def _settled(self, draft: Draft) -> Message:
        """The message once its attempt is over. A worker on the same database may have taken it: then follow it."""
        patience = self._house.settings.send_timeout_s
        while True:
            message = await self._house.overview.find(draft.id)
            assert message is not None
            if message.state is not State.SENDING or patience <= 0:
                return message
            await asyncio.sleep(FOLLOW_EVERY_S)
            patience -= FOLLOW_EVERY_S


def _result(message: Message, template_key: str) -> SendResult:
    if message.state is State.FAILED and message.folded.failed is not None:
        failure = message.folded.failed.failure
        row = None if failure.code is None else catalogue.lookup(failure.code, failure.subcode)
        said = (
            failure.details or failure.message or failure.title or (row.title if row else "without a reason")
        )
        raise MetaRefused(
            f"Meta refused the message: {said} (code {failure.code})",
            code=failure.code,
            hint=row.todo.en if row else f"See what is known about it: invy why {message.id}",
            side=row.side if row else Side.META,
            message_id=message.id,
        )
    return SendResult(
        message_id=message.folded.wamid,
        status=message.state.value,
        to=message.to,
        template=template_key,
        id=MessageId(message.id),
    )


_services: WeakKeyDictionary[object, WhatsAppService] = WeakKeyDictionary()


def get_whatsapp_service(
    db: AsyncSession | AsyncEngine, configuration: Settings | None = None
) -> WhatsAppService:
    """The service on your database. Asking again for the same engine gives the same service.

    Settings are read from the environment and `.env` once per engine, unless given.

    Raises:
        InvalidInput: `db` is neither an AsyncSession nor an AsyncEngine, or is of another database.
        ConfigurationError: a setting is wrong.
    """
    engine = _engine(db)
    service = _services.get(engine.sync_engine)
    if service is None or configuration is not None:
        found = configuration or settings.load(os.environ, Path(".env"))
        logs.route(secrets=found.secret_values())
        service = WhatsAppService(House(found, Database.over(engine)))
        _services[engine.sync_engine] = service
    return service


async def close_whatsapp_services() -> None:
    """Close all connections to Meta that belong to the running event loop; call it when your application ends."""
    for service in list(_services.values()):
        await service.close()


def _engine(db: object) -> AsyncEngine:
    if isinstance(db, AsyncEngine):
        engine = db
    elif isinstance(db, AsyncSession):
        engine = AsyncEngine(db.get_bind().engine)
    else:
        raise InvalidInput(
            f"get_whatsapp_service needs an AsyncSession or AsyncEngine, not {type(db).__name__}.",
            hint="Make one with sqlalchemy.ext.asyncio.create_async_engine or async_sessionmaker.",
        )
    if engine.dialect.name not in {"sqlite", "postgresql"}:
        raise InvalidInput(
            f"Invy works on SQLite and PostgreSQL, not on {engine.dialect.name}.",
            hint="Give it a database of its own: create_async_engine('sqlite+aiosqlite:///invy.db').",
        )
    return engine
