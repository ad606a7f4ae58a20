"""Templates as Meta keeps them, and what each one demands of a send. It knows Meta's JSON, nothing of who sends."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from invy.simulator.refusal import Refusal

CATEGORIES = frozenset({"AUTHENTICATION", "MARKETING", "UTILITY"})
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LONGEST = {"HEADER": 60, "BODY": 1024, "FOOTER": 60}
_LONGEST_BUTTON = 25
_MOST_BUTTONS = 10
# Midnight at the start of 2026: when every quality score has been set, as far as a world can tell.
_SINCE = 1_767_225_600
# Meta's word for a template that sets no time to live of its own.
_NO_LIFETIME = -1
VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
MEDIA_FORMATS = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})


def variables(text: str) -> tuple[str, ...]:
    """The distinct variables of a text, in order of appearance."""
    return tuple(dict.fromkeys(VARIABLE.findall(text)))


@dataclass(frozen=True, slots=True)
class Button:
    """`dynamic` tells whether a send may or must carry a parameter for it."""

    kind: str
    text: str
    dynamic: bool = False
    url: str = ""


@dataclass(slots=True)
class Template:
    """One name in one language. `status` and `quality` change during a world's life."""

    id: str
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: list[dict[str, Any]]
    quality: str = "UNKNOWN"
    rejected_reason: str = "NONE"
    lifetime_s: int = _NO_LIFETIME
    header_format: str = ""
    header_text: str = ""
    header_variables: tuple[str, ...] = ()
    body_text: str = ""
    body_variables: tuple[str, ...] = ()
    footer_text: str = ""
    buttons: tuple[Button, ...] = ()
    used: int = field(default=0)

    def __post_init__(self) -> None:
        self.understand()

    def understand(self) -> None:
        """Read from the components what a send must carry."""
        self.header_format, self.header_text, self.body_text, self.footer_text = "", "", "", ""
        self.buttons = ()
        for component in self.components:
            match str(component.get("type", "")).upper():
                case "HEADER":
                    self.header_format = str(component.get("format", "TEXT")).upper()
                    self.header_text = str(component.get("text", ""))
                case "BODY":
                    self.body_text = str(component.get("text", ""))
                case "FOOTER":
                    self.footer_text = str(component.get("text", ""))
                case "BUTTONS":
                    self.buttons = tuple(_button(each) for each in component.get("buttons", ()))
                case _:
                    continue
        self.header_variables = variables(self.header_text)
        self.body_variables = variables(self.body_text)

    @property
    def named(self) -> bool:
        return self.parameter_format.upper() == "NAMED"

    def as_meta(self) -> dict[str, Any]:
        """The whole row of `GET message_templates`; the caller picks the fields asked for."""
        return {
            "name": self.name,
            "parameter_format": self.parameter_format,
            "components": self.components,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "id": self.id,
            "rejected_reason": self.rejected_reason,
            "quality_score": {"score": self.quality, "date": _SINCE},
            "previous_category": self.category,
            "message_send_ttl_seconds": self.lifetime_s,
            "sub_category": "CUSTOM",
        }


def _button(raw: Mapping[str, Any]) -> Button:
    kind = str(raw.get("type", "")).upper()
    url = str(raw.get("url", ""))
    dynamic = bool(variables(url)) if kind == "URL" else kind in {"QUICK_REPLY", "COPY_CODE", "OTP", "FLOW"}
    return Button(kind, str(raw.get("text", "")), dynamic, url)


