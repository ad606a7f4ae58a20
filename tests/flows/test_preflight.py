"""Before a list is invited the template is looked at: an answer without a list stops nobody and makes nothing forgotten."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from invy.app.house import House
from invy.diagnose.sighting import Template, template_subject
from invy.domain.errors import TemplateInvalid
from invy.meta import registry
from invy.store import schema
from invy.store.database import Database
from tests.flows.world import World, simulator

KEY = "hina_invitation"
ODD = ["stranger", "wrong-types", "null", "list", "html"]


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[House, World]]:
    templates = tmp_path / "templates.toml"
    templates.write_text(registry.sample(), encoding="utf-8")
    database = Database.open(database_url)
    await schema.upgrade(database)
    with simulator("--seed", "7") as world:
        yield House(world.settings(database_url, templates), database), world
    await database.close()


@pytest.mark.parametrize("how", ODD)
async def test_an_answer_without_a_list_of_templates_stops_nobody_and_what_was_seen_stays(
    house: tuple[House, World], how: str
) -> None:
    there, world = house
    name = template_subject(KEY, "he")
    assert await there.preflight(KEY) is None
    seen = await there.sightings.last(Template, name)
    assert seen is not None
    world.ask("/_simulator/incidents", {"do": "odd-answers", "how": how, "where": "message_templates"})
    unseen = await there.preflight(KEY)
    assert unseen, "it is told that it could not be looked at"
    assert "_" not in unseen, "in words"
    assert await there.sightings.last(Template, name) == seen


async def test_a_template_that_meta_does_not_list_stops_the_campaign(house: tuple[House, World]) -> None:
    there, world = house
    world.ask("/_simulator/incidents", {"do": "delete-template", "template": KEY})
    with pytest.raises(TemplateInvalid, match="Meta has no template"):
        await there.preflight(KEY)
