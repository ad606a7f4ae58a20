"""Journal entries for a person or a program. For a person, numbers, names and what people wrote are masked."""

import base64
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

from invy.app.house import House
from invy.app.redaction import BODY_KEYS, NAME_KEYS, PHONE_KEYS
from invy.cli import cell, output
from invy.cli.cell import utc
from invy.domain import phone
from invy.domain.errors import NotFound
from invy.domain.evidence import Receipt
from invy.domain.heard import Heard
from invy.domain.ids import JournalId
from invy.domain.inbound import Inbound
from invy.domain.journal import Line, Outcome
from invy.meta import webhook

_OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.WAITING: "waiting",
    Outcome.APPLIED: "applied",
    Outcome.UNREADABLE: "unreadable",
    Outcome.PARTLY: "partly",
}
_NAMES: Final = NAME_KEYS | {"name", "formatted_name", "first_name", "last_name", "username"}
_TEXTS: Final = BODY_KEYS | {"title", "description", "emoji"}
_IDS: Final = frozenset({"id", "timestamp", "biz_opaque_callback_data"})
_DIGITS: Final = re.compile(r"[0-9]{7,15}")
_MOST: Final = 4000
"""Characters of an unreadable body that are shown; --raw shows all."""


async def listing(lines: AsyncIterator[Line], now: datetime, *, as_json: bool) -> None:
    if as_json:
        await output.json_list("entries", _documents(lines), {})
        return
    from rich.text import Text

    zone = cell.zone_of(now)
    table = output.table(
        "ID", f"RECEIVED ({zone})", "BYTES", "OUTCOME", "NOTE", wrap=["NOTE"], right=["BYTES"]
    )
    shown = 0
    async for line in lines:
        shown += 1
        table.add_row(
            str(line.id),
            cell.local(line.received_at, zone),
            f"{line.size:,}",
            _OUTCOMES[line.outcome],
            Text(_masked_text(cell.visible(line.note or ""))),
        )
    if not shown:
        output.show("There are no such entries.")
        return
    output.out().print(table)


async def _documents(lines: AsyncIterator[Line]) -> AsyncIterator[dict[str, Any]]:
    async for line in lines:
        yield _document(line)


def _document(line: Line) -> dict[str, Any]:
    """The declared form for programs; members may be added, never changed."""
    return {
        "id": line.id,
        "received_at": utc(line.received_at),
        "size": line.size,
        "outcome": _OUTCOMES[line.outcome],
        "applied_at": utc(line.applied_at),
        "note": line.note,
    }


async def show(house: House, entry: int, *, raw: bool, as_json: bool) -> None:
    """Raises NotFound when there is no such entry."""
    found = await house.journal.find(JournalId(entry))
    if found is None:
        raise NotFound(f"There is no journal entry {entry}.", hint="List them with: invy journal list")
    line, body = found
    if raw:
        sys.stdout.buffer.write(body)
        return
    heard = webhook.read(body, line.received_at)
    if as_json:
        output.json_document(_document(line) | {"body": _text(body), **_binary(body), "read": _read(heard)})
        return
    zone = cell.zone_of(house.clock())
    output.show(
        f"Entry {line.id}, {line.size:,} bytes, received {cell.local(line.received_at, zone)} ({zone}): "
        f"{_OUTCOMES[line.outcome]}"
    )
    if line.note:
        output.show(f"Note: {_masked_text(cell.visible(line.note))}")
    output.show()
    output.show("Read out of it", style="bold")
    for sentence in _sentences(heard, zone):
        output.show("  " + sentence)
    for receipt in heard.receipts:
        await _tell_waiting(house, receipt)
    output.show()
    output.show("Body, masked (--raw shows it as it came)", style="bold")
    output.show(_masked(body))


async def _tell_waiting(house: House, receipt: Receipt) -> None:
    names = [name for name in (receipt.opaque, receipt.wamid) if name]
    if not any([await house.overview.find(name) for name in names]):
        output.show(f"  {receipt.wamid or receipt.opaque}: no such message here, so its report waits")


