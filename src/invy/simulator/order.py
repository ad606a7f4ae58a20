"""What a client asked to have sent: raw bytes to a frozen order, or Meta's refusal. It knows no template and no world."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from invy.simulator.content import MEDIA_TYPES, check_content
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
    """`dialled` is what the client wrote, `digits` the number in it; `media` is `id:…` or a link, or empty."""

    dialled: str
    digits: str
    user_id: str
    kind: str
    name: str
    language: str
    components: tuple[Json, ...]
    content: Json
    opaque: str | None
    media: str = ""


@dataclass(frozen=True, slots=True)
class ReadReceipt:
    """The business has read a guest's message: the other thing that can be posted to `…/messages`."""

    wamid: str


def digits_of(written: str) -> str:
    """The digits of a phone number, or 131009. Without `+` the number is taken as already international."""
    digits = written.translate(_SEPARATORS)
    if not digits.isascii() or not digits.isdigit() or len(digits) not in _PHONE_LENGTHS or digits[0] == "0":
        raise Refusal(
            131009, "Parameter value is not valid. The recipient phone number is not a valid phone number."
        )
    return digits


def read_order(body: bytes) -> Order | ReadReceipt:
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
    if "status" in root:
        return _receipt(root)
    kind = _kind(root)
    opaque = root.get("biz_opaque_callback_data")
    if opaque is not None and (not isinstance(opaque, str) or len(opaque) > MAX_OPAQUE):
        raise Refusal(
            100, f"Param biz_opaque_callback_data must be a string of at most {MAX_OPAQUE} characters."
        )
    dialled, digits, user_id = _recipient(root)
    if kind not in root:
        raise Refusal(131008, f"Parameter '{kind}' is mandatory for type '{kind}'.")
    content = _object({"list": root[kind]} if kind == "contacts" else root[kind], kind)
    name, language = "", ""
    components: tuple[Json, ...] = ()
    if kind == "template":
        name, language, components = _template(content)
    else:
        check_content(kind, content)
    return Order(
        dialled,
        digits,
        user_id,
        kind,
        name,
        language,
        components,
        content,
        opaque,
        _media(kind, content, components),
    )


def _media(kind: str, content: Json, components: tuple[Json, ...]) -> str:
    """Where the medium of a message comes from, if it has one."""
    found: object = content if kind in MEDIA_TYPES else None
    for component in components:
        if str(component.get("type", "")).lower() == "header" and component.get("parameters"):
            parameter = component["parameters"][0]
            found = parameter.get(str(parameter.get("type", "")))
    if not isinstance(found, dict):
        return ""
    return str(found.get("link") or (f"id:{found['id']}" if found.get("id") else ""))


def _kind(root: Json) -> str:
    kind = root.get("type", "text")
    if not isinstance(kind, str):
        raise Refusal(100, "Param type must be a string.")
    if kind not in MESSAGE_TYPES:
        raise Refusal(
            131051,
            f'Param type must be one of {{{", ".join(sorted(MESSAGE_TYPES)).upper()}}} - got "{kind}".',
        )
    if root.get("recipient_type", "individual") != "individual":
        raise Refusal(100, "Param recipient_type must be 'individual': groups are not simulated.")
    return kind


def _receipt(root: Json) -> ReadReceipt:
    wamid = root.get("message_id")
    if root["status"] != "read" or not isinstance(wamid, str) or not wamid.startswith("wamid."):
        raise Refusal(100, "A read receipt has status 'read' and the message_id of a message from a guest.")
    return ReadReceipt(wamid)


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
