"""A webhook body, read: raw bytes in, everything it says out. Total: no input raises.

Two ways through the same body. The quick one decodes it whole into the documented shapes; that is what nearly every
body allows. Where it does not fit, the slow one takes each item alone and leniently, so that one bad item never blocks
its neighbours. Sources: Meta's webhook reference, `messages/status` (2025-11-20 and 2026-09-11) and the field pages.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from invy.domain.evidence import Receipt
from invy.domain.failure import Failure
from invy.domain.heard import Heard, Unreadable
from invy.domain.ids import Wamid
from invy.domain.inbound import Inbound, NumberChanged, Preference
from invy.domain.notice import Notice
from invy.meta import loose, webhook_json
from invy.meta.webhook_inbound import read_message
from invy.meta.webhook_notice import read_notice, read_preference, read_value_error
from invy.meta.webhook_people import Pair, named_together, only_contact

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


class _Contact(msgspec.Struct, gc=False):
    wa_id: str | None = None
    user_id: str | None = None


class _Value(msgspec.Struct):
    statuses: list[_Status] = []
    contacts: list[_Contact] | None = None
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

_LISTS = {
    "statuses": "it names no message or no status, or by too long a text",
    "messages": "it has no id or no type, or too long a one",
    "errors": "it is not an error object",
    "user_preferences": "it does not say who or what, or by too long a text",
}
"""The lists of a value, and what an item lacks that cannot be read."""
_NUL = rb"\u0000"
_instant = lru_cache(maxsize=1024)(loose.instant)  # many statuses of one body happen in the same second
_SURELY_NAMES = loose.LONGEST_NAME // 4
_SURELY_ID = loose.LONGEST_USER_ID // 4
"""Characters: so many are never too many bytes. Longer ones are looked at more closely."""


def read(body: bytes, heard_at: datetime) -> Heard:
    """Everything this body says. `heard_at` (aware) is when it arrived. Never raises."""
    try:
        heard = _read_quickly(body, heard_at)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        heard = None
    return heard if heard is not None else _read_slowly(body, heard_at)


def _read_quickly(body: bytes, heard_at: datetime) -> Heard | None:
    """What a body says that holds nothing but receipts in the documented shape; None for any other."""
    if _NUL in body:  # no id has one, and not every database can hold one
        return None
    receipts: list[Receipt] = []
    pairs: set[tuple[str, str]] = set()
    latest = heard_at + loose.AHEAD
    for entry in _quick.decode(body).entry:
        for change in entry.changes:
            value = change.value
            only_statuses = value.messages is msgspec.UNSET and value.errors is msgspec.UNSET
            if change.field != "messages" or not only_statuses or not value.statuses:
                return None
            receipts.extend(_receipt(status, heard_at, latest) for status in value.statuses)
            if value.contacts:
                pairs.update(_pairs(value.contacts))
    return Heard(receipts=tuple(receipts), pairs=tuple(sorted(pairs))) if receipts else None


def _pairs(contacts: Iterable[_Contact]) -> Iterator[tuple[str, str]]:
    """As `webhook_people.pair` has it, with less work for what nearly every contact is."""
    for each in contacts:
        user_id, wa_id = each.user_id, each.wa_id
        if not user_id or not wa_id or not loose.digits(wa_id):
            continue
        if len(user_id) <= _SURELY_ID or loose.user_id(user_id):
            yield user_id, wa_id


def _receipt(status: _Status, heard_at: datetime, latest: datetime) -> Receipt:
    wamid, word, opaque = status.id, status.status, status.biz_opaque_callback_data
    recipient, user_id = status.recipient_id or None, status.recipient_user_id or None
    if (
        not wamid
        or not word
        or len(wamid) + len(word) + len(opaque or "") + len(recipient or "") > _SURELY_NAMES
    ):
        raise ValueError
    if user_id is not None and len(user_id) > _SURELY_ID and loose.user_id(user_id) is None:
        raise ValueError
    at = _instant(status.timestamp)
    return Receipt(
        Wamid(wamid),
        word,
        at if at is None or at <= latest else None,
        heard_at,
        opaque or None,
        _failure(status.errors[0]) if status.errors else None,
        recipient,
        user_id,
    )


def _failure(error: _Error) -> Failure:
    return Failure(
        loose.integer(error.code),
        error.title or None,
        error.message or None,
        (error.error_data.details or None) if error.error_data else None,
        error.href or None,
    )


def _read_slowly(body: bytes, heard_at: datetime) -> Heard:
    try:
        document = webhook_json.document(body)
    except webhook_json.NotJson as reason:
        return Heard(unparsed=str(reason))
    if not isinstance(document.get("entry"), list):
        return Heard(unparsed="it has no list of entries")
    found = list(_items(document["entry"], heard_at))
    return Heard(
        receipts=tuple(each for each in found if isinstance(each, Receipt)),
        inbound=tuple(each for each in found if isinstance(each, Inbound)),
        number_changes=tuple(each for each in found if isinstance(each, NumberChanged)),
        preferences=tuple(each for each in found if isinstance(each, Preference)),
        notices=tuple(each for each in found if isinstance(each, Notice)),
        pairs=tuple(sorted({each for each in found if isinstance(each, Pair)})),
        unreadable=_bounded([each for each in found if isinstance(each, Unreadable)]),
    )


def _bounded(unreadable: list[Unreadable]) -> tuple[Unreadable, ...]:
    described, others = unreadable[:_MOST_UNREADABLE], unreadable[_MOST_UNREADABLE:]
    if others:
        described.append(Unreadable(others[0].where, f"and {len(others) - 1} more items after this one"))
    return tuple(described)


Item = Receipt | Inbound | NumberChanged | Preference | Notice | Pair | Unreadable


def _items(entries: list[Any], heard_at: datetime) -> Iterator[Item]:
    for e, entry in enumerate(entries):
        where = f"entry[{e}]"
        changes = loose.table(entry).get("changes")
        if not isinstance(changes, list):
            yield Unreadable(where, "it has no list of changes")
            continue
        at = loose.moment(entry.get("time"), heard_at) or heard_at
        for c, change in enumerate(changes):
            yield from _of_change(change, entry, at, heard_at, f"{where}.changes[{c}]")


def _of_change(
    change: object, entry: Mapping[str, Any], at: datetime, heard_at: datetime, where: str
) -> Iterator[Item]:
    value = loose.table(change).get("value")
    if not isinstance(value, dict):
        yield Unreadable(where, "its value is not an object")
        return
    # Some of Meta's samples carry the field's name one level up or down.
    field = next(
        (name for part in (change, entry, value) if (name := loose.name(loose.at(part, "field")))), None
    )
    lists = [name for name in _LISTS if value.get(name) is not None]
    if field in ("messages", "user_preferences", None) and lists:
        yield from _each(value, "statuses", where, lambda item: _loose_receipt(item, heard_at))
        yield from _each(value, "messages", where, lambda item: read_message(item, heard_at))
        yield from _each(value, "errors", where, lambda item: read_value_error(item, value, at, heard_at))
        contact = only_contact(value)
        yield from _each(
            value, "user_preferences", where, lambda item: read_preference(item, contact, at, heard_at)
        )
        yield from named_together(value)
    elif field is None:
        yield Unreadable(where, "it has no field name, or too long a one")
    else:
        yield read_notice(field, value, loose.text(entry.get("id")), at, heard_at)


def _each(
    value: Mapping[str, Any], name: str, where: str, read_one: Callable[[object], Item | None]
) -> Iterator[Item]:
    """What each item of one list says, by itself."""
    items = value.get(name)
    if items is not None and not isinstance(items, list):
        yield Unreadable(f"{where}.value.{name}", "it is not a list")
        return
    for n, item in enumerate(items or ()):
        yield read_one(item) or Unreadable(f"{where}.value.{name}[{n}]", _LISTS[name])


def _loose_receipt(status: object, heard_at: datetime) -> Receipt | None:
    given = loose.table(status)
    wamid, opaque = loose.name(given.get("id")), loose.name(given.get("biz_opaque_callback_data"))
    word = loose.name(given.get("status"))
    if word is None or (wamid is None and opaque is None):
        return None
    errors = loose.items(given.get("errors"))
    return Receipt(
        Wamid(wamid) if wamid is not None else None,
        word,
        loose.moment(given.get("timestamp"), heard_at),
        heard_at,
        opaque,
        loose_failure(errors[0]) if errors else None,
        loose.name(given.get("recipient_id")),
        loose.user_id(given.get("recipient_user_id")),
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
