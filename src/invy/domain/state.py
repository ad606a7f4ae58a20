"""The states of a message and their rank.

    queued < sending < unconfirmed < sent < failed < delivered < read

The state of a message is the highest rank that its evidence supports, so it can never move backwards. `failed` stands
above `sent` because Meta reports it after accepting, and below `delivered` because a phone that has the message has
it, whatever another of the guest's devices reports (Meta's support page: both may be reported for one wamid).
"""

from enum import StrEnum


class State(StrEnum):
    """The headline of a message; `rank` orders them."""

    QUEUED = "queued"  # written down, not yet asked of Meta
    SENDING = "sending"  # the request may be on its way
    UNCONFIRMED = "unconfirmed"  # the request left and its outcome is unknown
    SENT = "sent"  # Meta accepted it: this is not delivery
    FAILED = "failed"  # Meta refused it or reported that it was not delivered
    DELIVERED = "delivered"  # the guest's phone has it
    READ = "read"  # the guest has seen it

    @property
    def rank(self) -> int:
        return _RANK[self]

    @property
    def reached(self) -> bool:
        """Whether the invitation is known to have arrived."""
        return self in (State.DELIVERED, State.READ)


_RANK = {state: rank for rank, state in enumerate(State)}
