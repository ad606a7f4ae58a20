"""A template and a guest's parameters become the components of one message, or are refused before anything is sent.

The one place that decides whether parameters are good enough. Refuses to know how Meta spells components in JSON.
"""

import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from invy.domain.errors import ParameterRefused
from invy.domain.parameter import fault, is_media_id
from invy.domain.pattern import Pattern
from invy.domain.template import (
    Button,
    CopyCodeButton,
    FlowButton,
    Header,
    LocationHeader,
    MediaHeader,
    MediaKind,
    PhoneButton,
    QuickReplyButton,
    Slot,
    Template,
    TextHeader,
    UrlButton,
    Variable,
    slots,
)
from invy.domain.template_limits import FLOW_TOKEN, QUICK_REPLY_PAYLOAD


@dataclass(frozen=True, slots=True)
class Text:
    """`name` is Meta's name of the variable, None when variables are positional."""

    text: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """Exactly one of `link` and `id` is given."""

    kind: MediaKind
    link: str | None = None
    id: str | None = None
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Degrees stay the text that was given, so that no digit is lost on the way."""

    latitude: str
    longitude: str
    name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class UrlSuffix:
    text: str


@dataclass(frozen=True, slots=True)
class Payload:
    payload: str


@dataclass(frozen=True, slots=True)
class CopyCode:
    code: str


@dataclass(frozen=True, slots=True)
class FlowAction:
    token: str
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HeaderComponent:
    value: Text | Media | Location


@dataclass(frozen=True, slots=True)
class BodyComponent:
    values: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class ButtonComponent:
    index: int
    value: UrlSuffix | Payload | CopyCode | FlowAction


Component = HeaderComponent | BodyComponent | ButtonComponent

_SHOWN_KEY = 64  # a longer key is a value that slipped into the wrong place, and is not shown


def render(template: Template, params: Mapping[str, object]) -> tuple[Component, ...]:
    """The components to send, in Meta's order; parts that need nothing are left out.

    Raises:
        ParameterRefused: for the first parameter that is missing or that Meta would refuse. Parameters that the
            template does not use are not looked at.
    """
    for refusal in _refusals(template, params):
        raise refusal
    return tuple(_components(template, _values(template, params)))


def refusals(template: Template, params: Mapping[str, object]) -> tuple[ParameterRefused, ...]:
    """Everything `render` would refuse, at most one refusal for each place, without raising."""
    return tuple(_refusals(template, params))


def _values(template: Template, params: Mapping[str, object]) -> dict[str, str]:
    return {
        slot.key: value
        for slot in slots(template)
        if isinstance(value := params.get(slot.key, template.default(slot.key)), str)
    }


def _refusals(template: Template, params: Mapping[str, object]) -> Iterator[ParameterRefused]:
    sound = True
    for slot in slots(template):
        if slot.key not in params and template.default(slot.key) is None:
            sound = False
            yield _missing(template, slot, params)
            continue
        value = params.get(slot.key, template.default(slot.key))
        if found := fault(slot.rule, value, slot.limit):
            sound = False
            yield _refused(template, slot.key, slot.place, found.what, found.fix)
    if sound:
        yield from _refusals_of_wholes(template, _values(template, params))


def _refusals_of_wholes(template: Template, values: Mapping[str, str]) -> Iterator[ParameterRefused]:
    """What can be wrong although each value by itself is right."""
    if template.body_text is not None:
        filled = {
            variable.name or str(position): values[variable.key]
            for position, variable in enumerate(template.body, start=1)
        }
        yield from _overflow(template, template.body_text, filled, template.body_limit, "the body")
    for button in template.buttons:
        match button:
            case UrlButton(url=url, key=str(key)) if values[key].startswith(url.prefix):
                yield _refused(
                    template,
                    key,
                    f"the end of the link of button {button.index + 1}",
                    "repeats the beginning of the link, which is already in the template",
                    f"Give only what comes after {url.prefix}.",
                )
            case QuickReplyButton(payload=Pattern() as payload):
                place = f"the payload of button {button.index + 1}"
                yield from _overflow(template, payload, values, QUICK_REPLY_PAYLOAD, place)
            case FlowButton(token=token):
                place = f"the flow token of button {button.index + 1}"
                yield from _overflow(template, token, values, FLOW_TOKEN, place)


def _overflow(
    template: Template, pattern: Pattern, filled: Mapping[str, str], limit: int, place: str
) -> Iterator[ParameterRefused]:
    length = len(pattern.fill(filled))
    if length > limit and pattern.variables:
        longest = max(pattern.variables, key=lambda name: len(filled[name]))
        key = _key_of(template, longest) if pattern is template.body_text else longest
        what = f"makes {place} {length} characters long where at most {limit} fit"
        yield _refused(template, key, place, what, "Shorten it; nothing is cut for you.")


def _key_of(template: Template, name: str) -> str:
    return next(
        variable.key
        for position, variable in enumerate(template.body, start=1)
        if name == (variable.name or str(position))
    )


def _missing(template: Template, slot: Slot, params: Mapping[str, object]) -> ParameterRefused:
    keys: Iterable[object] = itertools.islice(params, 100)  # callers pass anything
    given = [key for key in keys if isinstance(key, str) and len(key) <= _SHOWN_KEY and key.isprintable()]
    near = difflib.get_close_matches(slot.key, given, n=1)
    fix = f"Give a value for {slot.key!r}."
    if near:
        fix += f" There is a parameter {near[0]!r}; was that meant?"
    return _refused(template, slot.key, slot.place, "is missing", fix)


def _refused(template: Template, key: str, place: str, what: str, fix: str) -> ParameterRefused:
    message = f"Parameter {key!r} ({place}, template {template.key!r}) {what}."
    return ParameterRefused(message, parameter=key, hint=fix)


def _components(template: Template, values: Mapping[str, str]) -> Iterator[Component]:
    if template.header is not None:
        yield from _header(template.header, values)
    if template.body:
        yield BodyComponent(tuple(_text(variable, values) for variable in template.body))
    for button in template.buttons:
        yield from _button(button, values)


def _text(variable: Variable, values: Mapping[str, str]) -> Text:
    return Text(values[variable.key], variable.name)


def _header(header: Header, values: Mapping[str, str]) -> Iterator[HeaderComponent]:
    match header:
        case TextHeader(variable=None):
            pass
        case TextHeader(variable=Variable() as variable):
            yield HeaderComponent(_text(variable, values))
        case MediaHeader(kind=kind, key=key):
            value = values[key]
            filename = values[header.filename_key] if header.filename_key else header.filename
            if is_media_id(value):
                yield HeaderComponent(Media(kind, id=value, filename=filename))
            else:
                yield HeaderComponent(Media(kind, link=value, filename=filename))
        case LocationHeader():
            yield HeaderComponent(
                Location(
                    latitude=values[header.latitude_key],
                    longitude=values[header.longitude_key],
                    name=values[header.name_key] if header.name_key else None,
                    address=values[header.address_key] if header.address_key else None,
                )
            )


def _button(button: Button, values: Mapping[str, str]) -> Iterator[ButtonComponent]:
    match button:
        case UrlButton(index=index, key=str(key)):
            yield ButtonComponent(index, UrlSuffix(values[key]))
        case QuickReplyButton(index=index, payload=Pattern() as payload):
            yield ButtonComponent(index, Payload(payload.fill(values)))
        case CopyCodeButton(index=index, key=key):
            yield ButtonComponent(index, CopyCode(values[key]))
        case FlowButton(index=index, token=token, data=data):
            fields = tuple((field, values[key]) for field, key in data)
            yield ButtonComponent(index, FlowAction(token.fill(values), fields))
        case UrlButton() | QuickReplyButton() | PhoneButton():
            pass  # fixed at Meta: nothing to send
