"""Files that are no guest list, whatever they are called: each is told by what it is, with what to do instead."""

import gzip
import io
import zipfile
from collections.abc import Mapping

import pytest

from invy.roster import ProblemKind, Roster, read
from tests.roster.workbooks import compound, ods, xlsx

TABLE = "<table><tr><td>name</td><td>phone</td></tr><tr><td>דנה</td><td>+447700900150</td></tr></table>"
GUESTS = [["name", "phone"], ["Dana", "+447700900150"]]


def packed(parts: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


FILES: dict[str, tuple[bytes, str, str]] = {
    "a web page called .xls": (f"<html><body>{TABLE}".encode(), "a web page", "save it as XLSX"),
    "a bare table": (f"\r\n {TABLE}".encode(), "a web page", "save it as XLSX"),
    "a web page in UTF-16": (f"\ufeff<!DOCTYPE html>{TABLE}".encode("utf-16-le"), "a web page", "XLSX"),
    "a web page of Excel's": (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n",
        "a web page in one file",
        "XLSX",
    ),
    "a spreadsheet of 2003 as XML": (
        b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook>',
        "a spreadsheet as XML",
        "XLSX",
    ),
    "another XML": (b'<?xml version="1.0"?><guests><phone>+447700900150</phone></guests>', "an XML", "CSV"),
    "an object in JSON": (b'{"guests": [{"phone": "+447700900150"}]}', "JSON", "HTTP API"),
    "a list in JSON": (b'[\n  {"name": "Dana", "phone": "+447700900150"}\n]', "JSON", "HTTP API"),
    "a long list in JSON": (
        b"[" + b", ".join([b'{"name": "Dana", "phone": "+447700900150"}'] * 500) + b"]",
        "JSON",
        "HTTP API",
    ),
    "lines of JSON": (b'{"name": "Dana", "phone": "+447700900150"}\n' * 3, "JSON", "HTTP API"),
    "a link of Google Drive's": (
        b'{"url": "https://docs.google.com/open?id=x", "doc_id": "x"}',
        "only a link",
        "Download",
    ),
    "a PDF called .csv": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF", "keeps no columns"),
    "an e-mail": (b"From: a@example.com\nTo: b@example.com\nSubject: list\n\nhere", "an e-mail", "attached"),
    "a calendar": (b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "a calendar", "contacts"),
    "a chat": ("[01/11/2026, 12:00:00] Dana: שלום\n".encode(), "a chat exported from WhatsApp", "contacts"),
    "a script": (b"INSERT INTO guests VALUES ('Dan', '+447700900150');\n", "a script", "CSV"),
    "a compressed list": (gzip.compress(b"name,phone\nDan,+447700900150\n"), "a compressed file", "Unpack"),
    "an archive with the list": (packed({"guests.csv": "name,phone\n"}), "(ZIP) of guests.csv", "Unpack"),
    "an archive of many": (packed({f"{n}.jpg": "x" for n in range(9)}), "2.jpg and 6 more", "Unpack"),
    "an empty archive": (packed({}), "an archive with nothing in it", "CSV"),
    "a Word document": (packed({"[Content_Types].xml": "", "word/document.xml": ""}), "a Word", "CSV"),
    "slides": (packed({"ppt/presentation.xml": ""}), "a PowerPoint", "CSV"),
    "Numbers": (packed({"Index/Document.iwa": ""}), "a Numbers, Pages or Keynote", "Export To"),
    "an OpenDocument text": (
        packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}),
        "a document of another kind (text)",
        "CSV",
    ),
    "an encrypted workbook": (
        compound("EncryptionInfo", "EncryptedPackage"),
        "protected by a password",
        "without a password",
    ),
    "an old Word document": (compound("WordDocument"), "a Word document", "CSV"),
    "an Outlook message": (compound("__properties_version1.0"), "an e-mail", "attached"),
    "zeros": (bytes(5000), "nothing but zeros", "once more"),
    "a photo of the list": (b"\x00\x00\x00\x18ftypheic" + bytes(100), "a picture or a film", "CSV"),
    "a program": (b"MZ\x90\x00\x03" + bytes(100), "a program", "CSV"),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", ["guests.xls", "guests.csv"])
