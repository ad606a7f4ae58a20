"""Wiring: settings become stores, a gateway and use-cases. Every face opens the house and asks it for what it needs."""

import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version

from invy.app import template_file
from invy.app.metrics import Metrics
from invy.app.observer import LogObserver
from invy.app.settings import Settings
from invy.domain.ids import SenderId, new_id
from invy.engine.campaign import Campaigns
from invy.engine.cancel import Cancelling
from invy.engine.compose import Composer
from invy.engine.look import PictureEyes
from invy.engine.ports import Clock
from invy.engine.preflight import preflight
from invy.engine.reconcile import PER_HOUR, Reconciler
from invy.engine.send import Sender, SendingSettings
from invy.engine.settle import Settling
from invy.engine.why import Why
from invy.gateway.graph import Graph
from invy.gateway.image import ImageFetcher
from invy.meta.registry import Registry
from invy.store import schema
from invy.store.batch import ApplyStore
from invy.store.campaigns import CampaignStore
from invy.store.cancelling import CancelStore
from invy.store.database import SERVICE, Database, Limits
from invy.store.doubts import DoubtStore
from invy.store.guests import GuestStore
from invy.store.holds import HoldStore
from invy.store.journal import JournalStore
from invy.store.outbox import Outbox
from invy.store.overview import Overview
from invy.store.sightings import SightingStore
from invy.store.silence import SilenceStore
from invy.store.situations import Situations
from invy.store.tokens import TokenStore
from invy.store.workers import Workplace


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """Everything by name. Stores are cheap; the gateway is opened when sending."""

    settings: Settings
    database: Database
    clock: Clock = utc_now
    randomness: Callable[[int], bytes] = os.urandom
    jitter: Callable[[], float] = random.random
    metrics: Metrics = field(default_factory=lambda: Metrics(version("invy")))

    @cached_property
    def observer(self) -> LogObserver:
        return LogObserver(self.metrics, self.clock)

    @cached_property
    def journal(self) -> JournalStore:
        return JournalStore(self.database)

    @cached_property
    def apply_store(self) -> ApplyStore:
        return ApplyStore(self.database)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.database)

    @cached_property
    def guests(self) -> GuestStore:
        return GuestStore(self.database)

    @cached_property
    def campaign_store(self) -> CampaignStore:
        return CampaignStore(self.database)

    @cached_property
    def holds(self) -> HoldStore:
        return HoldStore(self.database)

    @cached_property
    def overview(self) -> Overview:
        return Overview(self.database)

    @cached_property
    def tokens(self) -> TokenStore:
        return TokenStore(self.database)

    @cached_property
    def doubts(self) -> DoubtStore:
        return DoubtStore(self.database)

    @property
    def settling(self) -> Settling:
        """What a person may do about unconfirmed messages."""
        return Settling(self.doubts, self.guests, self.clock, self.randomness)

    @property
    def cancelling(self) -> Cancelling:
        """What a person may take out of the outbox."""
        return Cancelling(CancelStore(self.database), self.clock)

    @property
    def why(self) -> Why:
        """Explains what became of messages."""
        situations = Situations(self.database, per_second=self.settings.send_rate)
        return Why(situations, self.clock, self.settings.default_region)

    @property
    def eyes(self) -> PictureEyes:
        """Looks at the picture of a message, on request: it asks a stranger's server."""
        return PictureEyes(self.overview, ImageFetcher(home=self.settings.api_base_url))

    @cached_property
    def silence(self) -> SilenceStore:
        return SilenceStore(self.database)

    @cached_property
    def sightings(self) -> SightingStore:
        return SightingStore(self.database)

    def reconciler(self, graph: Graph, *, per_hour: int = PER_HOUR) -> Reconciler:
        """The one who asks Meta's message history, at most `per_hour` times an hour, all processes together."""
        return Reconciler(self.silence, graph, self.clock, self.observer, per_hour=per_hour)

    @cached_property
    def workplace(self) -> Workplace:
        return Workplace(self.database)

    @cached_property
    def templates(self) -> Registry:
        """The user's templates.

        Raises:
            ConfigurationError: there is no such file.
            TemplateInvalid: the file has mistakes; all of them are told.
        """
        return template_file.load(self.settings)

    @property
    def sender_id(self) -> SenderId:
        """The business phone number that sends.

        Raises:
            ConfigurationError: it is not configured.
        """
        self.settings.require_sending()
        return SenderId(self.settings.phone_number_id or "")

    @property
    def composer(self) -> Composer:
        return Composer(self.templates, self.sender_id, self.clock, self.randomness)

    @property
    def campaigns(self) -> Campaigns:
        return Campaigns(self.guests, self.campaign_store, self.outbox, self.composer)

    def new_id(self) -> str:
        return new_id(self.clock(), self.randomness)

    def graph(self) -> Graph:
        """A session with Meta; the caller closes it."""
        self.settings.require_sending()
        token = self.settings.access_token
        assert token is not None
        return Graph(
            base_url=self.settings.api_base_url,
            version=self.settings.api_version,
            token=token.get_secret_value(),
            timeout_s=self.settings.send_timeout_s,
            connections=self.settings.send_concurrency,
        )

    async def preflight(self, template_key: str) -> str | None:
        """Whether Meta's live template still fits ours. Returns why that could not be looked at, None when it was.

        Raises:
            TemplateInvalid: every send of this template would be refused; the difference is named.
        """
        account = self.settings.business_account_id
        if account is None:
            return "WHATSAPP_BUSINESS_ACCOUNT_ID is not set"
        async with self.graph() as graph:
            ours = self.templates.get(template_key)
            return await preflight(graph, account, template_key, ours, kept=self.sightings, at=self.clock())

    def sender(self, graph: Graph) -> Sender:
        """The one who sends, for this process."""
        return Sender(
            self.outbox,
            graph,
            SendingSettings(
                sender_id=self.sender_id,
                owner=self.new_id(),
                rate=self.settings.send_rate,
                concurrency=self.settings.send_concurrency,
                lease_s=self.settings.lease_seconds,
                request_s=self.settings.send_timeout_s,
            ),
            clock=self.clock,
            observer=self.observer,
            jitter=self.jitter,
        )


@asynccontextmanager
async def open_house(
    settings: Settings, *, upgrade: bool = False, limits: Limits = SERVICE
) -> AsyncIterator[House]:
    """The house on the configured database, whose shape is checked first.

    Raises:
        SchemaBehind: the database needs `invy db upgrade`, and `upgrade` was not asked for.
        StoreUnavailable: the database cannot be reached.
    """
    if upgrade:
        await schema.upgrade_at(settings.database_url)
    database = Database.open(settings.database_url, limits)
    try:
        await schema.require_current(database)
        house = House(settings, database)
        yield house
        await house.tokens.settle()
    finally:
        await database.close()
