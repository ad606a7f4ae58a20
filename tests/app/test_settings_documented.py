"""No setting without an explanation, and no explanation without a setting."""

import re
from pathlib import Path

import pytest

from invy.app.overview import rows
from invy.app.settings import catalogue, load
from invy.meta import versions

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
SAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SETTINGS = {name: setting for name, (_, setting) in catalogue().items()}
FILE_VARIANTS = {f"{name}_FILE" for name, setting in SETTINGS.items() if setting.from_file}
FOR_TESTS = {"INVY_TEST_DATABASE_URL", "INVY_META_REFERENCE"}
SECTIONS = dict(re.findall(r"^### `(\w+)`\n\n(.*?)(?=^#|\Z)", GUIDE, re.MULTILINE | re.DOTALL))


def test_the_guide_has_a_section_for_every_setting_and_for_nothing_else() -> None:
    assert list(SECTIONS) == list(SETTINGS)


def test_the_guide_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"\b(?:INVY|WHATSAPP)_[A-Z_]*[A-Z]\b", GUIDE))

    assert named - set(SETTINGS) - FOR_TESTS == FILE_VARIANTS


@pytest.mark.parametrize("name", SETTINGS)
def test_the_guide_tells_the_true_default(name: str) -> None:
    row = next(row for row in rows(load({}, None), versions.READ_ON) if row.name == name)
    section = " ".join(SECTIONS[name].split())

    assert f"Default: {'not set' if row.value is None else f'`{row.value}`'}" in section


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.secret])
def test_the_guide_says_which_settings_are_secret(name: str) -> None:
    assert "Secret." in SECTIONS[name]


def test_the_sample_file_has_a_line_for_every_setting_and_for_nothing_else() -> None:
    lines = re.findall(r"^(?:# )?([A-Z_]+)=", SAMPLE, re.MULTILINE)

    assert len(lines) == len(set(lines))
    assert set(lines) == set(SETTINGS) | FILE_VARIANTS


def test_every_line_of_the_sample_file_has_an_explanation_above_it() -> None:
    blocks = [
        block.splitlines()
        for block in SAMPLE.split("\n\n")
        if re.search(r"^(?:# )?[A-Z_]+=", block, re.MULTILINE)
    ]

    assert blocks
    for first, *_ in blocks:
        assert first.startswith("# ")
        assert first.endswith(".") or first.removeprefix("# ").partition("=")[0] in FILE_VARIANTS


def test_the_sample_file_loads_as_it_ships_and_sets_nothing() -> None:
    settings = load({}, ROOT / ".env.example")

    assert settings == load({}, None)


def test_what_the_sample_file_shows_in_remarks_would_load_and_is_the_default_where_there_is_one(
    tmp_path: Path,
) -> None:
    names = "|".join(SETTINGS)
    shown = re.sub(rf"^# (?=(?:{names})=)", "", SAMPLE, flags=re.MULTILINE)
    dotenv = tmp_path / ".env"
    dotenv.write_text(shown, encoding="utf-8")
    settings, defaults = load({}, dotenv), load({}, None)

    differing = {name for name in SETTINGS if settings.value_of(name) != defaults.value_of(name)}
    assert differing == {"INVY_PUBLIC_URL", "INVY_LOG_FILE"}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_says_what_it_is_and_those_of_meta_say_where_they_are_found(name: str) -> None:
    setting = SETTINGS[name]

    assert setting.about.endswith(".")
    assert setting.where or not (setting.secret or name.endswith("_ID"))
    assert setting.from_file or not setting.secret
