"""The wiring of those who look: the doctor, the service's watch, the glance at Meta. Settings become what they look at.

For the doctor nothing is created on the way, not even a database file.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from invy.app import accepted, template_file
from invy.app.house import House, utc_now
from invy.app.settings import Settings, catalogue
from invy.domain.errors import ConfigurationError, InvyError
from invy.domain.evidence import Evidence
from invy.domain.ids import MessageId
from invy.domain.message import Message
from invy.domain.phone import parse
from invy.engine.doctor.checks import CHEAP
from invy.engine.doctor.examine import examine
from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.subject import Configured, Shape, Subject
from invy.engine.doctor.vigil import Vigil
from invy.engine.doctor.watch import Changes
from invy.engine.glance import Glance, Outcome, Whom
from invy.engine.ports import Clock
from invy.gateway.callback import Callback
from invy.gateway.graph import Graph
from invy.gateway.image import ImageFetcher
from invy.meta.catalogue import Text
from invy.meta.registry import Registry
from invy.store import schema
from invy.store.database import Database, engine_url
from invy.store.pulse import Pulse

_log = structlog.stdlib.get_logger("invy.doctor")


def configured(settings: Settings) -> Configured:
    """The settings as the doctor takes them."""
    token, word = settings.access_token, settings.verify_token
    return Configured(
        api_version=settings.api_version,
        api_base_url=settings.api_base_url,
        phone_number_id=settings.phone_number_id,
        business_account_id=settings.business_account_id,
        app_id=settings.app_id,
        public_url=settings.public_url,
        default_region=settings.default_region,
        access_token=token.get_secret_value() if token else None,
        verify_token=word.get_secret_value() if word else None,
        app_secrets=tuple(secret.get_secret_value() for secret in settings.app_secrets),
        places={
            name: Text(en=setting.where, he=setting.where_he)
            for name, (_, setting) in catalogue().items()
            if setting.where
        },
    )


class DatabaseShape:
    """Where the configured database stands. A missing SQLite file is not made by looking for it."""

    def __init__(self, database: Database | None, place: str) -> None:
        self._database = database
        self._place = place

    async def shape(self) -> Shape:
        """Raises StoreUnavailable."""
        if self._database is None:
            return Shape(self._place, exists=False, current=None, head=schema.head())
        state = await schema.state(self._database)
        known = state.current is None or schema.knows(state.current)
        return Shape(self._place, exists=True, current=state.current, head=state.head, current_is_known=known)


class Trial:
    """Sends one real message, through the running service when there is one."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def served(self) -> bool:
        return await self._house.workplace.occupied(self._house.clock())

    async def begin(self, template_key: str, phone: str, params: Mapping[str, str]) -> MessageId:
        """Raises InvalidInput or NotFound, and then nothing was written."""
        house = self._house
        number = parse(phone, house.settings.default_region).e164
        draft = house.composer.draft(template_key, number, params)
        await house.outbox.enqueue_one(draft)
        return draft.id

    async def send(self, message_id: MessageId) -> None:
        async with self._house.graph() as graph:
            await self._house.sender(graph).drain(only={message_id})

    async def message(self, message_id: MessageId) -> Message:
        found = await self._house.overview.find(message_id)
        assert found is not None
        return found

    async def evidence(self, message_id: MessageId) -> list[Evidence]:
        return [fact for _, fact in await self._house.overview.timeline(message_id)]


SILENT = "evidence.silent"


def glance(house: House, graph: Graph) -> Glance:
    """The one who looks at Meta from time to time, for the verdicts."""
    known = configured(house.settings)
    whom = Whom(
        sender_id=house.sender_id,
        account_id=known.business_account_id,
        app_id=known.app_id,
        access_token=known.access_token,
        webhook_url=known.webhook_url,
    )
    return Glance(graph, house.sightings, whom, house.clock, _tell_glance)


def _tell_glance(outcome: Outcome) -> None:
    if outcome.amiss:
        _log.warning("meta.amiss", seen=outcome.amiss, todo="invy doctor")
    if outcome.unread:
        _log.warning("meta.unseen", what=outcome.unread)
    if not outcome.amiss and not outcome.unread:
        _log.info("meta.well")


def vigil(house: House, alarmed: Callable[[], None] = lambda: None) -> Vigil:
    """The watch that a running service keeps by itself, on its own database. `alarmed` is called when webhooks go silent."""
    settings = house.settings
    subject = Subject(
        clock=house.clock,
        nonce=_nonce,
        pause=asyncio.sleep,
        configured=configured(settings),
        read_registry=lambda: house.templates,
        database=DatabaseShape(house.database, accepted.without_password(settings.database_url)),
        pulse=Pulse(house.database),
    )

    async def look() -> list[Finding]:
        return [finding async for finding in examine(CHEAP, subject)]

    def tell(changed: Changes) -> None:
        _tell(changed)
        if any(finding.key == SILENT for finding in changed.fresh):
            alarmed()

    return Vigil(look, tell)


def _tell(changed: Changes) -> None:
    for finding in changed.fresh:
        keys = {"finding": finding.key, "seen": finding.seen.en, "todo": finding.todo.en}
        if finding.mark is Mark.FAILED:
            _log.error("doctor.alarm", **keys)
        else:
            _log.warning("doctor.warning", **keys)
    for finding in changed.gone:
        _log.info("doctor.over", finding=finding.key, seen=finding.seen.en)


def _nonce() -> str:
    return secrets.token_hex(16)


@asynccontextmanager
async def open_subject(
    settings: Settings | InvyError,
    *,
    clock: Clock = utc_now,
    image_urls: tuple[str, ...] = (),
    self_test: bool = True,
) -> AsyncIterator[Subject]:
    """Everything the doctor looks at, for settings or for the error that came of reading them."""
    async with AsyncExitStack() as stack:
        subject = Subject(
            clock=clock,
            nonce=_nonce,
            pause=asyncio.sleep,
            read_registry=_nothing_to_read,
            outside=await stack.enter_async_context(Callback()),
            images=ImageFetcher(),
            image_urls=image_urls,
            self_test=self_test,
        )
        if isinstance(settings, InvyError):
            yield replace(subject, settings_error=settings)
            return
        database = _existing(settings)
        if database is not None:
            stack.push_async_callback(database.close)
        graph = None
        if settings.access_token is not None:
            graph = await stack.enter_async_context(_graph(settings))
        yield replace(
            subject,
            configured=configured(settings),
            read_registry=lambda: template_file.load(settings),
            database=DatabaseShape(database, accepted.without_password(settings.database_url)),
            pulse=None if database is None else Pulse(database),
            meta=graph,
            images=ImageFetcher(home=settings.api_base_url),
        )


def _graph(settings: Settings) -> Graph:
    assert settings.access_token is not None
    return Graph(
        base_url=settings.api_base_url,
        version=settings.api_version,
        token=settings.access_token.get_secret_value(),
        connections=8,
    )


def _existing(settings: Settings) -> Database | None:
    url = engine_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return None
    return Database.open(settings.database_url)


def _nothing_to_read() -> Registry:
    raise ConfigurationError("There are no settings.")
