"""`invy config show`."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from invy.app.overview import rows
from invy.app.settings import catalogue, load
from invy.cli.config import app
from invy.domain.errors import ConfigurationError

TOKEN = "EAAG" + "b" * 36 + "wxyz"


@pytest.fixture(autouse=True)
def _clean_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("INVY_", "WHATSAPP_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_listed_with_its_value_and_origin() -> None:
    Path(".env").write_text("INVY_PORT=8001\n")
    result = CliRunner().invoke(app, ["show"], env={"INVY_SEND_RATE": "20"})

    assert result.exit_code == 0
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in result.stdout.splitlines()}
    assert list(lines) == list(catalogue())
    assert lines["INVY_PORT"].split() == ["8001", ".env", "line", "1"]
    assert lines["INVY_SEND_RATE"].split() == ["20", "environment"]
    assert lines["INVY_HOST"].split() == ["127.0.0.1", "default"]
    assert lines["INVY_PUBLIC_URL"].startswith("(not set)")


def test_a_secret_is_only_said_to_be_set_with_its_last_characters_if_it_is_long() -> None:
    env = {
        "WHATSAPP_ACCESS_TOKEN": TOKEN,
        "WHATSAPP_VERIFY_TOKEN": "shortone",
        "WHATSAPP_APP_SECRET": "a" * 32 + ",short",
    }
    result = CliRunner().invoke(app, ["show"], env=env)

    assert "set, ends in wxyz" in result.stdout
    assert "set, ends in aaaa, set  " in result.stdout
    assert TOKEN[:-4] not in result.output
    assert "aaaaa" not in result.output
    assert "shortone" not in result.output


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://invy:hunter2@db/invy", "postgresql://invy:***@db/invy"),
        ("postgresql://invy:hun@ter2@db/invy", "postgresql://invy:***@db/invy"),
        ("postgresql://:hunter2@db/invy", "postgresql://:***@db/invy"),
        ("postgresql://invy@db/invy?password=hunter2&x=1", "postgresql://invy@db/invy?password=***&x=1"),
        ("postgresql://invy@db/invy", "postgresql://invy@db/invy"),
    ],
)
def test_the_password_of_the_database_is_masked(url: str, shown: str) -> None:
    result = CliRunner().invoke(app, ["show"], env={"INVY_DATABASE_URL": url})

    assert f"{shown} " in result.stdout
    assert "ter2" not in result.output


def test_json_has_the_same_for_a_program() -> None:
    result = CliRunner().invoke(app, ["show", "--json"], env={"WHATSAPP_ACCESS_TOKEN": TOKEN})
    settings = {row["name"]: row for row in json.loads(result.stdout)["settings"]}

    assert list(settings) == list(catalogue())
    assert settings["WHATSAPP_ACCESS_TOKEN"] == {
        "name": "WHATSAPP_ACCESS_TOKEN",
        "value": "set, ends in wxyz",
        "set": True,
        "secret": True,
        "origin": {"kind": "environment", "place": "environment"},
        "remark": None,
    }
    assert settings["INVY_PUBLIC_URL"]["value"] is None
    assert settings["INVY_PUBLIC_URL"]["set"] is False


def test_a_wrong_setting_is_raised_for_the_main_program_to_map() -> None:
    result = CliRunner().invoke(app, ["show"], env={"INVY_PROT": "1"})

    assert isinstance(result.exception, ConfigurationError)
    assert "did you mean INVY_PORT?" in str(result.exception)
    assert result.stdout == ""


def test_a_version_that_is_not_known_is_remarked_upon_beside_the_data() -> None:
    result = CliRunner().invoke(app, ["show"], env={"WHATSAPP_API_VERSION": "v99.0"})

    assert "newer than" in result.stderr
    assert "newer than" not in result.stdout


def test_an_expired_version_has_a_remark_on_its_row_only() -> None:
    remarks = {
        row.name: row.remark
        for row in rows(load({"WHATSAPP_API_VERSION": "v20.0"}, None), date(2026, 11, 23))
    }

    assert "expired on 2026-09-24" in remarks.pop("WHATSAPP_API_VERSION")
    assert set(remarks.values()) == {""}
