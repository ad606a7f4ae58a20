"""One entry of a file of templates becomes a `Template`, or a list of what to mend in it.

Knows the keys a user may write, the brief's short form among them, and Meta's rules for a template as a whole.
Refuses to know files, TOML syntax and the values of parameters.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from invy.domain import template_limits as limits
from invy.domain.ids import TemplateKey
from invy.domain.parameter import fault
from invy.domain.pattern import Pattern, is_variable_name
from invy.domain.template import Template, Variable, slots, unused
from invy.meta.button_entry import SHORT_FORM, read_buttons
from invy.meta.header_entry import HEADER_KEYS, read_header
from invy.meta.toml_table import Problem, Table, parameter_name_fault

_NAME: Final = re.compile(f"[a-z0-9_]{{1,{limits.NAME}}}")
# Meta's list of supported languages: a language, and for some a country: en, en_US, he, fil.
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
KEYS: Final = (
    "meta_name",
    "language_code",
    "parameter_format",
    *HEADER_KEYS,
    "body_params",
    "body",
    "footer",
    *SHORT_FORM,
    "buttons",
    "defaults",
)


def read_entry(source: str, key: str, data: Mapping[str, Any], problems: list[Problem]) -> Template | None:
    """The template that `data` describes, or None after adding to `problems` everything that is wrong with it."""
    before = len(problems)
    table = Table(source, key, data, problems)
    table.unknown_keys(KEYS, where="a template")
    name, language = _name(table), _language(table)
    named = _is_named(table)
    header = read_header(table, named=named)
    body = _body(table, named=named)
    template = Template(
        key=TemplateKey(key),
        name=name,
        language=language,
        header=header,
        body=body,
        buttons=read_buttons(table),
        body_text=_body_text(table, body, named=named),
        footer=table.short_text("footer", limits.FOOTER_TEXT),
        defaults=_defaults(table),
    )
    if (
        len(problems) == before
    ):  # else the parameters are not all known, and a good default would be called useless
        _check_use_of_defaults(table, template)
    _check_values_of_defaults(table, template)
    _check_room(table, template)
    return template if len(problems) == before else None


def _name(table: Table) -> str:
    name = table.text(
        "meta_name", why_required="it is the template's name at Meta", example=table.template.lower()
    )
    if name is None or _NAME.fullmatch(name):
        return name or ""
    if len(name) > limits.NAME:
        table.problem(
            "meta_name",
            f"has {len(name)} characters where Meta allows {limits.NAME}",
            "Use the name at Meta.",
        )
        return ""
    likely = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
    suggestion = f"Did you mean {likely}? " if likely else ""
    table.problem(
        "meta_name",
        "has other characters than a to z, 0 to 9 and the underscore",
        f"{suggestion}Copy the name from WhatsApp Manager.",
    )
    return ""


def _language(table: Table) -> str:
    code = table.text("language_code", why_required="a template is found by name and language", example="he")
    if code is None:
        return ""
    language, _, country = code.replace("-", "_").partition("_")
    language = {"iw": "he"}.get(language.lower(), language.lower())  # the old code of Hebrew
    likely = f"{language}_{country.upper()}" if country else language
    if code == likely and _LANGUAGE.fullmatch(code):
        return code
    suggestion = f"Did you mean {likely}? " if _LANGUAGE.fullmatch(likely) else ""
    table.problem(
        "language_code",
        f"is {code[:20]!r}, which is not a language code as Meta writes it",
        f"{suggestion}Use the code of the approved template, such as he, en or en_US; en and en_US are two languages.",
    )
    return ""


def _is_named(table: Table) -> bool:
    written = isinstance(table.data.get("body_params"), dict)
    parameter_format = table.one_of("parameter_format", ("POSITIONAL", "NAMED"))
    if written and parameter_format == "POSITIONAL":
        table.problem(
            "parameter_format",
            "is positional, and body_params gives names",
            'Write body_params as a list, or parameter_format = "named".',
        )
    return written or parameter_format == "NAMED"


def _body(table: Table, *, named: bool) -> tuple[Variable, ...]:
    given = table.data.get("body_params", [])
    if isinstance(given, dict):
        pairs = list(given.items())
    elif isinstance(given, list):
        pairs = [(key if named and isinstance(key, str) else None, key) for key in given]
    else:
        table.problem("body_params", "is not a list", 'Write it as body_params = ["contact_name"].')
        return ()
    variables = []
    for position, (name, key) in enumerate(pairs, start=1):
        place = f"body_params, item {position}," if isinstance(given, list) else f"body_params.{name}"
        if not isinstance(key, str) or not key.strip():
            table.problem(
                place, "is not the name of a parameter", 'Write a name in quotes, such as "contact_name".'
            )
        elif found := parameter_name_fault(key):
            table.problem(place, found, "Write the name of the parameter as it is given when sending.")
        elif name is not None and not is_variable_name(name):
            table.problem(
                place,
                "is not a name that a variable can have at Meta (a to z, 0 to 9 and the underscore)",
                'Write the variable\'s name and the parameter: body_params = { guest_name = "contact_name" }.',
            )
        else:
            variables.append(Variable(key, name))
    return tuple(variables)


def _body_text(table: Table, body: tuple[Variable, ...], *, named: bool) -> Pattern | None:
    text = table.pattern("body", limits.BODY_TEXT)
    if text is None:
        return None
    expected = [variable.name or str(position) for position, variable in enumerate(body, start=1)]
    if sorted(text.variables) != sorted(expected):
        spelt = ", ".join(f"{{{{{name}}}}}" for name in text.variables) or "none"
        wanted = ", ".join(f"{{{{{name}}}}}" for name in expected) or "none"
        kind = "named" if named else "positional"
        table.problem(
            "body",
            f"has the variables {spelt}, and body_params stands for {wanted} ({kind})",
            "Copy the text from WhatsApp Manager and list one parameter for each variable.",
        )
    return text


def _defaults(table: Table) -> tuple[tuple[str, str], ...]:
    given = table.data.get("defaults", {})
    if not isinstance(given, dict):
        table.problem(
            "defaults",
            "is not a table",
            f"Write it as [{table.template}.defaults] with a line per parameter.",
        )
        return ()
    inner = Table(table.source, table.template, given, table.problems, "defaults.")
    return tuple((key, value) for key in given if (value := inner.text(key)) is not None)


def _check_use_of_defaults(table: Table, template: Template) -> None:
    for key in unused(template, [key for key, _ in template.defaults]):
        used = ", ".join(dict.fromkeys(slot.key for slot in slots(template))) or "none"
        table.problem(
            f"defaults.{key}", "is not a parameter of this template", f"Its parameters are: {used}."
        )


def _check_values_of_defaults(table: Table, template: Template) -> None:
    for slot in slots(template):
        value = template.default(slot.key)
        if value is not None and (found := fault(slot.rule, value, slot.limit)):
            table.problem(f"defaults.{slot.key}", f"{found.what} (it is used for {slot.place})", found.fix)


def _check_room(table: Table, template: Template) -> None:
    """A fixed text that already fills its place leaves no room for the value."""
    for slot in slots(template):
        if slot.limit < 1:
            table.problem(
                "",
                f"leaves no room for the parameter {slot.key!r} in {slot.place}",
                "Shorten the fixed text.",
            )
