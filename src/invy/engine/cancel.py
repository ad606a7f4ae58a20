"""Cancelling: a person takes messages out of the outbox that have not left. What has left is never called back.

The decision is evidence like any other, a settlement as not sent, written in the transaction that takes the message out
of the outbox: a sender has either leased it before, and then it is not cancelled, or never will. A cancelled invitation
counts as never made, so the guest can be invited anew.
"""

from typing import Protocol

from invy.domain.errors import InvalidInput, NotFound
from invy.domain.evidence import Decision, Settlement
from invy.domain.ids import CampaignId
from invy.domain.message import Message
from invy.engine.ports import Clock

NOTE = "cancelled before it was sent"


class CancellingPort(Protocol):
    async def one(self, name: str, settlement: Settlement) -> tuple[Message, bool] | None:
        """The message of that id as it stands afterwards, and whether this cancelled it; None when there is none."""

    async def some(self, campaign_id: CampaignId, settlement: Settlement) -> tuple[int, bool]:
        """Cancel some that are queued: how many, and whether there may be more. One transaction."""


class Cancelling:
    """The use-cases. `by` is the person who decides."""

    def __init__(self, store: CancellingPort, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def message(self, name: str, *, by: str, note: str | None = None) -> Message:
        """Take one message out of the outbox.

        Raises:
            NotFound: no such message.
            InvalidInput: it is not queued, so there is nothing to cancel.
        """
        found = await self._store.one(name, self._settlement(by, note))
        if found is None:
            raise NotFound(f"There is no message {name[:128]!r}.", hint="List them with: invy messages")
        message, cancelled = found
        if not cancelled:
            raise InvalidInput(
                f"Message {message.id} is {message.state}; only a queued one can be cancelled.",
                hint=f"See what is known about it: invy message {message.id}",
            )
        return message

    async def campaign(self, campaign_id: CampaignId, *, by: str, note: str | None = None) -> int:
        """Take every queued message of a campaign out of the outbox; returns how many. In pieces, oldest first."""
        cancelled, more = 0, True
        while more:
            done, more = await self._store.some(campaign_id, self._settlement(by, note))
            cancelled += done
        return cancelled

    def _settlement(self, by: str, note: str | None) -> Settlement:
        return Settlement(Decision.NOT_SENT, self._clock(), by, note or NOTE)