def _sentences(heard: Heard, zone: str) -> list[str]:
    told = [f"nothing: {cell.visible(heard.unparsed)}"] if heard.unparsed is not None else []
    for receipt in heard.receipts:
        code = (
            f", code {receipt.failure.code}" if receipt.failure and receipt.failure.code is not None else ""
        )
        told.append(
            f"report: {cell.visible(receipt.status) or '(no word)'} at {cell.local(receipt.at, zone)}{code}, "
            f"message {cell.visible(receipt.opaque or receipt.wamid or '?')}"
        )
    told += [
        f"from a guest: {cell.visible(each.kind)} at {cell.local(each.at, zone)}, "
        f"number {phone.mask(each.sender or '')}"
        + (f", answers {cell.visible(each.context)}" if each.context else "")
        for each in heard.inbound
    ]
    told += [
        f"{'stop' if each.stopped else 'resume'} of marketing messages, number {phone.mask(each.phone or '')}"
        for each in heard.preferences
    ]
    told += [
        f"a guest changed from {phone.mask(each.old or '')} to {phone.mask(each.new or '')}"
        for each in heard.number_changes
    ]
    told += [
        f"notice {cell.visible(each.field)}: {cell.visible(each.word or '')} {cell.visible(each.subject or '')}".rstrip()
        for each in heard.notices
    ]
    told += [
        f"could not be read: {cell.visible(each.where)}: {_masked_text(cell.visible(each.reason))}"
        for each in heard.unreadable
    ]
    return told or ["nothing that concerns messages"]


def _read(heard: Heard) -> dict[str, Any]:
    return {
        "receipts": [
            {
                "wamid": each.wamid,
                "status": each.status,
                "at": utc(each.at),
                "message_id": each.opaque,
                "error_code": each.failure.code if each.failure else None,
            }
            for each in heard.receipts
        ],
        "inbound": [_inbound(each) for each in heard.inbound],
        "preferences": [
            {"phone": each.phone, "user_id": each.user_id, "stopped": each.stopped, "at": utc(each.at)}
            for each in heard.preferences
        ],
        "number_changes": [
            {"old": each.old, "new": each.new, "at": utc(each.at)} for each in heard.number_changes
        ],
        "notices": [
            {"field": each.field, "subject": each.subject, "word": each.word, "at": utc(each.at)}
            for each in heard.notices
        ],
        "unreadable": [{"where": each.where, "reason": each.reason} for each in heard.unreadable],
        "unparsed": heard.unparsed,
    }


def _inbound(each: Inbound) -> dict[str, Any]:
    return {
        "wamid": each.wamid,
        "from": each.sender,
        "user_id": each.user_id,
        "kind": each.kind,
        "text": each.text,
        "payload": each.payload,
        "context": each.context,
        "at": utc(each.at),
    }


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _binary(body: bytes) -> dict[str, str]:
    """A body that is not text, in base64."""
    return {} if _text(body) is not None else {"body_base64": base64.b64encode(body).decode()}


def _masked(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return _masked_text(cell.visible(body.decode("utf-8", "replace")))[:_MOST] or "(empty)"
    return output.json_text(_masked_value("", document), indent=2)


def _masked_value(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {cell.visible(_masked_text(k)): _masked_value(k, item) for k, item in value.items()}
    if isinstance(value, list):
        return [_masked_value(key, item) for item in value]
    if isinstance(value, str) or key.lower() in PHONE_KEYS:
        return _masked_word(key.lower(), str(value))
    return value


def _masked_word(key: str, word: str) -> str:
    if key in PHONE_KEYS:
        return phone.mask(word)
    if key in _NAMES:
        return f"{cell.visible(word[:1])}…"
    if key in _TEXTS:
        return f"[{len(word)} characters]"
    return cell.visible(word if key in _IDS or key.endswith("_id") else _masked_text(word))


def _masked_text(text: str) -> str:
    return _DIGITS.sub(lambda digits: phone.mask(digits[0]), text)
