"""An approved WhatsApp template and how we fill it.

Theory: a `Template` mirrors what was approved at Meta, part by part: header, body, buttons. Every place that takes a
value is a `Slot`: the key of the parameter that fills it, the rule the value must keep, and where it is. Slots are the
one list that rendering, checking and asking for parameters all go by. Refuses to know TOML, JSON and guests.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from invy.domain import template_limits as limits
from invy.domain.ids import TemplateKey
from invy.domain.parameter import Rule
from invy.domain.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a template that takes the value of the parameter `key`."""

    key: str
    rule: Rule
    place: str
    limit: int
    """How many characters fit, the fixed text around the place already deducted."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A `{{1}}` or `{{name}}` of a text at Meta, filled by the parameter `key`. `name` is Meta's, None when positional."""

    key: str
    name: str | None = None


class MediaKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"


class MediaSource(StrEnum):
    """What the value of a media header is."""

    LINK = "link"
    ID = "id"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class TextHeader:
    """`variable` is None when the text is fixed; then nothing is sent for it. `text` is our copy, for previews."""

    variable: Variable | None = None
    text: Pattern | None = None

    def slots(self) -> Iterator[Slot]:
        if self.variable is not None:
            fixed = 0 if self.text is None else self.text.literal_length
            yield Slot(self.variable.key, Rule.TEXT, "the text header", limits.HEADER_TEXT - fixed)


@dataclass(frozen=True, slots=True)
class MediaHeader:
    """Sent with every message: a template with a media header is refused (132012) without one."""

    kind: MediaKind
    key: str
    source: MediaSource = MediaSource.EITHER
    filename: str | None = None
    filename_key: str | None = None

    def slots(self) -> Iterator[Slot]:
        rule = {
            MediaSource.LINK: Rule.LINK,
            MediaSource.ID: Rule.MEDIA_ID,
            MediaSource.EITHER: Rule.MEDIA,
        }[self.source]
        yield Slot(self.key, rule, f"the {self.kind} header", limits.LINK)
        if self.filename_key is not None:
            yield Slot(self.filename_key, Rule.FILENAME, "the document's file name", limits.FILENAME)


@dataclass(frozen=True, slots=True)
class LocationHeader:
    latitude_key: str
    longitude_key: str
    name_key: str | None = None
    address_key: str | None = None

    def slots(self) -> Iterator[Slot]:
        yield Slot(self.latitude_key, Rule.LATITUDE, "the location header", limits.LOCATION_TEXT)
        yield Slot(self.longitude_key, Rule.LONGITUDE, "the location header", limits.LOCATION_TEXT)
        if self.name_key is not None:
            yield Slot(self.name_key, Rule.TEXT, "the name of the location", limits.LOCATION_TEXT)
        if self.address_key is not None:
            yield Slot(self.address_key, Rule.TEXT, "the address of the location", limits.LOCATION_TEXT)


Header = TextHeader | MediaHeader | LocationHeader


@dataclass(frozen=True, slots=True)
class UrlButton:
    """Opens `url`; its one variable, when it has one, stands at the end and is filled by `key`."""

    index: int
    url: Pattern
    key: str | None = None
    label: str | None = None

    def slots(self) -> Iterator[Slot]:
        if self.key is not None:
            room = limits.BUTTON_URL - self.url.literal_length
            yield Slot(self.key, Rule.URL_SUFFIX, f"the end of the link of button {self.index + 1}", room)


@dataclass(frozen=True, slots=True)
class QuickReplyButton:
    """`payload` comes back to us when the guest presses; its variables are our parameter keys.

    None sends nothing, and Meta then answers with the label.
    """

    index: int
    payload: Pattern | None = None
    label: str | None = None

    def slots(self) -> Iterator[Slot]:
        if self.payload is not None:
            room = limits.QUICK_REPLY_PAYLOAD - self.payload.literal_length
            for key in self.payload.variables:
                yield Slot(key, Rule.PAYLOAD, f"the payload of button {self.index + 1}", room)


@dataclass(frozen=True, slots=True)
class CopyCodeButton:
    index: int
    key: str
    label: str | None = None

    def slots(self) -> Iterator[Slot]:
        yield Slot(self.key, Rule.COPY_CODE, f"the code of button {self.index + 1}", limits.COPY_CODE)


@dataclass(frozen=True, slots=True)
class FlowButton:
    """Opens a flow. `data` pairs a field of the flow's first screen with the parameter key that fills it."""

    index: int
    token: Pattern
    data: tuple[tuple[str, str], ...] = ()
    label: str | None = None

    def slots(self) -> Iterator[Slot]:
        room = limits.FLOW_TOKEN - self.token.literal_length
        for key in self.token.variables:
            yield Slot(key, Rule.FLOW_TOKEN, f"the flow token of button {self.index + 1}", room)
        for field, key in self.data:
            place = f"the flow field {field!r} of button {self.index + 1}"
            yield Slot(key, Rule.FLOW_DATA, place, limits.FLOW_DATA)


@dataclass(frozen=True, slots=True)
class PhoneButton:
    """Calls a number fixed in the template; nothing is sent for it."""

    index: int
    phone_number: str | None = None
    label: str | None = None

    def slots(self) -> Iterator[Slot]:
        return iter(())


Button = UrlButton | QuickReplyButton | CopyCodeButton | FlowButton | PhoneButton


@dataclass(frozen=True, slots=True)
class Template:
    """`body` lists the variables in Meta's order; `body_text` and `footer` are our copies, for previews only."""

    key: TemplateKey
    name: str
    language: str
    header: Header | None = None
    body: tuple[Variable, ...] = ()
    buttons: tuple[Button, ...] = ()
    body_text: Pattern | None = None
    footer: str | None = None
    defaults: tuple[tuple[str, str], ...] = ()

    @property
    def body_limit(self) -> int:
        """How long the filled body may be."""
        alone = self.header is None and not self.buttons and self.footer is None
        return limits.BODY_TEXT_ALONE if alone else limits.BODY_TEXT

    def default(self, key: str) -> str | None:
        return next((value for known, value in self.defaults if known == key), None)


def slots(template: Template) -> tuple[Slot, ...]:
    """Every place that takes a value, in the order of the message: header, body, buttons."""
    return tuple(_slots(template))


def required_parameters(template: Template) -> tuple[str, ...]:
    """The keys that every guest must have a value for: all that are used and have no default. Each once, in order."""
    return tuple(
        dict.fromkeys(slot.key for slot in _slots(template) if template.default(slot.key) is None),
    )


def unused(template: Template, params: Iterable[str]) -> tuple[str, ...]:
    """The given keys that this template does nothing with: harmless, and often a misspelling."""
    used = {slot.key for slot in _slots(template)}
    return tuple(key for key in params if key not in used)


def _slots(template: Template) -> Iterator[Slot]:
    if template.header is not None:
        yield from template.header.slots()
    for position, variable in enumerate(template.body, start=1):
        name = str(position) if variable.name is None else variable.name
        yield Slot(variable.key, Rule.TEXT, f"{{{{{name}}}}} of the body", template.body_limit)
    for button in template.buttons:
        yield from button.slots()
