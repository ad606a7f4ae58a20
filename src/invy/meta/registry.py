"""A file of templates: TOML text in, templates by key out, or one error that lists everything to mend.

Knows TOML syntax and the layout of the file. Refuses to know the disk: whoever has the text hands it in with its name.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from invy.domain.errors import NotFound, TemplateInvalid
from invy.domain.template import Template
from invy.meta.entry import read_entry
from invy.meta.toml_table import Problem

# What TOML allows in a table's name without quotes; keys are typed on command lines and stand in links.
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_GROUP: Final = "templates"
# What people write where TOML wants something else, and how to put it right. The first that fits is told.
_SYNTAX_FIXES: Final = (
    (re.compile("=\\s*[“”„‘’״]"), 'The line has curly quotes; use straight ones: ".'),
    (
        re.compile(r"""^\s*["']?[A-Za-z_]+["']?\s*:"""),
        'Write the key without quotes and = instead of a colon, and no comma at the end: meta_name = "x".',
    ),
    (re.compile(r"""=.*["'\]]\s*,\s*$"""), "Remove the comma at the end of the line."),
    (re.compile(r"""^\s*[A-Za-z_]+\s*=\s*[^\s"'\[{0-9+-]"""), 'Put the value in quotes: key = "value".'),
    (re.compile(r"^\s*[A-Za-z_]+\s*=\s*$"), 'Put a value after the =, in quotes: key = "value".'),
    (
        re.compile(r"\\"),
        "A backslash is special inside double quotes; write it twice, or use single quotes.",
    ),
)


@dataclass(frozen=True, slots=True)
class Registry:
    """The templates of one file, by key, in the order of the file."""

    source: str
    templates: Mapping[str, Template]

    def get(self, key: str) -> Template:
        """The template under `key`.

        Raises:
            NotFound: there is none; the hint names the nearest key, or all of them.
        """
        found = self.templates.get(key)
        if found is not None:
            return found
        near = difflib.get_close_matches(key, self.templates, n=1)
        known = ", ".join(self.templates)
        if near:
            hint = f"Did you mean {near[0]!r}?"
        elif known:
            hint = f"The file has: {known}."
        else:
            hint = "The file has no template yet; docs/templates.md shows how to write one."
        raise NotFound(f"There is no template {key[:128]!r} in {self.source}.", hint=hint)

    __getitem__ = get

    def keys(self) -> tuple[str, ...]:
        return tuple(self.templates)

    def __iter__(self) -> Iterator[str]:
        return iter(self.templates)

    def __len__(self) -> int:
        return len(self.templates)

    def __contains__(self, key: object) -> bool:
        return key in self.templates


def load(text: str, source: str) -> Registry:
    """Reads the text of a file of templates. `source` is what to call the file in messages.

    Raises:
        TemplateInvalid: with one line for every problem in the file: where it is, what it is, and the fix.
    """
    templates, found = _read(text, source)
    if found:
        count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        lines = "\n".join(f"  {problem}" for problem in found)
        raise TemplateInvalid(
            f"{source} has {count}; no template of it can be used until they are mended:\n{lines}",
            hint=f"Edit {source} as the lines say; docs/templates.md explains every key.",
        )
    return Registry(source, templates)


def problems(text: str, source: str) -> tuple[Problem, ...]:
    """Everything `load` would complain of, one by one; empty when the file is good."""
    return tuple(_read(text, source)[1])


def sample() -> str:
    """The commented file that a new installation starts from; it has `hina_invitation`."""
    return files("invy.meta").joinpath("samples", "templates.toml").read_text(encoding="utf-8")


def _read(text: str, source: str) -> tuple[dict[str, Template], list[Problem]]:
    found: list[Problem] = []
    templates: dict[str, Template] = {}
    for key, data in _entries(_parse(text, source, found), source, found):
        template = read_entry(source, key, data, found)
        if template is not None:
            templates[key] = template
    return templates, found


def _parse(text: str, source: str, found: list[Problem]) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))  # Windows Notepad puts a mark in front
    except RecursionError:
        found.append(
            Problem(source, "", "", "is nested too deeply to read", "A template needs three levels at most.")
        )
    except ValueError as error:  # TOMLDecodeError, and numbers too long for Python
        found.append(_syntax_problem(text, source, str(error)))
    return {}


def _syntax_problem(text: str, source: str, complaint: str) -> Problem:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", complaint)
    lines = text.splitlines()
    number = int(place[1]) if place and place[1] else max(len(lines), 1)
    line = lines[number - 1] if number <= len(lines) else ""
    what = complaint[: place.start()] if place else complaint
    column = f", column {place[2]}" if place and place[2] else ""
    return Problem(
        f"{source}, line {number}{column}",
        "",
        "",
        f"is not valid TOML: {what}",
        _syntax_fix(text, line, what),
    )


def _syntax_fix(text: str, line: str, what: str) -> str:
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return (
            "This looks like JSON or Python. Write [my_template] on a line of its own,"
            ' then lines such as meta_name = "x".'
        )
    if "overwrite" in what or "twice" in what:
        return "The same key or the same [table] is there twice; keep one."
    fixes = (fix for cause, fix in _SYNTAX_FIXES if cause.search(line))
    return next(fixes, "Look at this line and the one before: quotes and brackets must be closed.")


def _entries(
    document: Mapping[str, Any], source: str, found: list[Problem]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The entries of both forms, `[key]` and `[templates.key]`."""
    group = document.get(_GROUP, {})
    if not isinstance(group, dict):
        group = {_GROUP: group}
    seen: set[str] = set()
    for key, data in [*group.items(), *((key, data) for key, data in document.items() if key != _GROUP)]:
        if not isinstance(data, dict):
            what = "stands outside of any template"
            found.append(
                Problem(
                    source,
                    "",
                    key,
                    what,
                    f"Put it below a line with the template's key, such as [{_example(key)}].",
                )
            )
        elif not _KEY.fullmatch(key):
            what = "is not a key that can be used"
            found.append(Problem(source, key[:64], "", what, "Use letters A to Z, digits, - and _ only."))
        elif key in seen:
            what = f"is there twice, as [{key}] and as [{_GROUP}.{key}]"
            found.append(Problem(source, key, "", what, "Keep one of the two."))
        else:
            seen.add(key)
            yield key, data


def _example(key: str) -> str:
    return "hina_invitation" if key != _GROUP else f"{_GROUP}.hina_invitation"
