"""`invy unconfirmed settle` and `resend` for many: counted, asked about, then one by one, each a decision of its own.

Exactly those that were counted are touched. What moved on meanwhile, because Meta reported, is left as it is.
"""

import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import typer

from invy.app.house import House
from invy.cli import age, cell, output, person
from invy.cli import event as events
from invy.cli.context import run
from invy.cli.departure import works
from invy.cli.exit_code import ExitCode
from invy.cli.long_work import LongWork
from invy.cli.unconfirmed import GRACE, let_go, say_none
from invy.domain.errors import InvalidInput, OptedOut, TryLater
from invy.domain.evidence import Decision
from invy.domain.ids import EventId, MessageId

Ids = Sequence[MessageId]
Deed = Callable[[House, MessageId], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Many:
    """Which messages are meant, and whether the user has agreed already."""

    event: str | None
    grace: timedelta
    yes: bool

    @classmethod
    def of(cls, event: str | None, older_than: str | None, *, yes: bool, grace: str = GRACE) -> "Many":
        """`grace` is the age where none is given. Raises InvalidInput when nothing says which."""
        if event is None and older_than is None:
            raise InvalidInput(
                "Say which message, or which messages.",
                hint="Give an ID, or --event EVENT, or --older-than AGE. List them with: invy unconfirmed",
            )
        return cls(event, age.read(grace if older_than is None else older_than, "--older-than"), yes)

    @property
    def chosen(self) -> str:
        """The options that choose the same once they are settled."""
        if self.event is not None:
            return f"--event {shlex.quote(self.event.strip())}"
        return f"--older-than {self.grace // timedelta(seconds=1)}s"

    async def event_id(self, house: House) -> EventId | None:
        return None if self.event is None else (await events.known(house, self.event)).id


def settle_many(many: Many, *, not_sent: bool, note: str, by: str) -> None:
    decision = Decision.NOT_SENT if not_sent else Decision.SENT

    async def which(house: House) -> tuple[Ids, int]:
        await let_go(house)
        event_id = await many.event_id(house)
        found = await house.settling.undecided(event_id, many.grace)
        return found, len(found or await house.settling.undecided(event_id, timedelta(0)))

    async def settle(house: House, name: MessageId) -> None:
        await house.settling.settle(name, decision, by=person.named(by), note=note.strip() or None)

    found, younger = run(which)
    if not found:
        say_none("No such message is unconfirmed", younger, "With --older-than 0m they are meant too.")
        return
    _agree(many, f"settle {cell.count(len(found), 'message')} as {'not sent' if not_sent else 'sent'}")
    done, left, _ = run(lambda house: _each(house, found, settle))
    output.show(f"{cell.count(done, 'message')} settled as {'not sent' if not_sent else 'sent'}.")
    _say_left(left)
    if not_sent and done:
        output.say(f"To send them again: invy unconfirmed resend {many.chosen}")


def resend_many(many: Many, *, twice: bool, force: bool) -> None:
    async def which(house: House) -> Ids:
        await let_go(house)
        return await house.settling.resendable(await many.event_id(house), many.grace, may_arrive_twice=twice)

    async def resend(house: House, name: MessageId) -> None:
        await house.settling.resend(name, may_arrive_twice=twice, force=force)

    async def work(house: House) -> tuple[int, int, int]:
        told = await _each(house, found, resend)
        if told[0] and not await works(house):
            output.say("No service is running: start `invy serve` or `invy worker` to send them.")
        return told

    found = run(which)
    if not found:
        output.show("No such message is settled as not sent and waits to be sent again.")
        return
    _agree(many, f"send {cell.count(len(found), 'message')} again")
    done, left, stopped = run(work)
    output.show(f"{cell.count(done, 'message')} in the outbox to be sent again.")
    _say_left(left)
    if stopped:
        output.say(
            f"{cell.count(stopped, 'guest')} left out: they have stopped marketing messages from your business.",
            style="yellow",
        )
        raise typer.Exit(ExitCode.FINDINGS)


def _agree(many: Many, deed: str) -> None:
    """Raises InvalidInput when nobody is there to be asked, typer.Abort when they say no."""
    if many.yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"This would {deed}. Nothing was done.", hint="If that is meant, say --yes.")
    typer.confirm(f"This will {deed}. Go on?", abort=True, err=True)


async def _each(house: House, found: Ids, deed: Deed) -> tuple[int, int, int]:
    """How many it was done to, how many had moved on, and how many guests want no more."""
    done = left = stopped = 0
    with LongWork(f"{len(found):,} messages") as doing:
        for name in found:
            try:
                await deed(house, name)
                done += 1
            except OptedOut:
                stopped += 1
            except (InvalidInput, TryLater):
                left += 1
            doing.now(f"{done + left + stopped:,} of {len(found):,} messages")
    return done, left, stopped


def _say_left(left: int) -> None:
    if left:
        output.say(
            f"{cell.count(left, 'message')} left as they are: something became known about them meanwhile."
        )
