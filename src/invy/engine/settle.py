"""Unconfirmed messages: a person looks at the evidence, decides, and may send again. Nothing here happens by itself.

A request whose outcome is unknown is settled by an echo of Meta's. Where none comes, only a person can know more: they
may ask the guest. Their decision is evidence like any other; a later receipt still outranks it. Sending again makes a
new message, at most one for each.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from invy.domain.doubt import Doubt, Doubtful
from invy.domain.errors import InvalidInput, NotFound, OptedOut
from invy.domain.evidence import Decision, Settlement
from invy.domain.ids import EventId, MessageId, new_id
from invy.domain.message import Draft, Message, retry_key
from invy.domain.phone import E164
from invy.domain.state import State
from invy.engine.ports import Clock
from invy.meta import payload

GRACE = timedelta(minutes=10)
"""How long Meta's echo may take before a message is shown to a person. Status webhooks come within seconds as a rule."""


class CasePort(Protocol):
    """One message, locked until the transaction ends."""

    @property
    def doubt(self) -> Doubt: ...
    @property
    def payload(self) -> bytes: ...
    async def settle(self, settlement: Settlement) -> Message: ...
    async def enqueue(self, draft: Draft) -> None: ...


class DoubtsPort(Protocol):
    def unconfirmed(self, before: datetime) -> AsyncIterator[Sequence[Doubt]]:
        """Messages that have been unconfirmed since before then, in pages."""

    async def undecided(self, which: Doubtful) -> Sequence[MessageId]:
        """Those that are unconfirmed, oldest message first."""

    async def resendable(self, which: Doubtful, *, may_arrive_twice: bool) -> Sequence[MessageId]:
        """Those settled as not sent and not sent again; with `may_arrive_twice` also those still unconfirmed."""

    def case(self, name: str) -> AbstractAsyncContextManager[CasePort | None]:
        """The message of that id or wamid, in a transaction; None when there is none."""


class OptOuts(Protocol):
    async def opted_out(self, phones: Sequence[E164]) -> set[E164]: ...


class Settling:
    """The use-cases of an operator."""

    def __init__(
        self, doubts: DoubtsPort, guests: OptOuts, clock: Clock, randomness: Callable[[int], bytes]
    ) -> None:
        self._doubts = doubts
        self._guests = guests
        self._clock = clock
        self._randomness = randomness

    def unconfirmed(self, grace: timedelta = GRACE) -> AsyncIterator[Sequence[Doubt]]:
        """What has stayed unconfirmed for longer than `grace`, oldest message first."""
        return self._doubts.unconfirmed(self._clock() - grace)

    async def undecided(self, event_id: EventId | None, grace: timedelta) -> Sequence[MessageId]:
        """What may be settled: of one event or of all, unconfirmed for longer than `grace`."""
        return await self._doubts.undecided(Doubtful(self._clock() - grace, event_id))

    async def resendable(
        self, event_id: EventId | None, grace: timedelta, *, may_arrive_twice: bool = False
    ) -> Sequence[MessageId]:
        """What may be sent again, as with `resend`: of one event or of all, of unknown outcome since before `grace`."""
        which = Doubtful(self._clock() - grace, event_id)
        return await self._doubts.resendable(which, may_arrive_twice=may_arrive_twice)

    async def settle(self, name: str, decision: Decision, *, by: str, note: str | None) -> Message:
        """Store what a person decided; returns the message as it stands then.

        Raises:
            NotFound: no such message.
            InvalidInput: there is nothing to settle: its state is known, or it has not left.
        """
        async with self._doubts.case(name) as case:
            if case is None:
                raise _unknown(name)
            message = case.doubt.message
            if message.state is not State.UNCONFIRMED:
                raise InvalidInput(
                    f"Message {message.id} is {message.state}, so there is nothing to settle.",
                    hint="Only an unconfirmed message can be settled. List them with: invy unconfirmed",
                )
            return await case.settle(Settlement(decision, self._clock(), by, note))

    async def resend(self, name: str, *, may_arrive_twice: bool = False, force: bool = False) -> Draft:
        """Write a new message with the same request into the outbox. At most one for each message, ever.

        Raises:
            NotFound: no such message.
            InvalidInput: it is not settled as not sent and `may_arrive_twice` was not given, it arrived or may still
                arrive, or it has been sent again already.
            OptedOut: the guest has asked for no more marketing messages, and `force` was not given.
        """
        async with self._doubts.case(name) as case:
            if case is None:
                raise _unknown(name)
            message = case.doubt.message
            _check(case.doubt, may_arrive_twice=may_arrive_twice)
            if not force and message.to in await self._guests.opted_out([message.to]):
                raise OptedOut(
                    "This guest has stopped marketing messages from your business.",
                    hint="Reach them another way, or send with --force if this is not marketing.",
                )
            now = self._clock()
            fresh = MessageId(new_id(now, self._randomness))
            draft = Draft(
                id=fresh,
                to=message.to,
                template_key=message.template_key,
                template_name=message.template_name,
                template_language=message.template_language,
                sender_id=message.sender_id,
                payload=payload.again(case.payload, message.id, fresh),
                created_at=now,
                event_id=message.event_id,
                guest_id=message.guest_id,
                campaign_id=message.campaign_id,
                retry_of=message.id,
                once_key=retry_key(message.id),
            )
            await case.enqueue(draft)
        return draft


def _unknown(name: str) -> NotFound:
    return NotFound(f"There is no message {name[:128]!r}.", hint="List them with: invy unconfirmed")


def _check(doubt: Doubt, *, may_arrive_twice: bool) -> None:
    message = doubt.message
    if doubt.resent_as is not None:
        raise InvalidInput(
            f"Message {message.id} has been sent again already, as {doubt.resent_as}.",
            hint=f"Look at that one: invy message {doubt.resent_as}",
        )
    not_sent = any(
        isinstance(fact, Settlement) and fact.decision is Decision.NOT_SENT for _, fact in doubt.evidence
    )
    if message.state is State.FAILED and not_sent:
        if message.folded.unsure_at is None:
            raise InvalidInput(
                f"Message {message.id} was cancelled before it was sent; there is nothing to send again.",
                hint="Send a new one: invy send, or invy campaign send for everybody who is not invited.",
            )
        return
    if message.state is not State.UNCONFIRMED:
        raise InvalidInput(
            f"Message {message.id} is {message.state}; only an unconfirmed one, or one settled as not sent, "
            "can be sent again here.",
            hint=f"See what is known about it: invy message {message.id}",
        )
    if not may_arrive_twice:
        raise InvalidInput(
            f"Nobody knows whether Meta took message {message.id}: sending it again may bring it twice.",
            hint=f"Ask the guest, then: invy unconfirmed settle {message.id} --not-sent. "
            "Or say --yes-it-may-arrive-twice.",
        )
