"""The header of one entry: which keys each kind of header takes, and what Meta allows in it."""

from typing import Final

from invy.domain import template_limits as limits
from invy.domain.pattern import is_variable_name
from invy.domain.template import (
    Header,
    LocationHeader,
    MediaHeader,
    MediaKind,
    MediaSource,
    TextHeader,
    Variable,
)
from invy.meta.toml_table import Table

# The brief's header_handle_key takes a link or a media id; the other two say which, and insist on it.
_MEDIA_KEYS: Final = ("header_handle_key", "header_link_key", "header_id_key")
_KEYS_OF: Final[dict[str, tuple[str, ...]]] = {
    "TEXT": ("header_text", "header_param_key", "header_param_name"),
    "IMAGE": _MEDIA_KEYS,
    "VIDEO": _MEDIA_KEYS,
    "DOCUMENT": (*_MEDIA_KEYS, "header_filename", "header_filename_key"),
    "LOCATION": ("header_latitude_key", "header_longitude_key", "header_name_key", "header_address_key"),
    "NONE": (),
}
HEADER_KEYS: Final = ("header_type", *dict.fromkeys(key for keys in _KEYS_OF.values() for key in keys))


def read_header(table: Table, *, named: bool) -> Header | None:
    """The header, or None when there is none. What is wrong goes to the problems of `table`."""
    kind = table.one_of("header_type", tuple(_KEYS_OF))
    present = [key for keys in _KEYS_OF.values() for key in keys if table.has(key)]
    for key in dict.fromkeys(present):
        if kind is None and not table.has("header_type"):
            table.problem(
                key, "is given, and header_type is missing", 'Add a line such as header_type = "IMAGE".'
            )
        elif kind is not None and key not in _KEYS_OF[kind]:
            allowed = ", ".join(_KEYS_OF[kind]) or "no key at all"
            table.problem(key, f"does not belong to a header of type {kind}", f"That type takes {allowed}.")
    match kind:
        case None | "NONE":
            return None
        case "TEXT":
            return _text_header(table, named=named)
        case "LOCATION":
            return _location_header(table)
        case media:
            return _media_header(table, MediaKind(media.lower()))


def _text_header(table: Table, *, named: bool) -> TextHeader:
    text = table.pattern("header_text", limits.HEADER_TEXT)
    key = table.parameter("header_param_key")
    variables = () if text is None else text.variables
    if len(variables) > 1:
        table.problem(
            "header_text", f"has {len(variables)} variables", "A text header takes one; Meta allows no more."
        )
    elif text is not None and variables and key is None:
        table.problem(
            "header_param_key",
            "is missing: header_text has a variable",
            'Name the parameter that fills it, such as header_param_key = "event_name".',
        )
    elif text is not None and key is not None and not variables:
        table.problem(
            "header_text", "has no variable, and header_param_key fills one", "Write {{1}} where it stands."
        )
    if key is None:
        return TextHeader(None, text)
    name = table.text("header_param_name") or (variables[0] if variables else key)
    if named and not is_variable_name(name):
        table.problem(
            "header_param_name",
            f"would be {name[:40]!r}, and a named variable has only a to z, 0 to 9 and the underscore",
            'Give the name the variable has at Meta: header_param_name = "event_name".',
        )
    if not named and table.has("header_param_name"):
        table.problem("header_param_name", "is given, and variables are positional", "Remove it.")
    if not named and len(variables) == 1 and variables != ("1",):
        table.problem("header_text", "has a named variable, and variables are positional", "Write {{1}}.")
    return TextHeader(Variable(key, name if named else None), text)


def _media_header(table: Table, kind: MediaKind) -> MediaHeader | None:
    given = [key for key in _MEDIA_KEYS if table.has(key)]
    if len(given) > 1:
        table.problem(given[1], f"is given beside {given[0]}", "Keep one: a header has one file.")
        return None
    used = given[0] if given else "header_handle_key"
    why = f"every message must bring the {kind} of its header"
    key = table.parameter(used, why_required=why, example=f"invitation_{kind}_url")
    filename = table.short_text("header_filename", limits.FILENAME)
    filename_key = table.parameter("header_filename_key")
    if filename is not None and filename_key is not None:
        table.problem("header_filename_key", "is given beside header_filename", "Keep one of the two.")
    sources = dict(zip(_MEDIA_KEYS, (MediaSource.EITHER, MediaSource.LINK, MediaSource.ID), strict=True))
    return None if key is None else MediaHeader(kind, key, sources[used], filename, filename_key)


def _location_header(table: Table) -> LocationHeader | None:
    why = "a location header needs both latitude and longitude"
    latitude = table.parameter("header_latitude_key", why_required=why, example="venue_latitude")
    longitude = table.parameter("header_longitude_key", why_required=why, example="venue_longitude")
    name, address = table.parameter("header_name_key"), table.parameter("header_address_key")
    return (
        None if latitude is None or longitude is None else LocationHeader(latitude, longitude, name, address)
    )
