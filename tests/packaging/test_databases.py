"""The databases that tests are given: fresh, real, killable, and gone at the end."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.databases import PostgresDatabases, database_name
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]


def test_a_database_url_names_no_driver(database_url: str) -> None:
    assert database_url.startswith(("sqlite:////", "postgresql://"))
    assert make_url(database_url).database


def test_a_sqlite_database_does_not_exist_yet_but_its_folder_does(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    assert not path.exists()
    assert path.parent.is_dir()


@pytest.mark.parametrize("time_round", [1, 2])
async def test_every_test_gets_an_empty_postgresql(postgresql_url: str, time_round: int) -> None:
    connection = await asyncpg.connect(postgresql_url)
    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    await connection.execute("CREATE TABLE left_behind (a integer)")
    await connection.close()
    assert tables == 0, f"round {time_round} found what an earlier one left"


async def test_a_database_is_dropped_even_while_someone_is_connected(
    postgres_databases: PostgresDatabases,
) -> None:
    url = postgres_databases.create()
    connection = await asyncpg.connect(url)
    postgres_databases.drop(url)
    with pytest.raises(asyncpg.PostgresConnectionError):
        await connection.fetchval("SELECT 1")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)


async def test_a_prepared_database_can_be_copied(postgres_databases: PostgresDatabases) -> None:
    prepared = postgres_databases.create()
    connection = await asyncpg.connect(prepared)
    await connection.execute("CREATE TABLE guest AS SELECT 7 AS seat")
    await connection.close()
    copy = postgres_databases.create(template=prepared)
    connection = await asyncpg.connect(copy)
    assert await connection.fetchval("SELECT seat FROM guest") == 7
    await connection.close()
    postgres_databases.drop(copy)
    postgres_databases.drop(prepared)


def test_only_a_postgresql_url_is_taken_for_a_server() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        PostgresDatabases("sqlite:///somewhere.db")


def test_a_database_is_known_by_its_url_or_its_name() -> None:
    assert database_name("postgresql://invy:secret@127.0.0.1:1/wedding") == "wedding"
    assert database_name("wedding") == "wedding"


async def test_the_server_keeps_its_promises_to_disk(private_postgres: PostgresServer) -> None:
    connection = await asyncpg.connect(private_postgres.url())
    settings = [
        await connection.fetchval(f"SHOW {name}")
        for name in ("fsync", "synchronous_commit", "full_page_writes")
    ]
    await connection.close()
    assert settings == ["on", "on", "on"]


async def test_what_was_committed_survives_kill_9(private_postgres: PostgresServer) -> None:
    url = private_postgres.url()
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept (a integer)")
    await connection.execute("INSERT INTO kept VALUES (1)")
    private_postgres.kill()
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await asyncpg.connect(url)
    private_postgres.start()
    again = await asyncpg.connect(url)
    assert await again.fetchval("SELECT a FROM kept") == 1
    await again.close()
    connection.terminate()
    assert "was not properly shut down" in private_postgres.log


async def test_a_stopped_server_starts_again_on_the_same_port(private_postgres: PostgresServer) -> None:
    port = private_postgres.port
    private_postgres.stop()
    assert not private_postgres.running
    private_postgres.start()
    assert private_postgres.port == port
    connection = await asyncpg.connect(private_postgres.url())
    await connection.close()
    assert "was not properly shut down" not in private_postgres.log


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_server_outlives_interrupted_tests(end: signal.Signals) -> None:
    holder = textwrap.dedent("""
        import time
        from tests.postgres import running_server
        with running_server() as server:
            print(server.pid, server.folder, flush=True)
            time.sleep(60)
    """)
    tests = subprocess.Popen(
        [sys.executable, "-c", holder], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert tests.stdout
    pid, _, folder = tests.stdout.readline().decode().strip().partition(" ")
    assert process_exists(int(pid))
    tests.send_signal(end)
    tests.wait()
    tests.stdout.close()
    deadline = time.monotonic() + 20
    while process_exists(int(pid)) or Path(folder).exists():
        assert time.monotonic() < deadline, "the server or its folder was left behind"
        time.sleep(0.02)


def test_the_server_asks_for_its_password(postgres_url: str) -> None:
    if "INVY_TEST_DATABASE_URL" in os.environ:
        pytest.skip("INVY_TEST_DATABASE_URL names a server with rules of its own")
    parts = urlsplit(postgres_url)
    assert parts.hostname == "127.0.0.1"
    assert parts.password


def process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
