"""What is put into a Hebrew sentence is Hebrew too, but for the names of things."""

import re
from datetime import UTC, datetime
from pathlib import Path

from invy.app.settings import catalogue
from invy.engine.doctor.section import Section
from tests.engine.doctor.own_plays import OWN_SIDE
from tests.engine.doctor.patients import by_key, examined, settings

HEBREW = re.compile(r"[\u05d0-\u05ea]")


def test_where_a_setting_is_found_is_said_in_hebrew() -> None:
    for name, (_, setting) in catalogue().items():
        assert bool(setting.where) == bool(HEBREW.search(setting.where_he)), name
        assert " with " not in setting.where_he


async def test_the_place_of_a_missing_token_is_hebrew(tmp_path: Path) -> None:
    finding = by_key(await OWN_SIDE["settings.no_token"](tmp_path), "settings.no_token")
    assert "הגדרות העסק של מטא" in finding.todo.he
    assert "business settings" in finding.todo.en


async def test_a_missing_template_file_is_not_a_file_with_mistakes(tmp_path: Path) -> None:
    finding = by_key(await OWN_SIDE["registry.no_file"](tmp_path), "registry.no_file")
    assert finding.seen.he == f"אין קובץ תבניות {tmp_path / 'templates.toml'}."
    assert "invy templates init" in finding.todo.he


async def test_until_when_a_version_holds_is_a_sentence(tmp_path: Path) -> None:
    today = datetime(2026, 11, 23, tzinfo=UTC)
    for version, words in (("v25.0", "v25.0 בתוקף עד 2"),):
        given = settings(tmp_path, WHATSAPP_API_VERSION=version)
        found = await examined(given, Section.VERSION, clock=lambda: today)
        assert by_key(found, "version.current").seen.he.startswith(words)