def check_name(name: object) -> None:
    """Lower case, digits and underscores. Raises Refusal 100."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refusal(
            100, message="(#100) Param name must be lower-case letters, digits and underscores, at most 512."
        )


def check_components(components: object) -> None:
    """Meta's rules for a new template: kinds, lengths, no variable at either end. Raises Refusal 100."""
    if not isinstance(components, list) or not all(isinstance(each, dict) for each in components):
        raise Refusal(100, message="(#100) Param components must be an array of objects.")
    kinds = [str(each.get("type", "")).upper() for each in components]
    if kinds.count("BODY") != 1:
        raise Refusal(100, message="(#100) Param components must have exactly one component of type BODY.")
    for kind, component in zip(kinds, components, strict=True):
        text = str(component.get("text", ""))
        if kind in _LONGEST and len(text) > _LONGEST[kind]:
            raise Refusal(2388040, message="Invalid parameter", subcode=2388040, as_code=100)
        if kind == "BODY" and (text.strip().startswith("{{") or text.strip().endswith("}}")):
            raise Refusal(2388299, message="Invalid parameter", subcode=2388299, as_code=100)
        if kind == "BUTTONS":
            _check_buttons(component.get("buttons"))


def _check_buttons(buttons: object) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= _MOST_BUTTONS:
        raise Refusal(100, message=f"(#100) Param buttons must have 1 to {_MOST_BUTTONS} buttons.")
    for button in buttons:
        if (
            not isinstance(button, dict)
            or not str(button.get("text", ""))
            or len(button["text"]) > _LONGEST_BUTTON
        ):
            raise Refusal(100, message=f"(#100) Each button has a text of 1 to {_LONGEST_BUTTON} characters.")


def from_meta(row: Mapping[str, Any], *, default_id: str) -> Template:
    """A template from one row in Meta's shape. Raises KeyError when a field Meta always gives is missing."""
    return Template(
        id=str(row.get("id", default_id)),
        name=str(row["name"]),
        language=str(row["language"]),
        category=str(row.get("category", "MARKETING")).upper(),
        status=str(row.get("status", "APPROVED")).upper(),
        parameter_format=str(row.get("parameter_format", "POSITIONAL")).upper(),
        components=list(row["components"]),
        lifetime_s=int(row.get("message_send_ttl_seconds", _NO_LIFETIME)),
    )


def _reminder(body: str, yes: str, no: str) -> list[dict[str, Any]]:
    example = [{"param_name": "guest_name", "example": "Noa"}, {"param_name": "event_date", "example": "1.6"}]
    return [
        {"type": "BODY", "text": body, "example": {"body_text_named_params": example}},
        {
            "type": "BUTTONS",
            "buttons": [{"type": "QUICK_REPLY", "text": yes}, {"type": "QUICK_REPLY", "text": no}],
        },
    ]


def default_templates() -> Sequence[Mapping[str, Any]]:
    """What a new world has had approved."""
    return [
        {
            "id": "1000000000000001",
            "name": "hina_invitation",
            "language": "he",
            "category": "MARKETING",
            "parameter_format": "POSITIONAL",
            "components": [
                {
                    "type": "HEADER",
                    "format": "IMAGE",
                    "example": {"header_handle": ["https://scontent.whatsapp.net/v/t61/example.jpg"]},
                },
                {
                    "type": "BODY",
                    "text": "היי {{1}}! 🤍\nאנחנו מתרגשים להזמין אותך לחינה שלנו.\nכל הפרטים ואישור ההגעה בכפתור למטה.",
                    "example": {"body_text": [["נועה"]]},
                },
                {
                    "type": "BUTTONS",
                    "buttons": [
                        {
                            "type": "URL",
                            "text": "לפרטים ואישור הגעה",
                            "url": "https://invy.dvirlabs.com/guest/{{1}}",
                            "example": ["https://invy.dvirlabs.com/guest/example"],
                        }
                    ],
                },
            ],
        },
        {
            "id": "1000000000000002",
            "name": "rsvp_reminder",
            "language": "he",
            "category": "UTILITY",
            "parameter_format": "NAMED",
            "components": _reminder(
                "שלום {{guest_name}}, עוד לא ענית לנו. נתראה ב־{{event_date}}?", "מגיעים", "לא מגיעים"
            ),
        },
        {
            "id": "1000000000000003",
            "name": "rsvp_reminder",
            "language": "en_US",
            "category": "UTILITY",
            "parameter_format": "NAMED",
            "components": _reminder(
                "Hello {{guest_name}}, we have not heard from you yet. Will we see you on {{event_date}}?",
                "Coming",
                "Not coming",
            ),
        },
    ]
