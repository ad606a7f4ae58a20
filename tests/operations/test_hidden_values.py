"""What an error of the database shows: never the values of a row."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from invy.store.database import Database
from invy.store.tables import inbound
from tests.making import at
from tests.operations.living import PHONE


async def test_a_row_that_is_refused_is_not_repeated_in_the_error(database: Database) -> None:
    row = {
        "wamid": "w",
        "from_phone": PHONE,
        "kind": "text",
        "text": "secret",
        "at": at(1),
        "heard_at": at(1),
    }
    with pytest.raises(DBAPIError) as refused:
        async with database.write() as connection:
            await connection.execute(insert(inbound), [row, row])
    assert "inbound_messages" in str(refused.value)
    assert PHONE not in str(refused.value)
    assert "secret" not in str(refused.value)
