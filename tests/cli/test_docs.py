"""docs/cli.md documents every command, every option of ours and every exit code, and nothing that does not exist."""

import re
from pathlib import Path
from typing import Any

import pytest

from invy.cli.exit_code import ExitCode
from invy.cli.program import ENTRIES, app, load

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `invy ([\w -]+)`\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL))
ELSEWHERE = {"simulator", "doctor"}
"""Their options are many, and have their own pages."""


def leaves(command: Any, path: str) -> dict[str, Any]:
    below = getattr(command, "commands", None)
    if not below:
        return {path: command}
    found: dict[str, Any] = {path: command} if command.invoke_without_command else {}
    for name, inner in below.items():
        found |= leaves(inner, f"{path} {name}")
    return found


COMMANDS = {path: leaf for entry in ENTRIES for path, leaf in leaves(load(entry), entry.name).items()}


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("path", sorted(set(COMMANDS) - ELSEWHERE))
def test_every_option_is_explained_in_the_section_of_its_command(path: str) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts if option[0] == "-"}
    missing = {option for option in options if option not in SECTIONS[path]}
    assert not missing


@pytest.mark.parametrize("path", sorted(set(COMMANDS) - ELSEWHERE))
def test_no_section_speaks_of_an_option_that_its_command_lacks(path: str) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    named = set(re.findall(r"(--[a-z][a-z-]*)", SECTIONS[path]))
    assert named <= options


def test_the_global_options_are_explained() -> None:
    assert app.registered_callback is not None
    for option in ("--env-file", "--traceback", "--version", "--help"):
        assert f"`{option}" in PAGE


def test_the_table_of_exit_codes_is_the_one_of_the_program() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert told == {int(code) for code in ExitCode}


def test_every_setting_named_here_exists() -> None:
    from invy.app.settings import catalogue

    assert set(re.findall(r"\bINVY_[A-Z_]+\b", PAGE)) <= set(catalogue())
