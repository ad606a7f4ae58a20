"""Spreadsheets and contact cards give the same guests as text does."""

import io
import zipfile

import pytest

from invy.roster import Entry, ProblemKind, read
from tests.roster.workbooks import ods, xlsx

DANA = "+972504370045"


def test_numbers_that_a_spreadsheet_keeps_as_floats_stay_the_numbers_they_were() -> None:
    content = xlsx(
        {"אורחים": [["שם", "טלפון"], ["דנה", 972504370045.0], ["רון", 500000001], ["מאיה", "050-000-0002"]]}
    )
    roster = read(content, "guests.xlsx", "IL")
    assert [(guest.row, guest.name, guest.phone) for guest in roster.guests] == [
        (2, "דנה", DANA),
        (3, "רון", "+972500000001"),
        (4, "מאיה", "+972500000002"),
    ]
    assert roster.guests[0].raw_phone == "972504370045"


def test_rows_have_the_numbers_that_the_spreadsheet_shows() -> None:
    content = xlsx(
        {"A": [[None], [None, "name", "phone", "table"], [None], [None, "Dana", "0504370045", 7.0]]}
    )
    roster = read(content, "guests.xlsx", "IL")
    assert roster.headings == (2,)
    assert roster.blank == (1, 3)
    assert [(guest.row, dict(guest.params)) for guest in roster.guests] == [(4, {"table": "7"})]


def test_the_sheet_with_phones_is_read_and_the_others_are_mentioned() -> None:
    content = xlsx(
        {
            "Budget": [["cake", 12]],
            "Guests": [["name", "phone"], ["Dana", "0504370045"]],
            "Old": [["x"]],
            "None": [],
        },
        hidden=["Old"],
    )
    roster = read(content, "guests.xlsx", "IL")
    assert [guest.phone for guest in roster.guests] == [DANA]
    (problem,) = roster.problems
    assert (problem.row, problem.column, problem.kind) == (0, "Budget", ProblemKind.SHEET_UNREAD)


def test_an_open_document_spreadsheet_is_read() -> None:
    content = ods("אורחים", [["שם", "טלפון"], ["דנה", 972504370045.0], ["רון", "0500000001"]])
    assert [guest.phone for guest in read(content, "guests.ods", "IL").guests] == [DANA, "+972500000001"]


def test_the_content_counts_and_not_the_name_of_the_file() -> None:
    assert len(read(xlsx({"A": [["Dana", "0504370045"]]}), "guests.csv", "IL").guests) == 1
    assert len(read(b"Dana,0504370045\n", "guests.xlsx", "IL").guests) == 1


def test_a_damaged_spreadsheet_is_a_problem_and_not_a_crash() -> None:
    whole = xlsx({"A": [["name", "phone"], ["Dana", "0504370045"]]})
    for content in (
        b"PK\x03\x04" + b"junk" * 50,
        whole[:200],
        whole[:-100],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600,
    ):
        (problem,) = read(content, "guests.xlsx", "IL").problems
        assert problem.kind is ProblemKind.FILE_UNREADABLE
        assert problem.suggestion


def test_a_spreadsheet_that_unpacks_without_end_is_not_opened() -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/workbook.xml", "w") as part,
    ):
        for _ in range(1025):
            part.write(bytes(1 << 20))
    (problem,) = read(buffer.getvalue(), "guests.xlsx", "IL").problems
    assert "unpacks to" in problem.reason


@pytest.mark.parametrize("place", ["XFD1048576", "ZZ99999"])
def test_a_stray_cell_far_off_is_explained_and_takes_no_memory(place: str) -> None:
    stray = xlsx({"A": [["name", "phone"], ["Dana", "0504370045"]]}, stray=place)
    (problem,) = read(stray, "guests.xlsx", "IL").problems
    assert problem.kind is ProblemKind.FILE_UNREADABLE
    assert "stray cell" in problem.reason


def test_an_open_document_whose_xml_is_cut_off_is_refused_and_not_read_for_ever() -> None:
    whole = ods("A", [["name", "phone"], ["Dana", "0504370045"]])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as good, zipfile.ZipFile(buffer, "w") as cut:
        for name in good.namelist():
            part = good.read(name)
            cut.writestr(name, part[: len(part) * 2 // 3] if name == "content.xml" else part)
    (problem,) = read(buffer.getvalue(), "guests.ods", "IL").problems
    assert problem.kind is ProblemKind.FILE_UNREADABLE


def test_empty_rows_that_an_open_document_repeats_to_its_end_do_no_harm() -> None:
    content = ods("A", [["name", "phone"], ["Dana", "0504370045"]], empty_rows=1_048_574)
    assert [guest.phone for guest in read(content, "guests.ods", "IL").guests] == [DANA]


def test_one_filled_row_repeated_to_the_end_is_refused() -> None:
    content = ods("A", [["name", "phone"], ["Dana", "0504370045"]], repeat_last=1_048_575, columns=50)
    (problem,) = read(content, "guests.ods", "IL").problems
    assert "stray cell" in problem.reason


CARDS = """BEGIN:VCARD\r
VERSION:3.0\r
N:כהן;דנה;;;\r
FN:דנה כהן\r
TEL;TYPE=HOME:03-555-0000\r
item1.TEL;type=CELL;type=VOICE;waid=972504370045:+972 50-437-0045\r
TEL;TYPE=FAX:03-555-0001\r
NOTE:vegetarian\\, with a \r
 guest\r
PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r
 BBBB\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:2.1\r
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D7=9C=D7=95=D7=99;=D7=A8=D7=95=D7=\r
=9F;;;\r
TEL;CELL:050-000-0001\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:4.0\r
FN:Maya\r
TEL;VALUE=uri;TYPE="voice,cell":tel:+972-50-000-0002\r
END:VCARD\r
BEGIN:VCARD\r
FN:No Number\r
END:VCARD\r
BEGIN:VCARD\r
FN:Dana again\r
TEL:0504370045\r
END:VCARD\r
BEGIN:VCARD\r
FN:Cut Off\r
TEL:050-000-0003\r
"""


def test_contact_cards_of_all_three_versions_are_guests() -> None:
    roster = read(CARDS.encode(), "contacts.vcf", "IL")
    assert [(guest.row, guest.name, guest.phone) for guest in roster.guests] == [
        (1, "דנה כהן", DANA),
        (2, "רון לוי", "+972500000001"),
        (3, "Maya", "+972500000002"),
    ]
    assert roster.guests[0].params == {"note": "vegetarian, with a guest", "phone 2": "03-555-0000"}


def test_cards_without_a_number_or_without_an_end_are_problems_and_repeated_ones_duplicates() -> None:
    roster = read(CARDS.encode(), "contacts.vcf", "IL")
    assert [(problem.row, problem.kind) for problem in roster.problems] == [
        (4, ProblemKind.PHONE_MISSING),
        (6, ProblemKind.ROW_BROKEN),
    ]
    assert [(twin.row, twin.kept_row) for twin in roster.duplicates] == [(5, 1)]


@pytest.mark.parametrize("cut", range(0, len(CARDS), 37))
def test_contact_cards_cut_anywhere_lose_no_card_in_silence(cut: int) -> None:
    text = CARDS[:cut]
    roster = read(text.encode(), "contacts.vcf", "IL")
    begun = text.count("BEGIN:VCARD")
    entries: tuple[Entry, ...] = (*roster.guests, *roster.problems, *roster.duplicates)
    told = {entry.row for entry in entries if entry.row}
    if begun:
        assert told == set(range(1, begun + 1))
