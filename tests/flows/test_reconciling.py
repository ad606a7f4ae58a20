"""A service asks Meta by itself about messages of which no webhook came; nobody types `invy reconcile`."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from invy.app.house import House, utc_now
from invy.app.service import Service
from invy.domain.evidence import Receipt, Source
from invy.domain.ids import MessageId
from invy.domain.phone import E164
from invy.domain.state import State
from invy.engine.reconcile import SILENT_FOR
from invy.store import schema
from invy.store.database import Database
from tests.adversity.stage import until
from tests.flows.world import World, simulator

PARAMS = {
    "contact_name": "Ayala",
    "event_id": "wedding",
    "invitation_image_url": "https://example.com/i.jpg",
}


@pytest.fixture
def meta() -> Iterator[World]:
    """Guests receive and read everything, and Meta has no webhook of ours to tell it to."""
    with simulator("--seed", "7", "--rate", "0", "--no-pair", "--no-magic", "--mix", "all-read") as started:
        yield started


async def unheard(house: House) -> MessageId:
    """A message that Meta has accepted and its guest has read."""
    draft = house.composer.draft("hina_invitation", E164("+12025550161"), PARAMS)
    await house.outbox.enqueue_one(draft)
    async with house.graph() as graph:
        await house.sender(graph).drain({draft.id})
    return draft.id


async def state(house: House, message: MessageId) -> State:
    found = await house.overview.find(message)
    assert found is not None
    return found.state


@pytest.mark.parametrize("role", ["service", "worker"])
async def test_what_no_webhook_told_is_asked_for(
    database_url: str, templates: Path, meta: World, role: str
) -> None:
    database = Database.open(database_url)
    try:
        await schema.upgrade(database)
        house = House(meta.settings(database_url, templates), database)
        message = await unheard(house)
        meta.settle()
        assert await state(house, message) is State.SENT

        later = House(house.settings, database, clock=lambda: utc_now() + SILENT_FOR + timedelta(minutes=1))
        async with Service(later, role=role).running(send=True):

            async def told() -> bool:
                return await state(later, message) is State.READ

            await until(told)
        receipts = [fact for _, fact in await later.overview.timeline(message) if isinstance(fact, Receipt)]
        assert {receipt.source for receipt in receipts} == {Source.HISTORY}
    finally:
        await database.close()
