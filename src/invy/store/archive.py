"""The portable backup: gzip over lines of JSON, so that any other program can read it too. Documented in operations.md.

    {"format": "invy-backup", "version": 1, "revision": "0002", "made_at": …, "made_by": …}
    {"table": "guests", "columns": ["id", …]}
    ["019a…", …]                                        one row: text, numbers, booleans; times in RFC 3339, bytes in base64
    {"end": "guests", "rows": 1, "sha256": …}           of the rows' lines, line ends included
    {"end": "invy-backup", "rows": 1, "sha256": …}      of every line before this one

Read and written as a stream. A reader sees to it that nothing is missing, changed or too new; it never guesses.
"""

import gzip
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import GenericAlias, TracebackType
from typing import IO, Any, Final, Self

import msgspec
from sqlalchemy import JSON, Boolean, Column, Float, Integer, LargeBinary, Table

from invy.domain.errors import InvalidInput, TryLater
from invy.store.tables import metadata, workers
from invy.store.types import Moment

FORMAT: Final = "invy-backup"
VERSION: Final = 1
MAGIC: Final = b"\x1f\x8b"
CARRIED: Final = tuple(table for table in metadata.sorted_tables if table is not workers)
"""Every table but the heartbeats of processes, which mean nothing elsewhere."""

_CHUNK: Final = 500
_LEVEL: Final = 3
"""Three times as fast as gzip's default here, for a file a tenth larger."""

Rows = Sequence[Mapping[str, Any]]


class _Header(msgspec.Struct):
    format: str
    version: int
    revision: str
    made_at: datetime
    made_by: str = ""


class _Start(msgspec.Struct):
    table: str
    columns: list[str]


class _End(msgspec.Struct):
    end: str
    rows: int
    sha256: str


_encode = msgspec.json.Encoder().encode


def unfinished(error: Exception) -> TryLater:
    """What to say when the disk refuses."""
    return TryLater(
        f"The backup could not be finished: {error}. No file was left behind.",
        hint="Make room on the disk, then try again.",
    )


class ArchiveWriter:
    """Writes to an open file, which stays the caller's. Raises TryLater when the disk refuses."""

    def __init__(self, file: IO[bytes], *, revision: str, made_at: datetime, made_by: str) -> None:
        self._zip = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0)
        self._all = sha256()
        self._rows = 0
        self._line(_encode(_Header(FORMAT, VERSION, revision, made_at, made_by)))

    def table(self, table: Table) -> "TableWriter":
        """Begin a table; hand its rows to what is returned."""
        names = [str(column.name) for column in table.columns]
        self._line(_encode(_Start(str(table.name), names)))
        return TableWriter(self, str(table.name), names)

    def close(self) -> int:
        """Write the end; returns how many rows there are in all."""
        self._line(_encode(_End(FORMAT, self._rows, self._all.hexdigest())))
        try:
            self._zip.close()
        except OSError as error:
            raise unfinished(error) from error
        return self._rows

    def _line(self, line: bytes) -> None:
        self._all.update(line + b"\n")
        try:
            self._zip.write(line + b"\n")
        except OSError as error:
            raise unfinished(error) from error


class TableWriter:
    """The rows of one table."""

    def __init__(self, archive: ArchiveWriter, name: str, columns: Sequence[str]) -> None:
        self._archive = archive
        self._name = name
        self._columns = columns
        self._digest = sha256()
        self.rows = 0

    def add(self, rows: Rows) -> None:
        for row in rows:
            line = _encode([row[column] for column in self._columns])
            self._digest.update(line + b"\n")
            self._archive._line(line)  # noqa: SLF001 - two halves of one writer
        self.rows += len(rows)

    def close(self) -> None:
        self._archive._line(_encode(_End(self._name, self.rows, self._digest.hexdigest())))  # noqa: SLF001 - its own archive
        self._archive._rows += self.rows  # noqa: SLF001 - as above


@dataclass(frozen=True, slots=True)
class _Place:
    file: Path
    line: int

    def damaged(self, what: str) -> InvalidInput:
        return InvalidInput(
            f"The backup {self.file} is damaged: {what} (line {self.line:,}).",
            hint="Nothing was changed. Use another backup, or copy this one again.",
        )


