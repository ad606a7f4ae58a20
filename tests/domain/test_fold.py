from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.evidence import Attempt, Decision, Evidence, Phase, Receipt, Reply, Settlement, Source
from invy.domain.failure import Failure
from invy.domain.fold import EMPTY, fold, of
from invy.domain.ids import Wamid
from invy.domain.state import State
from tests.domain.strategies import evidence as any_evidence

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
WAMID = Wamid("wamid.A")
NOT_ON_WHATSAPP = Failure(131026, "Message undeliverable")


def at(seconds: int) -> datetime:
    return T0 + timedelta(seconds=seconds)


def heard(status: str, seconds: int, failure: Failure | None = None) -> Receipt:
    return Receipt(WAMID, status, at(seconds), heard_at=at(seconds + 1), failure=failure)


def attempt(phase: Phase, number: int = 1, seconds: int = 0, failure: Failure | None = None) -> Attempt:
    wamid = WAMID if phase is Phase.ACCEPTED else None
    return Attempt(number, phase, at(seconds), wamid=wamid, failure=failure)


@given(st.lists(any_evidence), st.randoms(use_true_random=False))
def test_order_changes_nothing(facts: list[Evidence], random: Random) -> None:
    shuffled = random.sample(facts, len(facts))
    assert fold(shuffled) == fold(facts)


@given(st.lists(any_evidence), st.lists(st.integers(0, 30)))
def test_repetition_changes_nothing(facts: list[Evidence], again: list[int]) -> None:
    repeated = facts + [facts[i % len(facts)] for i in again if facts]
    assert fold(repeated) == fold(facts)


@given(st.lists(any_evidence), st.integers(0, 30))
def test_splitting_changes_nothing(facts: list[Evidence], where: int) -> None:
    assert fold(facts[:where]).join(fold(facts[where:])) == fold(facts)


@given(st.lists(any_evidence), any_evidence)
def test_a_state_never_moves_backwards(facts: list[Evidence], more: Evidence) -> None:
    before, after = fold(facts).state, fold([*facts, more]).state
    back_to_the_queue = (before, after) == (State.SENDING, State.QUEUED)
    assert after.rank >= before.rank or back_to_the_queue


@given(any_evidence)
def test_joining_is_idempotent(fact: Evidence) -> None:
    assert of(fact).join(of(fact)) == of(fact)
    assert EMPTY.join(of(fact)) == of(fact)


def test_a_message_without_evidence_is_queued() -> None:
    assert fold([]).state is State.QUEUED


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        (Phase.STARTED, State.SENDING),
        (Phase.DEFERRED, State.QUEUED),
        (Phase.UNSURE, State.UNCONFIRMED),
        (Phase.REFUSED, State.FAILED),
        (Phase.ACCEPTED, State.SENT),
    ],
)
def test_the_last_step_of_an_attempt_decides(phase: Phase, state: State) -> None:
    assert fold([attempt(Phase.STARTED), attempt(phase, seconds=1)]).state is state


def test_a_deferred_message_may_be_tried_again() -> None:
    folded = fold([attempt(Phase.STARTED), attempt(Phase.DEFERRED), attempt(Phase.STARTED, number=2)])
    assert folded.state is State.SENDING


def test_receipts_in_reverse_give_read() -> None:
    folded = fold([heard("read", 30), heard("delivered", 20), heard("sent", 10)])
    assert folded.state is State.READ
    assert (folded.sent_at, folded.delivered_at, folded.read_at) == (at(10), at(20), at(30))


def test_read_without_delivered_was_delivered_when_it_was_read() -> None:
    folded = fold([heard("read", 30)])
    assert folded.delivered_at == folded.read_at == at(30)


def test_failed_after_read_is_an_anomaly_and_erases_nothing() -> None:
    folded = fold([heard("read", 30), heard("failed", 40, NOT_ON_WHATSAPP)])
    assert folded.state is State.READ
    assert folded.anomalous
    assert folded.failed is not None
    assert folded.failed.failure == NOT_ON_WHATSAPP


def test_five_times_the_same_failure_is_one_failure() -> None:
    assert fold([heard("failed", 5, NOT_ON_WHATSAPP)] * 5) == fold([heard("failed", 5, NOT_ON_WHATSAPP)])


def test_the_first_reason_of_a_failure_is_kept() -> None:
    later = heard("failed", 50, Failure(131049, "Not delivered"))
    folded = fold([later, heard("failed", 5, NOT_ON_WHATSAPP)])
    assert folded.failed is not None
    assert folded.failed.failure == NOT_ON_WHATSAPP
    assert folded.failed_at == at(5)


def test_a_failure_with_a_code_stands_before_one_without() -> None:
    """Meta's message history tells of a failure without its code."""
    history = Receipt(
        WAMID, "failed", at(4), at(90), failure=Failure(None, details="?"), source=Source.HISTORY
    )
    folded = fold([history, heard("failed", 5, NOT_ON_WHATSAPP)])
    assert folded.failed is not None
    assert folded.failed.failure == NOT_ON_WHATSAPP


def test_an_unknown_status_is_heard_and_moves_nothing() -> None:
    folded = fold([attempt(Phase.ACCEPTED), heard("warning", 5)])
    assert folded.state is State.SENT
    assert folded.first_receipt_at == at(6)


def test_an_unsure_send_is_settled_by_any_receipt() -> None:
    folded = fold([attempt(Phase.STARTED), attempt(Phase.UNSURE), heard("delivered", 9)])
    assert folded.state is State.DELIVERED
    assert folded.wamid == WAMID
    assert folded.sent_at == at(9)


def test_sent_at_is_metas_time_when_meta_tells_it() -> None:
    accepted = attempt(Phase.ACCEPTED, seconds=3)
    assert fold([accepted]).sent_at == at(3)
    assert fold([accepted, heard("sent", 4)]).sent_at == at(4)


def test_accepted_without_a_webhook_shows_that_nobody_confirmed_it() -> None:
    assert fold([attempt(Phase.ACCEPTED)]).first_receipt_at is None


def test_a_reply_proves_reading() -> None:
    folded = fold(
        [attempt(Phase.ACCEPTED), Reply(Wamid("wamid.in"), at(60), at(61), "button", payload="yes")]
    )
    assert folded.state is State.READ
    assert folded.replied_at == at(60)


def test_message_history_is_evidence_but_not_a_webhook() -> None:
    told = Receipt(WAMID, "delivered", at(7), heard_at=at(90), source=Source.HISTORY)
    folded = fold([attempt(Phase.ACCEPTED), told])
    assert folded.state is State.DELIVERED
    assert folded.first_receipt_at is None


def test_a_person_may_settle_an_unconfirmed_message_and_evidence_still_wins() -> None:
    unsure = [attempt(Phase.STARTED), attempt(Phase.UNSURE)]
    not_sent = Settlement(Decision.NOT_SENT, at(100), by="operator")
    assert fold([*unsure, not_sent]).state is State.FAILED
    assert fold([*unsure, Settlement(Decision.SENT, at(100), by="operator")]).state is State.SENT
    assert fold([*unsure, not_sent, heard("delivered", 5)]).state is State.DELIVERED


def test_a_receipt_without_a_time_counts_from_when_we_heard_it() -> None:
    assert fold([Receipt(WAMID, "delivered", None, heard_at=at(8))]).delivered_at == at(8)
