"""What is to be said of a message that Meta accepted and that nobody has reported as delivered.

The question is always the same: is it this message, or are we deaf? It is answered by comparing with the others.
"""

from datetime import datetime

from invy.diagnose.finding import Confidence, Finding, Remark
from invy.diagnose.health import SETTLE_S, Hearing, hearing
from invy.diagnose.neighbours import SURE
from invy.diagnose.ruling import Added, Ruling
from invy.diagnose.situation import Situation, later, span
from invy.domain.evidence import Attempt, Decision, Phase, Receipt, Settlement, Source
from invy.domain.fold import Folded

HOUR_S = 3_600
DAY_S = 86_400

LIFETIME_S = 30 * DAY_S
"""How long WhatsApp keeps a message for a phone (time-to-live page, 2026-03), unless the template says otherwise."""

PACING_S = 2 * HOUR_S
"""Template pacing is over within an hour for 99 of 100 messages (template pacing page); with room to spare."""

_UNREACHED = frozenset({"FAILED", "RETRYING"})


def silent(situation: Situation, folded: Folded) -> Ruling:
    """A message in the state `sent`."""
    unreachable = _unreachable(situation)
    if unreachable:
        since = folded.accepted_at or folded.sent_at
        return Ruling(Finding.WEBHOOK_UNREACHABLE, since=since, rests_on=unreachable, added=_heard(situation))
    if folded.sent_receipt_at is not None:
        return _on_its_way(situation, folded, folded.sent_receipt_at)
    if folded.accepted_at is None:
        return _settled(situation, folded)
    return _unheard(situation, folded, folded.accepted_at)


def lifetime_s(situation: Situation) -> int:
    given = situation.template.lifetime_s
    return LIFETIME_S if given is None or given <= 0 else given


