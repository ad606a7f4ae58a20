"""A message as the guest sees it: the template filled with what was sent. Pure; HTML is made elsewhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from invy.simulator.ledger import Message
from invy.simulator.template import VARIABLE, Template

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Face:
    """One button on a message. `payload` is what a press sends, `url` where a link leads."""

    kind: str
    text: str
    payload: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bubble:
    """`media` is a link or `media:<id>`; `media_kind` is image, video, document or empty."""

    header: str = ""
    media: str = ""
    media_kind: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[Face, ...] = ()


def components_of(message: Message) -> Sequence[Json]:
    root = msgspec.json.decode(message.request)
    return root.get("template", {}).get("components", []) if message.kind == "template" else []


def buttons_of(message: Message, template: Template | None) -> tuple[Face, ...]:
    """The buttons of a sent template, with what was sent for each."""
    if template is None:
        return ()
    given: dict[int, Json] = {}
    for component in components_of(message):
        if str(component.get("type", "")).lower() == "button":
            given[int(component.get("index", 0))] = component
    faces = []
    for index, button in enumerate(template.buttons):
        parameters = given.get(index, {}).get("parameters", [{}])
        value = str(parameters[0].get("text", "") or parameters[0].get("payload", "")) if parameters else ""
        url = value.join(VARIABLE.split(button.url)[::2])
        payload = (value or button.text) if button.kind == "QUICK_REPLY" else ""
        faces.append(Face(button.kind, button.text, payload, url))
    return tuple(faces)


def bubble_of(message: Message, template: Template | None) -> Bubble:
    """What the guest's phone shows."""
    root = msgspec.json.decode(message.request)
    if message.kind != "template":
        return _free_form(message.kind, root.get(message.kind, {}))
    if template is None:
        return Bubble(body=f"({message.template})")
    parts = {str(each.get("type", "")).lower(): each.get("parameters", []) for each in components_of(message)}
    media, media_kind = "", ""
    for parameter in parts.get("header", []):
        kind = str(parameter.get("type", ""))
        if kind in {"image", "video", "document"}:
            media, media_kind = _source(parameter.get(kind, {})), kind
    return Bubble(
        header=_fill(template.header_text, parts.get("header", [])),
        media=media,
        media_kind=media_kind,
        body=_fill(template.body_text, parts.get("body", [])),
        footer=template.footer_text,
        buttons=buttons_of(message, template),
    )


def _free_form(kind: str, content: Json) -> Bubble:
    if kind == "text":
        return Bubble(body=str(content.get("body", "")))
    if kind in {"image", "video", "document", "sticker", "audio"}:
        return Bubble(media=_source(content), media_kind=kind, body=str(content.get("caption", "")))
    if kind == "interactive":
        return Bubble(
            body=str(content.get("body", {}).get("text", "")),
            footer=str(content.get("footer", {}).get("text", "")),
        )
    return Bubble(body=f"({kind})")


def _source(media: Json) -> str:
    link = media.get("link")
    return str(link) if link else f"media:{media.get('id', '')}"


def _fill(text: str, parameters: Sequence[Json]) -> str:
    named = {str(each["parameter_name"]): _shown(each) for each in parameters if each.get("parameter_name")}
    ordered = [_shown(each) for each in parameters]

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in named:
            return named[name]
        position = int(name) - 1 if name.isdigit() else -1
        return ordered[position] if 0 <= position < len(ordered) else match[0]

    return VARIABLE.sub(value, text)


def _shown(parameter: Json) -> str:
    kind = str(parameter.get("type", "text"))
    if kind == "text":
        return str(parameter.get("text", ""))
    return str(parameter.get(kind, {}).get("fallback_value", ""))
