"""What a client asked to have sent: raw bytes to a frozen order, or Meta's refusal. It knows no template and no world."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from invy.simulator.refusal import Refusal

MAX_BODY = 1_000_000
MAX_OPAQUE = 512
MESSAGE_TYPES = frozenset(
    {
        "audio",
        "contacts",
        "document",
        "image",
        "interactive",
        "location",
        "reaction",
        "sticker",
        "template",
        "text",
        "video",
    }
)
_PHONE_LENGTHS = range(7, 16)
_SEPARATORS = str.maketrans("", "", "+-() .")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """`wa_id` is the number as WhatsApp knows it, digits only; `dialled` is what the client wrote."""

    dialled: str
    digits: str
    user_id: str
    kind: str
    name: str
    language: str
    components: tuple[Json, ...]
    content: Json
    opaque: str | None


def digits_of(written: str) -> str:
    """The digits of a phone number, or 131009. Without `+` the number is taken as already international."""
    digits = written.translate(_SEPARATORS)
    if not digits.isascii() or not digits.isdigit() or len(digits) not in _PHONE_LENGTHS or digits[0] == "0":
        raise Refusal(
            131009, "Parameter value is not valid. The recipient phone number is not a valid phone number."
        )
    return digits


def read_order(body: bytes) -> Order:
    """Read the body of `POST …/messages`. Raises Refusal with 100, 131008, 131009 or 131051."""
    if len(body) > MAX_BODY:
        raise Refusal(100, f"The payload is larger than {MAX_BODY} bytes.")
    try:
        root = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(100, f"The request body is not valid JSON: {error}") from error
    root = _object(root, "body")
    if root.get("messaging_product") != "whatsapp":
        raise Refusal(100, message="(#100) The parameter messaging_product is required.")
    kind = root.get("type", "text")
    if not isinstance(kind, str):
        raise Refusal(100, "Param type must be a string.")
    if kind not in MESSAGE_TYPES:
        raise Refusal(
            100, f'Param type must be one of {{{", ".join(sorted(MESSAGE_TYPES)).upper()}}} - got "{kind}".'
        )
    opaque = root.get("biz_opaque_callback_data")
    if opaque is not None and (not isinstance(opaque, str) or len(opaque) > MAX_OPAQUE):
        raise Refusal(
            100, f"Param biz_opaque_callback_data must be a string of at most {MAX_OPAQUE} characters."
        )
    recipient_type = root.get("recipient_type", "individual")
    if recipient_type != "individual":
        raise Refusal(100, "Param recipient_type must be 'individual': groups are not simulated.")
    dialled, digits, user_id = _recipient(root)
    if kind not in root:
        raise Refusal(131008, f"Parameter '{kind}' is mandatory for type '{kind}'.")
    content = _object(root[kind], kind)
    name, language = "", ""
    components: tuple[Json, ...] = ()
    if kind == "template":
        name, language, components = _template(content)
    return Order(dialled, digits, user_id, kind, name, language, components, content, opaque)


def _object(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        raise Refusal(100, f"Param {name} must be a JSON object.")
    return value


def _recipient(root: Json) -> tuple[str, str, str]:
    to, user_id = root.get("to"), root.get("recipient")
    if to is not None:
        if not isinstance(to, str):
            raise Refusal(100, "Param to must be a string.")
        return to, digits_of(to), ""
    if user_id is None:
        raise Refusal(131008, "Parameter 'to' is missing.", message="(#100) The parameter to is required.")
    if not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
        raise Refusal(131009, "Param recipient is not a business-scoped user id.")
    return user_id, "", user_id


def _template(content: Json) -> tuple[str, str, tuple[Json, ...]]:
    name, language = content.get("name"), content.get("language")
    if not isinstance(name, str) or not name:
        raise Refusal(131008, "Parameter 'template.name' is missing.")
    if not isinstance(language, dict) or not isinstance(language.get("code"), str):
        raise Refusal(131008, "Parameter 'template.language.code' is missing.")
    raw = content.get("components", [])
    if not isinstance(raw, list):
        raise Refusal(100, "Param template['components'] must be an array.")
    for position, component in enumerate(raw):
        _object(component, f"template['components'][{position}]")
        parameters = component.get("parameters", [])
        if not isinstance(parameters, list) or not all(isinstance(each, dict) for each in parameters):
            raise Refusal(
                100, f"Param template['components'][{position}]['parameters'] must be an array of objects."
            )
    return name, language["code"], tuple(raw)
