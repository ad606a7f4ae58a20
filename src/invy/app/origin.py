"""Where a setting's value comes from: the environment, `.env`, a secret's file, or nowhere (the default).

It collects text and remembers its place. What the text means, and whether it is right, it refuses to know.
The environment wins over `.env`; an empty value counts as not set.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Final

from dotenv.parser import Binding, parse_stream

from invy.app.problem import Problem

FILE_SUFFIX: Final = "_FILE"
# Read by the tests only, so their presence is no mistake.
EXEMPT: Final = frozenset({"INVY_TEST_DATABASE_URL", "INVY_META_REFERENCE"})
_SECRET_FILE_MAX_BYTES: Final = 65_536


class OriginKind(StrEnum):
    DEFAULT = "default"
    ENVIRONMENT = "environment"
    DOTENV = ".env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Origin:
    """`place` is exact enough to go there: `environment`, `.env line 4`, `file /run/secrets/token`."""

    kind: OriginKind
    place: str

    def __str__(self) -> str:
        return self.place


DEFAULT: Final = Origin(OriginKind.DEFAULT, "default")
ENVIRONMENT: Final = Origin(OriginKind.ENVIRONMENT, "environment")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name to look for. `secret` text is kept as it stands; `from_file` adds the `*_FILE` variant."""

    name: str
    secret: bool
    from_file: bool


@dataclass(slots=True)
class Gathered:
    """The text found, by name, with its origin; what was wrong on the way; and names that look misspelt."""

    texts: dict[str, str] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lookalikes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Given:
    text: str
    origin: Origin


def gather(wanted: Iterable[Wanted], environ: Mapping[str, str], dotenv: Path | None) -> Gathered:
    """Everything that `wanted` names, from `environ` and the file `dotenv` (absent is fine)."""
    gathered = Gathered()
    given = _read_dotenv(dotenv, gathered.problems) if dotenv is not None else {}
    given |= {name: _Given(text, ENVIRONMENT) for name, text in environ.items() if text}
    known = set[str]()
    for want in wanted:
        known.add(want.name)
        found = given.get(want.name)
        if want.from_file:
            known.add(want.name + FILE_SUFFIX)
            found = _or_from_file(want, found, given.get(want.name + FILE_SUFFIX), gathered.problems)
        text = "" if found is None else found.text if want.secret else found.text.strip()
        if found is not None and text:
            gathered.texts[want.name] = text
            gathered.origins[want.name] = found.origin
    _judge_strangers(given, known, gathered)
    return gathered


def _or_from_file(
    want: Wanted, direct: _Given | None, file: _Given | None, problems: list[Problem]
) -> _Given | None:
    if file is None:
        return direct
    name, example = want.name + FILE_SUFFIX, f"{want.name}{FILE_SUFFIX}=/run/secrets/{want.name.lower()}"
    if direct is not None:
        wrong = f"{want.name} is given as well ({direct.origin}), and only one of the two may be"
        problems.append(Problem(name, str(file.origin), wrong, example))
        return direct
    path = Path(file.text.strip())
    try:
        with path.open("rb") as stream:
            content = stream.read(_SECRET_FILE_MAX_BYTES + 1)
        if len(content) > _SECRET_FILE_MAX_BYTES:
            wrong = f"the file {path} is larger than {_SECRET_FILE_MAX_BYTES} bytes, which no secret is"
        elif text := content.decode("utf-8-sig").strip():
            return _Given(text, Origin(OriginKind.FILE, f"file {path}"))
        else:
            wrong = f"the file {path} is empty"
    except (OSError, ValueError) as error:
        wrong = f"the file {path} cannot be read: {_reason(error)}"
    problems.append(Problem(name, str(file.origin), wrong, example))
    return None


def _read_dotenv(path: Path, problems: list[Problem]) -> dict[str, _Given]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(path.name, str(path), f"the file cannot be read: {_reason(error)}"))
        return {}
    given = dict[str, _Given]()
    for binding in parse_stream(io.StringIO(text)):
        place = f"{path} line {_line_of(binding)}"
        if binding.error or (binding.key is not None and binding.value is None):
            # The text is not repeated: a bad line may be the second half of a token.
            wrong = "the line is not NAME=value; is a quote left open, or a value broken over two lines?"
            problems.append(Problem(path.name, place, wrong, "INVY_DEFAULT_REGION=IL"))
        elif binding.key is not None and binding.value:
            given[binding.key] = _Given(binding.value, Origin(OriginKind.DOTENV, place))
    return given


def _line_of(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _judge_strangers(given: Mapping[str, _Given], known: set[str], gathered: Gathered) -> None:
    """An unknown `INVY_*` is an error. Other programs may own a `WHATSAPP_*`, so those are only remembered."""
    for name in sorted(given.keys() - known - EXEMPT):
        upper, place = name.upper(), str(given[name].origin)
        close = [upper] if upper in known else get_close_matches(upper, sorted(known), n=1, cutoff=0.6)
        if upper.startswith("INVY_"):
            meant = (
                f"there is no such setting; did you mean {close[0]}?" if close else "there is no such setting"
            )
            gathered.problems.append(Problem(name, place, meant))
        elif upper.startswith("WHATSAPP_") and close:
            gathered.lookalikes.setdefault(close[0].removesuffix(FILE_SUFFIX), f"{name} ({place})")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text; save it as UTF-8"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return str(error)
