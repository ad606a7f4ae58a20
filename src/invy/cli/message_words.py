"""A message in JSON, in the same shape as the HTTP API, and its failure in words from the error catalogue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from invy.cli.cell import utc
from invy.domain.evidence import Attempt, Evidence, Receipt, Reply
from invy.domain.failure import Failure
from invy.domain.fold import SETTLED
from invy.domain.message import Message
from invy.meta import catalogue
from invy.meta.catalogue import Lang, Row, Text

NO_REASON: Final = Text(en="Meta gave no code", he="מטא לא ציינה קוד")


def document(message: Message) -> dict[str, Any]:
    """The declared form of one message for programs; members may be added, never changed."""
    folded = message.folded
    return {
        "id": message.id,
        "wamid": folded.wamid,
        "to": message.to,
        "status": message.state.value,
        "template_key": message.template_key,
        "template_name": message.template_name,
        "template_language": message.template_language,
        "event_id": message.event_id,
        "guest_id": message.guest_id,
        "campaign_id": message.campaign_id,
        "retry_of": message.retry_of,
        "created_at": utc(message.created_at),
        "due_at": utc(message.due_at),
        "accepted_at": utc(folded.accepted_at),
        "sent_at": utc(folded.sent_at),
        "delivered_at": utc(folded.delivered_at),
        "read_at": utc(folded.read_at),
        "replied_at": utc(folded.replied_at),
        "failed_at": utc(folded.failed_at),
        "unsure_at": utc(folded.unsure_at),
        "first_receipt_at": utc(folded.first_receipt_at),
        "last_receipt_at": utc(folded.last_receipt_at),
        "anomalous": folded.anomalous,
        "failure": _failure(folded.failed.failure if folded.failed else None),
    }


def evidence(timeline: Sequence[tuple[datetime, Evidence]]) -> list[dict[str, Any]]:
    """Every fact, in the order in which we learnt of it."""
    return [_fact(fact) for _, fact in timeline]


def reason(failure: Failure) -> Row | None:
    """What the catalogue knows about a failure; None when Meta named no code."""
    return catalogue.lookup(failure.code, failure.subcode) if failure.code is not None else None


def in_short(failure: Failure, lang: Lang = Lang.EN) -> str:
    """One line: `131026 Message Undeliverable`. A title of Meta's is in English whatever the language."""
    from invy.meta.catalogue_words import title as named

    row = reason(failure)
    title = failure.title or (named(row, lang) if row else "") or failure.message or NO_REASON.say(lang)
    return title if failure.code is None else f"{failure.code} {title}"


def in_words(failure: Failure) -> list[tuple[str, str]]:
    """Headings and sentences: what it means, what Meta said, what to do, whose side, whether to send again."""
    from invy.meta.catalogue_words import SIDE, resend

    row = reason(failure)
    told = {
        text.strip(" .").casefold(): text.strip(" .")
        for text in (failure.details, failure.message, failure.title)
        if text
    }
    said = "; ".join(reversed(told.values()))
    lines = [("Why", row.meaning.en)] if row else []
    if said:
        lines.append(("Decided here" if failure.title == SETTLED else "Meta said", said))
    if row:
        lines += [
            ("What to do", row.todo.en),
            ("Whose side", SIDE[row.side].en),
            ("Send again?", resend(row).en),
        ]
    if failure.href:
        lines.append(("Meta's page", failure.href))
    if failure.trace_id:
        lines.append(("Trace id", failure.trace_id))
    return lines


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "code": failure.code,
        "title": failure.title,
        "message": failure.message,
        "details": failure.details,
        "href": failure.href,
        "subcode": failure.subcode,
        "trace_id": failure.trace_id,
    }


def _fact(fact: Evidence) -> dict[str, Any]:
    match fact:
        case Attempt():
            return {
                "kind": "attempt",
                "number": fact.number,
                "phase": fact.phase.name.lower(),
                "at": utc(fact.at),
                "wamid": fact.wamid,
                "http_status": fact.http_status,
                "message_status": fact.message_status,
                "wa_id": fact.wa_id,
                "note": fact.note,
                "failure": _failure(fact.failure),
            }
        case Receipt():
            return {
                "kind": "receipt",
                "status": fact.status,
                "at": utc(fact.at),
                "heard_at": utc(fact.heard_at),
                "source": fact.source.value,
                "webhook_update_state": fact.webhook_update_state,
                "failure": _failure(fact.failure),
            }
        case Reply():
            return {
                "kind": "reply",
                "at": utc(fact.at),
                "heard_at": utc(fact.heard_at),
                "type": fact.kind,
                "text": fact.text,
                "payload": fact.payload,
            }
    return {
        "kind": "settlement",
        "decision": fact.decision.value,
        "at": utc(fact.at),
        "by": fact.by,
        "note": fact.note,
    }
