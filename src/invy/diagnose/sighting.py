"""What we last saw when we asked Meta itself: the number, its health, where its webhooks go, a template.

Facts and when they were seen, nothing more; what they mean beside notices and delivery reports is `seen`'s to say.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

import msgspec

from invy.diagnose.health import Ability


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where webhooks are sent, without what may follow a question mark. `ours` is None where ours is not configured."""

    url: str
    ours: bool | None = None


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """A business phone number. `override` goes before every other address for its webhooks."""

    kind: ClassVar[str] = "number"
    display: str | None = None
    quality: str | None = None
    """GREEN, YELLOW, RED, …"""
    override: Address | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether messages can be sent: the worst of phone number, account, business and app."""

    kind: ClassVar[str] = "health"
    ability: Ability
    reason: str | None = None


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the account behind a number sends its webhooks to our app, and to which other address than the app's."""

    kind: ClassVar[str] = "subscription"
    account_id: str
    subscribed: bool | None = None
    """None where our app's id is not known."""
    override: Address | None = None


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One template, by name and language."""

    kind: ClassVar[str] = "template"
    status: str
    category: str | None = None
    lifetime_s: int | None = None
    """`message_send_ttl_seconds`; None where Meta did not tell it."""


Fact = Number | Health | Subscription | Template
F_co = TypeVar("F_co", bound=Fact, covariant=True)


@dataclass(frozen=True, slots=True)
class Sighting(Generic[F_co]):
    """A fact and when it was seen, by our clock."""

    subject: str
    at: datetime
    fact: F_co


def template_subject(name: str, language: str) -> str:
    """What a template's sighting is filed under. Meta writes a language as `en_US` here and as `en-US` there."""
    return f"{name}/{plain_language(language)}"


def plain_language(language: str) -> str:
    return language.replace("-", "_").casefold()
