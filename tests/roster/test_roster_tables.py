"""Guest lists as tables of text: every row ends up somewhere, and the good rows are read whatever the bad ones do."""

import pytest

from invy.domain.errors import InvalidInput
from invy.roster import GuestRow, ProblemKind, Roster, read

DANA = "+972504370045"


def listed(text: str, encoding: str = "utf-8") -> Roster:
    return read(text.encode(encoding), "guests.csv", "IL")


def only(roster: Roster) -> GuestRow:
    assert roster.problems == ()
    assert len(roster.guests) == 1
    return roster.guests[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_usual_delimiter_and_line_end_is_understood(delimiter: str, end: str) -> None:
    text = end.join(
        delimiter.join(row) for row in [("name", "phone", "table"), ("Dana", "050-437-0045", "7")]
    )
    guest = only(listed(text))
    assert (guest.row, guest.name, guest.phone) == (2, "Dana", DANA)
    assert guest.raw_phone == "050-437-0045"
    assert guest.params == {"table": "7"}


@pytest.mark.parametrize(
    ("encoding", "text", "name"),
    [
        ("utf-8", "שם,טלפון\nדנה כהן,0504370045\n", "דנה כהן"),
        ("utf-8-sig", "שם,טלפון\nדנה כהן,0504370045\n", "דנה כהן"),
        ("cp1255", "שם,טלפון\nדנה כהן,0504370045\n", "דנה כהן"),
        ("cp1255", "שם,טלפון\nדָּנָה כֹּהֵן,0504370045\n", "דָּנָה כֹּהֵן"),
        ("cp1255", "שם,טלפון\nDana כהן,0504370045\n", "Dana כהן"),
        ("cp1256", "الاسم,هاتف\nليلى حداد,0504370045\n", "ليلى حداد"),
        ("cp1256", "الاسم,هاتف\nرنا,0504370045\n", "رنا"),
        ("cp1251", "Имя,Телефон\nИван Петров,0504370045\n", "Иван Петров"),
        ("cp1252", "name,phone\nZoë Müller,0504370045\n", "Zoë Müller"),
        ("utf-16", "שם\tטלפון\nדנה כהן\t0504370045\n", "דנה כהן"),
        ("utf-32", "שם\tטלפון\nדנה כהן\t0504370045\n", "דנה כהן"),
    ],
)
def test_names_survive_every_usual_encoding(encoding: str, text: str, name: str) -> None:
    assert only(listed(text, encoding)).name == name


def test_a_big_endian_mark_is_understood_too() -> None:
    text = "שם\tטלפון\nדנה כהן\t0504370045\n"
    assert only(read(b"\xfe\xff" + text.encode("utf-16-be"), "guests.csv", "IL")).name == "דנה כהן"


def test_utf16_without_a_mark_is_refused_by_its_name_and_never_guessed() -> None:
    (problem,) = listed("שם\tטלפון\nדנה כהן\t0504370045\n", "utf-16-le").problems
    assert problem.kind is ProblemKind.FILE_UNREADABLE
    assert "UTF-16" in problem.reason


def test_one_broken_byte_does_not_turn_a_utf8_file_into_another_alphabet() -> None:
    good = "".join(f"אורח מספר {i},050000{i:04d}\n" for i in range(20))
    roster = read("שם,טלפון\n".encode() + b"Da\xffna,0504370045\n" + good.encode(), "guests.csv", "IL")
    assert len(roster.guests) == 21
    assert roster.guests[1].name == "אורח מספר 0"
    assert any("damaged" in warning for warning in roster.guests[0].warnings)


@pytest.mark.parametrize(
    "heading",
    [
        "name,phone",
        "Full Name,Mobile Number",
        "guest,WhatsApp",
        "שם,טלפון",
        "שם מלא,מס' נייד",
        "שם האורח,מספר טלפון",
        "מוזמן,פלאפון",
        "الاسم,رقم الهاتف",
        "اسم الضيف,الجوال",
        "ФИО,Телефон",
        "Nom complet,Téléphone",
        "contact_name,phone_number",
        "  NAME : ,* Phone *",
        "שֵׁם,טלפון",
        "ชื่อ,โทรศัพท์",
    ],
)
def test_columns_are_found_by_their_headings(heading: str) -> None:
    guest = only(listed(f"{heading}\nDana,0504370045\n"))
    assert (guest.row, guest.name, guest.phone) == (2, "Dana", DANA)


@pytest.mark.parametrize(
    ("heading", "row"),
    [
        ("First Name,Last Name,Phone", "Dana,Cohen,0504370045"),
        ("Last Name,First Name,Phone", "Cohen,Dana,0504370045"),
        ("שם פרטי,שם משפחה,טלפון", "Dana,Cohen,0504370045"),
        ("שם,משפחה,טלפון", "Dana,Cohen,0504370045"),
        ("الاسم الأول,اسم العائلة,هاتف", "Dana,Cohen,0504370045"),
        ("Prénom,Nom,Téléphone", "Dana,Cohen,0504370045"),
        ("Имя,Фамилия,Телефон", "Dana,Cohen,0504370045"),
    ],
)
def test_first_and_last_name_are_joined_and_stay_available(heading: str, row: str) -> None:
    guest = only(listed(f"{heading}\n{row}\n"))
    assert guest.name == "Dana Cohen"
    assert sorted(guest.params.values()) == ["Cohen", "Dana"]


def test_a_list_without_a_heading_is_read_from_its_first_row() -> None:
    roster = listed("Dana,0504370045,7\nRon,050-000-0001,8\n")
    assert [(guest.row, guest.name) for guest in roster.guests] == [(1, "Dana"), (2, "Ron")]
    assert roster.guests[0].params == {"column 3": "7"}
    assert listed("0504370045\n0500000001\n").guests[1].phone == "+972500000001"


def test_titles_above_the_heading_and_headings_repeated_below_are_no_guests() -> None:
    roster = listed("החתונה שלנו\n\nשם,טלפון\nDana,0504370045\nשם,טלפון\nRon,0500000001\n")
    assert roster.headings == (1, 3, 5)
    assert roster.blank == (2,)
    assert [guest.row for guest in roster.guests] == [4, 6]


def test_a_mobile_column_comes_before_a_phone_column_and_the_other_one_helps_out() -> None:
    roster = listed("name,phone,mobile\nDana,035550000,0504370045\nRon,0500000001,\nMaya,0500000002,12\n")
    dana, ron = roster.guests
    assert dana.phone == DANA
    assert dana.params == {"phone": "035550000"}
    assert ron.phone == "+972500000001"
    assert any("another column" in warning for warning in ron.warnings)
    (maya,) = roster.problems
    assert maya.column == "mobile"
    assert "column phone" in maya.suggestion


def test_a_column_that_merely_counts_is_not_taken_for_a_phone() -> None:
    guest = only(listed("מספר,שם,מספר אורחים,טלפון\n1,Dana,2,0504370045\n"))
    assert (guest.name, guest.phone) == ("Dana", DANA)
    assert guest.params == {"מספר": "1", "מספר אורחים": "2"}


def test_a_first_guest_whose_number_is_a_word_is_a_problem_and_not_a_heading() -> None:
    roster = listed("Dana,none\nRon,0500000001\nMaya,אין\n")
    assert roster.headings == ()
    assert [problem.row for problem in roster.problems] == [1, 3]


def test_a_very_wide_list_is_read_without_ado() -> None:
    heading = ",".join(["name", "phone", *(f"c{i}" for i in range(5000))])
    guest = only(listed(f"{heading}\nDana,0504370045{',x' * 5000}\n"))
    assert len(guest.params) == 5000
    assert guest.warnings == ()
    assert listed(f"Dana,0504370045{',' * 100_000}\n").guests[0].phone == DANA


def test_the_export_of_an_address_book_is_understood() -> None:
    heading = "First Name,Middle Name,Last Name,Labels,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value"
    guest = only(listed(f"{heading}\nDana,,Cohen,* myContacts,d@example.com,Mobile,+972 50-437-0045\n"))
    assert (guest.name, guest.phone) == ("Dana Cohen", DANA)


def test_excels_separator_line_is_obeyed() -> None:
    roster = listed("sep=;\nname;phone\nDana, the first;0504370045\n")
    assert roster.guests[0].name == "Dana, the first"
    assert roster.headings == (1, 2)


def test_a_bad_row_is_listed_with_its_place_reason_and_suggestion_and_stops_nothing() -> None:
    roster = listed("name,phone\nDana,0504370045\nRon,050437004\nMaya,\nNoa\nGil,0500000001\n")
    assert [guest.row for guest in roster.guests] == [2, 6]
    short, empty, missing = roster.problems
    assert (short.row, short.column, short.value) == (3, "phone", "050437004")
    assert short.kind is ProblemKind.PHONE_REFUSED
    assert "Too short" in short.reason
    assert short.suggestion
    assert (empty.row, empty.kind) == (4, ProblemKind.PHONE_MISSING)
    assert (missing.row, missing.kind) == (5, ProblemKind.PHONE_MISSING)


def test_a_number_written_differently_is_found_again_and_the_first_row_is_kept() -> None:
    roster = listed("name,phone\nDana,0504370045\nRon,0500000001\nDana C.,+972 50-437-0045\nD,972504370045\n")
    assert [guest.row for guest in roster.guests] == [2, 3]
    assert [(twin.row, twin.kept_row, twin.phone) for twin in roster.duplicates] == [
        (4, 2, DANA),
        (5, 2, DANA),
    ]
    assert roster.duplicates[0].raw_phone == "+972 50-437-0045"


def test_the_two_forms_of_a_brazilian_number_are_one_guest() -> None:
    roster = listed("name,phone\nAna,+55 11 98765-4321\nAna,+55 11 8765-4321\n")
    assert [twin.kept_row for twin in roster.duplicates] == [2]


def test_a_comma_that_should_have_been_quoted_is_explained() -> None:
    (problem,) = listed("name,phone\nCohen, Dana,0504370045\n").problems
    assert "3 cells" in problem.suggestion
    assert "quotes" in problem.suggestion


def test_a_row_with_more_cells_than_the_heading_is_taken_with_a_warning() -> None:
    guest = only(listed("name,phone\nDana,0504370045,surplus\n"))
    assert any("more cells" in warning for warning in guest.warnings)
    assert guest.params == {"column 3": "surplus"}


def test_hebrew_quotation_marks_inside_a_name_are_letters() -> None:
    roster = listed('שם,טלפון\nד"ר לוי,0504370045\nצה"ל,0500000001\n"כהן, ד""ר רון",0500000002\n')
    assert [guest.name for guest in roster.guests] == ['ד"ר לוי', 'צה"ל', 'כהן, ד"ר רון']


def test_a_quote_that_is_never_closed_costs_its_own_row_only() -> None:
    rest = "".join(f"Guest {i},050000{i:04d}\n" for i in range(300))
    roster = listed('name,phone\n"Dana,0504370045\n' + rest)
    assert len(roster.guests) == 300
    (problem,) = roster.problems
    assert (problem.row, problem.kind) == (2, ProblemKind.ROW_BROKEN)


def test_a_cell_over_several_lines_is_one_cell() -> None:
    guest = only(listed('name,phone,note\nDana,0504370045,"one\ntwo"\n'))
    assert guest.params == {"note": "one\ntwo"}


def test_a_huge_cell_costs_its_own_row_only() -> None:
    roster = listed(f"name,phone\n{'x' * 200_000},0504370045\nRon,{'9' * 100_000}\nDana,0504370045\n")
    assert [guest.row for guest in roster.guests] == [4]
    assert [problem.kind for problem in roster.problems] == [
        ProblemKind.ROW_BROKEN,
        ProblemKind.PHONE_REFUSED,
    ]
    assert all(len(problem.value) <= 200 for problem in roster.problems)


def test_stray_control_characters_are_removed_from_names_and_refused_in_numbers() -> None:
    roster = listed("name,phone\nDa\0na,0504370045\nRon,050\x000000001\n")
    assert roster.guests[0].name == "Dana"
    assert any("removed" in warning for warning in roster.guests[0].warnings)
    assert [problem.row for problem in roster.problems] == [3]


def test_a_name_is_freed_of_bidi_marks_and_stray_blanks() -> None:
    assert only(listed("name,phone\n\u202b דנה \u00a0 כהן\u202c\u200f,0504370045\n")).name == "דנה כהן"


def test_a_guest_without_a_name_is_taken_with_a_warning() -> None:
    guest = only(listed("name,phone\n,0504370045\n"))
    assert any("no name" in warning for warning in guest.warnings)


def test_warnings_about_the_number_reach_the_guest() -> None:
    assert any(
        "Not a mobile" in warning for warning in only(listed("name,phone\nDana,03-555-0000\n")).warnings
    )


def test_two_columns_of_one_name_both_arrive() -> None:
    guest = only(listed("name,phone,note,note\nDana,0504370045,a,b\n"))
    assert guest.params == {"note": "a", "note (2)": "b"}


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"name,phone\n", b",,,\n , ,\n"]
)
def test_a_file_without_guests_says_so(content: bytes) -> None:
    roster = read(content, "empty.csv", "IL")
    assert roster.guests == ()
    assert [problem.kind for problem in roster.problems] == [ProblemKind.FILE_EMPTY]
    assert "empty.csv" in roster.problems[0].reason


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7 guests", "PDF"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (bytes(range(256)) * 50, "program"),
        (b"\x1f\x8b\x08\x00", "compressed"),
    ],
)
def test_a_file_that_is_no_list_is_named_for_what_it_is(content: bytes, name: str) -> None:
    (problem,) = read(content, "guests.csv", "IL").problems
    assert problem.kind is ProblemKind.FILE_UNREADABLE
    assert name in problem.reason


def test_a_list_without_a_phone_column_says_so_once_and_lists_every_row() -> None:
    roster = listed("name,e-mail\nDana,dana@example.com\nRon,ron@example.com\n")
    assert [problem.row for problem in roster.problems] == [0, 2, 3]
    assert {problem.kind for problem in roster.problems} == {ProblemKind.NO_PHONE_COLUMN}


def test_how_the_file_was_understood_is_said_in_words() -> None:
    assert listed("שם;טלפון\nדנה;0504370045\n", "cp1255").source == "text with semicolons, cp1255"


def test_an_unknown_region_is_refused_whole() -> None:
    with pytest.raises(InvalidInput):
        read(b"name,phone\nDana,0504370045\n", "guests.csv", "XX")
