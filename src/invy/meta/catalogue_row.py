"""The shape of one row of the error catalogue and the closed sets its columns are drawn from.

Knows nothing of any particular code: those are data, in `catalogue_rows/*.toml`.
"""

from datetime import date
from enum import StrEnum

import msgspec

from invy.domain.errors import Side


class Lang(StrEnum):
    """The languages that people are told things in."""

    EN = "en"
    HE = "he"


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same thing said in each language."""

    en: str
    he: str

    def say(self, lang: Lang | str) -> str:
        return self.he if lang == Lang.HE else self.en


class Channel(StrEnum):
    """Where a code shows up."""

    REPLY = "reply"  # in Meta's answer to our request
    WEBHOOK = "webhook"  # in a failed status, after a 200
    BOTH = "both"
    INBOUND = "inbound"  # on a message that a guest sent us
    MANAGEMENT = "management"  # not about sending at all


class Retry(StrEnum):
    """Whether the same message may be sent to the same number again."""

    NEVER = "never"  # it would give the same answer
    AFTER_CHANGE = "after_change"  # once what is wrong has been changed
    LATER = "later"  # after `earliest_s`; without one, Meta does not say when
    SAFE_NOW = "safe_now"


class Outcome(StrEnum):
    """What became of a send that was answered with this code."""

    REFUSED = "refused"  # final for this message
    DEFERRED = "deferred"  # rejected before processing: the same request may safely be repeated
    HELD = "held"  # not processed, no fault of the guest: it waits until a person releases the scope
    UNSURE = "unsure"  # may have gone out all the same: never repeated on a guess


class Effect(StrEnum):
    """What the code means for the rest of the work."""

    NONE = "none"
    WAIT_PAIR = "wait_pair"  # this guest waits, the others go on
    SLOW_DOWN = "slow_down"  # everything from this sender goes more slowly
    HOLD_TEMPLATE = "hold_template"  # nothing of this template until released
    HOLD_SENDER = "hold_sender"  # nothing from this sender until released


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that is known about one code of Meta's.

    `title` is Meta's own, as logs show it. `outcome` and `effect` speak of the code as the reply to a send; a code in
    a `failed` webhook is always final for its message, and `effect` holds there too. `source` and `as_of` say where
    the row is from and how old that is. `by_http` marks codes that say nothing about a send: there the HTTP status
    decides. `known` is false for a code that Meta does not document.
    """

    code: int
    title: str
    meaning: Text
    side: Side
    channel: Channel
    retry: Retry
    outcome: Outcome
    effect: Effect
    todo: Text
    source: str
    as_of: date
    earliest_s: int | None = None
    note: str = ""
    note_he: str = ""
    subcode: int | None = None
    until: int | None = None
    """The last code of a range whose first is `code`."""
    by_http: bool = False
    known: bool = True

    @property
    def return_to_queue(self) -> bool:
        """Whether a send answered with this code goes back to the queue instead of failing."""
        return self.outcome in (Outcome.DEFERRED, Outcome.HELD)

    @property
    def label(self) -> str:
        """The code as a person writes it: `131026`, `100/33`, `200-299`."""
        if self.subcode is not None:
            return f"{self.code}/{self.subcode}"
        return f"{self.code}-{self.until}" if self.until is not None else str(self.code)

    def remark(self, lang: Lang | str) -> str:
        """The note in that language, or nothing."""
        return self.note_he if lang == Lang.HE else self.note
