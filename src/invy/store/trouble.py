"""What a driver's error says about the database as a whole: away, closed to us, or damaged. Knows codes and sentences only.

An error that is not found here is about the statement or its values, and is somebody's defect.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True, slots=True)
class Trouble:
    """A way in which the database, not the statement, is at fault. Each may end while the process goes on."""

    what: str
    hint: str
    codes: tuple[str, ...]
    """How the SQLSTATE begins: a class of two characters, or the whole code."""
    words: tuple[str, ...] = ()
    """SQLite tells no codes here, only sentences."""


AWAY: Final = Trouble(
    "The database cannot be used now",
    "Check that the database is running, that its disk has room, and try again: nothing was lost.",
    (
        *(
            "08",
            "40",
            "53",
            "55",
            "57",
            "58",
        ),  # connection, serialisation, resources, not available, shut down, disk
        *(
            "25006",
            "25P03",
            "25P04",
            "42501",
        ),  # read-only (a primary that was demoted), silent for too long, taking too long, no permission
    ),
    (
        "locked",
        "busy",
        "full",
        "disk i/o",
        "unable to open",
        "readonly",
        "read-only",
        "connection is closed",
        "connection was closed",
        "connection does not exist",
    ),
)
_CLOSED: Final = Trouble(
    "The database does not let us in",
    "Check the user, the password and the name of the database in INVY_DATABASE_URL. The database itself must be made "
    "beforehand, with createdb for example.",
    ("28", "3D"),
)
_DAMAGED: Final = Trouble(
    "The database is damaged, or that file is no database",
    "Check that INVY_DATABASE_URL names the right one. If it does, stop whatever uses it, keep a copy of it, and put the "
    "last backup into a new one: invy restore FILE",
    ("XX001", "XX002"),
    ("file is not a database", "disk image is malformed", "malformed database schema"),
)
_EMPTIED: Final = Trouble(
    "The database has lost tables that it had, or another one has taken its place",
    "Look which database INVY_DATABASE_URL names. If it is the right one, put the last backup into a new one: "
    "invy restore FILE",
    ("42703", "42P01"),
    ("no such table", "no such column"),
)
_ALL: Final = (AWAY, _CLOSED, _DAMAGED, _EMPTIED)


_DEADLOCK: Final = "40P01"


def is_crossing(error: DBAPIError) -> bool:
    """Whether the database ended a transaction because it and another waited for each other."""
    return _code(error) == _DEADLOCK


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def of(error: DBAPIError) -> Trouble | None:
    """The trouble with the database that this error tells of, if it does."""
    code = _code(error)
    said = str(error.orig).lower()
    for trouble in _ALL:
        if (
            str(code).startswith(trouble.codes)
            if code is not None
            else any(word in said for word in trouble.words)
        ):
            return trouble
    return AWAY if error.connection_invalidated else None
