"""Nothing leaves while a number rests: who started the sending hears until when, and why."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from invy.store.tables import senders
from tests.cli.shell import Shell
from tests.cli.test_send_command import PARAMS, SEND
from tests.flows.world import World
from tests.operations.living import Living, live


def test_the_end_of_the_rest_is_told_and_the_message_stays_queued(shell_on_both: Shell, meta: World) -> None:
    shell = shell_on_both.ready().talking_to(meta)
    until = datetime.now(UTC) + timedelta(seconds=200)

    async def rest(living: Living) -> None:
        async with living.database.write() as connection:
            row = {
                "id": shell.env["WHATSAPP_PHONE_NUMBER_ID"],
                "next_slot": 0.0,
                "rest_until": until.timestamp(),
            }
            await connection.execute(insert(senders).values(**row))

    live(shell, rest)
    result = shell.run(*SEND, "0504370045", *PARAMS, "--timeout", "0.1")

    assert result.exit_code == 75
    assert result.stderr.count("Nothing leaves from this number until") == 1
    assert f"until {until.astimezone():%H:%M:%S}" in result.stderr
    assert "queued" in result.stdout
