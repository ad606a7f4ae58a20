"""Free-form messages, which Meta allows within 24 hours of the guest's last one: what each kind must carry. Pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from invy.simulator.refusal import Refusal

MEDIA_TYPES = frozenset({"audio", "document", "image", "sticker", "video"})
_MAX_TEXT = 4096
_MAX_INTERACTIVE_BODY = 1024
_MAX_BUTTONS = 3

Json = Mapping[str, Any]


def _text(content: Json) -> None:
    body = content.get("body")
    if not isinstance(body, str) or not body.strip():
        raise Refusal(131008, "Parameter 'text.body' is missing.")
    if len(body) > _MAX_TEXT:
        raise Refusal(100, f"Param text['body'] must be at most {_MAX_TEXT} characters long.")


def check_media(content: Json, kind: str) -> None:
    """A medium comes by `id` or by an http link, one of them."""
    link, media_id = content.get("link"), content.get("id")
    if isinstance(link, str) and link.startswith(("http://", "https://")):
        return
    if isinstance(media_id, str) and media_id:
        return
    raise Refusal(100, f"Param {kind} must have either a valid link or a media id.")


def _location(content: Json) -> None:
    for name in ("latitude", "longitude"):
        try:
            float(content[name])
        except (KeyError, TypeError, ValueError):
            raise Refusal(131009, f"Param location['{name}'] must be a number.") from None


def _contacts(content: Json) -> None:
    cards = content.get("list")
    if (
        not isinstance(cards, list)
        or not cards
        or not all(isinstance(each, dict) and "name" in each for each in cards)
    ):
        raise Refusal(131008, "Parameter 'contacts' must be a list of contacts with a name each.")


def _reaction(content: Json) -> None:
    if not isinstance(content.get("message_id"), str):
        raise Refusal(131008, "Parameter 'reaction.message_id' is missing.")


def _interactive(content: Json) -> None:
    kind = content.get("type")
    if not isinstance(kind, str):
        raise Refusal(131008, "Parameter 'interactive.type' is missing.")
    body = content.get("body")
    if not isinstance(body, dict) or not isinstance(body.get("text"), str) or not body["text"]:
        raise Refusal(131008, "Parameter 'interactive.body.text' is missing.")
    if len(body["text"]) > _MAX_INTERACTIVE_BODY:
        raise Refusal(131009, f"Body text length invalid. Min length: 1, Max length: {_MAX_INTERACTIVE_BODY}")
    for part in ("header", "footer"):
        if not isinstance(content.get(part, {}), dict):
            raise Refusal(100, f"Param interactive['{part}'] must be a JSON object.")
    action = content.get("action")
    if not isinstance(action, dict):
        raise Refusal(131008, "Parameter 'interactive.action' is missing.")
    if kind == "button":
        buttons = action.get("buttons")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= _MAX_BUTTONS:
            raise Refusal(
                131009, f"Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: {_MAX_BUTTONS}"
            )


_CHECKS: Mapping[str, Callable[[Json], None]] = MappingProxyType(
    {
        "text": _text,
        "contacts": _contacts,
        "location": _location,
        "reaction": _reaction,
        "interactive": _interactive,
    }
)


def check_content(kind: str, content: Json) -> None:
    """Raise Refusal unless a message of this kind carries what it must."""
    if kind in MEDIA_TYPES:
        check_media(content, kind)
    elif kind in _CHECKS:
        _CHECKS[kind](content)