class ArchiveReader:
    """A backup in this format. `revision` and `made_at` are known once it is open.

    Raises:
        InvalidInput: when opened or while reading, for whatever is wrong with the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        self._all = sha256()
        self._zip = gzip.open(path, "rb")  # noqa: SIM115 - closed by __exit__
        try:
            header = self._header()
        except InvalidInput:
            self._zip.close()
            raise
        self.revision = header.revision
        self.made_at = header.made_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def _header(self) -> _Header:
        line = self._next()
        try:
            header = msgspec.json.decode(line, type=_Header)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            header = None
        if header is None or header.format != FORMAT:
            raise InvalidInput(
                f"{self._path} is not a backup of Invy.", hint="Give a file that invy backup has made."
            )
        if header.version > VERSION:
            raise InvalidInput(
                f"The backup {self._path} was made by a newer Invy (format {header.version}).",
                hint="Restore it with that version.",
            )
        self._all.update(line)
        return header

    def chunks(self, carried: Sequence[Table] = CARRIED) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
        """All rows of all tables, a chunk at a time; the last thing that is checked is the end of the file.

        `carried` are the tables of its revision.
        """
        tables = {table.name: table for table in carried}
        total = 0
        while True:
            before = self._all.hexdigest()
            line = self._next()
            if line.startswith(b'{"end"'):
                self._check(line, FORMAT, total, before)
                break
            self._all.update(line)
            start = self._start(line)
            table = tables.pop(start.table, None)
            if table is None:
                raise self._place().damaged("a table that is not expected there")
            if start.columns != [column.name for column in table.columns]:
                raise self._place().damaged(f"the columns of {start.table} are not those of its revision")
            total += yield from self._table(table)
        if tables:
            raise self._place().damaged(f"the table {min(tables)} is missing")
        if self._read():
            raise self._place().damaged("something stands after its end")

    def _start(self, line: bytes) -> _Start:
        try:
            return msgspec.json.decode(line, type=_Start)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._place().damaged("a line that cannot be read") from error

    def _table(self, table: Table) -> Generator[tuple[Table, list[dict[str, Any]]], None, int]:
        names = [str(column.name) for column in table.columns]
        shape: Any = GenericAlias(tuple, tuple(_type(column) for column in table.columns))
        decoder: msgspec.json.Decoder[tuple[Any, ...]] = msgspec.json.Decoder(shape)
        digest = sha256()
        rows: list[dict[str, Any]] = []
        count = 0
        while True:
            line = self._next()
            self._all.update(line)
            if line.startswith(b"{"):
                break
            digest.update(line)
            try:
                values = decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise self._place().damaged(f"a row of {table.name} that cannot be read") from error
            rows.append(dict(zip(names, values, strict=True)))
            count += 1
            if len(rows) >= _CHUNK:
                yield table, rows
                rows = []
        self._check(line, table.name, count, digest.hexdigest())
        yield table, rows
        return count

    def _check(self, line: bytes, name: str, rows: int, digest: str) -> None:
        try:
            end = msgspec.json.decode(line, type=_End)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._place().damaged("a line that cannot be read") from error
        if end != _End(name, rows, digest):
            raise self._place().damaged(f"the checksum of {name} does not agree")

    def _next(self) -> bytes:
        line = self._read()
        if not line.endswith(b"\n"):
            raise self._place().damaged("it ends too early")
        return line

    def _read(self) -> bytes:
        self._number += 1
        try:
            return self._zip.readline()
        except (EOFError, OSError, zlib.error) as error:
            raise self._place().damaged("it ends too early or was changed") from error

    def _place(self) -> _Place:
        return _Place(self._path, self._number)


def _type(column: Column[Any]) -> Any:
    kinds: tuple[tuple[type[Any], Any], ...] = (
        (Moment, datetime),
        (LargeBinary, bytes),
        (JSON, Any),
        (Boolean, bool),
        (Float, float),
        (Integer, int),
    )
    kind = next((python for ours, python in kinds if isinstance(column.type, ours)), str)
    return kind | None if column.nullable and kind is not Any else kind
