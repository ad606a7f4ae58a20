"""Meta's JSON and ours with people taken out: numbers masked, names and texts gone, other people's messages left out.

For files that leave the house. Ids stay, because a support case lives on them; note that a wamid holds its recipient's
number in base64, so even a masked file is for Meta's support only.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from invy.domain import phone

_PHONES: Final = frozenset(
    {"to", "from", "wa_id", "recipient_id", "recipient", "input", "phone", "to_phone", "from_phone"}
)
_TEXTS: Final = frozenset(
    {"text", "body", "caption", "payload", "coupon_code", "title", "description", "emoji"}
)
_NAMES: Final = frozenset({"name", "username", "profile", "address", "formatted_name"})
_FAULTS: Final = frozenset({"error", "errors", "failure"})
"""What stands in there are Meta's own words, which its support needs to read."""
_PEOPLE: Final = frozenset({"profile", "contacts"})
_ITEMS: Final = ("statuses", "messages")
_NOT_DIGITS: Final = re.compile(r"\D")
_DIGITS: Final = 7


def masked(value: Any, *, key: str = "", of_a_person: bool = False, of_a_fault: bool = False) -> Any:
    """The same shape with what tells of people masked."""
    if isinstance(value, Mapping):
        # A parameter's or message's own `text` object is looked into; only what is text itself is hidden.
        person, fault = of_a_person or key in _PEOPLE, of_a_fault or key in _FAULTS
        return {
            name: masked(each, key=name, of_a_person=person, of_a_fault=fault) for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(each, key=key, of_a_person=of_a_person, of_a_fault=of_a_fault) for each in value]
    if not isinstance(value, str):
        return value
    if key in _PHONES and len(_NOT_DIGITS.sub("", value)) >= _DIGITS:
        return phone.mask(_NOT_DIGITS.sub("", value))
    if (key in _TEXTS and not of_a_fault) or (of_a_person and key in _NAMES):
        return f"({len(value)} characters)"
    return value


def about_one(body: bytes, wamid: str | None, opaque: str) -> Any:
    """A webhook's body with only the items about one message, masked; None when it is no JSON object.

    What is left out is counted: a body may carry a thousand items about other people.
    """
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(root, dict):
        return None
    for entry in _objects(root.get("entry")):
        for change in _objects(entry.get("changes")):
            value = change.get("value")
            if isinstance(value, dict):
                change["value"] = _narrowed(value, wamid, opaque)
    return masked(root)


def _narrowed(value: dict[str, Any], wamid: str | None, opaque: str) -> dict[str, Any]:
    narrowed = dict(value)
    left_out = 0
    for name in _ITEMS:
        items = _objects(value.get(name))
        kept = [each for each in items if _is_about(each, wamid, opaque)]
        left_out += len(items) - len(kept)
        if name in value:
            narrowed[name] = kept
    if left_out:
        narrowed["left_out"] = f"{left_out} items about other messages"
        narrowed.pop("contacts", None)
    return narrowed


def _is_about(item: Mapping[str, Any], wamid: str | None, opaque: str) -> bool:
    context = item.get("context")
    named = {item.get("id"), context.get("id") if isinstance(context, dict) else None}
    return (wamid is not None and wamid in named) or item.get("biz_opaque_callback_data") == opaque


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
