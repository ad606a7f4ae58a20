import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from invy.domain.errors import ConfigurationError, SchemaBehind, StoreUnavailable
from invy.store import schema
from invy.store.database import Database
from invy.store.tables import metadata

BRIEFS_QUERY = """
SELECT
wamid,
to_phone,
status,
template_name,
sent_at,
delivered_at,
failed_at,
error_code,
error_message
FROM whatsapp_messages
ORDER BY sent_at DESC
LIMIT 10;
"""


async def test_migrations_build_exactly_the_tables(database: Database) -> None:
    async with database.read() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    assert differences == []


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert (await schema.upgrade(database)).up_to_date
    await schema.require_current(database)


async def test_a_new_database_is_refused_with_the_command_that_mends_it(database_url: str) -> None:
    opened = Database.open(database_url)
    with pytest.raises(SchemaBehind) as refused:
        await schema.require_current(opened)
    assert "invy db upgrade" in refused.value.hint
    await opened.close()


async def test_a_database_of_a_newer_invy_is_refused(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaBehind, match="does not know"):
        await schema.require_current(database)
    with pytest.raises(SchemaBehind, match="does not know"):
        await schema.upgrade(database)


async def test_the_briefs_query_runs_unchanged(database: Database) -> None:
    async with database.read() as connection:
        assert (await connection.execute(text(BRIEFS_QUERY))).all() == []


@pytest.mark.parametrize("url", ["mysql://x/y", "not a url", ""])
def test_other_databases_are_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Database.open(url)
    assert "sqlite:///" in refused.value.hint


async def test_an_unreachable_postgresql_says_so() -> None:
    opened = Database.open("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable):
        await schema.state(opened)
    await opened.close()


async def test_a_failed_transaction_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    insert = text("INSERT INTO events (id, name, created_at) VALUES ('e', 'E', '2026-01-01 00:00:00')")

    async def breaks() -> None:
        async with database.write() as connection:
            await connection.execute(insert)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await breaks()
    async with database.write() as connection:
        count = await connection.execute(text("SELECT count(*) FROM events"))
        assert count.scalar_one() == 0


async def test_a_locked_sqlite_file_is_unavailable_and_recovers(sqlite_url: str) -> None:
    one, other = Database.open(sqlite_url), Database.open(sqlite_url + "?timeout=0.05")
    await schema.upgrade(one)
    async with other.engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout=50")
    async with one.write():
        with pytest.raises(StoreUnavailable, match="locked"):
            async with other.write():
                pass
    await schema.require_current(other)
    async with other.write() as connection:
        await connection.execute(text("DELETE FROM events"))
    await one.close()
    await other.close()


def test_the_revision_that_is_compared_with_is_the_newest_migration() -> None:
    assert schema.head() == schema.HEAD
