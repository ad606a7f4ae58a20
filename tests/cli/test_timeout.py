"""How long `invy send` stays when it sends by itself: as long as it was told, and until Meta has answered what has left."""

import time

from tests.cli.shell import IMAGE, Shell
from tests.flows.world import World, simulator

PARAMS = ("--param", "contact_name=Dana", "--param", f"invitation_image_url={IMAGE}", "--event-id", "wedding")


def send(number: str, *options: str) -> tuple[str, ...]:
    return ("send", "hina_invitation", number, *PARAMS, *options)


def test_the_time_is_kept_also_while_only_the_pace_holds_a_message_back(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta)
    shell.env["INVY_SEND_RATE"] = "0.01"
    began = time.monotonic()
    assert shell.run(*send("+12025550141")).exit_code == 0  # the next one may leave in a hundred seconds
    result = shell.run(*send("+12025550142", "--timeout", "1"))
    assert time.monotonic() - began < 20
    assert result.exit_code == 75
    assert "still queued: it could not leave in the time given" in result.stdout
    assert shell.json("messages", "--status", "queued", "--json")["messages"][0]["to"] == "+12025550142"


def test_what_has_left_is_let_finish_though_the_time_is_over(shell: Shell) -> None:
    with simulator("--latency", "2500", "--no-pair", "--rate", "0") as world:
        result = shell.ready().talking_to(world).run(*send("+12025550143", "--timeout", "1"))
    assert result.exit_code == 0
    assert "Meta accepted the message" in result.stdout


def test_what_can_leave_at_once_leaves_however_little_time_is_given(shell: Shell, meta: World) -> None:
    assert shell.ready().talking_to(meta).run(*send("+12025550144", "--timeout", "0")).exit_code == 0


def test_a_message_that_meta_put_off_is_told_with_meta_s_reason(shell: Shell, meta: World) -> None:
    result = shell.ready().talking_to(meta).run(*send("+447700900195", "--timeout", "1"))
    assert result.exit_code == 75
    assert "still queued: Meta did not take it yet: 131057" in result.stdout
    assert "What to do: " in result.stdout
    assert "do not send it again" in result.stdout
