"""What follows from one answer of Meta's: for its message, for others to the same number, for the sender. Pure."""

from datetime import datetime, timedelta

from invy.domain.evidence import Attempt, Phase
from invy.domain.hold import Hold
from invy.domain.message import Leased, Posted
from invy.engine.rest import Rest
from invy.meta.catalogue import Effect
from invy.meta.holding import SCOPES, hold
from invy.meta.reply import Answer

LONGEST_WAIT_S = 60.0
LONGEST_PAIR_WAIT_S = 3600.0


def outcome(message: Leased, answer: Answer, rest: Rest, now: datetime, jitter: float) -> Posted:
    """The answer as it is recorded. `rest` hears of it; `jitter` is a number in [0, 1)."""
    deferred = answer.phase is Phase.DEFERRED
    wait_s = _wait_s(message.attempt, answer, jitter) if deferred else 0.0
    due_at = now + timedelta(seconds=wait_s) if wait_s else None
    return Posted(
        message_id=message.id,
        attempt=Attempt(
            number=message.attempt,
            phase=answer.phase,
            at=now,
            wamid=answer.wamid,
            failure=answer.failure,
            http_status=answer.http_status,
            message_status=answer.message_status,
            wa_id=answer.wa_id,
            note=answer.note,
        ),
        due_at=due_at,
        hold=hold_of(answer, message, now),
        rest_until=_rest_until(message, answer, rest, now, due_at),
        sender_id=message.sender_id,
        probed=message.rested_s is not None,
        pair=message.to if answer.effect is Effect.WAIT_PAIR else None,
    )


def _wait_s(attempt: int, answer: Answer, jitter: float) -> float:
    earliest_s = float(answer.earliest_s or 0)
    match answer.effect:
        case Effect.HOLD_SENDER | Effect.HOLD_TEMPLATE:
            return 0.0
        case Effect.WAIT_PAIR:
            # Meta's rule for the pair limit: 4^X seconds, X growing with each try (about-the-platform page).
            return max(earliest_s, min(LONGEST_PAIR_WAIT_S, 4.0**attempt))
        case _:
            return max(earliest_s, min(LONGEST_WAIT_S, 2.0 ** (attempt - 1)) * (0.5 + jitter))


def _rest_until(
    message: Leased, answer: Answer, rest: Rest, now: datetime, due_at: datetime | None
) -> datetime | None:
    wanted_s = rest.heard(answer, message.rested_s)
    if wanted_s is not None:
        return now + timedelta(seconds=wanted_s)
    if due_at is not None and answer.effect is Effect.SLOW_DOWN:
        return due_at
    # What went ahead alone and did not leave has taught nothing: another one is to go ahead.
    return now if message.rested_s is not None and answer.http_status is None else None


def hold_of(answer: Answer, message: Leased, now: datetime) -> Hold | None:
    """What must rest until someone has acted, if this answer says so."""
    scope = SCOPES.get(answer.effect)
    if answer.failure is None or scope is None:
        return None
    return hold(
        scope,
        sender_id=message.sender_id,
        template_key=message.template_key,
        failure=answer.failure,
        at=now,
    )
