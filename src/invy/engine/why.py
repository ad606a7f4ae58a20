"""Why a message is where it is, and who of an event was not reached: situations are read, the verdict is asked for.

Reads only. Nothing here is decided: what a message's evidence means is `diagnose`'s to say.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from invy.diagnose.case import Case
from invy.diagnose.groups import Group, Tally
from invy.diagnose.health import Picture
from invy.diagnose.verdict import Verdict, verdict
from invy.domain.errors import InvalidInput, NotFound
from invy.domain.ids import EventId, MessageId, TemplateKey
from invy.domain.message import Message
from invy.domain.phone import E164, parse
from invy.engine.ports import Clock

SHOWN: Final = 10
"""So many further messages of a number or a guest are named beside the newest."""


class SituationsPort(Protocol):
    """Where situations are read."""

    async def of(self, name: str, now: datetime) -> Case | None: ...
    async def newest(
        self, *, to: E164 | None = None, guest_id: str | None = None, limit: int
    ) -> Sequence[Message]: ...
    def unreached(self, event_id: EventId, now: datetime) -> AsyncGenerator[Sequence[Case]]: ...
    def bundles(self, event_id: EventId, now: datetime) -> AsyncGenerator[Sequence[tuple[Case, int]]]: ...


class Eyes(Protocol):
    """Looks at the picture of a message as Meta would; None where it has none that can be looked at."""

    async def look(self, message_id: MessageId) -> Picture | None: ...


@dataclass(frozen=True, slots=True)
class Explained:
    """One message and the verdict on it."""

    case: Case
    verdict: Verdict
    others: tuple[Message, ...] = ()
    """Further messages of the number or guest that was asked about, newest first."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """The messages of one template that have not arrived, by what is to be done about them."""

    template_key: TemplateKey
    count: int
    groups: tuple[Group[MessageId], ...]


class Why:
    """Explains. `region` is where numbers without a country code are dialled."""

    def __init__(self, situations: SituationsPort, clock: Clock, region: str) -> None:
        self._situations = situations
        self._clock = clock
        self._region = region

    async def explain(self, name: str, *, eyes: Eyes | None = None) -> Explained:
        """The message of this wamid or id of ours, or the newest one of this guest id or number (in any form).

        Raises:
            NotFound: there is none.
        """
        now = self._clock()
        found = await self._situations.of(name, now)
        others: tuple[Message, ...] = ()
        if found is None:
            newest, *rest = await self._newest(name)
            found, others = await self._situations.of(newest.id, now), tuple(rest)
            assert found is not None
        if eyes is not None:
            situation = replace(found.situation, picture=await eyes.look(found.message.id))
            found = replace(found, situation=situation)
        return Explained(found, verdict(found.situation), others)

    async def unreached(self, event_id: EventId) -> AsyncGenerator[tuple[Case, Verdict]]:
        """Every message of an event that has not arrived. One that was sent again counts once, by its newest try."""
        async with aclosing(self._situations.unreached(event_id, self._clock())) as pages:
            async for page in pages:
                for found in page:
                    yield found, verdict(found.situation)

    async def groups(self, event_id: EventId) -> Sequence[Unreached]:
        """The unreached of an event, template by template, in groups with one next step each.

        Quick however many they are: messages that nothing tells apart are judged once.
        """
        tallies: dict[TemplateKey, Tally[MessageId]] = {}
        async with aclosing(self._situations.bundles(event_id, self._clock())) as pages:
            async for page in pages:
                for found, times in page:
                    tally = tallies.setdefault(found.message.template_key, Tally(keep=0))
                    tally.add(found.message.id, verdict(found.situation), times)
        return [Unreached(key, tally.count, tally.groups()) for key, tally in sorted(tallies.items())]

    async def _newest(self, name: str) -> Sequence[Message]:
        of_guest = await self._situations.newest(guest_id=name, limit=SHOWN + 1)
        if of_guest:
            return of_guest
        try:
            phone = parse(name, self._region).e164
        except InvalidInput:
            raise NotFound(
                f"There is no message, guest or number {name[:128]!r}.",
                hint="Give a wamid, an id of Invy, a guest's id, or a phone number in any form.",
            ) from None
        to_phone = await self._situations.newest(to=phone, limit=SHOWN + 1)
        if not to_phone:
            raise NotFound(
                "No message was ever written for this number.",
                hint="Is the guest on the list? See: invy guests list EVENT",
            )
        return to_phone
