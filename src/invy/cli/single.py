"""One message from the command line: composed, written to the outbox, seen off, and its outcome told."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from invy.app import template_file
from invy.app.house import House, utc_now
from invy.cli import departure, hold_words, output, parameters
from invy.cli.context import log_quietly, settings
from invy.cli.departure import Counts, Ended, Errand
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
        await house.outbox.enqueue_one(draft)
        errand = Errand(draft.sender_id, draft.template_key, ids=frozenset({draft.id}))
        began = house.clock()
        ended = await departure.see_off(house, errand, _unwatched, patience_s=self.stay_s)
        on_time = True
        if self.wait is not None and ended is Ended.GONE:
            left_s = self.stay_s - (house.clock() - began).total_seconds()
            on_time = await departure.wait_for(
                house, errand, _unwatched, _reaches(State(self.wait.value)), timeout_s=max(0.0, left_s)
            )
        message = await house.overview.find(draft.id)
        assert message is not None
        if self.as_json:
            # The brief calls Meta's wamid the message_id.
            output.json_document(document(message) | {"message_id": message.folded.wamid})
        code = await self._tell(house, errand, message, ended)
        if code is ExitCode.OK and not on_time:
            output.say(f"It was not {self.wait} within {self.stay_s:g} seconds.", style="yellow")
            return ExitCode.FINDINGS
        return code

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
            refusal = await _refusal(house, message, holds)
            if refusal is not None:
                _tell_failure(tell, message, refusal)
                tell(
                    f"  The template {message.template_key} is held for that, and the message is still queued with "
                    f"what it was filled with: do not send it again. Once Meta would take it: "
                    f"invy resume template {message.template_key}. To drop it: invy cancel {message.id}"
                )
                code = ExitCode.REFUSED
            else:
                for line in _still_queued(message, ended, holds):
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


async def _refusal(house: House, message: Message, holds: Sequence[Hold]) -> Failure | None:
    """What Meta answered to this very message, when that is why its template is held and the message waits."""
    codes = {hold.code for hold in holds if hold.scope is Scope.TEMPLATE and hold.code is not None}
    answers = [
        fact.failure
        for _, fact in await house.overview.timeline(message.id)
        if isinstance(fact, Attempt) and fact.phase is Phase.DEFERRED
    ]
    newest = answers[-1] if answers else None
    return newest if newest is not None and newest.code in codes else None


def _still_queued(message: Message, ended: Ended, holds: Sequence[Hold]) -> list[str]:
    if holds:
        why = f"the {holds[0].scope} is held ({hold_words.reason(holds[0])})"
        then = f"Once that is put right: {hold_words.ending(holds[0], {})}"
    elif ended is Ended.INTERRUPTED:
        why, then = "you stopped before it left", "A running `invy serve` or `invy worker` sends it."
    else:
        why, then = (
            "it could not leave in the time given",
            "A running `invy serve` or `invy worker` sends it.",
        )
    return [
        f"{message.to}: the message is still queued: {why}.",
        f"  It stays in the outbox, so do not send it again. {then}",
        f"  To drop it instead: invy cancel {message.id}",
    ]


def _tell_failure(tell: Callable[..., None], message: Message, failure: Failure) -> None:
    refused = message.folded.wamid is None
    first = "Meta refused the message" if refused else "Meta reports that the message was not delivered"
    tell(f"{message.to}: {first}: {in_short(failure)}", style="red")
    for heading, words in in_words(failure):
        tell(f"  {heading}: {words}")
