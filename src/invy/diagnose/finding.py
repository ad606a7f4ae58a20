"""What can be found out about a message: a closed set, each member with its words and its usual judgement as data."""

import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from invy.domain.errors import Side
from invy.meta.catalogue import Text


class Confidence(StrEnum):
    """How far a finding can be relied on."""

    CERTAIN = "certain"  # Meta said so, or we know it ourselves
    LIKELY = "likely"  # the evidence points there and hardly elsewhere
    POSSIBLE = "possible"  # one of several explanations that nobody can tell apart


class MayResend(StrEnum):
    """Whether a new message to this guest makes sense."""

    NOT_NEEDED = "not_needed"  # it arrived, or is still on its way by itself
    NO = "no"
    AFTER_CHANGE = "after_change"  # once what is wrong has been changed
    LATER = "later"
    RISKY = "risky"  # it could arrive twice
    YES = "yes"
    UNKNOWN = "unknown"  # Meta does not explain what happened


class Finding(StrEnum):
    """The kinds of verdict; guests who were not reached are grouped by it."""

    ANSWERED = "answered"
    READ = "read"
    DELIVERED = "delivered"
    ARRIVED_DESPITE_FAILURE = "arrived_despite_failure"

    QUEUED_TURN = "queued_turn"
    QUEUED_PLANNED = "queued_planned"
    QUEUED_RETRY = "queued_retry"
    QUEUED_RESTING = "queued_resting"
    HELD_CAMPAIGN = "held_campaign"
    HELD_TEMPLATE = "held_template"
    HELD_SENDER = "held_sender"
    OPTED_OUT_WAITING = "opted_out_waiting"
    NOBODY_SENDS = "nobody_sends"
    SENDING = "sending"
    SENDING_STUCK = "sending_stuck"
    UNCONFIRMED = "unconfirmed"
    UNCONFIRMED_LONG = "unconfirmed_long"
    UNCONFIRMED_DEAF = "unconfirmed_deaf"

    SENT_FRESH = "sent_fresh"
    PACING_HELD = "pacing_held"
    PACING_HELD_LONG = "pacing_held_long"
    ACCEPTED_WHILE_PAUSED = "accepted_while_paused"
    WEBHOOK_DEAD = "webhook_dead"
    WEBHOOK_REFUSED = "webhook_refused"
    WEBHOOK_UNSUBSCRIBED = "webhook_unsubscribed"
    WEBHOOK_DIVERTED = "webhook_diverted"
    WEBHOOK_UNREACHABLE = "webhook_unreachable"
    WEBHOOK_WITHOUT_MESSAGES = "webhook_without_messages"
    WEBHOOK_WAS_DEAD = "webhook_was_dead"
    NO_RECEIPT_ALONE = "no_receipt_alone"
    NO_RECEIPT_UNCOMPARED = "no_receipt_uncompared"
    SENT_MINUTES = "sent_minutes"
    SENT_HOURS = "sent_hours"
    SENT_DAYS = "sent_days"
    SENT_THEN_DEAF = "sent_then_deaf"
    EXPIRED = "expired"
    SETTLED_SENT = "settled_sent"

    NOT_DELIVERABLE = "not_deliverable"
    MARKETING_CAP = "marketing_cap"
    MARKETING_CAP_AGAIN = "marketing_cap_again"
    EXPERIMENT = "experiment"
    OPTED_OUT = "opted_out"
    PICTURE = "picture"
    PICTURE_BROKEN = "picture_broken"
    PICTURE_FINE_HERE = "picture_fine_here"
    PACING_DROPPED = "pacing_dropped"
    TEMPLATE_PAUSED = "template_paused"
    TEMPLATE_DISABLED = "template_disabled"
    TEMPLATE_MISSING = "template_missing"
    TEMPLATE_MISMATCH = "template_mismatch"
    ACCOUNT_LOCKED = "account_locked"
    PAYMENT = "payment"
    ACCESS = "access"
    NUMBER_LIMITED = "number_limited"
    COUNTRY = "country"
    TEST_NUMBER = "test_number"
    BLOCKED_BY_US = "blocked_by_us"
    OWN_NUMBER = "own_number"
    META_TROUBLE = "meta_trouble"
    FAILED_OURS = "failed_ours"
    FAILED_META = "failed_meta"
    FAILED_GUEST = "failed_guest"
    FAILED_ACCOUNT = "failed_account"
    FAILED_UNKNOWN_CODE = "failed_unknown_code"
    FAILED_WITHOUT_CODE = "failed_without_code"
    SETTLED_NOT_SENT = "settled_not_sent"


MEANING = Text(en="{meaning}", he="{meaning}")
REMEDY = Text(en="{remedy}", he="{remedy}")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The words and the usual judgement of one finding.

    `headline` and `todo` depend on nothing but the finding, Meta's code and, where messages are held, the command that ends
    that; so a group of guests has one of each.
    Where `side` or `resend` is absent, the catalogue's row of the code decides.
    """

    key: Finding
    headline: Text
    confidence: Confidence
    why: Text = MEANING
    todo: Text = REMEDY
    side: Side | None = None
    resend: MayResend | None = None
    phone_instead: bool = False
    codes: tuple[int, ...] = ()


class Remark(StrEnum):
    """Something worth adding to a finding."""

    QUEUE = "queue"
    SAID = "said"
    FAILURE_TOO = "failure_too"
    TAKEN_TWICE = "taken_twice"
    OTHERS = "others"
    OTHERS_LATE = "others_late"
    LAST_REPORT = "last_report"
    NEVER_HEARD = "never_heard"
    LAST_WEBHOOK = "last_webhook"
    REACHED_BEFORE = "reached_before"
    NEVER_REACHED = "never_reached"
    EARLIER_TRIES = "earlier_tries"
    OPTED_OUT = "opted_out"
    SENDER_BLOCKED = "sender_blocked"
    SENDER_LIMITED = "sender_limited"
    SENDER_QUALITY = "sender_quality"
    SEEN_AT_META = "seen_at_meta"
    DIVERTED_TO = "diverted_to"
    OWN_LIFETIME = "own_lifetime"
    TEMPLATE_STATUS = "template_status"
    PICTURE_LINK = "picture_link"
    FAILING_NOW = "failing_now"
    UNKNOWN_STATUS = "unknown_status"
    FROM_HISTORY = "from_history"


@cache
def entries() -> Mapping[Finding, Entry]:
    """Every finding's entry, checked when first read: a finding without words stops the program there."""
    found = {entry.key: entry for entry in _read()}
    missing = set(Finding) - set(found)
    if missing:
        raise ValueError(f"no words for the findings {sorted(missing)}; add them to diagnose/findings")
    return found


@cache
def by_code() -> Mapping[int, Finding]:
    """Which finding speaks about a code of Meta's that made a message fail."""
    return {code: entry.key for entry in entries().values() for code in entry.codes}


@cache
def remarks() -> Mapping[Remark, Text]:
    return msgspec.convert(_table("remarks.toml")["remark"], dict[Remark, Text])


def _read() -> Iterator[Entry]:
    for name in ("arrived.toml", "waiting.toml", "silent.toml", "failed.toml"):
        table = _table(name)
        for finding in table["finding"]:
            yield msgspec.convert({**table["defaults"], **finding}, Entry)


def _table(name: str) -> Mapping[str, Any]:
    return tomllib.loads((files("invy.diagnose.findings") / name).read_text(encoding="utf-8"))
