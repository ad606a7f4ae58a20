"""How `Folded` lies in the columns of a message row. The columns are a copy of the fold, never a second opinion."""

from collections.abc import Sequence
from typing import Any

import msgspec

from invy.domain.evidence import Phase
from invy.domain.failure import Failure
from invy.domain.fold import FailedAt, Folded
from invy.store.tables import messages

COLUMNS = tuple(
    messages.c[name]
    for name in (
        "wamid",
        "attempt",
        "phase",
        "message_status",
        "wa_id",
        "accepted_at",
        "unsure_at",
        "sent_receipt_at",
        "settled_sent_at",
        "delivered_at",
        "read_at",
        "replied_at",
        "failed_at",
        "error_code",
        "error_title",
        "error_message",
        "error_details",
        "error_href",
        "error_subcode",
        "error_trace_id",
        "first_receipt_at",
        "last_receipt_at",
    )
)
"""What must be selected for `read`, in this order."""

_PHASES = tuple(Phase)


def read(row: Sequence[Any]) -> Folded:
    """The fold as it was last written, from the values of `COLUMNS` in their order."""
    (
        wamid,
        attempt,
        phase,
        message_status,
        wa_id,
        accepted_at,
        unsure_at,
        sent_receipt_at,
        settled_sent_at,
        delivered_at,
        read_at,
        replied_at,
        failed_at,
        code,
        title,
        message,
        details,
        href,
        subcode,
        trace_id,
        first_receipt_at,
        last_receipt_at,
    ) = row
    failed = None
    if failed_at is not None:
        failed = FailedAt(failed_at, Failure(code, title, message, details, href, subcode, trace_id))
    return Folded(
        (attempt, _PHASES[phase]),
        wamid,
        message_status,
        wa_id,
        accepted_at,
        unsure_at,
        sent_receipt_at,
        delivered_at,
        read_at,
        replied_at,
        failed,
        settled_sent_at,
        first_receipt_at,
        last_receipt_at,
    )


def values(folded: Folded) -> dict[str, object]:
    """The columns to write, the headline `status` among them."""
    failure = folded.failed.failure if folded.failed else None
    attempt, phase = folded.progress
    return {
        "status": folded.state.value,
        "wamid": folded.wamid,
        "attempt": attempt,
        "phase": int(phase),
        "message_status": folded.message_status,
        "wa_id": folded.wa_id,
        "accepted_at": folded.accepted_at,
        "unsure_at": folded.unsure_at,
        "sent_receipt_at": folded.sent_receipt_at,
        "settled_sent_at": folded.settled_sent_at,
        "sent_at": folded.sent_at,
        "delivered_at": folded.delivered_at,
        "read_at": folded.read_at,
        "replied_at": folded.replied_at,
        "failed_at": folded.failed_at,
        "error_code": failure.code if failure else None,
        "error_title": failure.title if failure else None,
        "error_message": failure.message if failure else None,
        "error_details": failure.details if failure else None,
        "error_href": failure.href if failure else None,
        "error_subcode": failure.subcode if failure else None,
        "error_trace_id": failure.trace_id if failure else None,
        "first_receipt_at": folded.first_receipt_at,
        "last_receipt_at": folded.last_receipt_at,
    }


_FAILURE = ("code", "title", "message", "details", "href", "subcode", "trace_id")
"""Fields of a failure, each in a column of this name with `error_` before it."""


def changed(before: Sequence[Folded], after: Sequence[Folded]) -> dict[str, Sequence[object]]:
    """The columns that tell these folds apart: a batch of receipts moves five of two dozen. By column, in their order.

    Whole columns are compared and taken at once, because one by one this would cost as much as the folding.
    """
    found: dict[str, Sequence[object]] = {
        "status": [folded.state.value for folded in after],
        "sent_at": [folded.sent_at for folded in after],
    }
    old, new = (zip(*map(msgspec.structs.astuple, folds), strict=True) for folds in (before, after))
    for name, was, now in zip(Folded.__struct_fields__, old, new, strict=True):
        if was == now:
            continue
        if name == "progress":
            found["attempt"] = [attempt for attempt, _ in now]
            found["phase"] = [int(phase) for _, phase in now]
        elif name == "failed":
            found["failed_at"] = [failed and failed.at for failed in now]
            for field in _FAILURE:
                found[f"error_{field}"] = [failed and getattr(failed.failure, field) for failed in now]
        else:
            found[name] = now
    return found
