"""What guests send to us, as far as it touches invitations. Media are named, not fetched."""

from dataclasses import dataclass
from datetime import datetime

from invy.domain.ids import Wamid


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from a person. `kind` is Meta's type word as it came."""

    wamid: Wamid
    at: datetime
    heard_at: datetime
    kind: str
    sender: str | None = None
    """Digits of the guest's number; absent when Meta hides it."""
    user_id: str | None = None
    """The business-scoped user id, when given."""
    text: str | None = None
    """What the guest wrote, the label of the button pressed, or the emoji of a reaction."""
    payload: str | None = None
    """Of a template's quick-reply button: what we put there when sending; else the button's id."""
    context: Wamid | None = None
    """The message of ours that this answers, when Meta says so."""


@dataclass(frozen=True, slots=True)
class NumberChanged:
    """A guest has moved to another number (system message `user_changed_number`)."""

    wamid: Wamid
    at: datetime
    heard_at: datetime
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Preference:
    """A guest has stopped or resumed marketing messages (field `user_preferences`)."""

    phone: str | None
    """Digits as Meta writes them (`wa_id`)."""
    user_id: str | None
    category: str | None
    stopped: bool
    at: datetime
    heard_at: datetime
    detail: str | None = None
