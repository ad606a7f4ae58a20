"""Fresh, empty databases for tests, cheap enough for one per test (about 20 ms on PostgreSQL, nothing on SQLite)."""

import asyncio
import secrets
import threading
from urllib.parse import urlsplit

import asyncpg

NAME_PREFIX = "invy_test_"


class PostgresDatabases:
    """Creates and drops databases on one server, over one connection.

    The connection lives on an event loop in a thread of its own, so that plain and async tests may both ask.
    """

    def __init__(self, server_url: str) -> None:
        if urlsplit(server_url).scheme != "postgresql":
            raise ValueError(
                "INVY_TEST_DATABASE_URL must begin with postgresql:// and name a database to connect to."
            )
        self._server_url = server_url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="postgres-databases", daemon=True)
        self._thread.start()
        self._connection: asyncpg.Connection | None = None

    def create(self, template: str = "template0") -> str:
        """Make a database and return its URL. `template` is the URL or name of a database to copy, with no one in it."""
        name = NAME_PREFIX + secrets.token_hex(8)
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{database_name(template)}"')
        return urlsplit(self._server_url)._replace(path=f"/{name}").geturl()

    def drop(self, url: str) -> None:
        """Drop it even when a test has left connections open."""
        self._execute(f'DROP DATABASE IF EXISTS "{database_name(url)}" WITH (FORCE)')

    def close(self) -> None:
        if self._connection is not None:
            asyncio.run_coroutine_threadsafe(self._connection.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _execute(self, sql: str) -> None:
        asyncio.run_coroutine_threadsafe(self._execute_there(sql), self._loop).result()

    async def _execute_there(self, sql: str) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._server_url)
        await self._connection.execute(sql)


def database_name(url_or_name: str) -> str:
    return urlsplit(url_or_name).path.lstrip("/") if "://" in url_or_name else url_or_name
