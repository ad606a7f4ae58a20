"""The request that sends one template message, as Meta's `POST /{phone-number-id}/messages` takes it.

Knows how Meta spells the components in JSON. Refuses to know HTTP, tokens and what becomes of the message.
Source: Meta's pages on sending templates, read in September 2026. Members stand in the order of those pages.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from invy.domain.errors import InvalidInput
from invy.domain.parameter import Rule, fault
from invy.domain.rendering import (
    BodyComponent,
    ButtonComponent,
    Component,
    CopyCode,
    FlowAction,
    HeaderComponent,
    Location,
    Media,
    Payload,
    Text,
    UrlSuffix,
    render,
)
from invy.domain.template import Template
from invy.domain.template_limits import OPAQUE_CALLBACK_DATA

Json = dict[str, object]

# E.164, with its plus: without it Meta may prepend the country code of the business number.
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def build(template: Template, to: str, params: Mapping[str, object], opaque: str) -> bytes:
    """The body of the request, JSON in UTF-8.

    Args:
        template: what to send.
        to: the guest's number in E.164, with the plus.
        params: a value for each of the template's parameters; others are ignored.
        opaque: our message id. Meta echoes it in every status webhook of this message; it is how a message whose reply
            was lost is found again. At most 512 characters.

    Raises:
        ParameterRefused: a parameter is missing or would be refused by Meta.
        InvalidInput: `to` is not E.164, or `opaque` is empty, too long, or not plain text.
    """
    if not _E164.fullmatch(to):
        raise InvalidInput(
            "The number to send to is not in international form.",
            hint="Normalise it first: a plus, the country code and the number, digits only, as in +447700900123.",
        )
    if found := fault(Rule.TEXT, opaque, OPAQUE_CALLBACK_DATA):
        raise InvalidInput(f"The message id for biz_opaque_callback_data {found.what}.", hint=found.fix)
    components = [_component(component) for component in render(template, params)]
    request: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "template",
        "template": {
            "name": template.name,
            "language": {"code": template.language},
            **({"components": components} if components else {}),
        },
        "biz_opaque_callback_data": opaque,
    }
    return msgspec.json.encode(request)


def again(request: bytes, old: str, new: str) -> bytes:
    """The same request for a message of another id: in `biz_opaque_callback_data` and wherever a button carries the id.

    Raises:
        InvalidInput: the request does not carry the old id, so what became of it could never be joined to a message.
    """
    made = request.replace(old.encode(), new.encode())
    if msgspec.json.decode(made, type=_Stamped).biz_opaque_callback_data != new:
        raise InvalidInput(
            "The stored request of this message does not carry its id.",
            hint="Send the template anew with: invy send",
        )
    return made


class _Stamped(msgspec.Struct):
    biz_opaque_callback_data: str = ""


def _component(component: Component) -> Json:
    match component:
        case HeaderComponent(value=value):
            return {"type": "header", "parameters": [_header_value(value)]}
        case BodyComponent(values=values):
            return {"type": "body", "parameters": [_text(value) for value in values]}
        case ButtonComponent(index=index, value=value):
            sub_type, parameter = _button_value(value)
            return {"type": "button", "sub_type": sub_type, "index": str(index), "parameters": [parameter]}


def _text(value: Text) -> Json:
    if value.name is None:
        return {"type": "text", "text": value.text}
    return {"type": "text", "parameter_name": value.name, "text": value.text}


def _header_value(value: Text | Media | Location) -> Json:
    match value:
        case Text():
            return _text(value)
        case Media(kind=kind):
            media = {"id": value.id, "link": value.link, "filename": value.filename}
            return {"type": kind.value, kind.value: _given(media)}
        case Location():
            location = {
                "latitude": value.latitude,
                "longitude": value.longitude,
                "name": value.name,
                "address": value.address,
            }
            return {"type": "location", "location": _given(location)}


def _given(members: Mapping[str, str | None]) -> Json:
    return {name: value for name, value in members.items() if value is not None}


def _button_value(value: UrlSuffix | Payload | CopyCode | FlowAction) -> tuple[str, Json]:
    """Meta's `sub_type` and the one parameter of the button."""
    match value:
        case UrlSuffix(text=text):
            return "url", {"type": "text", "text": text}
        case Payload(payload=payload):
            return "quick_reply", {"type": "payload", "payload": payload}
        case CopyCode(code=code):
            return "copy_code", {"type": "coupon_code", "coupon_code": code}
        case FlowAction(token=token, data=data):
            action: Json = {"flow_token": token}
            if data:
                action["flow_action_data"] = dict(data)
            return "flow", {"type": "action", "action": action}
