"""One message from the command line: composed, written to the outbox, seen off, and its outcome told."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from invy.app import template_file
from invy.app.house import House, utc_now
from invy.cli import departure, hold_words, interruption, output, parameters
from invy.cli.context import log_quietly, settings
from invy.cli.departure import Counts, Ended, Errand, Patience
from invy.cli.exit_code import ExitCode
from invy.cli.message_words import document, in_short, in_words
from invy.cli.send import Goal
from invy.domain.errors import OptedOut, TryLater
from invy.domain.evidence import Attempt, Phase
from invy.domain.failure import Failure
from invy.domain.hold import Hold, Scope
from invy.domain.ids import SenderId
from invy.domain.message import Draft, Message
from invy.domain.phone import parse
from invy.domain.state import State
from invy.engine.compose import Composer

_ACCEPTED: Final = {
    State.SENT: "Meta accepted the message. That is not delivery yet.",
    State.DELIVERED: "delivered.",
    State.READ: "read.",
}


@dataclass(frozen=True, slots=True)
class Single:
    """What `invy send` was asked for. `stay_s` is how long it may take in all."""

    template_key: str
    phone: str
    params: dict[str, str]
    event_id: str | None
    guest_id: str | None
    wait: Goal | None
    stay_s: float
    force: bool
    as_json: bool

    def draft(self, composer: Composer, region: str) -> Draft:
        """The message, with a word on stderr about what looks like a slip."""
        for sentence in parameters.strangers(composer.registry.get(self.template_key), self.params):
            output.say(sentence, style="yellow")
        to = parse(self.phone, region)
        for caution in to.warnings:
            output.say(f"{to.e164}: {caution.value}.", style="yellow")
        return composer.draft(
            self.template_key, to.e164, self.params, event_id=self.event_id, guest_id=self.guest_id
        )

    async def carry_out(self, house: House) -> ExitCode:
        draft = self.draft(house.composer, house.settings.default_region)
        await self._refuse_in_vain(house, draft)
        async with interruption.stoppable(_left_behind(draft)) as stop:
            await house.outbox.enqueue_one(draft)
            errand = Errand(draft.sender_id, draft.template_key, ids=frozenset({draft.id}))
            began = house.clock()
            patience = Patience(in_all_s=self.stay_s)
            ended = await departure.see_off(
                house,
                errand,
                _unwatched,
                patience,
                stop,
                tell_rest=lambda until: output.say(departure.rest_words(until)),
            )
            on_time = True
            if self.wait is not None and ended is Ended.GONE:
                left_s = self.stay_s - (house.clock() - began).total_seconds()
                far = _reaches(State(self.wait.value))
                on_time = await departure.wait_for(
                    house, errand, _unwatched, far, stop, timeout_s=max(0.0, left_s)
                )
            message = await house.overview.find(draft.id)
            assert message is not None
            if self.as_json:
                # The brief calls Meta's wamid the message_id.
                output.json_document(document(message) | {"message_id": message.folded.wamid})
            code = await self._tell(house, errand, message, ended)
        if code is not ExitCode.OK or on_time:
            return code
        if stop.is_set():
            output.say(f"You stopped before it was {self.wait}. It is sent: do not send it again.")
            return ExitCode.INTERRUPTED
        output.say(f"It was not {self.wait} within {self.stay_s:g} seconds.", style="yellow")
        return ExitCode.FINDINGS

    async def _refuse_in_vain(self, house: House, draft: Draft) -> None:
        """Before anything is written: what cannot be done as asked is not half done."""
        if not self.force and await house.guests.opted_out([draft.to]):
            raise OptedOut(
                "The guest has stopped marketing messages from your business. Nothing was sent.",
                hint="Reach the guest another way, or send with --force if this is not marketing.",
            )
        if self.wait in (Goal.DELIVERED, Goal.READ) and not await departure.hears(house):
            raise TryLater(
                f"Nothing was sent: no service is running, so nobody would hear that it was {self.wait}.",
                hint="Start `invy serve` first, or send without --wait and look later with `invy message ID`.",
            )

    async def _tell(self, house: House, errand: Errand, message: Message, ended: Ended) -> ExitCode:
        """The outcome in words: data for a person, talk beside JSON."""
        tell = output.say if self.as_json else output.show
        failed = message.folded.failed
        if message.state in (State.QUEUED, State.SENDING):
            holds = await departure.holds_on(house, errand)
            put_off = await _put_off(house, message)
            if put_off is not None and _refuses(holds, put_off):
                _tell_failure(tell, message, put_off)
                tell(
                    f"  The template {message.template_key} is held for that, and the message is still queued with "
                    f"what it was filled with: do not send it again. Once Meta would take it: "
                    f"invy resume template {message.template_key}. To drop it: invy cancel {message.id}"
                )
                code = ExitCode.REFUSED
            else:
                for line in _not_gone(message, ended, holds, put_off):
                    tell(line, style="yellow")
                code = ExitCode.INTERRUPTED if ended is Ended.INTERRUPTED else ExitCode.TRY_LATER
        elif message.state is State.UNCONFIRMED:
            tell(f"{message.to}: it is not known whether Meta took the message.", style="magenta")
            tell("  Do not send it again: when Meta reports about it, that settles it.")
            code = ExitCode.FINDINGS
        elif message.state is State.FAILED:
            _tell_failure(tell, message, failed.failure if failed else Failure(None))
            code = ExitCode.REFUSED
        else:
            tell(f"{message.to}: {_ACCEPTED[message.state]}", style=output.STYLES[message.state])
            tell(f"  wamid: {message.folded.wamid}")
            code = ExitCode.OK
        tell(f"  The evidence: invy message {message.id}")
        return code


def _left_behind(draft: Draft) -> str:
    """For whoever does not wait to see what became of it."""
    return (
        f"Stopped at once. The message to {draft.to} is stored, and Meta may have it already: do not send it again.\n"
        f"See what became of it: invy message {draft.id}"
    )


def show_request(order: Single) -> None:
    """The exact JSON, and nothing else on stdout. Needs neither a database nor a token."""
    found = settings()
    log_quietly(found)
    sender_id = SenderId(found.phone_number_id or "")
    composer = Composer(template_file.load(found), sender_id, utc_now, os.urandom)
    output.request(order.draft(composer, found.default_region).payload)


def _unwatched(_: Counts) -> None:
    """One message needs no bars."""


def _reaches(goal: State) -> Callable[[Counts], bool]:
    """Whether the message is that far, or can get no further."""

    def done(counts: Counts) -> bool:
        return any(n and (state is State.FAILED or state.rank >= goal.rank) for state, n in counts.items())

    return done


async def _put_off(house: House, message: Message) -> Failure | None:
    """What Meta answered last to this very message when it was not taken, and waits."""
    answers = [
        fact.failure
        for _, fact in await house.overview.timeline(message.id)
        if isinstance(fact, Attempt) and fact.phase is Phase.DEFERRED
    ]
    return answers[-1] if answers else None


def _refuses(holds: Sequence[Hold], answer: Failure) -> bool:
    """Whether that answer is why its template is held."""
    return any(hold.scope is Scope.TEMPLATE and hold.code == answer.code is not None for hold in holds)


def _not_gone(
    message: Message, ended: Ended, holds: Sequence[Hold], put_off: Failure | None
) -> Iterator[str]:
    sends = "A running `invy serve` or `invy worker` sends it."
    if message.state is State.SENDING:
        yield f"{message.to}: the message is on its way, and Meta's answer has not come yet."
        yield "  Whoever sends it records the answer. Do not send it again."
        return
    if holds:
        why, then = (
            f"the {holds[0].scope} is held ({hold_words.reason(holds[0])})",
            f"Once that is put right: {hold_words.ending(holds[0], {})}",
        )
    elif ended is Ended.INTERRUPTED:
        why, then = "you stopped before it left", sends
    elif put_off is not None:
        why, then = f"Meta did not take it yet: {in_short(put_off)}", sends
    else:
        why, then = "it could not leave in the time given", sends
    yield f"{message.to}: the message is still queued: {why}."
    if put_off is not None and not holds:
        for heading, words in in_words(put_off):
            yield f"  {heading}: {words}"
    yield f"  It stays in the outbox, so do not send it again. {then}"
    yield f"  To drop it instead: invy cancel {message.id}"


def _tell_failure(tell: Callable[..., None], message: Message, failure: Failure) -> None:
    refused = message.folded.wamid is None
    first = "Meta refused the message" if refused else "Meta reports that the message was not delivered"
    tell(f"{message.to}: {first}: {in_short(failure)}", style="red")
    for heading, words in in_words(failure):
        tell(f"  {heading}: {words}")
