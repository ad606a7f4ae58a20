"""Webhook bodies in Meta's shapes, by webhook version. It composes; who is told and when is decided elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from invy.simulator.fate import Status
from invy.simulator.guest import Guest, Written
from invy.simulator.ledger import Happening, Message
from invy.simulator.refusal import status_error
from invy.simulator.template import Template

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
    `value` of a management field. `alone` gives it an entry of its own, `strange` surrounds it with unknown fields,
    `bad_signature` and `forged` spoil the signature of the first attempt, or of the only one.
    """

    sender: Sender
    field: str
    part: str
    body: dict[str, Any]
    contact: dict[str, Any] | None = None
    wamid: str = ""
    label: str = ""
    happening: Happening | None = None
    alone: bool = False
    strange: bool = False
    bad_signature: bool = False
    forged: bool = False


def envelope(items: Sequence[Item], *, at: int) -> dict[str, Any]:
    """One POST for these updates: neighbours of one number and one field share a `value`."""
    entries: list[dict[str, Any]] = []
    previous: tuple[str, str, str] | None = None
    for item in items:
        key = (item.sender.phone_number_id, item.field, item.part)
        if item.alone or not entries:
            entries.append({"id": item.sender.waba_id, "changes": []})
            previous = None
        changes = entries[-1]["changes"]
        if item.part and key == previous:
            value = changes[-1]["value"]
        else:
            value = _value(item)
            changes.append({"value": value, "field": item.field})
        previous = key
        if not item.part:
            entries[-1]["time"] = at
            continue
        if item.contact is not None and item.contact not in value.setdefault("contacts", []):
            value["contacts"].append(item.contact)
        value.setdefault(item.part, []).append(item.body)
        if item.strange:
            value["delivery_hints"] = {"lane": 7}
            entries[-1]["shard"] = "b12"
            changes.append({"value": {"novelty": [1, 2, 3]}, "field": "a_field_of_tomorrow"})
            previous = None
    return {"object": "whatsapp_business_account", "entry": entries}


def _value(item: Item) -> dict[str, Any]:
    if not item.part:
        return dict(item.body)
    return {"messaging_product": "whatsapp", "metadata": item.sender.metadata()}


def contact_of(guest: Guest) -> dict[str, Any]:
    return {"profile": {"name": guest.name}} | _names_of(guest)


def _names_of(guest: Guest) -> dict[str, Any]:
    """The guest's number, unless it is hidden, and the business-scoped user id."""
    return ({} if guest.hidden else {"wa_id": guest.wa_id}) | {"user_id": guest.user_id}


def status_body(
    message: Message, happening: Happening, *, stamp: int, version: float, hidden: bool = False
) -> dict[str, Any]:
    """A status object.

    `conversation` is gone from webhook version 24.0 on; `pricing` comes with `sent` and with one of delivered and
    read; a failure to a phone number names no business-scoped user id.
    """
    body: dict[str, Any] = {"id": message.wamid, "status": happening.status.value, "timestamp": str(stamp)}
    if not hidden:
        body["recipient_id"] = message.wa_id
    if happening.status is Status.FAILED:
        if message.by_user_id or hidden:
            body["recipient_user_id"] = message.user_id
        body["errors"] = [status_error(happening.code or 131000)]
    else:
        body["recipient_user_id"] = message.user_id
        if version < _NO_CONVERSATION_FROM:
            body["conversation"] = _conversation(message, happening, stamp)
        if happening.status is not Status.READ or not _delivery_told(message):
            body["pricing"] = {
                "billable": message.category != "service",
                "pricing_model": "PMP",
                "type": "regular" if message.category != "service" else "free_customer_service",
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


def inbound_body(guest: Guest, written: Written, sender: Sender, *, stamp: int) -> dict[str, Any]:
    """A message from a guest: a text, or a pressed quick reply of a template."""
    body: dict[str, Any] = {}
    if written.context:
        body["context"] = {"from": sender.display_phone_number, "id": written.context}
    if not guest.hidden:
        body["from"] = guest.wa_id
    body |= {
        "from_user_id": guest.user_id,
        "id": written.wamid,
        "timestamp": str(stamp),
        "type": written.kind,
    }
    if written.kind == "button":
        body["button"] = {"payload": written.payload, "text": written.text}
    else:
        body["text"] = {"body": written.text}
    return body


def preference_body(guest: Guest, *, stop: bool, stamp: int) -> dict[str, Any]:
    """A guest stopped or resumed marketing messages; the timestamp is a number here, not a string."""
    word = "stop" if stop else "resume"
    return {
        **_names_of(guest),
        "detail": f"User requested to {word} marketing messages",
        "category": "marketing_messages",
        "value": word,
        "timestamp": stamp,
    }


def template_status_body(
    template: Template, event: str, *, title: str = "", description: str = ""
) -> dict[str, Any]:
    """`message_template_status_update`: the id is a number here and the language has a hyphen."""
    body: dict[str, Any] = {
        "event": event,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language.replace("_", "-"),
        "reason": template.rejected_reason,
        "message_template_category": template.category,
    }
    if title:
        body["other_info"] = {"title": title, "description": description}
    return body


def template_components_body(template: Template) -> dict[str, Any]:
    """`message_template_components_update`: the template was edited. Here the language keeps its underscore."""
    body: dict[str, Any] = {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_element": template.body_text,
    }
    if template.header_text:
        body["message_template_title"] = template.header_text
    if template.footer_text:
        body["message_template_footer"] = template.footer_text
    if template.buttons:
        body["message_template_buttons"] = [
            {"message_template_button_type": each.kind, "message_template_button_text": each.text}
            for each in template.buttons
        ]
    return body
