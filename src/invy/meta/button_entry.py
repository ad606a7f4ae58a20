"""The buttons of one entry: the list `[[key.buttons]]`, or the brief's short form `button_type`, `button_url`, ….

Knows which keys each kind of button takes and which combinations Meta allows (components page, updated 2025-11-21).
"""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from invy.domain import template_limits as limits
from invy.domain.pattern import Pattern
from invy.domain.template import (
    Button,
    CopyCodeButton,
    FlowButton,
    PhoneButton,
    QuickReplyButton,
    UrlButton,
)
from invy.meta.toml_table import Table, parameter_name_fault

# The brief's keys for a template with one button, and the same thing in the list form.
SHORT_FORM: Final = {
    "button_type": "type",
    "button_text": "text",
    "button_url": "url",
    "button_param_key": "param_key",
}
_SHORT_NAMES: Final = {long: short for short, long in SHORT_FORM.items()}

_COMMON: Final = ("type", "text", "index")
_BUTTON_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "URL": ("url", "param_key"),
    "QUICK_REPLY": ("payload", "param_key"),
    "COPY_CODE": ("param_key",),
    "FLOW": ("token", "param_key", "data"),
    "PHONE_NUMBER": ("phone_number",),
}
BUTTON_KEYS: Final = tuple(
    dict.fromkeys((*_COMMON, *(key for keys in _BUTTON_KEYS.values() for key in keys)))
)

# Meta's own default for a flow that needs no token.
_NO_TOKEN: Final = "unused"  # noqa: S105 - a word, not a secret

_MOST: Final[dict[type[Button], tuple[int, str]]] = {
    UrlButton: (limits.URL_BUTTONS, "link buttons"),
    PhoneButton: (limits.PHONE_BUTTONS, "phone buttons"),
    CopyCodeButton: (limits.COPY_CODE_BUTTONS, "copy-code buttons"),
}


def read_buttons(entry: Table) -> tuple[Button, ...]:
    """The buttons in the order of their index. What is wrong goes to the entry's problems."""
    short = [key for key in SHORT_FORM if entry.has(key)]
    if "buttons" not in entry.data:
        return _short_form(entry) if short else ()
    if short:
        entry.problem(
            short[0], "is given beside a list of buttons", f"Move it into [[{entry.template}.buttons]]."
        )
    listed = entry.data["buttons"]
    if not isinstance(listed, list) or not all(isinstance(button, dict) for button in listed):
        entry.problem(
            "buttons",
            "is not a list of tables",
            f"Write each button under its own [[{entry.template}.buttons]].",
        )
        return ()
    if len(listed) > limits.BUTTONS:
        entry.problem("buttons", f"has {len(listed)} buttons", f"A template has at most {limits.BUTTONS}.")
        return ()
    buttons = [
        button
        for position, data in enumerate(listed)
        if (button := _read(_table(entry, data, f"button {position + 1}, "), position)) is not None
    ]
    return _arranged(entry, buttons)


def _table(entry: Table, data: Mapping[str, Any], path: str) -> Table:
    return Table(entry.source, entry.template, data, entry.problems, path)


def _short_form(entry: Table) -> tuple[Button, ...]:
    data = {long: entry.data[short] for short, long in SHORT_FORM.items() if entry.has(short)}
    if str(data.get("type", "")).upper() == "NONE" and len(data) == 1:
        return ()
    table = Table(entry.source, entry.template, data, entry.problems, written=_SHORT_NAMES)
    button = _read(table, 0)
    return () if button is None else (button,)


def _read(table: Table, position: int) -> Button | None:
    table.unknown_keys(BUTTON_KEYS, where="a button")
    kind = table.one_of("type", tuple(_BUTTON_KEYS), why_required="it says what the button does")
    if kind is None:
        return None
    for key in table.data:
        if key in BUTTON_KEYS and key not in (*_COMMON, *_BUTTON_KEYS[kind]) and table.has(key):
            allowed = ", ".join(_BUTTON_KEYS[kind])
            table.problem(key, f"does not belong to a button of type {kind}", f"That type takes {allowed}.")
    index = _index(table, position)
    label = table.short_text("text", limits.BUTTON_LABEL)
    match kind:
        case "URL":
            return _url_button(table, index, label)
        case "QUICK_REPLY":
            return QuickReplyButton(index, _text_or_key(table, "payload", limits.QUICK_REPLY_PAYLOAD), label)
        case "COPY_CODE":
            return _copy_code_button(table, index, label)
        case "FLOW":
            token = _text_or_key(table, "token", limits.FLOW_TOKEN) or Pattern(_NO_TOKEN)
            return FlowButton(index, token, _flow_data(table), label)
        case _:
            return PhoneButton(index, table.short_text("phone_number", limits.BUTTON_PHONE), label)


