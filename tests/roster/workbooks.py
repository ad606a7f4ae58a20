"""The smallest spreadsheet files that spreadsheet programs open, written by hand: cells are text, numbers or nothing."""

import io
import string
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Cell = str | float | int | None
Rows = Sequence[Sequence[Cell]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def xlsx(sheets: Mapping[str, Rows], *, hidden: Sequence[str] = (), stray: str = "") -> bytes:
    """`stray` is the place of one more cell in every sheet, such as XFD1048576."""
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
        for i, name in enumerate(names, 1)
    )
    related = "".join(
        f'<Relationship Id="r{i}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>',
    }
    for i, name in enumerate(names, 1):
        parts[f"xl/worksheets/sheet{i}.xml"] = _sheet(sheets[name], stray)
    return _zip(parts)


def ods(name: str, rows: Rows, *, empty_rows: int = 0, repeat_last: int = 1, columns: int = 0) -> bytes:
    """`columns` empty cells stand before each row; the last row is repeated; empty rows follow."""
    left = f'<table:table-cell table:number-columns-repeated="{columns}"/>' if columns else ""
    lines = [f"{left}{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows]
    body = "<table:table-row>".join(["", *lines[:-1]])
    body += f'<table:table-row table:number-rows-repeated="{repeat_last}">{lines[-1]}'
    if empty_rows:
        body += (
            f'<table:table-row table:number-rows-repeated="{empty_rows}">'
            '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        )
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text")
    )
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet>"
        f'<table:table table:name="{escape(name)}">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<m:file-entry m:full-path="/" m:media-type="{kind}"/>'
        '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>'
    )
    return _zip({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def _sheet(rows: Rows, stray: str) -> str:
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_xlsx_cell(f"{chr(64 + column)}{number}", cell) for column, cell in enumerate(row, 1))
        lines.append(f'<row r="{number}">{cells}</row>')
    if stray:
        row = stray.lstrip(string.ascii_uppercase)
        lines.append(f'<row r="{row}"><c r="{stray}"><v>1</v></c></row>')
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _xlsx_cell(place: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def _ods_cell(cell: Cell) -> str:
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, str):
        return (
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        )
    return f'<table:table-cell office:value-type="float" office:value="{cell!r}"/>'


def _zip(parts: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in parts.items():
            archive.writestr(
                name, text if name == "mimetype" else f'<?xml version="1.0" encoding="UTF-8"?>{text}'
            )
    return buffer.getvalue()


def compound(*streams: str) -> bytes:
    """A compound file ([MS-CFB]), the container of old and of encrypted Office documents, with empty streams so called."""
    sector, end, free = 512, b"\xfe\xff\xff\xff", b"\xff\xff\xff\xff"
    header = b"".join(
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16),
            b"\x3e\x00\x03\x00\xfe\xff\x09\x00\x06\x00" + bytes(10),
            (1).to_bytes(4, "little"),  # sectors of the table of sectors
            (1).to_bytes(4, "little"),  # where the directory begins
            bytes(4) + b"\x00\x10\x00\x00" + end + bytes(4) + end + bytes(4),
            bytes(4) + free * 108,
        )
    )
    table = b"\xfd\xff\xff\xff" + end + free * (sector // 4 - 2)
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\x00")
        + (2 * len(name) + 2).to_bytes(2, "little")
        + bytes([5 if name == "Root Entry" else 2, 1])
        + free * 2
        + (b"\x01\x00\x00\x00" if name == "Root Entry" else free)
        + bytes(36)
        + end
        + bytes(8)
        for name in ("Root Entry", *streams)
    )
    return header + table + entries.ljust(sector, b"\x00")
