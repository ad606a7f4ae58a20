"""What every suite may ask for: databases, a PostgreSQL to torment, a browser. Nothing starts until a test asks."""

import inspect
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import settings

from tests.browser import ARGUMENTS, browser_program, without_browser
from tests.databases import PostgresDatabases
from tests.postgres import PostgresServer, running_server

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

# How long an example takes depends on what else the machine is doing: that is not a failure of ours.
settings.register_profile("invy", parent=settings(), deadline=None)
settings.load_profile("invy")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Here and not beside the test that reads them: pytest must know them before it has looked into every folder."""
    parser.addoption("--crash-rounds", type=int, default=100, help="How many kills on each database.")
    parser.addoption("--crash-seed", type=int, default=0, help="Repeat the kills of an earlier run.")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Glass tests share one browser, so they share the event loop it lives on."""
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and item.get_closest_marker("glass")
            and inspect.iscoroutinefunction(item.obj)
        ):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server, as the URL of a database on it from which others may be created."""
    if given := os.environ.get("INVY_TEST_DATABASE_URL"):
        yield given
        return
    with running_server() as server:
        yield server.url()


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str) -> Iterator[PostgresDatabases]:
    databases = PostgresDatabases(postgres_url)
    yield databases
    databases.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh SQLite database: the file does not exist yet."""
    return f"sqlite:///{tmp_path / 'invy.db'}"


@pytest.fixture
def postgresql_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    url = postgres_databases.create()
    yield url
    postgres_databases.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database, once of each kind."""
    url = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
def private_postgres() -> Iterator[PostgresServer]:
    """A running server of the test's own, to stop, kill and start again."""
    with running_server() as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator["Browser"]:
    """Chromium without a window. Ask for it from tests marked `glass`."""
    program = browser_program()
    home = str(tmp_path_factory.mktemp("browser-home"))  # it would write into the real one
    from playwright.async_api import async_playwright

    async with AsyncExitStack() as stack:
        try:
            playwright = await stack.enter_async_context(async_playwright())
            chromium = await playwright.chromium.launch(
                executable_path=program,
                args=list(ARGUMENTS),
                env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home},
                chromium_sandbox=os.geteuid() != 0,  # Chromium's sandbox refuses to run as root
            )
        except Exception as error:  # noqa: BLE001 - the driver raises plain Exception when it cannot run
            without_browser(
                f"{program} or its driver does not start (on Debian the driver needs libatomic1): {error}"
            )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: "Browser") -> AsyncIterator["Page"]:
    """A fresh page in a fresh profile. Ask for it from tests marked `glass`."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()
