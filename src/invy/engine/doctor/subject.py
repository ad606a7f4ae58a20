"""What the doctor looks at: the settings, and ports to Meta, to the database and to the outside. Values and protocols only.

The `Chart` is the one thing that fills up while an examination goes on: what one check has learnt, for later ones.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from invy.domain.errors import InvyError
from invy.domain.pulse import OpenEnds, Refused, Unanswered
from invy.engine.ports import Clock
from invy.meta.catalogue import Text
from invy.meta.graph_reply import GraphReply
from invy.meta.live_template import LiveTemplate
from invy.meta.picture import Fetched
from invy.meta.registry import Registry

WEBHOOK_PATH = "/whatsapp/webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The settings that the doctor speaks about. Secrets are used and never shown."""

    api_version: str
    api_base_url: str = "https://graph.facebook.com"
    phone_number_id: str | None = None
    business_account_id: str | None = None
    app_id: str | None = None
    public_url: str | None = None
    default_region: str = "IL"
    access_token: str | None = field(default=None, repr=False)
    verify_token: str | None = field(default=None, repr=False)
    app_secrets: tuple[str, ...] = field(default=(), repr=False)
    places: Mapping[str, Text] = field(default_factory=dict)
    """Where each credential is found at Meta, by the setting's name."""

    @property
    def webhook_url(self) -> str | None:
        return None if self.public_url is None else self.public_url.rstrip("/") + WEBHOOK_PATH


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a database stands. `place` may be shown; `current` is None before the first migration."""

    place: str
    exists: bool
    current: str | None
    head: str
    current_is_known: bool = True


class DatabasePort(Protocol):
    async def shape(self) -> Shape:
        """Raises StoreUnavailable."""


class PulsePort(Protocol):
    """What was heard from Meta. Each raises StoreUnavailable."""

    async def last_genuine(self) -> datetime | None:
        """When the last webhook came that was not one of our own self-tests."""

    async def last_receipt(self) -> datetime | None:
        """When the last delivery report was heard, as far back as is worth looking."""

    async def unanswered(self, *, since: datetime, until: datetime) -> Unanswered:
        """The messages accepted in that time about which nothing was heard."""

    async def open_ends(self) -> OpenEnds: ...

    async def refused(self, *, since: datetime) -> Sequence[Refused]:
        """A bounded sample, newest first."""

    async def links(self, limit: int) -> Sequence[str]:
        """Image links in the headers of the messages made last, each once, newest first."""

    async def newest_entry(self) -> int:
        """The number of the newest journal entry, 0 when there is none."""

    async def heard(self, body: bytes, *, after: int) -> bool:
        """Whether exactly this body is in the journal behind that entry."""


class MetaPort(Protocol):
    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        token: str | None = None,
        timeout_s: float | None = None,
    ) -> GraphReply:
        """One call; never raises for what the network or Meta does."""


class OutsidePort(Protocol):
    """Our own webhook, called as Meta calls it. Never raises for what the network does."""

    async def challenge(self, url: str, token: str, word: str) -> GraphReply: ...
    async def post(self, url: str, body: bytes, signature: str | None) -> GraphReply: ...


class ImagePort(Protocol):
    async def fetch(self, url: str) -> Fetched:
        """Never raises for what the network does."""


@dataclass(slots=True)
class Chart:
    """What was learnt on the way."""

    database_usable: bool = False
    app_id: str | None = None
    """Of the app that the token belongs to."""
    meta_at: datetime | None = None
    """Meta's clock, and ours at the same moment."""
    ours_at: datetime | None = None
    served_version: str | None = None
    templates: Sequence[LiveTemplate] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Where the number's webhooks go, by level: application, whatsapp_business_account, phone_number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Everything within the doctor's reach. Without settings or credentials some of it is missing."""

    clock: Clock
    nonce: Callable[[], str]
    pause: Callable[[float], Awaitable[None]]
    configured: Configured | None = None
    settings_error: InvyError | None = None
    read_registry: Callable[[], Registry]
    database: DatabasePort | None = None
    pulse: PulsePort | None = None
    meta: MetaPort | None = None
    outside: OutsidePort | None = None
    images: ImagePort | None = None
    image_urls: tuple[str, ...] = ()
    """Images to look at besides those found in the settings and in messages."""
    self_test: bool = True
    """Whether a marked body may be posted through the public URL."""
    chart: Chart = field(default_factory=Chart)

    @property
    def settings(self) -> Configured:
        """For checks that stand on the settings."""
        assert self.configured is not None
        return self.configured
