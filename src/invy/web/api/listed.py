"""A guest list that came with a request, as JSON or as the bytes of a file: what becomes of every row."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from invy.domain.guest import Imported
from invy.roster import Duplicate, GuestRow, Problem, ProblemKind, Roster
from invy.roster.judge import Candidate, Judge
from invy.web.api.fields import Value

SHOWN: Final = 10_000
"""How many rows of each kind are told one by one; all are counted."""

_ABOUT_THE_FILE: Final = {ProblemKind.FILE_EMPTY, ProblemKind.FILE_UNREADABLE, ProblemKind.NO_PHONE_COLUMN}


class NewGuest(BaseModel):
    """A guest to put on the list."""

    model_config = ConfigDict(extra="forbid")

    name: Value = Field(default="", examples=["איילה חורב"])
    phone: Value = Field(description="In any form.", examples=["+44 7700 900123"])
    params: dict[str, Value] = Field(default={}, description="Values for templates, of this guest alone.")


class GuestList(BaseModel):
    """Guests to put on the list. Row 1 in the answer is the first of them."""

    model_config = ConfigDict(extra="forbid")

    guests: Annotated[list[NewGuest], Field(min_length=1)]


class RowProblem(BaseModel):
    """A row that was not taken. Row 0 is the file as a whole."""

    model_config = ConfigDict(from_attributes=True)

    row: int
    column: str
    value: str
    reason: str
    suggestion: str
    kind: ProblemKind


class RowDuplicate(BaseModel):
    """A row whose number an earlier row has already."""

    model_config = ConfigDict(from_attributes=True)

    row: int
    name: str
    phone: str
    raw_phone: str
    kept_row: int


class RowWarning(BaseModel):
    """A row that was taken, and what to look at."""

    model_config = ConfigDict(from_attributes=True)

    row: int
    name: str
    phone: str
    warnings: list[str]


class ImportShown(BaseModel):
    """What became of the list: every row is in exactly one of the counts, blank rows and headings aside."""

    source: str = Field(description="How the file was understood.")
    new: int = Field(description="Guests who were not on the list.")
    changed: int = Field(description="Guests who were, with another name or other values.")
    same: int = Field(description="Guests who were, exactly so.")
    problem_count: int
    duplicate_count: int
    problems: list[RowProblem] = Field(description=f"The first {SHOWN} of them.")
    duplicates: list[RowDuplicate] = Field(description=f"The first {SHOWN} of them.")
    warnings: list[RowWarning] = Field(description=f"The first {SHOWN} of them.")


def judged(given: GuestList, region: str) -> Roster:
    """A JSON list under the same rules as a file."""
    judge = Judge(region)
    rows = [
        judge.candidate(
            Candidate(
                row,
                guest.name,
                [("phone", guest.phone)] if guest.phone.strip() else [],
                "phone",
                guest.params,
            )
        )
        for row, guest in enumerate(given.guests, start=1)
    ]
    return Roster(
        source="JSON",
        guests=tuple(row for row in rows if isinstance(row, GuestRow)),
        problems=tuple(row for row in rows if isinstance(row, Problem)),
        duplicates=tuple(row for row in rows if isinstance(row, Duplicate)),
    )


def useless(roster: Roster) -> list[Problem]:
    """Why nothing at all could be taken from the file, if it is the file's fault rather than that of its rows."""
    return [] if roster.guests else [each for each in roster.problems if each.kind in _ABOUT_THE_FILE]


def report(roster: Roster, done: Imported) -> ImportShown:
    warned = [guest for guest in roster.guests if guest.warnings]
    return ImportShown(
        source=roster.source,
        new=done.new,
        changed=done.changed,
        same=done.same,
        problem_count=len(roster.problems),
        duplicate_count=len(roster.duplicates),
        problems=[RowProblem.model_validate(each) for each in roster.problems[:SHOWN]],
        duplicates=[RowDuplicate.model_validate(each) for each in roster.duplicates[:SHOWN]],
        warnings=[RowWarning.model_validate(each) for each in warned[:SHOWN]],
    )
