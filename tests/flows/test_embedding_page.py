"""The applications on docs/embedding.md, run exactly as they stand there."""

import re
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI

from invy.app.house import open_house
from tests.flows.world import World
from tests.web.asgi import Client

PAGE = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text(encoding="utf-8")
WEBHOOK_ONLY, WITH_SENDING = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def application(source: str) -> FastAPI:
    module = ModuleType("yours")
    exec(compile(source, "docs/embedding.md", "exec"), module.__dict__)
    app = module.__dict__["app"]
    assert isinstance(app, FastAPI)
    return app


@pytest.fixture(autouse=True)
def settings_as_documented(
    world: World, database_url: str, templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the environment, and no `.env` in the folder."""
    monkeypatch.chdir(tmp_path)
    for name, value in world.environment(database_url, templates).items():
        monkeypatch.setenv(name, value)


async def test_the_application_that_only_receives_answers_metas_handshake(
    world: World, database_url: str, templates: Path
) -> None:
    async with open_house(world.settings(database_url, templates), upgrade=True):
        pass
    app = application(WEBHOOK_ONLY)

    async with app.router.lifespan_context(app):
        answered = await Client(app).get(
            f"/whatsapp/webhook?hub.mode=subscribe&hub.verify_token={world.verify_token}&hub.challenge=test123"
        )

    assert (answered.status, answered.text) == (200, "test123")


async def test_the_application_that_also_sends_gets_a_wamid_for_its_guest(world: World) -> None:
    app = application(WITH_SENDING)

    async with app.router.lifespan_context(app):
        answered = await Client(app).post("/invite?phone=0504370045&name=Test", b"", {})

    assert answered.status == 200, answered.text
    result = answered.json
    assert (result["status"], result["to"], result["template"]) == (
        "sent",
        "+972504370045",
        "hina_invitation",
    )
    assert [each["wamid"] for each in world.messages()] == [result["message_id"]]
