"""A process that was killed while its message was in the air, and nobody runs who could notice: the user asks."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from invy.domain.evidence import Attempt, Phase, Told
from invy.store.tables import messages
from tests.cli.shell import Shell
from tests.making import at, message_id
from tests.operations.living import Living, live

ID = message_id(1)


@pytest.fixture
def abandoned(shell_on_both: Shell) -> Shell:
    """Message 1 was leased by a process that is gone; the lease of message 2 still holds."""

    async def story(living: Living) -> None:
        await living.begin(2)
        for n in (1, 2):
            await living.tell(Told(Attempt(1, Phase.STARTED, at(1)), message_id=message_id(n)))
        async with living.database.write() as connection:
            for n, until in ((1, at(60)), (2, at(60) + timedelta(days=36500))):
                await connection.execute(
                    update(messages).where(messages.c.id == message_id(n)).values(lease_until=until)
                )

    shell_on_both.ready()
    live(shell_on_both, story)
    return shell_on_both


def test_its_message_is_listed_as_unconfirmed(abandoned: Shell) -> None:
    result = abandoned.run("unconfirmed", "--older-than", "0s")
    assert result.exit_code == 0
    assert ID in result.stdout
    assert message_id(2) not in result.stdout


def test_its_message_can_be_settled(abandoned: Shell) -> None:
    result = abandoned.run("unconfirmed", "settle", ID, "--not-sent")
    assert (result.exit_code, "is settled: failed" in result.stdout) == (0, True)
    assert abandoned.run("unconfirmed", "settle", message_id(2), "--not-sent").exit_code == 2
