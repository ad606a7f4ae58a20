"""Why a message is where it is, and what to do: evidence and the health of everything around it become a verdict.

`verdict` is pure and total: it takes a `Situation`, asks no clock and never raises. The stages of a message's way are
judged in `waiting`, `silent` and `failed`; here the judgement gets its words, in both languages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from invy.diagnose.failed import failed
from invy.diagnose.finding import Confidence, Entry, Finding, MayResend, Remark, entries, remarks
from invy.diagnose.health import Ability
from invy.diagnose.ruling import Added, Ruling, Value
from invy.diagnose.silent import lifetime_s, silent
from invy.diagnose.situation import Situation, span
from invy.diagnose.waiting import queued, sending, unconfirmed
from invy.domain.errors import Side
from invy.domain.evidence import Receipt, Reply, Source
from invy.domain.fold import KNOWN_STATUSES, Folded, wamids
from invy.domain.state import State
from invy.meta.catalogue import Text, lookup


@dataclass(frozen=True, slots=True)
class Verdict:
    """The explanation of one message. `headline` and `todo` are the same for all of one `group`."""

    state: State
    finding: Finding
    code: int | None
    """Meta's, where one is at the bottom of it."""
    label: str | None
    """The code as a person writes it: `131026`, `100/33`. It can be given to `invy explain`."""
    headline: Text
    why: Text
    """What the evidence shows and what most likely happened."""
    remarks: tuple[Text, ...]
    shared: tuple[Text, ...]
    """Those of the remarks that are about the sender and the template: they hold for the whole group."""
    confidence: Confidence
    side: Side | None
    """Who has to act; None when nobody has to."""
    since: datetime | None
    rests_on: tuple[int, ...]
    """Ids of the evidence."""
    todo: Text
    may_resend: MayResend
    resend_not_before: datetime | None
    phone_instead: bool
    """Whether the guest belongs on the list of those to telephone."""

    @property
    def reached(self) -> bool:
        return self.state.reached

    @property
    def group(self) -> tuple[Finding, str | None, str]:
        """Of one finding and code there are several groups where different commands end what holds them back."""
        return self.finding, self.label, self.todo.en


def verdict(situation: Situation) -> Verdict:
    """The verdict on one message at `situation.now`."""
    folded = situation.folded
    ruling = _ruling(situation, folded)
    return _worded(situation, folded, ruling)


def _ruling(situation: Situation, folded: Folded) -> Ruling:
    if folded.delivered_at is not None:
        return _arrived(situation, folded, folded.delivered_at)
    if folded.failed is not None:
        return failed(situation, folded, folded.failed)
    match folded.state:
        case State.SENT:
            return silent(situation, folded)
        case State.UNCONFIRMED:
            return unconfirmed(situation, folded)
        case State.SENDING:
            return sending(situation)
        case _:
            return queued(situation)


def _arrived(situation: Situation, folded: Folded, delivered_at: datetime) -> Ruling:
    added = _by_history_only(situation)
    if folded.failed is not None:
        code = folded.failed.failure.code
        title = folded.failed.failure.title or (lookup(code).title if code is not None else "")
        too: Added = (Remark.FAILURE_TOO, {"code": str(code or "–"), "title": title or "–"})
        ids = situation.ids(
            lambda fact: isinstance(fact, Reply) or (isinstance(fact, Receipt) and fact.status != "sent")
        )
        return Ruling(Finding.ARRIVED_DESPITE_FAILURE, since=delivered_at, rests_on=ids, added=(too, *added))
    if folded.replied_at is not None:
        ids = situation.ids(lambda fact: isinstance(fact, Reply))
        return Ruling(Finding.ANSWERED, since=folded.replied_at, rests_on=ids, added=added)
    words = ("read", "played") if folded.read_at is not None else ("delivered",)
    return Ruling(
        Finding.READ if folded.read_at is not None else Finding.DELIVERED,
        since=folded.read_at or delivered_at,
        rests_on=situation.ids(lambda fact: isinstance(fact, Receipt) and fact.status in words),
        added=added,
    )


def _taken_twice(situation: Situation) -> tuple[Added, ...]:
    names = wamids(situation.facts())
    return ((Remark.TAKEN_TWICE, {"count": str(len(names))}),) if len(names) > 1 else ()


def _by_history_only(situation: Situation) -> tuple[Added, ...]:
    receipts = [fact for fact in situation.facts() if isinstance(fact, Receipt)]
    asked = bool(receipts) and all(receipt.source is Source.HISTORY for receipt in receipts)
    return ((Remark.FROM_HISTORY, {}),) if asked else ()


def _worded(situation: Situation, folded: Folded, ruling: Ruling) -> Verdict:
    entry = entries()[ruling.finding]
    values = _values(situation, ruling)
    resend = _resend(situation, folded, entry, ruling)
    waits = resend in (MayResend.LATER, MayResend.RISKY)
    added = (*ruling.added, *_taken_twice(situation), *_around(situation, folded, ruling))
    said = [(remark, _filled(remarks()[remark], {**values, **blanks})) for remark, blanks in added]
    return Verdict(
        state=folded.state,
        finding=ruling.finding,
        code=ruling.code,
        label=None if ruling.code is None else lookup(ruling.code, ruling.subcode).label,
        headline=_filled(entry.headline, values),
        why=_filled(entry.why, values),
        remarks=tuple(text for _, text in said),
        shared=tuple(text for remark, text in said if remark in _SHARED),
        confidence=ruling.confidence or entry.confidence,
        side=entry.side or ruling.side,
        since=ruling.since,
        rests_on=ruling.rests_on,
        todo=_filled(entry.todo, values),
        may_resend=resend,
        resend_not_before=ruling.resend_not_before if waits else None,
        phone_instead=entry.phone_instead if ruling.phone_instead is None else ruling.phone_instead,
    )


