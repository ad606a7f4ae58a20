"""The sample list shows every kind of row, and every number in it is nobody's."""

import re

from invy.roster import ProblemKind, read
from invy.roster.samples import NAME, guests

NOBODYS = re.compile(r"\+97250000\d{4}|\+972504370045|\+447700900\d{3}|\+1\d{3}55501\d{2}")


def test_the_sample_has_about_forty_guests_of_whom_most_can_be_invited() -> None:
    roster = read(guests(), NAME, "IL")
    told = len(roster.guests) + len(roster.problems) + len(roster.duplicates)
    assert 40 <= told <= 50
    assert len(roster.guests) >= 30
    assert len(roster.duplicates) >= 3
    assert {problem.kind for problem in roster.problems} == {
        ProblemKind.PHONE_REFUSED,
        ProblemKind.PHONE_MISSING,
    }
    assert len({problem.reason for problem in roster.problems}) >= 6


def test_the_sample_has_names_in_three_alphabets() -> None:
    names = " ".join(guest.name for guest in read(guests(), NAME, "IL").guests)
    for letters in ("א-ת", "ء-ي", "A-Z"):
        assert re.search(f"[{letters}]", names)


def test_every_number_of_the_sample_is_reserved_for_fiction_or_plainly_artificial() -> None:
    roster = read(guests(), NAME, "IL")
    for phone in [guest.phone for guest in roster.guests] + [twin.phone for twin in roster.duplicates]:
        assert NOBODYS.fullmatch(phone)


def test_repeated_guests_of_the_sample_are_written_differently() -> None:
    roster = read(guests(), NAME, "IL")
    first = {guest.row: guest for guest in roster.guests}
    for twin in roster.duplicates:
        assert twin.raw_phone != first[twin.kept_row].raw_phone
