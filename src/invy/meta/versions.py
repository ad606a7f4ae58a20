"""Graph API versions: when Meta released each one and until when it answers.

A table and one question about it. It refuses to know which version is configured and what day it is: both are
handed in. Meta does not refuse an expired version, it silently serves the oldest one still usable instead, so
nothing fails and behaviour may change unannounced; that is why an expired version is worth a word.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

SOURCE: Final = "Meta's Graph API changelog, versions page"
READ_ON: Final = date(2026, 11, 22)
RECOMMENDED: Final = "v25.0"
EXPIRING_WITHIN: Final = timedelta(days=90)

_FORM: Final = re.compile(r"v(\d{1,3})\.(\d)", re.ASCII)


class State(StrEnum):
    """What a version is worth on a given day."""

    EXPIRED = "expired"
    EXPIRING = "expiring"
    CURRENT = "current"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GraphVersion:
    """One row of Meta's table. `ends_on` is None while Meta has not announced an end."""

    name: str
    released_on: date
    ends_on: date | None
    remark: str = ""

    def expired(self, today: date) -> bool:
        """The printed end is counted as the first day the version is gone: too early warns, too late does not."""
        return self.ends_on is not None and today >= self.ends_on


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer of `status`: the state, a sentence for a person, and the row it rests on, if there is one."""

    version: str
    state: State
    words: str
    row: GraphVersion | None = None


# Newest first. All rows: SOURCE, read on READ_ON.
VERSIONS: Final[tuple[GraphVersion, ...]] = (
    GraphVersion("v26.0", date(2026, 7, 29), None),
    GraphVersion("v25.0", date(2026, 2, 18), date(2028, 7, 29)),
    GraphVersion("v24.0", date(2025, 10, 8), date(2028, 2, 18)),
    GraphVersion("v23.0", date(2025, 5, 29), date(2027, 10, 8)),
    GraphVersion(
        "v22.0",
        date(2025, 1, 21),
        date(2027, 5, 20),
        remark="as Meta prints it, though versions usually end two years after their successor came: 2027-05-29",
    ),
    GraphVersion("v21.0", date(2024, 10, 2), date(2027, 1, 21)),
    GraphVersion("v20.0", date(2024, 5, 21), date(2026, 9, 24)),
    GraphVersion("v19.0", date(2024, 1, 23), date(2026, 5, 21)),
    GraphVersion("v18.0", date(2023, 9, 12), date(2026, 1, 26)),
    GraphVersion("v17.0", date(2023, 5, 23), date(2025, 9, 12)),
)
_BY_NAME: Final = {row.name: row for row in VERSIONS}


def number(version: str) -> tuple[int, int] | None:
    """`v25.0` as (25, 0), comparable; None when the text is not a version at all."""
    match = _FORM.fullmatch(version)
    return (int(match[1]), int(match[2])) if match else None


def oldest_usable(today: date) -> GraphVersion:
    """The version that Meta serves in place of an expired one on that day."""
    return next((row for row in reversed(VERSIONS) if not row.expired(today)), VERSIONS[0])


def status(version: str, today: date) -> Standing:
    """What `version` is worth on `today`. Total: any text gets an answer, at worst `unknown`."""
    row = _BY_NAME.get(version)
    if row is not None:
        return _known(row, today)
    parsed = number(version)
    if parsed is None:
        return Standing(
            version, State.UNKNOWN, f"{version!r} is not a Graph API version; one looks like {RECOMMENDED}."
        )
    oldest, newest = number(VERSIONS[-1].name), number(VERSIONS[0].name)
    assert oldest is not None
    assert newest is not None
    # Versions end in the order in which they came, so what is older than an expired one is expired.
    if parsed < oldest and VERSIONS[-1].expired(today):
        words = f"{version} has expired, it is older than {VERSIONS[-1].name}: {_instead(today)}"
        return Standing(version, State.EXPIRED, words)
    where = "newer than" if parsed > newest else "not among"
    words = (
        f"{version} is {where} the versions known here, {VERSIONS[-1].name} to {VERSIONS[0].name} "
        f"as of {READ_ON}; look it up in Meta's changelog."
    )
    return Standing(version, State.UNKNOWN, words)


def _known(row: GraphVersion, today: date) -> Standing:
    if row.ends_on is None:
        return Standing(
            row.name, State.CURRENT, f"{row.name} is current; Meta has announced no end for it.", row
        )
    if row.expired(today):
        words = f"{row.name} expired on {row.ends_on}: {_instead(today)}"
        return Standing(row.name, State.EXPIRED, words, row)
    left = (row.ends_on - today).days
    if row.ends_on - today <= EXPIRING_WITHIN:
        words = (
            f"{row.name} ends on {row.ends_on}, in {left} {'day' if left == 1 else 'days'}: "
            f"set WHATSAPP_API_VERSION={RECOMMENDED} before that and send a test message."
        )
        return Standing(row.name, State.EXPIRING, words, row)
    return Standing(row.name, State.CURRENT, f"{row.name} is current, until {row.ends_on}.", row)


def _instead(today: date) -> str:
    served = oldest_usable(today).name
    return (
        f"Meta silently serves such calls as {served}, the oldest one still usable. "
        f"Set WHATSAPP_API_VERSION={RECOMMENDED} and send a test message."
    )
