"""One TOML table being read: hands out checked values, and collects every problem instead of stopping at the first.

Knows types and spelling. Refuses to know what the keys mean.
"""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from invy.domain.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in a file of templates. `key` is the dotted name inside the entry, empty for the entry itself."""

    source: str
    template: str
    key: str
    what: str
    fix: str

    def __str__(self) -> str:
        place = "".join((f" [{self.template}]" if self.template else "", f" {self.key}" if self.key else ""))
        return f"{self.source}:{place} {self.what}. {self.fix}"


@dataclass(slots=True)
class Table:
    """`path` stands before each key in a problem; `written` gives the names that stand in the file under another form."""

    source: str
    template: str
    data: Mapping[str, Any]
    problems: list[Problem]
    path: str = ""
    written: Mapping[str, str] = field(default_factory=dict)

    def problem(self, key: str, what: str, fix: str) -> None:
        name = self.written.get(key, self.path + key)
        self.problems.append(Problem(self.source, self.template, name, what, fix))

    def has(self, key: str) -> bool:
        """Whether the key is there and not left empty."""
        return bool(self.data.get(key, "") != "")

    def text(self, key: str, *, why_required: str = "", example: str = "") -> str | None:
        """The text under `key`, or None when it is absent, left empty or no text. `why_required` makes absence a problem."""
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.problem(
                key, f"is {_kind(value)} where a text is expected", f'Put it in quotes: {key} = "…".'
            )
            return None
        if value.strip():
            return value
        if value:
            self.problem(key, "has only spaces in it", "Give it a value, or remove the line.")
        elif why_required:
            self.problem(key, f"is missing: {why_required}", f'Add a line such as {key} = "{example}".')
        return None

    def short_text(self, key: str, limit: int) -> str | None:
        """The text under `key`, of at most `limit` characters."""
        text = self.text(key)
        if text is not None and len(text) > limit:
            self.problem(
                key,
                f"has {len(text)} characters where at most {limit} are allowed",
                "Copy it from the template at Meta.",
            )
            return None
        return text

    def pattern(self, key: str, limit: int) -> Pattern | None:
        """The text under `key`, which may hold variables."""
        text = self.short_text(key, limit)
        if text is None:
            return None
        if Pattern(text).has_stray_braces:
            self.problem(
                key, "has double braces that are no variable", "Write variables as {{1}} or {{guest_name}}."
            )
            return None
        return Pattern(text)

    def parameter(self, key: str, *, why_required: str = "", example: str = "guest_name") -> str | None:
        """The name of a parameter, whose value is given when sending."""
        name = self.text(key, why_required=why_required, example=example)
        if name is not None and (fault := parameter_name_fault(name)):
            self.problem(
                key, fault, "It names the parameter whose value is given when sending, such as contact_name."
            )
            return None
        return name

    def one_of(self, key: str, choices: Collection[str], *, why_required: str = "") -> str | None:
        """One of `choices`, in whatever case it is written."""
        value = self.text(key, why_required=why_required, example=next(iter(choices)))
        if value is None or value.upper() in choices:
            return value and value.upper()
        fix = f"Choose one of {', '.join(choices)}."
        self.problem(
            key, f"is {value[:40]!r}, which is not known here", _did_you_mean(value.upper(), choices) + fix
        )
        return None

    def unknown_keys(self, known: Collection[str], *, where: str) -> None:
        """Reports every key that is not known, with the one that was probably meant."""
        for key in self.data:
            if key not in known:
                fix = _did_you_mean(key, known) or "Remove it. "
                self.problem(key, "is not a key of " + where, fix + "docs/templates.md lists the keys.")


def parameter_name_fault(name: str) -> str | None:
    if name != name.strip():
        return "begins or ends with a space"
    if not name.isprintable() or "{" in name or "}" in name:
        return "has braces or invisible characters in it"
    return None


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}? " if near else ""


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")
