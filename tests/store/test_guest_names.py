"""A stop reaches its guest by whatever name it comes, and a resume can always follow it. On both databases."""

from itertools import permutations
from typing import Any

import pytest

from invy.store.database import Database
from invy.store.guests import GuestStore
from tests.making import at, phone
from tests.meta.webhook_bodies import body
from tests.store.hearing import hear

DANA = phone(1)
OLD, NEW = "GB.1001", "GB.2002"


def preference(word: str, second: float, **who: str) -> dict[str, Any]:
    return {"value": word, "timestamp": int(at(second).timestamp()), **who}


def told(*preferences: dict[str, Any], **more: Any) -> bytes:
    return body({"user_preferences": list(preferences), **more}, field="user_preferences")


STATUS = {"id": "wamid.A", "status": "delivered", "timestamp": str(int(at(5).timestamp()))}
CHANGED = body(
    {
        "messages": [
            {
                "id": "wamid.S",
                "type": "system",
                "timestamp": str(int(at(6).timestamp())),
                "from": DANA[1:],
                "system": {"type": "user_changed_user_id", "previous_user_id": OLD, "user_id": NEW},
            }
        ]
    }
)
CONTACTS = body({"statuses": [STATUS], "contacts": [{"wa_id": DANA[1:], "user_id": NEW}]})


@pytest.mark.parametrize("who", [OLD, NEW])
@pytest.mark.parametrize("stop_first", [False, True])
async def test_a_stop_under_either_user_id_reaches_a_guest_who_has_changed_it(
    database: Database, who: str, stop_first: bool
) -> None:
    bodies = [CHANGED, told(preference("stop", 10, user_id=who))]
    for each in reversed(bodies) if stop_first else bodies:
        await hear(database, each)
    assert await GuestStore(database).opted_out([DANA]) == {DANA}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_number_beside_a_status_is_the_one_that_a_stop_is_about(
    database: Database, order: tuple[int, ...]
) -> None:
    bodies = [
        CONTACTS,
        told(preference("stop", 10, user_id=NEW)),
        told(preference("resume", 4, wa_id=DANA[1:])),
    ]
    for n in order:
        await hear(database, bodies[n])
    assert await GuestStore(database).opted_out([DANA]) == {DANA}


async def test_a_stop_that_names_nobody_is_the_only_contacts(database: Database) -> None:
    await hear(database, told(preference("stop", 10), contacts=[{"wa_id": DANA[1:]}]))
    assert await GuestStore(database).opted_out([DANA]) == {DANA}


async def test_a_stop_of_the_year_9999_can_be_resumed(database: Database) -> None:
    await hear(database, told({"value": "stop", "timestamp": 253402300799, "wa_id": DANA[1:]}))
    assert await GuestStore(database).opted_out([DANA]) == {DANA}
    await hear(database, told(preference("resume", 2000, wa_id=DANA[1:])))
    assert await GuestStore(database).opted_out([DANA]) == set()
