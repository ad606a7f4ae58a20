"""A webhook body, read: raw bytes in, everything it says out. Total: no input raises.

Two ways through the same body. The quick one decodes it whole into the documented shapes; that is what nearly every
body allows. Where it does not fit, the slow one takes each item alone and leniently, so that one bad item never blocks
its neighbours. Sources: Meta's webhook reference, `messages/status` (2025-11-20 and 2026-09-11) and the field pages.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from invy.domain.evidence import Receipt
from invy.domain.failure import Failure
from invy.domain.heard import Heard, Unreadable
from invy.domain.ids import Wamid
from invy.domain.inbound import Inbound, NumberChanged, Preference
from invy.domain.notice import Notice
from invy.meta import loose
from invy.meta.webhook_inbound import read_message
from invy.meta.webhook_notice import read_notice, read_preference, read_value_error

_MOST_UNREADABLE = 50
"""How many unreadable items of one body are described; its bytes are kept whole anyway."""


class _ErrorData(msgspec.Struct, gc=False):
    details: str | None = None


class _Error(msgspec.Struct, gc=False):
    code: int | None = None
    title: str | None = None
    message: str | None = None
    error_data: _ErrorData | None = None
    href: str | None = None


class _Status(msgspec.Struct, gc=False):
    id: str
    status: str
    timestamp: str
    recipient_id: str | None = None
    recipient_user_id: str | None = None
    biz_opaque_callback_data: str | None = None
    errors: list[_Error] | None = None


class _Value(msgspec.Struct):
    statuses: list[_Status] = []
    messages: msgspec.UnsetType | msgspec.Raw = msgspec.UNSET
    errors: msgspec.UnsetType | msgspec.Raw = msgspec.UNSET


class _Change(msgspec.Struct):
    field: str
    value: _Value


class _Entry(msgspec.Struct):
    changes: list[_Change]


class _Body(msgspec.Struct):
    entry: list[_Entry]


_quick = msgspec.json.Decoder(_Body)
_any = msgspec.json.Decoder()


def read(body: bytes, heard_at: datetime) -> Heard:
    """Everything this body says. `heard_at` (aware) is when it arrived. Never raises."""
    try:
        receipts = _read_quickly(body, heard_at)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        receipts = None
    return Heard(receipts=receipts) if receipts is not None else _read_slowly(body, heard_at)


def _read_quickly(body: bytes, heard_at: datetime) -> tuple[Receipt, ...] | None:
    """The receipts of a body that holds nothing but receipts in the documented shape; None for any other."""
    receipts: list[Receipt] = []
    for entry in _quick.decode(body).entry:
        for change in entry.changes:
            value = change.value
            only_statuses = value.messages is msgspec.UNSET and value.errors is msgspec.UNSET
            if change.field != "messages" or not only_statuses or not value.statuses:
                return None
            receipts.extend(_receipt(status, heard_at) for status in value.statuses)
    return tuple(receipts) if receipts else None


def _receipt(status: _Status, heard_at: datetime) -> Receipt:
    if not status.id or not status.status:
        raise ValueError
    failure = None
    if status.errors:
        error = status.errors[0]
        failure = Failure(
            loose.integer(error.code),
            error.title,
            error.message,
            error.error_data.details if error.error_data else None,
            error.href,
        )
    return Receipt(
        Wamid(status.id),
        status.status,
        loose.moment(status.timestamp),
        heard_at,
        status.biz_opaque_callback_data or None,
        failure,
        status.recipient_id,
        status.recipient_user_id,
    )


def _read_slowly(body: bytes, heard_at: datetime) -> Heard:
    try:
        document = _any.decode(body)
    except UnicodeDecodeError:
        return Heard(unparsed="it is not valid UTF-8")
    except RecursionError:
        return Heard(unparsed="it is nested too deeply")
    except (msgspec.MsgspecError, ValueError) as error:
        return Heard(unparsed=f"it is not JSON: {error}")
    if not isinstance(document, dict):
        return Heard(unparsed="it is JSON, but not an object")
    if not isinstance(document.get("entry"), list):
        return Heard(unparsed="it has no list of entries")
    found = list(_items(document, heard_at))
    unreadable = tuple(each for each in found if isinstance(each, Unreadable))
    return Heard(
        receipts=tuple(each for each in found if isinstance(each, Receipt)),
        inbound=tuple(each for each in found if isinstance(each, Inbound)),
        number_changes=tuple(each for each in found if isinstance(each, NumberChanged)),
        preferences=tuple(each for each in found if isinstance(each, Preference)),
        notices=tuple(each for each in found if isinstance(each, Notice)),
        unreadable=unreadable[:_MOST_UNREADABLE],
    )


Item = Receipt | Inbound | NumberChanged | Preference | Notice | Unreadable


def _items(document: dict[str, Any], heard_at: datetime) -> Iterator[Item]:
    for e, entry in enumerate(document["entry"]):
        where = f"entry[{e}]"
        changes = loose.table(entry).get("changes")
        if not isinstance(changes, list):
            yield Unreadable(where, "it has no list of changes")
            continue
        at = loose.moment(entry.get("time")) or heard_at
        for c, change in enumerate(changes):
            yield from _of_change(change, entry, at, heard_at, f"{where}.changes[{c}]")


def _of_change(
    change: object, entry: dict[str, Any], at: datetime, heard_at: datetime, where: str
) -> Iterator[Item]:
    # Some of Meta's samples carry the field's name one level up.
    field = loose.text(loose.table(change).get("field")) or loose.text(entry.get("field"))
    value = loose.table(change).get("value")
    if field is None or not isinstance(value, dict):
        yield Unreadable(where, "it has no field name, or its value is not an object")
        return
    if field == "user_preferences":
        for n, preference in enumerate(loose.items(value.get("user_preferences"))):
            read_one = read_preference(preference, heard_at)
            yield read_one or Unreadable(
                f"{where}.value.user_preferences[{n}]", "it does not say who or what"
            )
        return
    known = any(name in value for name in ("statuses", "messages", "errors"))
    if field != "messages" or not known:
        yield read_notice(field, value, loose.text(entry.get("id")), at, heard_at)
        return
    for n, status in enumerate(loose.items(value.get("statuses"))):
        yield _loose_receipt(status, heard_at) or Unreadable(
            f"{where}.value.statuses[{n}]", "it names no message or no status"
        )
    for n, message in enumerate(loose.items(value.get("messages"))):
        yield read_message(message, heard_at) or Unreadable(
            f"{where}.value.messages[{n}]", "it has no id or no type"
        )
    for error in loose.items(value.get("errors")):
        yield read_value_error(error, value, at, heard_at)
    for name in ("statuses", "messages", "errors"):
        if name in value and not isinstance(value[name], list):
            yield Unreadable(f"{where}.value.{name}", "it is not a list")


def _loose_receipt(status: object, heard_at: datetime) -> Receipt | None:
    given = loose.table(status)
    wamid, opaque = loose.text(given.get("id")), loose.text(given.get("biz_opaque_callback_data"))
    word = loose.text(given.get("status"))
    if word is None or (wamid is None and opaque is None):
        return None
    errors = loose.items(given.get("errors"))
    return Receipt(
        Wamid(wamid) if wamid is not None else None,
        word,
        loose.moment(given.get("timestamp")),
        heard_at,
        opaque,
        loose_failure(errors[0]) if errors else None,
        loose.text(given.get("recipient_id")),
        loose.text(given.get("recipient_user_id")),
    )


def loose_failure(error: object) -> Failure:
    """An error object with whatever of it can be read."""
    given = loose.table(error)
    data = given.get("error_data")
    return Failure(
        loose.integer(given.get("code")),
        loose.text(given.get("title")),
        loose.text(given.get("message")),
        loose.text(data) or loose.text(loose.table(data).get("details")),
        loose.text(given.get("href")),
    )
