"""How a template of ours differs from what Meta has approved under its name: what a send would be refused for.

Pure: two templates in, differences out. Order and labels of texts are Meta's affair and no difference; what decides is
the number, the kind and the names of what each message must bring.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from invy.domain.template import (
    Button,
    CopyCodeButton,
    FlowButton,
    Header,
    LocationHeader,
    MediaHeader,
    PhoneButton,
    QuickReplyButton,
    Template,
    TextHeader,
    UrlButton,
)
from invy.meta.live_template import LiveButton, LiveTemplate


class Part(StrEnum):
    """What differs."""

    HEADER = "header"
    HEADER_VARIABLES = "header_variables"
    FORMAT = "format"
    BODY_VARIABLES = "body_variables"
    BODY_NAMES = "body_names"
    BUTTON = "button"
    BUTTON_VARIABLE = "button_variable"
    BUTTON_URL = "button_url"
    BUTTON_MISSING = "button_missing"


@dataclass(frozen=True, slots=True)
class Difference:
    """`place` names the button, counted from 1, where the part is one. `refused`: Meta would refuse the send."""

    part: Part
    ours: str
    metas: str
    place: str = ""
    refused: bool = True


NOTHING: Final = "-"
_KINDS: Final[dict[type[Button], frozenset[str]]] = {
    UrlButton: frozenset({"URL", "OTP"}),
    QuickReplyButton: frozenset({"QUICK_REPLY"}),
    CopyCodeButton: frozenset({"COPY_CODE"}),
    FlowButton: frozenset({"FLOW"}),
    PhoneButton: frozenset({"PHONE_NUMBER"}),
}


def differences(ours: Template, metas: LiveTemplate) -> tuple[Difference, ...]:
    """Everything in which they differ, in the order of the message; empty when a send would fit."""
    return (*_header(ours.header, metas), *_body(ours, metas), *_buttons(ours, metas))


def _header(header: Header | None, metas: LiveTemplate) -> list[Difference]:
    ours, theirs = _header_kind(header), metas.header or NOTHING
    # A fixed text header needs nothing with the message, so leaving it out is right too.
    fixed = theirs == "TEXT" and not metas.header_variables and header is None
    if ours != theirs and not fixed:
        return [Difference(Part.HEADER, ours, theirs)]
    filled = int(isinstance(header, TextHeader) and header.variable is not None)
    if theirs == "TEXT" and filled != len(metas.header_variables):
        return [Difference(Part.HEADER_VARIABLES, str(filled), str(len(metas.header_variables)))]
    return []


def _header_kind(header: Header | None) -> str:
    match header:
        case None:
            return NOTHING
        case TextHeader():
            return "TEXT"
        case LocationHeader():
            return "LOCATION"
        case MediaHeader(kind=kind):
            return kind.value.upper()


def _body(ours: Template, metas: LiveTemplate) -> list[Difference]:
    named = any(variable.name is not None for variable in ours.body)
    if ours.body and metas.body_variables and named != metas.named:
        return [Difference(Part.FORMAT, _format(named=named), _format(named=metas.named))]
    if len(ours.body) != len(metas.body_variables):
        return [Difference(Part.BODY_VARIABLES, str(len(ours.body)), str(len(metas.body_variables)))]
    names = sorted(variable.name or "" for variable in ours.body)
    if named and names != sorted(metas.body_variables):
        return [Difference(Part.BODY_NAMES, ", ".join(names), ", ".join(sorted(metas.body_variables)))]
    return []


def _format(*, named: bool) -> str:
    return "named" if named else "positional"


def _buttons(ours: Template, metas: LiveTemplate) -> list[Difference]:
    found: list[Difference] = []
    described = {button.index: button for button in ours.buttons}
    for index, theirs in enumerate(metas.buttons):
        button = described.pop(index, None)
        place = str(index + 1)
        if button is None:
            # What needs nothing with the message may be left out of our file.
            if theirs.variables or theirs.kind in {"COPY_CODE", "FLOW", "OTP"}:
                found.append(Difference(Part.BUTTON_MISSING, NOTHING, theirs.kind, place))
        else:
            found.extend(_button(button, theirs, place))
    for index, button in described.items():
        found.append(Difference(Part.BUTTON_MISSING, _kind(button), NOTHING, str(index + 1)))
    return found


def _button(ours: Button, theirs: LiveButton, place: str) -> list[Difference]:
    if theirs.kind not in _KINDS[type(ours)]:
        return [Difference(Part.BUTTON, _kind(ours), theirs.kind, place)]
    if not isinstance(ours, UrlButton) or theirs.kind != "URL":
        return []
    if (ours.key is not None) != bool(theirs.variables):
        given = "{{1}}" if ours.key is not None else NOTHING
        return [Difference(Part.BUTTON_VARIABLE, given, "{{1}}" if theirs.variables else NOTHING, place)]
    if theirs.url is not None and ours.url.source != theirs.url:
        # Only the ending travels with a message: the guest gets Meta's link, whatever ours says.
        return [Difference(Part.BUTTON_URL, ours.url.source, theirs.url, place, refused=False)]
    return []


def _kind(button: Button) -> str:
    return min(_KINDS[type(button)] - {"OTP"})
