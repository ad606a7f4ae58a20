"""No row is lost and none is told twice, whatever the file holds; and large lists are read in passing."""

import csv
import io
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from invy.roster import Entry, Roster, read, rows

CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "0504370045", "050-000-0001", "+972 50-000-0001", "12", "name", "phone", "שם", "٠٥٠", '"']
    ),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12),
)


def everywhere(roster: Roster) -> list[int]:
    entries: Iterable[Entry] = (*roster.guests, *roster.problems, *roster.duplicates)
    return sorted([entry.row for entry in entries if entry.row] + [*roster.headings, *roster.blank])


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1255", "cp1256"]),
)
def test_every_row_is_exactly_one_of_guest_problem_duplicate_heading_or_blank(
    table: list[list[str]], delimiter: str, encoding: str
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerows([["name", "phone"], ["Dana", "+44 7700 900123"], *table])
    roster = read(buffer.getvalue().encode(encoding, "replace"), "guests.csv", "IL")
    assert everywhere(roster) == list(range(1, len(table) + 3))
    assert roster.guests[0].phone == "+447700900123"


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_any_bytes_at_all_are_told_row_by_row_without_a_gap(content: bytes) -> None:
    told = everywhere(read(content, "guests.csv", "IL"))
    assert told == list(range(1, len(told) + 1))


@given(
    st.lists(
        st.sampled_from(['"', ",", "\n", "a", "0504370045", "\r", "name,phone\n", '""', "\0"]), max_size=60
    )
)
def test_quotes_and_line_ends_in_any_order_are_told_row_by_row_without_a_gap(scraps: list[str]) -> None:
    told = everywhere(read("".join(scraps).encode(), "guests.csv", "IL"))
    assert told == list(range(1, len(told) + 1))


@given(
    st.lists(
        st.sampled_from(["BEGIN:VCARD\n", "END:VCARD\n", "FN:A\n", "TEL:0504370045\n", " x\n", "=\n"]),
        max_size=20,
    )
)
def test_contact_cards_in_any_order_of_lines_are_told_card_by_card(lines: list[str]) -> None:
    told = everywhere(read("".join(["BEGIN:VCARD\n", *lines]).encode(), "contacts.vcf", "IL"))
    assert told == list(range(1, len(told) + 1))


@given(st.integers(min_value=0, max_value=30), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_a_phone_is_invited_once_however_often_and_however_it_is_listed(copies: int, random: object) -> None:
    forms = ["0504370045", "050-437-0045", "+972504370045", "972504370045", "00972504370045", "504370045"]
    lines = [f"Dana {i},{forms[i % len(forms)]}" for i in range(copies + 1)]
    roster = read("\n".join(["name,phone", *lines]).encode(), "guests.csv", "IL")
    assert len(roster.guests) == 1
    assert len(roster.duplicates) == copies
    assert {twin.kept_row for twin in roster.duplicates} <= {2}


def test_a_list_is_read_as_it_streams_and_not_as_a_whole() -> None:
    class Meter(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            content = super().read(size)
            self.taken += len(content)
            return content

        def read1(self, size: int | None = -1, /) -> bytes:
            content = super().read1(size)
            self.taken += len(content)
            return content

    content = b"name,phone\n" + b"".join(b"Guest %d,052%07d\n" % (i, 2_000_000 + i) for i in range(20_000))
    stream = Meter(content)
    entries = rows(stream, "guests.csv", "IL")
    next(entries)
    sniffed = stream.taken - len(content)  # one whole pass learns the encoding
    assert sniffed < len(content) / 10
    assert sum(1 for _ in entries) == 20_000
    assert not stream.closed


def test_a_hundred_thousand_blank_rows_above_the_first_guest_are_only_counted() -> None:
    roster = read(b"\n" * 100_000 + b"Dana,0504370045\n", "guests.csv", "IL")
    assert len(roster.blank) == 100_000
    assert [guest.row for guest in roster.guests] == [100_001]
