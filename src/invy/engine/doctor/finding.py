"""One finding of the doctor: a mark, what was seen, what it means and the exact next step, in English and Hebrew.

The words are data (`findings/*.toml`); a finding is an entry there with its values filled in. Refuses to know checks.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from invy.engine.doctor.section import Foundation, Section
from invy.meta.catalogue import Text


class Mark(StrEnum):
    """How a thing is. The order is that of gravity."""

    OK = "ok"
    SKIPPED = "skipped"  # not looked at, and it says because of what
    WARNING = "warning"  # works now, or could not be looked at; worth a person's attention
    FAILED = "failed"  # stands in the way of an invitation or of knowing its fate

    @property
    def sign(self) -> str:
        return _SIGNS[self]


_SIGNS: Final = {Mark.OK: "✓", Mark.SKIPPED: "–", Mark.WARNING: "!", Mark.FAILED: "✗"}

NOTHING: Final = Text(en="", he="")
Value = Text | str | int


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The words of one finding. What is fine needs neither a meaning nor a next step."""

    key: str
    mark: Mark
    seen: Text
    means: Text = NOTHING
    todo: Text = NOTHING
    breaks: tuple[Foundation, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` names the one of several things it is about: a template, an entity, a setting."""

    section: Section
    key: str
    mark: Mark
    seen: Text
    means: Text = NOTHING
    todo: Text = NOTHING
    about: str = ""
    breaks: tuple[Foundation, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """A small table beside it; its first row is the heading."""

    @property
    def identity(self) -> tuple[Section, str]:
        """What stays the same when the same thing is looked at again."""
        return (self.section, self.about)


def found(
    section: Section,
    key: str,
    given: Mapping[str, Value] | None = None,
    /,
    *,
    about: str = "",
    rows: tuple[tuple[str, ...], ...] = (),
    breaks: tuple[Foundation, ...] = (),
    **values: Value,
) -> Finding:
    """The finding `key` with its values filled in, those `given` and those named. KeyError when one is missing."""
    entry = entries()[key]
    texts = {name: _text(value) for name, value in {**(given or {}), **values}.items()}
    return Finding(
        section=section,
        key=key,
        mark=entry.mark,
        seen=_filled(entry.seen, texts),
        means=_filled(entry.means, texts),
        todo=_filled(entry.todo, texts),
        about=about,
        breaks=entry.breaks + breaks,
        rows=rows,
    )


@cache
def entries() -> Mapping[str, Entry]:
    """Every finding there is, by key."""
    known: dict[str, Entry] = {}
    for name in sorted(each.name for each in files("invy.engine.doctor.findings").iterdir()):
        if name.endswith(".toml") and name != _TITLES:
            for row in _table(name).get("finding", ()):
                entry = msgspec.convert(row, Entry)
                if entry.key in known:
                    raise ValueError(f"{name}: the finding {entry.key} is there twice; keep one")
                known[entry.key] = entry
    return known


@cache
def titles() -> Mapping[Section, Text]:
    """The heading of each section."""
    return msgspec.convert(_table(_TITLES)["section"], dict[Section, Text])


_TITLES: Final = "sections.toml"


def _table(name: str) -> Mapping[str, Any]:
    return tomllib.loads((files("invy.engine.doctor.findings") / name).read_text(encoding="utf-8"))


def _text(value: Value) -> Text:
    return value if isinstance(value, Text) else Text(en=str(value), he=str(value))


def _filled(text: Text, values: Mapping[str, Text]) -> Text:
    return Text(
        en=text.en.format_map({name: value.en for name, value in values.items()}),
        he=text.he.format_map({name: value.he for name, value in values.items()}),
    )
