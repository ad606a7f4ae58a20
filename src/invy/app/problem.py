"""What is wrong with the settings, said all at once: one line per problem, never the value of a secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from invy.domain.errors import ConfigurationError

HINT: Final = "Correct them where they are set, then see what Invy understands with `invy config show`."
_SHOWN: Final = 60

# pydantic's error types, and our own, in plain words; the braces take the limit that was broken.
_WORDS: Final[Mapping[str, str]] = {
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_parsing_size": "is far too large",
    "float_parsing": "is not a number",
    "finite_number": "is not a finite number",
    "bool_parsing": "is neither true nor false",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "enum": "is not one of {expected}",
    "outlasted": "must be more than INVY_SEND_TIMEOUT_S, which is {timeout:g}",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`origin` is where the value stands, `example` a whole right line such as `INVY_PORT=8000`."""

    name: str
    origin: str
    wrong: str
    example: str = ""

    def __str__(self) -> str:
        line = f"{self.name} ({self.origin}): {self.wrong}"
        return f"{line.rstrip('.')}. Example: {self.example}" if self.example else line


def error_of(problems: Sequence[Problem]) -> ConfigurationError:
    """One error for all of them, in the order found."""
    count = "1 setting cannot" if len(problems) == 1 else f"{len(problems)} settings cannot"
    lines = "\n".join(f"  {problem}" for problem in problems)
    return ConfigurationError(f"{count} be used:\n{lines}", hint=HINT)


def in_words(detail: ErrorDetails, value: str | None) -> str:
    """A pydantic complaint as a clause. `value` is what was given, or None when it must not be shown."""
    context = detail.get("ctx", {})
    if detail["type"] == "value_error":
        clause = str(context["error"])
    elif (words := _WORDS.get(detail["type"])) is not None:
        clause = words.format_map(context)
    else:
        clause = f"is refused: {detail['msg']}"
    if value is None:
        return f"the value {clause}"
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return f"{shown!r} {clause}"


def complaints(error: ValidationError) -> list[tuple[str, ErrorDetails]]:
    """(field, complaint), the first one of each field; a default that hangs on a wrong field is no complaint."""
    first: dict[str, ErrorDetails] = {}
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] != "default_factory_not_called":
            first.setdefault(cast("str", detail["loc"][0]), detail)
    return list(first.items())
