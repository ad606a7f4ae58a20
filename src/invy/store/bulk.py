"""Many rows in one statement: what the receiving path stands on.

A statement per row costs a round trip on PostgreSQL, and on SQLite a hand-over of Python's interpreter lock, which a
busy event loop gives back late. So rows travel as columns: arrays that are taken apart by `unnest` (PostgreSQL) or one
VALUES list (SQLite), and a column with one value in all rows travels once. Measured with `python -m bench`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.store.database import Database
from invy.store.types import Moment

_PARAMETERS = 30_000
"""SQLite takes 32,766 parameters per statement."""

Columns = Mapping[str, Sequence[Any]]
"""Rows to be written: the values of each column, all of one length."""


async def insert(
    connection: AsyncConnection,
    database: Database,
    table: Table,
    columns: Columns,
    *,
    conflict: str = "",
    returning: str = "",
) -> list[Sequence[Any]]:
    """Insert rows. `conflict` is an ON CONFLICT clause, spelled for both databases alike.

    With DO UPDATE, no two of the rows may fall on each other: PostgreSQL refuses that. Returns the columns
    `returning` of the rows that were inserted or updated, in no order; nothing when none is asked for.
    """
    found: list[Sequence[Any]] = []
    end = f"{conflict} RETURNING {returning}" if returning else conflict
    for part in _parts(database, columns):
        sent = _sent(database, table, part)
        values = ", ".join(sent.value_of[name] for name in columns)
        # WHERE, because SQLite would take ON CONFLICT for the condition of a join.
        sql = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {values}{sent.source} WHERE true {end}"
        done = await connection.exec_driver_sql(sql, sent.parameters)
        if returning:
            found += done
    return found


async def update(
    connection: AsyncConnection, database: Database, table: Table, key: str, columns: Columns
) -> None:
    """Set every column that is given, in the row of the same `key`."""
    for part in _parts(database, columns):
        sent = _sent(database, table, part, key=key)
        pairs = ", ".join(f"{name} = {sent.value_of[name]}" for name in columns if name != key)
        sql = f"UPDATE {table.name} SET {pairs}{sent.source} WHERE {table.name}.{key} = {sent.value_of[key]}"  # noqa: S608 - names of our own tables
        await connection.exec_driver_sql(sql, sent.parameters)


async def locked(
    connection: AsyncConnection,
    database: Database,
    columns: Sequence[Column[Any]],
    which: Mapping[Column[Any], Collection[str]],
) -> list[Sequence[Any]]:
    """The columns of the rows in which any column of `which` has one of its values, in the order of their ids, locked.

    One statement for all of them, around SQLAlchemy's result machinery, which would cost more than the query: every
    receipt passes here.
    """
    which = {column: values for column, values in which.items() if values}
    if not which:
        return []
    # One text of SQL for any number of values, which the database then need not read again.
    one_of = "IN (SELECT value FROM json_each(?))" if database.is_sqlite else "= ANY(${}::text[])"
    either = " OR ".join(f"{column.name} {one_of.format(n)}" for n, column in enumerate(which, 1))
    names = ", ".join(column.name for column in columns)
    sql = f"SELECT {names} FROM {columns[0].table.name} WHERE {either} ORDER BY id"  # noqa: S608 - names of our own tables
    if not database.is_sqlite:
        arrays = tuple(list(values) for values in which.values())
        return list(await connection.exec_driver_sql(f"{sql} FOR UPDATE", arrays))
    lists = tuple(msgspec.json.encode(list(values)).decode() for values in which.values())
    moments = [n for n, column in enumerate(columns) if isinstance(column.type, Moment)]
    return [_with_moments(row, moments) for row in await connection.exec_driver_sql(sql, lists)]


_MOMENT_CHARS: Final = len("2026-08-01 12:00:00.000000")


def moment_text(value: datetime) -> str:
    """A time as SQLAlchemy writes it into SQLite: UTC, microseconds, sortable."""
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.isoformat(" ", "microseconds")[:_MOMENT_CHARS]


def moment(text: str) -> datetime:
    """The time that `moment_text` wrote."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _with_moments(row: Sequence[Any], moments: Sequence[int]) -> Sequence[Any]:
    values = list(row)
    for n in moments:
        if values[n] is not None:
            values[n] = moment(values[n])
    return values


@dataclass(frozen=True, slots=True)
class _Sent:
    """How rows travel: what stands for each column's value, where that comes from, and the statement's parameters."""

    value_of: Mapping[str, str]
    source: str
    parameters: tuple[Any, ...]


def _sent(database: Database, table: Table, columns: Columns, *, key: str = "") -> _Sent:
    """A column with one value in all rows is a parameter of its own; the others, and `key`, travel as rows."""
    same = {name: values[0] for name, values in columns.items() if name != key and _is_one(values)}
    differing = {name: values for name, values in columns.items() if name not in same}
    return (_for_sqlite if database.is_sqlite else _for_postgresql)(table, same, differing)


def _is_one(values: Sequence[Any]) -> bool:
    """Whether all are equal; most columns give it away by their ends."""
    return bool(values[0] == values[-1] and values.count(values[0]) == len(values))


def _for_postgresql(table: Table, same: Mapping[str, Any], differing: Columns) -> _Sent:
    value_of = {name: f"new.{name}" for name in differing}
    value_of |= {name: f"${n}::{_type(table.c[name])}" for n, name in enumerate(same, len(differing) + 1)}
    arrays = ", ".join(f"${n}::{_type(table.c[name])}[]" for n, name in enumerate(differing, 1))
    source = f" FROM unnest({arrays}) AS new ({', '.join(differing)})" if differing else ""
    return _Sent(value_of, source, (*differing.values(), *same.values()))


def _for_sqlite(table: Table, same: Mapping[str, Any], differing: Columns) -> _Sent:
    # SQLite counts its marks as they stand in the text: what is the same in all rows stands before the rows.
    value_of = {name: f"new.column{n}" for n, name in enumerate(differing, 1)}
    value_of |= dict.fromkeys(same, "?")
    source = ""
    if differing:
        row = f"({', '.join('?' * len(differing))})"
        rows = ", ".join([row] * len(next(iter(differing.values()))))
        source = f" FROM (VALUES {rows}) AS new"
    before = [_written(table.c[name], [value])[0] for name, value in same.items()]
    written = (_written(table.c[name], values) for name, values in differing.items())
    return _Sent(value_of, source, (*before, *chain.from_iterable(zip(*written, strict=True))))


def _written(column: Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Values as SQLite's driver takes them."""
    if not isinstance(column.type, Moment):
        return values
    return [None if value is None else moment_text(value) for value in values]


_TYPES: tuple[tuple[type[Any], str], ...] = (
    (Moment, "timestamptz"),
    (BigInteger, "bigint"),
    (SmallInteger, "smallint"),
    (Integer, "integer"),
    (LargeBinary, "bytea"),
    (Float, "double precision"),
    (Boolean, "boolean"),
)


@cache
def _type(column: Column[Any]) -> str:
    return next((name for kind, name in _TYPES if isinstance(column.type, kind)), "text")


def _parts(database: Database, columns: Columns) -> Iterator[Columns]:
    """As many rows at once as one statement takes; none for no rows."""
    count = len(next(iter(columns.values()), ()))
    size = max(1, _PARAMETERS // len(columns)) if database.is_sqlite and columns else max(1, count)
    if 0 < count <= size:
        yield columns
        return
    for start in range(0, count, size):
        yield {name: values[start : start + size] for name, values in columns.items()}
