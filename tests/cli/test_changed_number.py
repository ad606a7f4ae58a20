"""A campaign was begun from one business phone number, and another one is in the settings now."""

import time

import pytest

from tests.cli.shell import IMAGE, Shell
from tests.flows.world import World

SEND = (
    "campaign",
    "send",
    "wedding",
    "hina_invitation",
    "--no-preflight",
    "--param",
    f"invitation_image_url={IMAGE}",
)
GUESTS = "name,phone\nDana,+12025550151\nEmma,+12025550152\n"
OTHER = "999999999999999"


@pytest.fixture
def moved(shell_on_both: Shell, meta: World) -> Shell:
    """Two invitations are queued for the old number."""
    shell = shell_on_both.ready().talking_to(meta)
    shell.env["WHATSAPP_PHONE_NUMBER_ID"] = OTHER
    shell.guests(GUESTS)
    assert shell.run(*SEND).exit_code == 75  # this number is not the account's: the sender is held
    shell.env["WHATSAPP_PHONE_NUMBER_ID"] = meta.phone_number_id
    return shell


def test_what_waits_for_the_old_number_is_named_at_once_with_both_ways_out(moved: Shell, meta: World) -> None:
    began = time.monotonic()
    result = moved.run(*SEND)
    assert time.monotonic() - began < 30
    assert result.exit_code == 75
    assert (
        f"2 invitations of this campaign were written for the business phone number {OTHER}" in result.stderr
    )
    assert f"do not leave from {meta.phone_number_id}" in result.stderr
    assert "invy campaign cancel wedding hina_invitation" in result.stderr
    assert "waits for another business phone number" in result.stderr
    assert "`invy serve`" not in result.stderr
    assert moved.json(*SEND, "--json", code=75)["ended"] == "other_number"


def test_what_can_leave_leaves_beside_it(moved: Shell) -> None:
    moved.guests(GUESTS + "Noa,+12025550153\n")
    told = moved.json(*SEND, "--json", code=75)
    assert (told["new"], told["ended"]) == (1, "other_number")
    assert (told["counts"]["sent"], told["counts"]["queued"]) == (1, 2)


def test_cancelled_and_sent_again_they_leave_from_the_new_number(moved: Shell) -> None:
    assert moved.run("campaign", "cancel", "wedding", "hina_invitation").exit_code == 0
    told = moved.json(*SEND, "--json")
    assert (told["new"], told["ended"], told["counts"]["sent"]) == (2, "gone", 2)
