"""What follows from each kind of answer, for the message, its number and the sender."""

import pytest

from invy.domain.evidence import Phase
from invy.domain.ids import TemplateKey
from invy.domain.message import Leased, Posted
from invy.engine.outcome import outcome
from invy.engine.rest import IN_A_ROW, Rest
from invy.meta import reply
from invy.meta.reply import Answer
from tests.making import SENDER, at, message_id, phone


def leased(attempt: int = 1, rested_s: float | None = None) -> Leased:
    return Leased(
        id=message_id(1),
        to=phone(1),
        template_key=TemplateKey("t"),
        campaign_id=None,
        sender_id=SENDER,
        payload=b"{}",
        attempt=attempt,
        lease_until=at(60),
        rested_s=rested_s,
    )


def refused(code: int, http_status: int = 400) -> Answer:
    return reply.read(http_status, b'{"error": {"code": %d}}' % code)


ACCEPTED = reply.read(200, b'{"messages": [{"id": "wamid.1"}]}')
OPEN = reply.unsure("HTTP 503 without an error that could be read", 503)


def judged(answer: Answer, message: Leased | None = None, rest: Rest | None = None) -> Posted:
    return outcome(message or leased(), answer, rest or Rest(), at(0), 0.5)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 6), (2, 16), (3, 64), (9, 3600)])
def test_the_pair_limit_is_waited_for_as_meta_says_and_for_the_whole_number(
    attempt: int, seconds: float
) -> None:
    found = judged(refused(131056, 500), leased(attempt))
    assert (found.due_at, found.pair, found.rest_until) == (at(seconds), phone(1), None)


def test_maintenance_is_given_its_minute_and_everybody_rests() -> None:
    found = judged(refused(131057, 500))
    assert found.attempt.phase is Phase.DEFERRED
    assert found.due_at == found.rest_until == at(60)
    assert found.pair is None


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (3, 4), (20, 60)])
def test_the_more_often_meta_slows_us_down_the_longer_everybody_rests(attempt: int, seconds: float) -> None:
    found = judged(refused(130429), leased(attempt))
    assert found.due_at == found.rest_until == at(seconds)
    assert judged(reply.unreachable("Meta could not be reached: X"), leased(attempt)).rest_until == at(
        seconds
    )


def test_what_left_too_late_to_leave_is_queued_again_and_nobody_rests() -> None:
    found = judged(reply.too_late())
    assert (found.attempt.phase, found.due_at, found.rest_until) == (Phase.DEFERRED, at(1), None)


def test_a_held_message_waits_for_a_person_and_nobody_rests() -> None:
    found = judged(refused(190, 401))
    assert (found.due_at, found.rest_until) == (None, None)
    assert found.hold is not None


def test_several_open_answers_in_a_row_make_everybody_rest() -> None:
    rest = Rest()
    found = [judged(OPEN, rest=rest).rest_until for _ in range(IN_A_ROW + 1)]
    assert found == [None] * (IN_A_ROW - 1) + [at(10), at(10)]
    assert rest.wanted


@pytest.mark.parametrize("sure", [ACCEPTED, refused(131026), refused(130429), refused(131056, 500)])
def test_any_sure_answer_between_them_begins_the_count_anew(sure: Answer) -> None:
    rest = Rest()
    for answer in [*[OPEN] * (IN_A_ROW - 1), sure, *[OPEN] * (IN_A_ROW - 1)]:
        found = judged(answer, rest=rest)
    assert found.rest_until is None
    assert not rest.wanted


@pytest.mark.parametrize("no_answer", [reply.too_late(), reply.unreachable("Meta could not be reached: X")])
def test_what_did_not_leave_says_nothing_about_meta_s_answers(no_answer: Answer) -> None:
    rest = Rest()
    for answer in [*[OPEN] * (IN_A_ROW - 1), no_answer, OPEN]:
        judged(answer, rest=rest)
    assert rest.wanted


@pytest.mark.parametrize(
    ("rested_s", "answer", "seconds"),
    [
        (12, OPEN, 24),
        (1, OPEN, 10),
        (299, OPEN, 300),
        (12, ACCEPTED, None),
        (12, refused(131026), None),
        (12, refused(130429), 1),
        (12, reply.unreachable("Meta could not be reached: X"), 1),
        (12, reply.too_late(), 0),
    ],
)
def test_the_one_that_went_ahead_decides_about_the_rest(
    rested_s: float, answer: Answer, seconds: float | None
) -> None:
    found = judged(answer, leased(rested_s=rested_s))
    assert found.probed
    assert found.rest_until == (None if seconds is None else at(seconds))
