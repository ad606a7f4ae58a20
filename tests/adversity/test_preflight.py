"""T11: the template changed at Meta after it was set up here."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from invy.app.house import House
from invy.domain.errors import TemplateInvalid
from invy.store import schema
from invy.store.database import Database
from tests.flows.world import World, simulator


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[House, World]]:
    """A house whose `hina_invitation` takes one variable, towards a Meta where it takes two by now."""
    changed = {
        "name": "hina_invitation",
        "language": "he",
        "status": "APPROVED",
        "category": "MARKETING",
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "שלום {{1}}, נפגש ב-{{2}}", "example": {"body_text": [["א", "ב"]]}},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "URL", "text": "לפרטים", "url": "https://invy.dvirlabs.com/guest/{{1}}"}
                ],
            },
        ],
    }
    live, ours = tmp_path / "live.json", tmp_path / "templates.toml"
    live.write_text(json.dumps({"data": [changed]}), encoding="utf-8")
    ours.write_text(
        '[hina_invitation]\nmeta_name = "hina_invitation"\nlanguage_code = "he"\nheader_type = "IMAGE"\n'
        'header_handle_key = "invitation_image_url"\nbody_params = ["contact_name"]\nbutton_type = "URL"\n'
        'button_url = "https://invy.dvirlabs.com/guest/{{1}}"\nbutton_param_key = "event_id"\n',
        encoding="utf-8",
    )
    database = Database.open(database_url)
    await schema.upgrade(database)
    with simulator("--templates", str(live)) as world:
        yield House(world.settings(database_url, ours), database), world
    await database.close()


async def test_t11_a_template_that_changed_at_meta_blocks_and_the_difference_is_named(
    house: tuple[House, World],
) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        await house[0].preflight("hina_invitation")
    assert "Nothing was sent" in refused.value.message
    assert "variables in the text: 1 here, 2 at Meta" in refused.value.message
    assert house[1].messages() == []


@pytest.mark.parametrize("how", ["stranger", "wrong-types", "list", "html"])
async def test_t11_an_answer_without_a_list_of_templates_stops_nobody(
    house: tuple[House, World], how: str
) -> None:
    """It says nothing about the template, least of all that Meta has none."""
    do = {"do": "odd-answers", "how": how, "where": "message_templates"}
    house[1].ask("/_simulator/incidents", do)
    assert await house[0].preflight("hina_invitation")


async def test_t11_what_cannot_be_looked_at_is_told_and_stops_nobody(
    house: tuple[House, World], database_url: str
) -> None:
    _, world = house
    templates = house[0].settings.templates_file
    deaf = world.settings(database_url, templates, WHATSAPP_API_BASE_URL="http://127.0.0.1:9")
    assert await House(deaf, house[0].database).preflight("hina_invitation")
