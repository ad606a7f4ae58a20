"""Webhook bodies in Meta's shapes, by webhook version. It composes; who is told and when is decided elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from invy.simulator.fate import Status
from invy.simulator.ledger import Happening, Message
from invy.simulator.refusal import status_error

DAY_S = 86400
_NO_CONVERSATION_FROM = 24.0


@dataclass(frozen=True, slots=True)
class Sender:
    """The business number a piece of news is about, as `metadata` names it."""

    waba_id: str
    phone_number_id: str
    display_phone_number: str

    def metadata(self) -> dict[str, str]:
        return {"display_phone_number": self.display_phone_number, "phone_number_id": self.phone_number_id}


@dataclass(frozen=True, slots=True)
class Item:
    """One update.

    `part` is the list it goes into (`statuses`, `messages`, `user_preferences`), or "" when `body` is the whole
    `value` of a management field.
    """

    sender: Sender
    field: str
    part: str
    body: dict[str, Any]
    contact: dict[str, Any] | None = None
    wamid: str = ""
    label: str = ""
    happening: Happening | None = None


def envelope(items: Sequence[Item], *, at: int) -> dict[str, Any]:
    """One POST for these updates: neighbours of one number and one field share a `value`."""
    changes: list[dict[str, Any]] = []
    previous: tuple[str, str, str] | None = None
    management = False
    for item in items:
        key = (item.sender.phone_number_id, item.field, item.part)
        if item.part and key == previous:
            value = changes[-1]["value"]
        else:
            value = _value(item)
            changes.append({"value": value, "field": item.field})
        previous = key
        if not item.part:
            management = True
            continue
        if item.contact is not None and item.contact not in value.setdefault("contacts", []):
            value["contacts"].append(item.contact)
        value.setdefault(item.part, []).append(item.body)
    entry: dict[str, Any] = {"id": items[0].sender.waba_id}
    if management:
        entry["time"] = at
    entry["changes"] = changes
    return {"object": "whatsapp_business_account", "entry": [entry]}


def _value(item: Item) -> dict[str, Any]:
    if not item.part:
        return item.body
    return {"messaging_product": "whatsapp", "metadata": item.sender.metadata()}


def contact_of(message: Message, name: str) -> dict[str, Any]:
    contact: dict[str, Any] = {"profile": {"name": name}}
    if message.wa_id:
        contact["wa_id"] = message.wa_id
    contact["user_id"] = message.user_id
    return contact


def status_body(message: Message, happening: Happening, *, stamp: int, version: float) -> dict[str, Any]:
    """A status object.

    `conversation` is gone from webhook version 24.0 on; `pricing` comes with `sent` and with one of delivered and
    read; a failure to a phone number names no business-scoped user id.
    """
    body: dict[str, Any] = {"id": message.wamid, "status": happening.status.value, "timestamp": str(stamp)}
    if message.dialled != message.user_id:
        body["recipient_id"] = message.wa_id
    if happening.status is Status.FAILED:
        if message.dialled == message.user_id:
            body["recipient_user_id"] = message.user_id
        body["errors"] = [status_error(happening.code or 131000)]
    else:
        body["recipient_user_id"] = message.user_id
        if version < _NO_CONVERSATION_FROM:
            body["conversation"] = _conversation(message, happening, stamp)
        if happening.status is not Status.READ or not _delivery_told(message):
            body["pricing"] = {
                "billable": True,
                "pricing_model": "PMP",
                "type": "regular",
                "category": message.category,
            }
    if message.opaque is not None:
        body["biz_opaque_callback_data"] = message.opaque
    return body


def _delivery_told(message: Message) -> bool:
    return any(each.status is Status.DELIVERED and each.told for each in message.happenings)


def _conversation(message: Message, happening: Happening, stamp: int) -> dict[str, Any]:
    conversation: dict[str, Any] = {"id": md5(message.wamid.encode(), usedforsecurity=False).hexdigest()}
    if happening.status is Status.SENT:
        conversation["expiration_timestamp"] = str(stamp + DAY_S)
    conversation["origin"] = {"type": message.category}
    return conversation
