"""API tokens. Only a digest is stored; a token is random enough that a plain SHA-256 cannot be searched back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from invy.domain.errors import InvalidInput, NotFound
from invy.store.database import Database
from invy.store.tables import tokens

PREFIX = "invy_"

USE_NOTED_EVERY = timedelta(minutes=1)


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
        """The token's record if it may be used."""
        statement = select(tokens).where(tokens.c.digest == digest(token), tokens.c.revoked_at.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        if row.last_used_at is None or now - row.last_used_at > USE_NOTED_EVERY:
            async with self._database.write() as connection:
                await connection.execute(update(tokens).where(tokens.c.id == row.id).values(last_used_at=now))
        return Token(row.id, row.name, row.created_at, row.last_used_at, row.revoked_at)

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