_NO_REASON = Text(en="no reason is known", he="הסיבה אינה ידועה")
_SOMEBODY = Text(en="a person", he="אדם")
_NO_MEANING = Text(en="", he="")
_NO_REMEDY = Text(en="See that the reason is gone.", he="יש לוודא שהסיבה כבר לא קיימת.")


def _values(situation: Situation, ruling: Ruling) -> Mapping[str, Value]:
    """Something for every blank that a sentence may have."""
    row = None if ruling.code is None else lookup(ruling.code, ruling.subcode)
    return {
        "age": span(0) if ruling.since is None else situation.ago(ruling.since),
        "ahead": span(0),
        "lifetime": span(lifetime_s(situation)),
        "reason": _NO_REASON,
        "who": _SOMEBODY,
        "url": "–",
        "command": "invy resume",
        "code": "–" if row is None else row.label,
        "title": "–" if row is None else row.title,
        "meaning": _NO_MEANING if row is None else row.meaning,
        "remedy": _NO_REMEDY if row is None else row.todo,
        **{name: value for name, value in ruling.values.items() if not _blank(value)},
    }


def _blank(value: Value) -> bool:
    return isinstance(value, str) and not value.strip(". \t\r\n")


def _filled(text: Text, values: Mapping[str, Value]) -> Text:
    return Text(en=_said(text.en, values, "en"), he=_said(text.he, values, "he"))


def _said(sentence: str, values: Mapping[str, Value], lang: str) -> str:
    blanks = {
        name: value.say(lang) if isinstance(value, Text) else value.strip().rstrip(".")
        for name, value in values.items()
    }
    return " ".join(sentence.format_map(blanks).split())


def _resend(situation: Situation, folded: Folded, entry: Entry, ruling: Ruling) -> MayResend:
    resend = entry.resend or ruling.resend or MayResend.NO
    reached = folded.delivered_at is not None
    if situation.guest.opted_out_at is not None and not reached and resend is not MayResend.NOT_NEEDED:
        return MayResend.NO
    return resend


_ABILITY = {Ability.BLOCKED: Remark.SENDER_BLOCKED, Ability.LIMITED: Remark.SENDER_LIMITED}
_SHARED = frozenset(
    {
        Remark.SENDER_BLOCKED,
        Remark.SENDER_LIMITED,
        Remark.SENDER_QUALITY,
        Remark.TEMPLATE_STATUS,
        Remark.SEEN_AT_META,
        Remark.DIVERTED_TO,
        Remark.OWN_LIFETIME,
    }
)
_UNDER_WAY = frozenset({State.QUEUED, State.SENDING, State.UNCONFIRMED, State.SENT})


def _around(situation: Situation, folded: Folded, ruling: Ruling) -> tuple[Added, ...]:
    """What else is worth knowing while a message has not arrived."""
    if folded.delivered_at is not None:
        return ()
    return (*_record(situation, folded, ruling), *_health(situation, folded), *_strange_words(situation))


def _record(situation: Situation, folded: Folded, ruling: Ruling) -> tuple[Added, ...]:
    guest = situation.guest
    added: list[Added] = []
    opted_out = ruling.finding in (Finding.OPTED_OUT_WAITING, Finding.OPTED_OUT)
    if guest.opted_out_at is not None and not opted_out:
        added.append((Remark.OPTED_OUT, {"age": situation.ago(guest.opted_out_at)}))
    if folded.state in (State.SENT, State.FAILED):
        if guest.reached_at is not None:
            added.append((Remark.REACHED_BEFORE, {"age": situation.ago(guest.reached_at)}))
        elif guest.missed > 0:
            added.append((Remark.NEVER_REACHED, {"count": str(guest.missed)}))
    if situation.earlier_tries > 0:
        added.append((Remark.EARLIER_TRIES, {"count": str(situation.earlier_tries)}))
    return tuple(added)


def _health(situation: Situation, folded: Folded) -> tuple[Added, ...]:
    if folded.state not in _UNDER_WAY:
        return ()
    sender, template = situation.sender, situation.template
    added: list[Added] = []
    if sender.ability in _ABILITY:
        reason: Value = sender.ability_reason or _NO_REASON
        age = situation.ago(sender.ability_at or situation.now)
        added.append((_ABILITY[sender.ability], {"reason": reason, "age": age}))
    if (sender.quality or "").upper() == "RED":
        age = situation.ago(sender.quality_at or situation.now)
        added.append((Remark.SENDER_QUALITY, {"word": "RED", "age": age}))
    if template.status is not None and template.status.upper() != "APPROVED":
        age = situation.ago(template.status_at or situation.now)
        added.append((Remark.TEMPLATE_STATUS, {"word": template.status, "age": age}))
    return tuple(added)


def _strange_words(situation: Situation) -> tuple[Added, ...]:
    statuses = {fact.status for fact in situation.facts() if isinstance(fact, Receipt)}
    return tuple((Remark.UNKNOWN_STATUS, {"word": word}) for word in sorted(statuses - KNOWN_STATUSES))
