"""A text with variables in Meta's notation: `Hello {{1}}`, `Hello {{guest_name}}`.

Knows where the variables are and how to fill them. Refuses to know which values belong to them or what they may contain.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
# Overview page: names are lowercase letters and underscores. Meta takes digits too, though not in the first place.
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def is_variable_name(name: str) -> bool:
    """Whether Meta would take `name` as the name of a named variable."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Pattern:
    source: str

    @property
    def variables(self) -> tuple[str, ...]:
        """The names between the braces, each once, in order of appearance."""
        return tuple(dict.fromkeys(_VARIABLE.findall(self.source)))

    @property
    def literal_length(self) -> int:
        """How many characters are fixed, whatever the values."""
        return len(_VARIABLE.sub("", self.source))

    @property
    def has_stray_braces(self) -> bool:
        """Whether something looks like a variable and is none: `{{1}`, `{{}}`."""
        rest = _VARIABLE.sub("", self.source)
        return "{{" in rest or "}}" in rest or "" in self.variables

    @property
    def ends_with_its_only_variable(self) -> bool:
        found = list(_VARIABLE.finditer(self.source))
        return len(found) == 1 and found[0].end() == len(self.source)

    @property
    def prefix(self) -> str:
        """What stands before the first variable; the whole text when there is none."""
        found = _VARIABLE.search(self.source)
        return self.source if found is None else self.source[: found.start()]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every known variable replaced; unknown ones stay visible as `{{name}}`."""
        return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), self.source)