def expires_at(situation: Situation, since: datetime) -> datetime:
    """When the message may be taken as dropped: its lifetime and, as Meta advises, some room beyond it."""
    lifetime = lifetime_s(situation)
    return later(since, lifetime + min(DAY_S, max(60, lifetime // 10)))


def _on_its_way(situation: Situation, folded: Folded, sent_at: datetime) -> Ruling:
    evidence = situation.ids(lambda fact: isinstance(fact, Receipt) and fact.status == "sent")
    expiry = expires_at(situation, sent_at)
    if _deaf_since(situation, folded.last_receipt_at or sent_at):
        added = (*_heard(situation), *_seen(situation))
        return Ruling(Finding.SENT_THEN_DEAF, since=sent_at, rests_on=evidence, added=added)
    if situation.now >= expiry:
        return Ruling(Finding.EXPIRED, since=sent_at, rests_on=evidence, added=_lifetime(situation))
    age_s = situation.seconds_since(sent_at)
    if age_s < DAY_S:
        finding = Finding.SENT_MINUTES if age_s < HOUR_S else Finding.SENT_HOURS
        return Ruling(finding, since=sent_at, rests_on=evidence)
    return Ruling(
        Finding.SENT_DAYS,
        since=sent_at,
        rests_on=evidence,
        resend_not_before=expiry,
        added=_lifetime(situation),
    )


def _deaf_since(situation: Situation, own: datetime) -> bool:
    """Whether reports have stopped altogether after the last one about this message."""
    webhooks = situation.webhooks
    if webhooks.last_receipt_at is not None and webhooks.last_receipt_at > own:
        return False
    refused = webhooks.last_refused_at is not None and webhooks.last_refused_at > own
    cut_off = webhooks.subscribed is False or webhooks.diverted_to is not None
    return refused or cut_off or webhooks.unanswered > 1


def _unheard(situation: Situation, folded: Folded, since: datetime) -> Ruling:
    """Accepted, and not one report about it."""
    word = (folded.message_status or "").casefold()
    held = word.startswith("held")
    age_s = situation.seconds_since(since)
    accepted = situation.ids(lambda fact: isinstance(fact, Attempt) and fact.phase is Phase.ACCEPTED)
    if age_s < SETTLE_S and not held:
        return Ruling(Finding.SENT_FRESH, since=since, rests_on=accepted)
    cut_off = _cut_off(situation, since, accepted)
    if cut_off is not None:
        return cut_off
    if word == "paused":
        return Ruling(Finding.ACCEPTED_WHILE_PAUSED, since=since, rests_on=accepted)
    if held and age_s < PACING_S:
        return Ruling(Finding.PACING_HELD, since=since, rests_on=accepted)
    return _compared(situation, folded, since, accepted, held=held)


def _cut_off(situation: Situation, since: datetime, accepted: tuple[int, ...]) -> Ruling | None:
    """A reason for deafness that is known in itself, without comparing."""
    webhooks = situation.webhooks
    if webhooks.last_receipt_at is not None and webhooks.last_receipt_at >= since:
        return None
    added = _heard(situation)
    if webhooks.last_refused_at is not None and webhooks.last_refused_at >= since:
        return Ruling(Finding.WEBHOOK_REFUSED, since=since, rests_on=accepted, added=added)
    seen = _seen(situation)
    if not seen:
        return None
    before = webhooks.looked_at is not None and webhooks.looked_at < since
    return Ruling(
        Finding.WEBHOOK_UNSUBSCRIBED if webhooks.subscribed is False else Finding.WEBHOOK_DIVERTED,
        since=since,
        rests_on=accepted,
        # What was so before the message left may have been mended until then.
        confidence=Confidence.LIKELY if before else None,
        values={"reason": webhooks.diverted_to or ""},
        added=(*added, *seen),
    )


def _seen(situation: Situation) -> tuple[Added, ...]:
    """What we saw at Meta that cuts us off from all reports, and when."""
    webhooks = situation.webhooks
    age = situation.ago(webhooks.looked_at or situation.now)
    if webhooks.subscribed is False:
        return ((Remark.SEEN_AT_META, {"age": age}),)
    if webhooks.diverted_to is not None:
        return ((Remark.DIVERTED_TO, {"url": webhooks.diverted_to, "age": age}),)
    return ()


def _lifetime(situation: Situation) -> tuple[Added, ...]:
    """Where the lifetime is the template's own, how it is known."""
    template = situation.template
    if template.lifetime_s is None or template.lifetime_s <= 0:
        return ()
    age = situation.ago(template.lifetime_at or situation.now)
    return ((Remark.OWN_LIFETIME, {"lifetime": span(template.lifetime_s), "age": age}),)


def _compared(
    situation: Situation, folded: Folded, since: datetime, accepted: tuple[int, ...], *, held: bool
) -> Ruling:
    webhooks, others = situation.webhooks, situation.others
    added = (*_others(situation), *_heard(situation))
    # A report about this very message, though with a word that we do not know, was heard.
    heard = Hearing.GOOD if folded.first_receipt_at else hearing(webhooks, others, since)
    if heard is Hearing.DEAF:
        none_since = webhooks.last_receipt_at is None or webhooks.last_receipt_at < since
        other_news = none_since and webhooks.last_heard_at is not None and webhooks.last_heard_at >= since
        sure = max(webhooks.unanswered, others.accepted) >= SURE
        return Ruling(
            Finding.WEBHOOK_WITHOUT_MESSAGES if other_news else Finding.WEBHOOK_DEAD,
            since=since,
            rests_on=accepted,
            confidence=None if sure and not other_news else Confidence.LIKELY,
            added=added,
        )
    if heard is Hearing.WAS_DEAF:
        return Ruling(Finding.WEBHOOK_WAS_DEAD, since=since, rests_on=accepted, added=added)
    if held:
        return Ruling(Finding.PACING_HELD_LONG, since=since, rests_on=accepted, added=added)
    if situation.now >= expires_at(situation, since):
        return Ruling(Finding.EXPIRED, since=since, rests_on=accepted, added=(*added, *_lifetime(situation)))
    alone = heard is Hearing.GOOD
    return Ruling(
        Finding.NO_RECEIPT_ALONE if alone else Finding.NO_RECEIPT_UNCOMPARED,
        since=since,
        rests_on=accepted,
        phone_instead=alone and situation.seconds_since(since) >= DAY_S,
        added=added,
    )


def _unreachable(situation: Situation) -> tuple[int, ...]:
    """History entries saying that Meta could not call us, unless reports have been heard since they were read."""
    last = situation.webhooks.last_receipt_at
    return situation.ids(
        lambda fact: (
            isinstance(fact, Receipt)
            and fact.source is Source.HISTORY
            and (fact.webhook_update_state or "").upper() in _UNREACHED
            and (last is None or last <= fact.heard_at)
        )
    )


def _settled(situation: Situation, folded: Folded) -> Ruling:
    settled = situation.settled(Decision.SENT)
    return Ruling(
        Finding.SETTLED_SENT,
        since=folded.settled_sent_at,
        values={"who": settled.by} if settled else {},
        rests_on=situation.ids(lambda fact: isinstance(fact, Settlement) and fact.decision is Decision.SENT),
    )


def _others(situation: Situation) -> tuple[Added, ...]:
    others = situation.others
    if others.accepted <= 0:
        return ()
    counts = {"count": others.accepted, "heard": others.with_receipt, "delivered": others.delivered}
    told: Added = (Remark.OTHERS, {name: str(count) for name, count in counts.items()})
    return (told, (Remark.OTHERS_LATE, {"count": str(others.late)})) if others.late > 0 else (told,)


def _heard(situation: Situation) -> tuple[Added, ...]:
    """The heartbeat: when anything was last heard from Meta."""
    webhooks = situation.webhooks
    added: list[Added] = []
    if webhooks.last_receipt_at is None:
        added.append((Remark.NEVER_HEARD, {}))
    else:
        added.append((Remark.LAST_REPORT, {"age": situation.ago(webhooks.last_receipt_at)}))
    if webhooks.last_heard_at is not None and webhooks.last_heard_at != webhooks.last_receipt_at:
        added.append((Remark.LAST_WEBHOOK, {"age": situation.ago(webhooks.last_heard_at)}))
    return tuple(added)
