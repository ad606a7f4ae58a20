"""Many rows in one statement: what the receiving path stands on.

A statement per row costs a round trip on PostgreSQL, and on SQLite a hand-over of Python's interpreter lock, which a
busy event loop gives back late. So rows travel as arrays (PostgreSQL: `unnest`) or as one VALUES list (SQLite), and the
database works through them by itself. Measured with `python -m bench`: several times the rows per second.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from invy.store.database import Database
from invy.store.types import Moment

_PARAMETERS = 30_000
"""SQLite takes 32,766 parameters per statement."""


async def insert(
    connection: AsyncConnection,
    database: Database,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    conflict: str = "",
) -> None:
    """Insert rows that all have the same columns. `conflict` is an ON CONFLICT clause, spelled for both databases alike.

    With DO UPDATE, no two of the rows may fall on each other: PostgreSQL refuses that.
    """
    if not rows:
        return
    names = tuple(rows[0])
    if not database.is_sqlite:
        sql = (
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM {_unnest(table, names)} {conflict}"  # noqa: S608 - names of our own tables
        )
        await connection.exec_driver_sql(sql, _arrays(names, rows))
        return
    for part in _parts(rows, len(names)):
        values = ", ".join([_marks(len(names))] * len(part))
        sql = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {values} {conflict}"  # noqa: S608 - names of our own tables
        await connection.exec_driver_sql(sql, _flat(table, names, part))


async def insert_new(
    connection: AsyncConnection,
    database: Database,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    returning: str,
) -> list[Any]:
    """Insert rows that are not there yet; returns one column of those that were not."""
    if not rows:
        return []
    names = tuple(rows[0])
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    end = f"ON CONFLICT DO NOTHING RETURNING {returning}"
    if not database.is_sqlite:
        sql = f"{into} SELECT * FROM {_unnest(table, names)} {end}"  # noqa: S608 - names of our own tables
        return [row[0] for row in await connection.exec_driver_sql(sql, _arrays(names, rows))]
    new: list[Any] = []
    for part in _parts(rows, len(names)):
        sql = f"{into} VALUES {', '.join([_marks(len(names))] * len(part))} {end}"
        new += [row[0] for row in await connection.exec_driver_sql(sql, _flat(table, names, part))]
    return new


async def locked(
    connection: AsyncConnection,
    database: Database,
    columns: Sequence[Column[Any]],
    key: Column[Any],
    values: Collection[str],
) -> list[Sequence[Any]]:
    """The columns of the rows whose `key` is one of `values`, in the order of their ids, locked for this transaction.

    Around the ORM's result machinery, which would cost more than the query: every receipt passes here.
    """
    if not values:
        return []
    table = key.table.name
    names = ", ".join(column.name for column in columns)
    if not database.is_sqlite:
        sql = f"SELECT {names} FROM {table} WHERE {key.name} = ANY($1::text[]) ORDER BY id FOR UPDATE"  # noqa: S608 - names of our own tables
        return list(await connection.exec_driver_sql(sql, (list(values),)))
    # One text of SQL for any number of values, which SQLite then need not read again.
    sql = f"SELECT {names} FROM {table} WHERE {key.name} IN (SELECT value FROM json_each(?)) ORDER BY id"  # noqa: S608 - names of our own tables
    found = await connection.exec_driver_sql(sql, (msgspec.json.encode(list(values)).decode(),))
    moments = [n for n, column in enumerate(columns) if isinstance(column.type, Moment)]
    return [_with_moments(row, moments) for row in found]


def _with_moments(row: Sequence[Any], moments: Sequence[int]) -> Sequence[Any]:
    values = list(row)
    for n in moments:
        if values[n] is not None:
            values[n] = datetime.fromisoformat(values[n]).replace(tzinfo=UTC)
    return values


async def update(
    connection: AsyncConnection,
    database: Database,
    table: Table,
    key: str,
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Set every column that the rows name, in the row of the same `key`."""
    if not rows:
        return
    names = tuple(rows[0])
    changed = [name for name in names if name != key]
    if not database.is_sqlite:
        pairs = ", ".join(f"{name} = new.{name}" for name in changed)
        sql = (
            f"UPDATE {table.name} SET {pairs} FROM {_unnest(table, names)} AS new ({', '.join(names)}) "  # noqa: S608 - names of our own tables
            f"WHERE {table.name}.{key} = new.{key}"
        )
        await connection.exec_driver_sql(sql, _arrays(names, rows))
        return
    pairs = ", ".join(f"{name} = new.column{names.index(name) + 1}" for name in changed)
    for part in _parts(rows, len(names)):
        values = ", ".join([_marks(len(names))] * len(part))
        sql = (
            f"UPDATE {table.name} SET {pairs} FROM (VALUES {values}) AS new "  # noqa: S608 - names of our own tables
            f"WHERE {table.name}.{key} = new.column{names.index(key) + 1}"
        )
        await connection.exec_driver_sql(sql, _flat(table, names, part))


def moment_text(value: datetime) -> str:
    """A time as SQLAlchemy writes it into SQLite: UTC, microseconds, sortable."""
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds")


def _arrays(names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> tuple[list[object], ...]:
    return tuple([row[name] for row in rows] for name in names)


def _flat(table: Table, names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> tuple[object, ...]:
    writers = _writers(table, tuple(names))
    return tuple(
        value if value is None or write is None else write(value)
        for row in rows
        for value, write in zip((row[name] for name in names), writers, strict=True)
    )


@cache
def _writers(table: Table, names: tuple[str, ...]) -> tuple[Callable[[Any], object] | None, ...]:
    return tuple(moment_text if isinstance(table.c[name].type, Moment) else None for name in names)


@cache
def _unnest(table: Table, names: tuple[str, ...]) -> str:
    arrays = (f"${n}::{_array_type(table.c[name])}[]" for n, name in enumerate(names, start=1))
    return f"unnest({', '.join(arrays)})"


_TYPES: tuple[tuple[type[Any], str], ...] = (
    (Moment, "timestamptz"),
    (BigInteger, "bigint"),
    (SmallInteger, "smallint"),
    (Integer, "integer"),
    (LargeBinary, "bytea"),
    (Float, "double precision"),
    (Boolean, "boolean"),
)


def _array_type(column: Column[Any]) -> str:
    return next((name for kind, name in _TYPES if isinstance(column.type, kind)), "text")


def _marks(count: int) -> str:
    return f"({', '.join('?' * count)})"


def _parts(rows: Sequence[Mapping[str, object]], width: int) -> Sequence[Sequence[Mapping[str, object]]]:
    size = max(1, _PARAMETERS // width)
    return [rows[start : start + size] for start in range(0, len(rows), size)]