def _index(table: Table, position: int) -> int:
    index: object = table.data.get("index", position)
    if isinstance(index, str) and index.isascii() and index.isdigit():
        index = int(index[:3])
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < limits.BUTTONS:
        table.problem(
            "index",
            f"is not a whole number from 0 to {limits.BUTTONS - 1}",
            "The first button of the template has index 0. Leave the line out when all buttons are listed in order.",
        )
        return position
    return index


def _url_button(table: Table, index: int, label: str | None) -> UrlButton | None:
    url = table.text(
        "url", why_required="it is the link as it stands in the template", example="https://example.com/{{1}}"
    )
    key = table.parameter("param_key")
    if url is None:
        return None
    pattern = Pattern(url)
    if fix := _url_fix(pattern):
        table.problem("url", *fix)
    elif pattern.variables and key is None:
        table.problem(
            "param_key",
            "is missing: the link ends with a variable",
            'Name the parameter that fills it, such as "guest_token".',
        )
    elif key is not None and not pattern.variables:
        table.problem(
            "url",
            "has no variable at its end, and a parameter is named to fill it",
            "End the link with {{1}} as in the template, or remove the parameter.",
        )
    return UrlButton(index, pattern, key, label)


def _url_fix(pattern: Pattern) -> tuple[str, str] | None:
    """What is wrong with the link of a button, whatever fills it, and what to do."""
    try:
        parts = urlsplit(pattern.prefix)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole or any(character.isspace() for character in pattern.prefix):
        return "is not a full web address", "Begin it with https:// and a host name, without spaces."
    if len(pattern.source) > limits.BUTTON_URL:
        return f"has {len(pattern.source)} characters", f"A link has at most {limits.BUTTON_URL}."
    if pattern.has_stray_braces or len(pattern.variables) > 1:
        return "has more braces than one variable", "A link has at most one variable: {{1}} at its end."
    if pattern.variables and not pattern.ends_with_its_only_variable:
        return (
            "has its variable elsewhere than at the end",
            "Meta allows one variable, and only as the last thing in the link.",
        )
    return None


def _copy_code_button(table: Table, index: int, label: str | None) -> CopyCodeButton | None:
    why = "Meta needs the code with every message"
    key = table.parameter("param_key", why_required=why, example="coupon_code")
    return None if key is None else CopyCodeButton(index, key, label)


def _text_or_key(table: Table, key: str, limit: int) -> Pattern | None:
    """A fixed text that may hold `{{parameter}}`, or a parameter that gives the whole of it; None when neither is given."""
    text, parameter = table.text(key), table.parameter("param_key")
    if text is not None and parameter is not None:
        table.problem("param_key", f"is given beside {key}", f"Keep one: {key} may hold {{{{{parameter}}}}}.")
    if parameter is not None:
        return Pattern(f"{{{{{parameter}}}}}")
    if text is None:
        return None
    pattern = Pattern(text)
    if pattern.has_stray_braces:
        table.problem(key, "has double braces that are no parameter", "Write a parameter as {{event_id}}.")
    for variable in pattern.variables:
        if fault := parameter_name_fault(variable):
            table.problem(key, f"names a parameter that {fault}", "Write a parameter as {{event_id}}.")
    if pattern.literal_length > limit:
        table.problem(key, f"has {pattern.literal_length} characters", f"At most {limit} fit.")
    return pattern


def _flow_data(table: Table) -> tuple[tuple[str, str], ...]:
    given = table.data.get("data", {})
    if not isinstance(given, dict):
        table.problem("data", "is not a table", 'Write it as data = { guest = "contact_name" }.')
        return ()
    inner = Table(table.source, table.template, given, table.problems, f"{table.path}data.")
    pairs = []
    for field in given:
        if fault := parameter_name_fault(field):
            inner.problem(field, fault, "It is the name of a field of the flow's first screen.")
        if (key := inner.parameter(field, why_required="it names a parameter")) is not None:
            pairs.append((field, key))
    return tuple(pairs)


def _arranged(entry: Table, buttons: list[Button]) -> tuple[Button, ...]:
    """The buttons by index, after checking what Meta allows of them together."""
    for index, count in Counter(button.index for button in buttons).items():
        if count > 1:
            entry.problem(
                "buttons", f"has {count} buttons with index {index}", "Give each button its own place."
            )
    arranged = sorted(buttons, key=lambda button: button.index)
    for kind, (most, name) in _MOST.items():
        count = sum(isinstance(button, kind) for button in arranged)
        if count > most:
            entry.problem("buttons", f"has {count} {name}", f"A template has at most {most} of them.")
    turns = [isinstance(button, QuickReplyButton) for button in arranged]
    if sum(before != after for before, after in pairwise(turns)) > 1:
        entry.problem(
            "buttons",
            "mixes quick replies and other buttons",
            "Meta wants them in two groups: all quick replies first, or all of them last.",
        )
    return tuple(arranged)