def test_what_is_no_list_is_called_by_its_name_and_refused_as_a_whole(kind: str, name: str) -> None:
    content, what, todo = FILES[kind]
    roster = read(content, name, "IL")
    (problem,) = roster.problems
    assert (problem.row, problem.kind, roster.guests) == (0, ProblemKind.FILE_UNREADABLE, ())
    assert problem.reason.startswith("This is ")
    assert what in problem.reason
    assert todo in problem.suggestion


def test_an_empty_file_is_called_empty() -> None:
    (problem,) = read(b"", "guests.csv", "IL").problems
    assert (problem.kind, problem.reason) == (ProblemKind.FILE_EMPTY, "The file guests.csv is empty")


def test_the_mark_that_excel_leaves_beside_an_open_file_leads_to_the_file() -> None:
    (problem,) = read(b"\x04Dana" + b" " * 160, "~$guests.xlsx", "IL").problems
    assert problem.suggestion == "Import guests.xlsx itself"


@pytest.mark.parametrize("text", ["name,phone\n" * 3, "name\nDana\nRon\n", "name;phone\n\n\nname;phone\n"])
def test_a_list_without_a_single_guest_is_never_a_success(text: str) -> None:
    roster = read(text.encode(), "guests.csv", "IL")
    assert roster.guests == ()
    assert {problem.kind for problem in roster.problems} <= {
        ProblemKind.FILE_EMPTY,
        ProblemKind.NO_PHONE_COLUMN,
    }
    assert roster.problems


@pytest.mark.parametrize(
    "first",
    [
        "MZ Cohen,+447700900150",
        "BZh,+447700900150",
        "PAR1,+447700900150",
        "[Dana],+447700900150",
        "{Dana},+447700900150",
        "<Dana>,+447700900150",
        "From,+447700900150",
        "Subject: x,+447700900150",
        "01/11/2026 12:00,+447700900150",
        "-- guests --\nDana,+447700900150",
    ],
)
def test_a_list_that_begins_oddly_is_still_a_list(first: str) -> None:
    assert "+447700900150" in [guest.phone for guest in read(f"{first}\n".encode(), "g.csv", "IL").guests]


def test_real_spreadsheets_stay_spreadsheets() -> None:
    assert len(read(xlsx({"A": GUESTS}), "g.xlsx", "IL").guests) == 1
    assert len(read(ods("A", GUESTS), "g.ods", "IL").guests) == 1


def listed(text: str) -> Roster:
    return read(text.encode(), "guests.csv", "IL")


def test_of_two_columns_of_numbers_the_mobile_one_is_taken_and_the_other_where_it_has_none() -> None:
    roster = listed(
        "name,phone,נייד\n"
        "Dan,03-5550000,+447700900150\n"
        "Ron,+447700900151,\n"
        "Lea,+44 7700 900152,07700900152\n"
        "Avi,+447700900153,אין\n"
        "Tal,-,+447700900154\n"
    )
    taken = {guest.name: guest.raw_phone for guest in roster.guests}
    assert taken["Dan"] == "+447700900150"
    assert taken["Ron"] == "+447700900151"
    assert taken["Avi"] == "+447700900153"
    assert taken["Tal"] == "+447700900154"
    assert roster.guests[0].params["phone"] == "03-5550000"
    assert roster.phone_columns is not None
    assert roster.phone_columns.names == ("נייד", "phone")
    assert (roster.phone_columns.filled_in, roster.phone_columns.left) == (2, 1)


def test_with_one_column_of_numbers_there_is_nothing_to_say() -> None:
    assert listed("name,phone\nDan,+447700900150\n").phone_columns is None
