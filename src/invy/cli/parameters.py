"""`--param name=value`: the values that fill a template, as typed."""

import difflib
from collections.abc import Mapping, Sequence

from invy.domain import template as templates
from invy.domain.errors import InvalidInput
from invy.domain.template import Template


def read(given: Sequence[str] | None) -> dict[str, str]:
    """The values by name.

    Raises:
        InvalidInput: one is not name=value, is there twice, or is not text.
    """
    found: dict[str, str] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InvalidInput(
                f"--param {text!r} is not of the form name=value.",
                hint='Write for example --param contact_name="Ayala Horev".',
            )
        if name in found:
            raise InvalidInput(f"--param {name} is given twice.", hint="Keep one of the two.")
        if any("\ud800" <= mark <= "\udfff" for mark in value):
            raise InvalidInput(
                f"The value of --param {name} is not valid text.", hint="Set your terminal to UTF-8."
            )
        found[name] = value
    return found


def strangers(template: Template, given: Mapping[str, str]) -> list[str]:
    """A sentence for each value that the template does nothing with: harmless, and often a slip of the pen."""
    wanted = [slot.key for slot in templates.slots(template)]
    told = []
    for name in templates.unused(template, given):
        near = difflib.get_close_matches(name, wanted, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        told.append(f"The template {template.key} does nothing with --param {name}.{meant}")
    return told
