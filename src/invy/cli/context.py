"""What every command stands on: the global options, the settings they lead to, and an open house. One `asyncio.run`.

Nothing heavy is imported before a command needs it: `invy --help` must be quick.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from invy.domain.errors import InvalidInput

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.app.settings import Settings

T = TypeVar("T")

DOTENV: Final = Path(".env")
_SILENCE: Final = logging.NullHandler()


@dataclass(slots=True)
class Options:
    """What stands before the command. `env_file` is None for `.env` in this folder, if there is one."""

    env_file: Path | None = None
    traceback: bool = False


_options: ContextVar[Options | None] = ContextVar("invy_cli_options", default=None)


def options() -> Options:
    """The global options of the command that is running."""
    return _options.get() or Options()


@contextmanager
def using(chosen: Options) -> Iterator[None]:
    """For the time of one command."""
    token = _options.set(chosen)
    try:
        yield
    finally:
        _options.reset(token)


def settings() -> "Settings":
    """The effective settings.

    Raises:
        ConfigurationError: with every problem.
        InvalidInput: the file named with --env-file is not there.
    """
    from invy.app.settings import load

    named = options().env_file
    if named is not None and not _is_file(named):
        raise InvalidInput(f"There is no file {named}.", hint="Check the path that follows --env-file.")
    return load(os.environ, named or DOTENV)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can be called that
        return False


def log_quietly(found: "Settings") -> None:
    """For commands that tell their outcome themselves: the log goes to INVY_LOG_FILE, where one is set."""
    from invy.app import logs

    logging.getLogger().addHandler(_SILENCE)  # otherwise Python prints warnings that nobody handles
    logs.configure(found.log_format, found.log_level, None, found.log_file, secrets=found.secret_values())


def run(work: Callable[["House"], Coroutine[Any, Any, T]]) -> T:
    """Open the house on the configured database, do the work in it, close it.

    Raises:
        ConfigurationError, SchemaBehind: before the work began.
        StoreUnavailable: the database cannot be used now.
    """
    from invy.app.house import open_house
    from invy.store.database import COMMAND

    found = settings()
    log_quietly(found)

    async def inside() -> T:
        async with open_house(found, limits=COMMAND) as house:
            return await work(house)

    return asyncio.run(inside())
