"""`invy templates`: the file read, checked and shown, and one to start from."""

from pathlib import Path

import pytest

from invy.meta import registry
from tests.cli.shell import Shell


def test_init_writes_the_commented_sample_and_never_overwrites(shell: Shell) -> None:
    first = shell.run("templates", "init")
    assert first.exit_code == 0
    file = shell.folder / "templates.toml"
    assert file.read_text(encoding="utf-8") == registry.sample()
    file.write_text("mine")
    second = shell.run("templates", "init")
    assert second.exit_code == 2
    assert "left as it is" in second.stderr
    assert file.read_text() == "mine"


def test_init_writes_where_it_is_told_makes_the_folder_and_can_print(shell: Shell) -> None:
    assert shell.run("templates", "init", "new/own.toml").exit_code == 0
    assert (shell.folder / "new" / "own.toml").is_file()
    assert shell.run("templates", "init", "new").exit_code == 0
    assert (shell.folder / "new" / "templates.toml").is_file()
    assert shell.run("templates", "init", "-").stdout == registry.sample()
    assert shell.run("templates", "init", "new/own.toml/x.toml").exit_code == 2


def test_the_list_names_what_each_template_needs(shell: Shell) -> None:
    shell.run("templates", "init")
    out = shell.run("templates", "list").stdout
    assert "hina_invitation" in out
    assert "invitation_image_url, contact_name, event_id" in out
    told = shell.json("templates", "list", "--json")
    assert told["templates"][0]["required"] == ["invitation_image_url", "contact_name", "event_id"]


def test_a_template_is_shown_with_its_parameters_and_what_the_guest_sees(shell: Shell) -> None:
    shell.run("templates", "init")
    result = shell.run(
        "templates", "show", "hina_invitation", "--param", "contact_name=דנה", "--param", "x=1"
    )
    assert "{{1}} of the body" in result.stdout
    assert "{{1}} = דנה" in result.stdout
    assert "{{invitation_image_url}}" in result.stdout
    assert "does nothing with --param x" in result.stderr
    told = shell.json("templates", "show", "hina_invitation", "--json")
    assert told["name"] == "hina_invitation"
    assert "preview" in told


def test_a_good_file_is_said_to_be_good(shell: Shell) -> None:
    shell.run("templates", "init")
    assert "templates.toml is good: 1 template." in shell.run("templates", "check").stdout
    assert shell.json("templates", "check", "--json") == {"file": "templates.toml", "problems": []}


def test_check_lists_everything_to_mend_with_exit_6_where_sending_would_be_a_configuration_error(
    shell: Shell,
) -> None:
    Path("templates.toml").write_text('[a]\nlanguage_code = "he"\n[b]\nmeta_name = "b"\n')
    result = shell.run("templates", "check")
    assert result.exit_code == 6
    assert "meta_name" in result.stdout
    assert "language_code" in result.stdout
    assert len(shell.json("templates", "check", "--json", code=6)["problems"]) >= 2
    assert shell.run("templates", "list").exit_code == 3


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("check",)])
def test_without_a_file_the_command_that_makes_one_is_named(shell: Shell, command: tuple[str, ...]) -> None:
    result = shell.run("templates", *command)
    assert result.exit_code == 3
    assert "invy templates init" in result.stderr


def test_a_binary_file_is_a_configuration_error(shell: Shell) -> None:
    Path("templates.toml").write_bytes(b"\xff\xfe\x00\x01")
    assert shell.run("templates", "check").exit_code == 3


def test_an_unknown_template_is_not_found(shell: Shell) -> None:
    shell.run("templates", "init")
    result = shell.run("templates", "show", "hina_invitatoin")
    assert result.exit_code == 4
    assert "Did you mean 'hina_invitation'?" in result.stderr
