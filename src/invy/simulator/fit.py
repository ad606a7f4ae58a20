"""Whether what is sent fits the template: counts, kinds, names, text rules. Pure; refuses as Meta does."""

from collections.abc import Mapping, Sequence
from typing import Any

from invy.simulator.content import check_media
from invy.simulator.order import Order
from invy.simulator.refusal import Refusal
from invy.simulator.template import MEDIA_FORMATS, Template

_MAX_BODY_TEXT = 1024
_TEXT_RULE = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
_TEXT_LIKE = frozenset({"text", "currency", "date_time"})
_BUTTON_PARAMETERS = {
    "quick_reply": ("payload", "QUICK_REPLY"),
    "url": ("text", "URL"),
    "copy_code": ("coupon_code", "COPY_CODE"),
    "flow": ("action", "FLOW"),
}

Json = Mapping[str, Any]


def check_fit(order: Order, template: Template) -> None:
    """Raise Refusal unless these components fill this template exactly."""
    header: Json | None = None
    body: Json | None = None
    buttons: list[Json] = []
    for component in order.components:
        match str(component.get("type", "")).lower():
            case "header":
                header = component
            case "body":
                body = component
            case "button":
                buttons.append(component)
            case "carousel" | "limited_time_offer":
                continue
            case other:
                raise Refusal(
                    100,
                    f"Param template['components'] type must be one of HEADER, BODY, BUTTON - got {other!r}.",
                )
    _check_header(header, template)
    _check_texts("body", _parameters(body), template.body_variables, named=template.named)
    _check_length(_parameters(body), template)
    _check_buttons(buttons, template)


def _parameters(component: Json | None) -> Sequence[Json]:
    return () if component is None else component.get("parameters", ())


def _check_header(component: Json | None, template: Template) -> None:
    parameters = _parameters(component)
    kind = template.header_format
    if kind in MEDIA_FORMATS or kind == "LOCATION":
        received = str(parameters[0].get("type", "unknown")).upper() if parameters else "UNKNOWN"
        if received != kind:
            raise Refusal(132012, f"header: Format mismatch, expected {kind}, received {received}")
        if len(parameters) > 1:
            raise Refusal(
                132000,
                f"header: number of params ({len(parameters)}) does not match the expected number of params (1)",
            )
        if kind in MEDIA_FORMATS:
            _check_media(parameters[0], kind.lower())
        return
    if parameters and not template.header_variables:
        if str(parameters[0].get("type", "")).upper() in MEDIA_FORMATS:
            raise Refusal(132018, "The template has no media header, but the send carries one.")
        raise Refusal(
            132000,
            f"header: number of localizable_params ({len(parameters)}) does not match the expected number of params (0)",
        )
    _check_texts("header", parameters, template.header_variables, named=template.named)


def _check_media(parameter: Json, kind: str) -> None:
    media = parameter.get(kind)
    if not isinstance(media, dict):
        raise Refusal(131008, f"Parameter '{kind}' is missing.")
    check_media(media, kind)


def _check_texts(where: str, parameters: Sequence[Json], expected: Sequence[str], *, named: bool) -> None:
    if len(parameters) != len(expected):
        raise Refusal(
            132000,
            f"{where}: number of localizable_params ({len(parameters)}) does not match the expected number of "
            f"params ({len(expected)})",
        )
    for parameter in parameters:
        kind = parameter.get("type")
        if not isinstance(kind, str) or kind not in _TEXT_LIKE:
            raise Refusal(
                132012, f"{where}: Format mismatch, expected TEXT, received {str(kind or 'unknown').upper()}"
            )
        if kind == "text":
            check_text(parameter.get("text"))
        elif not isinstance(parameter.get(kind), dict) or "fallback_value" not in parameter[kind]:
            raise Refusal(131008, f"Parameter of type {kind} is missing {kind}['fallback_value']")
    names = [parameter.get("parameter_name") for parameter in parameters]
    if named and sorted(map(str, names)) != sorted(expected):
        raise Refusal(132012, f"{where}: Parameter name is missing or not one of: {', '.join(expected)}")
    if not named and any(name is not None for name in names):
        raise Refusal(132012, f"{where}: the template has positional parameters, the send has named ones")


def check_text(text: object) -> None:
    """Meta's rule for the text of a parameter."""
    if not isinstance(text, str) or not text:
        raise Refusal(131008, "Parameter of type text is missing text value")
    if "\n" in text or "\t" in text or "\r" in text or "     " in text:
        raise Refusal(132018, _TEXT_RULE)


def _check_length(parameters: Sequence[Json], template: Template) -> None:
    length = len(template.body_text) + sum(len(str(each.get("text", ""))) for each in parameters)
    if length > _MAX_BODY_TEXT + 8 * len(parameters):
        raise Refusal(132005, f"Translated body text is longer than {_MAX_BODY_TEXT} characters")


def _check_buttons(components: Sequence[Json], template: Template) -> None:
    seen: set[int] = set()
    for component in components:
        index = _index(component)
        if index in seen:
            raise Refusal(100, f"button: index {index} is given twice")
        seen.add(index)
        _check_button(component, index, template)
    for index, button in enumerate(template.buttons):
        if button.kind in {"URL", "COPY_CODE"} and button.dynamic and index not in seen:
            raise Refusal(
                131008, f"buttons: Button at index {index} of type {button.kind.title()} requires a parameter"
            )


def _index(component: Json) -> int:
    try:
        return int(component.get("index", -1))
    except (TypeError, ValueError):
        raise Refusal(100, "Param index of a button component must be a number.") from None


def _check_button(component: Json, index: int, template: Template) -> None:
    if not 0 <= index < len(template.buttons):
        raise Refusal(132018, f"buttons: the template has no button at index {index}")
    sub_type = str(component.get("sub_type", "")).lower()
    if sub_type not in _BUTTON_PARAMETERS:
        raise Refusal(
            100, f"Param sub_type must be one of {', '.join(sorted(_BUTTON_PARAMETERS))} - got {sub_type!r}."
        )
    wanted, kind = _BUTTON_PARAMETERS[sub_type]
    button = template.buttons[index]
    if button.kind != kind and not (button.kind == "OTP" and kind == "URL"):
        raise Refusal(132018, f"buttons: the button at index {index} is of type {button.kind}, not {kind}")
    if not button.dynamic:
        raise Refusal(132018, f"buttons: the URL of the button at index {index} takes no parameter")
    parameters = _parameters(component)
    if len(parameters) != 1:
        raise Refusal(
            132000,
            f"button: number of params ({len(parameters)}) does not match the expected number of params (1)",
        )
    if parameters[0].get("type") != wanted:
        raise Refusal(
            132012, f"button: Format mismatch, expected {wanted}, received {parameters[0].get('type')}"
        )
    if wanted == "text":
        check_text(parameters[0].get("text"))
    elif wanted != "action" and not (isinstance(parameters[0].get(wanted), str) and parameters[0][wanted]):
        raise Refusal(131008, f"Parameter of type {wanted} is missing {wanted} value")
