"""What the guest will see, as plain text, from a template and whatever parameters there are.

Never refuses: what is not known yet stays visible as `{{key}}`, and a template without a local copy of its text shows
its values instead. Whether the message may be sent is for `rendering` to say.
"""

import re
from collections.abc import Iterator, Mapping

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

# Control characters could command a terminal, and half characters cannot be printed at all.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def preview(template: Template, params: Mapping[str, object]) -> str:
    """Header, body, footer and buttons, one block each, separated by empty lines."""
    blocks = [_header(template.header, template, params), _body(template, params), template.footer or ""]
    buttons = "\n".join(_buttons(template, params))
    return "\n\n".join(block for block in (*blocks, buttons) if block)


def _value(key: str, template: Template, params: Mapping[str, object]) -> str:
    value = params.get(key, template.default(key))
    if not isinstance(value, str) or not value.strip():
        return f"{{{{{key}}}}}"
    return _UNSHOWABLE.sub("\ufffd", value)


def _body(template: Template, params: Mapping[str, object]) -> str:
    values = {
        variable.name or str(position): _value(variable.key, template, params)
        for position, variable in enumerate(template.body, start=1)
    }
    if template.body_text is not None:
        return template.body_text.fill(values)
    lines = [f"(the text of {template.name} in {template.language}, as approved at Meta)"]
    lines.extend(f"{{{{{name}}}}} = {value}" for name, value in values.items())
    return "\n".join(lines)


def _header(header: Header | None, template: Template, params: Mapping[str, object]) -> str:
    match header:
        case None:
            return ""
        case TextHeader(variable=variable, text=text):
            value = "" if variable is None else _value(variable.key, template, params)
            name = "1" if variable is None else variable.name or "1"
            return value if text is None else text.fill({name: value})
        case MediaHeader(kind=kind, key=key):
            shown = f"[{kind}] {_value(key, template, params)}"
            filename = header.filename
            if header.filename_key is not None:
                filename = _value(header.filename_key, template, params)
            return shown if filename is None else f"{shown} ({filename})"
        case LocationHeader():
            keys = (header.name_key, header.address_key, header.latitude_key, header.longitude_key)
            return "[location] " + ", ".join(_value(key, template, params) for key in keys if key)


def _buttons(template: Template, params: Mapping[str, object]) -> Iterator[str]:
    for button in template.buttons:
        label = button.label or _UNLABELLED[type(button)]
        target = _target(button, template, params)
        yield f"[{label}]" + (f" → {target}" if target else "")


_UNLABELLED: dict[type[Button], str] = {
    UrlButton: "link",
    QuickReplyButton: "quick reply",
    CopyCodeButton: "copy code",
    FlowButton: "form",
    PhoneButton: "call",
}


def _target(button: Button, template: Template, params: Mapping[str, object]) -> str | None:
    match button:
        case UrlButton(url=url, key=key):
            return (
                url.source
                if key is None
                else url.fill(dict.fromkeys(url.variables, _value(key, template, params)))
            )
        case CopyCodeButton(key=key):
            return _value(key, template, params)
        case PhoneButton(phone_number=phone_number):
            return phone_number
        case QuickReplyButton() | FlowButton():
            return None  # a payload and a token are not for the guest's eyes
