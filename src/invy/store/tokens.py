"""API tokens. Only a digest is stored; a token is random enough that a plain SHA-256 cannot be searched back.

When a token was last used is noted beside the request that used it: once a minute for each token, all that are due in
one short transaction. A database that cannot take the note now delays nobody and is asked again a minute later.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from invy.domain.errors import InvalidInput, NotFound, StoreUnavailable
from invy.store.database import Database
from invy.store.tables import tokens

PREFIX = "invy_"

USE_NOTED_EVERY = timedelta(minutes=1)
NOTE_S = 1.0
"""How long a note may wait for the database; receiving webhooks queues for the same writer."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known about a token; never the token itself."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def digest(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class TokenStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._tried: dict[str, datetime] = {}
        """When a note was last due, by token id."""
        self._due: dict[str, datetime] = {}
        self._noting: asyncio.Task[None] | None = None

    async def create(
        self, token_id: str, name: str, now: datetime, fresh: Callable[[], str] | None = None
    ) -> str:
        """Make a token and return it: the only time it can be seen.

        Raises:
            InvalidInput: a token of that name exists.
        """
        token = PREFIX + (fresh or token_urlsafe)()
        try:
            async with self._database.write() as connection:
                await connection.execute(
                    tokens.insert().values(id=token_id, name=name, digest=digest(token), created_at=now)
                )
        except IntegrityError as error:
            raise InvalidInput(
                f"A token named {name!r} exists already.",
                hint="Choose another name, or revoke that one first.",
            ) from error
        return token

    async def check(self, token: str, now: datetime) -> Token | None:
        """The token's record if it may be used. Only reads; that it was used is noted behind the caller's back."""
        statement = select(tokens).where(tokens.c.digest == digest(token), tokens.c.revoked_at.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        self._used(row.id, row.last_used_at, now)
        return Token(row.id, row.name, row.created_at, row.last_used_at, row.revoked_at)

    def _used(self, token_id: str, stored: datetime | None, now: datetime) -> None:
        for last in (stored, self._tried.get(token_id)):
            if last is not None and now - last <= USE_NOTED_EVERY:
                return
        self._tried[token_id] = self._due[token_id] = now
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note(), name="invy.token-use")

    async def _note(self) -> None:
        while self._due:
            due, self._due = self._due, {}
            with suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(NOTE_S), self._database.write() as connection:
                    for token_id, at in sorted(
                        due.items()
                    ):  # in one order: two processes must not wait for each other
                        await connection.execute(
                            update(tokens)
                            .where(
                                tokens.c.id == token_id,
                                or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at < at),
                            )
                            .values(last_used_at=at)
                        )

    async def settle(self) -> None:
        """Finish the note that is being written; before the database is closed."""
        if self._noting is not None:
            await self._noting

    async def all(self) -> list[Token]:
        async with self._database.read() as connection:
            found = await connection.execute(select(tokens).order_by(tokens.c.created_at))
            return [Token(r.id, r.name, r.created_at, r.last_used_at, r.revoked_at) for r in found]

    async def revoke(self, name: str, now: datetime) -> None:
        """End a token.

        Raises:
            NotFound: there is no usable token of that name.
        """
        async with self._database.write() as connection:
            done = await connection.execute(
                update(tokens)
                .where(tokens.c.name == name, tokens.c.revoked_at.is_(None))
                .values(revoked_at=now)
            )
        if not done.rowcount:
            raise NotFound(
                f"There is no usable token named {name!r}.", hint="List them with: invy token list"
            )
