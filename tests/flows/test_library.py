"""The brief's example, run from an application's own session against the simulator."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from invy.domain.errors import (
    InvalidInput,
    MetaRefused,
    NotFound,
    ParameterRefused,
    PhoneRefused,
    SchemaBehind,
)
from invy.domain.hold import Scope
from invy.domain.state import State
from invy.store import schema
from invy.store.database import Database, engine_url
from invy.store.holds import HoldStore
from invy.store.overview import Overview
from invy.whatsapp import WhatsAppService, close_whatsapp_services, get_whatsapp_service
from tests.flows.world import World

PARAMS = {
    "contact_name": "איילה חורב",
    "event_id": "f3122a7d-1d7c-4cc1-955d-1c6b7358bd25",
    "invitation_image_url": "https://api-invy.dvirlabs.com/uploads/1d32b5fbab0f494cae443b4188a83ca3.jpg",
}
BRIEFS_PAYLOAD = {
    "messaging_product": "whatsapp",
    "to": "+972504370045",
    "type": "template",
    "template": {
        "name": "hina_invitation",
        "language": {"code": "he"},
        "components": [
            {
                "type": "header",
                "parameters": [{"type": "image", "image": {"link": PARAMS["invitation_image_url"]}}],
            },
            {"type": "body", "parameters": [{"type": "text", "text": "איילה חורב"}]},
            {
                "type": "button",
                "sub_type": "url",
                "index": "0",
                "parameters": [{"type": "text", "text": PARAMS["event_id"]}],
            },
        ],
    },
}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The engine of somebody else's application."""
    made = create_async_engine(engine_url(database_url))
    yield made
    await close_whatsapp_services()
    await made.dispose()


@pytest.fixture
async def service(
    engine: AsyncEngine, database_url: str, world: World, templates: Path
) -> AsyncIterator[WhatsAppService]:
    await schema.upgrade(Database.over(engine))
    async with AsyncSession(engine) as session:
        yield get_whatsapp_service(session, world.settings(database_url, templates))


async def test_the_briefs_example_works_as_written(
    service: WhatsAppService, world: World, engine: AsyncEngine
) -> None:
    result = await service.send_by_template_key(
        template_key="hina_invitation",
        to_phone="0504370045",
        params=PARAMS,
        event_id=PARAMS["event_id"],
        guest_id="guest-uuid-here",
    )
    assert result["status"] == "sent"
    assert result["to"] == "+972504370045"
    assert result["template"] == "hina_invitation"
    assert result["message_id"] is not None
    assert result["message_id"].startswith("wamid.")
    [received] = world.messages()
    assert received["wamid"] == result["message_id"]
    assert received["biz_opaque_callback_data"] == result["id"]
    overview = Overview(Database.over(engine))
    message = await overview.find(result["message_id"])
    assert message is not None
    assert (message.event_id, message.guest_id) == (PARAMS["event_id"], "guest-uuid-here")
    payload = json.loads(await overview.payload(message.id))
    assert payload.pop("biz_opaque_callback_data") == result["id"]
    assert payload.pop("recipient_type") == "individual"
    assert json.dumps(payload) == json.dumps(BRIEFS_PAYLOAD)


async def test_the_same_engine_gives_the_same_service(engine: AsyncEngine, service: WhatsAppService) -> None:
    assert get_whatsapp_service(engine) is service
    async with AsyncSession(engine) as session:
        assert get_whatsapp_service(session) is service


async def test_what_cannot_be_sent_is_refused_before_anything_is_sent(
    service: WhatsAppService, world: World
) -> None:
    with pytest.raises(PhoneRefused):
        await service.send_by_template_key("hina_invitation", "12", PARAMS)
    with pytest.raises(NotFound):
        await service.send_by_template_key("hina_invitatoin", "0504370045", PARAMS)
    with pytest.raises(ParameterRefused) as refused:
        await service.send_by_template_key(
            "hina_invitation", "0504370045", {**PARAMS, "contact_name": "a\nb"}
        )
    assert refused.value.parameter == "contact_name"
    assert world.messages() == []


async def test_a_refusal_of_meta_is_raised_with_its_code_and_recorded(
    world: World, templates: Path, engine: AsyncEngine, database_url: str
) -> None:
    await schema.upgrade(Database.over(engine))
    text = templates.read_text(encoding="utf-8").replace('body_params = ["contact_name"]', "body_params = []")
    templates.write_text(text, encoding="utf-8")
    service = get_whatsapp_service(engine, world.settings(database_url, templates))
    with pytest.raises(MetaRefused) as refused:
        await service.send_by_template_key("hina_invitation", "0504370045", PARAMS)
    assert refused.value.code == 132000
    assert refused.value.message_id is not None
    message = await Overview(Database.over(engine)).find(refused.value.message_id)
    assert message is not None
    assert message.state is State.FAILED
    assert message.folded.failed is not None
    assert message.folded.failed.failure.trace_id


async def test_a_template_that_meta_does_not_know_holds_the_template_and_blames_no_guest(
    world: World, templates: Path, engine: AsyncEngine, database_url: str
) -> None:
    await schema.upgrade(Database.over(engine))
    text = templates.read_text(encoding="utf-8").replace('"hina_invitation"', '"another_template"', 1)
    templates.write_text(text, encoding="utf-8")
    service = get_whatsapp_service(engine, world.settings(database_url, templates))
    result = await service.send_by_template_key("hina_invitation", "0504370045", PARAMS)
    assert result["status"] == "queued"
    [hold] = await HoldStore(Database.over(engine)).active()
    assert (hold.scope, hold.subject, hold.code) == (Scope.TEMPLATE, "hina_invitation", 132001)


async def test_an_event_has_an_id_as_everywhere_else(
    world: World, templates: Path, engine: AsyncEngine, database_url: str
) -> None:
    await schema.upgrade(Database.over(engine))
    service = get_whatsapp_service(engine, world.settings(database_url, templates))
    with pytest.raises(InvalidInput, match="id of an event"):
        await service.send_by_template_key("hina_invitation", "0504370045", PARAMS, event_id="wed\u200fding")


async def test_a_database_without_tables_says_which_command_to_run(
    engine: AsyncEngine, world: World, templates: Path, database_url: str
) -> None:
    bare = get_whatsapp_service(engine, world.settings(database_url, templates))
    with pytest.raises(SchemaBehind) as refused:
        await bare.send_by_template_key("hina_invitation", "0504370045", PARAMS)
    assert "invy db upgrade" in refused.value.hint


def test_something_else_than_a_session_is_refused() -> None:
    with pytest.raises(InvalidInput):
        get_whatsapp_service("sqlite:///x")  # type: ignore[arg-type]
