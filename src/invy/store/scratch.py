"""A throw-away database: ours in every table, on disk so that memory stays flat, gone when the block ends.

Nothing in it is precious, so nothing waits for the disk.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from invy.store import schema
from invy.store.database import Database

PREFIX = "invy-scratch-"


@asynccontextmanager
async def scratch(folder: Path, revision: str = schema.HEAD) -> AsyncIterator[Database]:
    """An empty database in a folder of its own inside `folder`, which is made when needed."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=PREFIX, dir=folder, ignore_cleanup_errors=True) as own:
        database = Database.open(f"sqlite:///{own}/scratch.db", precious=False)
        try:
            await schema.upgrade(database, revision)
            yield database
        finally:
            await database.close()
