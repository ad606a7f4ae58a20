"""Rows that travel by column arrive as they were, whichever columns have one value in all of them."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from invy.store import bulk
from invy.store.database import Database
from invy.store.tables import journal, user_opt_outs
from tests.making import at

BODIES = st.sampled_from([b"", b"{}", b"\x00\xff"])
NOTES = st.none() | st.sampled_from(["", "a note", "שלום 🎉"])
MOMENTS = st.integers(0, 3).map(lambda n: at(n / 3))

entries = st.lists(
    st.tuples(st.integers(1, 9), MOMENTS, BODIES, st.integers(0, 3), NOTES),
    max_size=6,
    unique_by=lambda row: row[0],
)


def by_column(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> bulk.Columns:
    return {name: [row[n] for row in rows] for n, name in enumerate(names)}


async def written(database: Database, names: tuple[str, ...]) -> set[tuple[Any, ...]]:
    async with database.read() as connection:
        found = await connection.execute(select(*(journal.c[name] for name in names)))
        return {tuple(row) for row in found}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=entries, later=entries)
async def test_what_is_inserted_and_updated_is_what_was_given(
    database: Database, rows: list[Any], later: list[Any]
) -> None:
    names = ("id", "received_at", "body", "outcome", "note")
    async with database.write() as connection:
        await connection.execute(delete(journal))
        await bulk.insert(connection, database, journal, by_column(names, rows))
        await bulk.update(connection, database, journal, "id", by_column(names, later))
    new = {row[0]: row for row in later}
    assert await written(database, names) == {tuple(new.get(row[0], row)) for row in rows}


async def test_more_rows_than_one_statement_takes_are_written_in_several(database: Database) -> None:
    rows = [(n, at(0), b"%d" % (n % 7), 0) for n in range(1, 20_001)]
    names = ("id", "received_at", "body", "outcome")
    async with database.write() as connection:
        await bulk.insert(connection, database, journal, by_column(names, rows))
        closed: bulk.Columns = {"id": [row[0] for row in rows], "outcome": [row[0] % 3 for row in rows]}
        await bulk.update(connection, database, journal, "id", closed)
    assert await written(database, ("id", "outcome")) == {(n, n % 3) for n in range(1, 20_001)}


async def test_only_rows_that_were_not_there_are_returned(database: Database) -> None:
    def stops(*names: str, when: datetime) -> bulk.Columns:
        count = len(names)
        return {"user_id": names, "stopped": [True] * count, "at": [when] * count, "detail": [None] * count}

    async def add(given_: bulk.Columns) -> list[Any]:
        async with database.write() as connection:
            stored = await bulk.insert(
                connection,
                database,
                user_opt_outs,
                given_,
                conflict="ON CONFLICT DO NOTHING",
                returning="user_id, stopped",
            )
            return [row[0] for row in stored]

    assert sorted(await add(stops("a", "b", when=at(1)))) == ["a", "b"]
    assert await add(stops("b", "c", when=at(2))) == ["c"]
    assert await add(stops("c", when=at(3))) == []
    assert await add(stops(when=at(4))) == []


async def test_a_value_that_is_the_databases_mischief_stays_a_value(database: Database) -> None:
    name = "x'); DROP TABLE journal; --"
    rows: bulk.Columns = {"user_id": [name], "stopped": [True], "at": [at(0)], "detail": [name]}
    async with database.write() as connection:
        await bulk.insert(connection, database, user_opt_outs, rows)
        found = await bulk.locked(
            connection, database, (journal.c.id, journal.c.note), {journal.c.note: [name]}
        )
    assert found == []
    async with database.read() as connection:
        kept = await connection.execute(select(user_opt_outs.c.detail))
        assert kept.scalar_one() == name


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_locked_rows_come_in_the_order_of_their_ids_with_aware_times(
    database: Database, count: int
) -> None:
    rows = [(n, at(n), b"", "note") for n in range(count, 0, -1)]
    async with database.write() as connection:
        await bulk.insert(
            connection, database, journal, by_column(("id", "received_at", "body", "note"), rows)
        )
        columns = (journal.c.id, journal.c.received_at, journal.c.applied_at)
        found = await bulk.locked(connection, database, columns, {journal.c.note: ["note", "other"]})
    assert [tuple(row) for row in found] == [(n, at(n), None) for n in range(1, count + 1)]
