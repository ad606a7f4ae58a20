"""Laws of the verdict: total, in both languages, independent of order, faithful to the state."""

import random
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from invy.diagnose.finding import MayResend
from invy.diagnose.health import (
    Ability,
    GuestRecord,
    Others,
    Picture,
    Queue,
    SenderHealth,
    TemplateHealth,
    Webhooks,
)
from invy.diagnose.neighbours import Around
from invy.diagnose.situation import Exhibit, Situation
from invy.diagnose.verdict import Verdict, verdict
from invy.domain.evidence import Attempt, Decision, Phase, Receipt, Reply, Settlement, Source
from invy.domain.failure import Failure
from invy.domain.hold import Hold, Scope
from invy.domain.ids import Wamid
from invy.meta.catalogue import all_rows

moments = st.datetimes(timezones=st.just(UTC))
lately = st.datetimes(datetime(2026, 10, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
times = lately | moments
texts = st.text(max_size=30)
wamids = st.builds(Wamid, st.sampled_from(["wamid.A", "wamid.B"]))
codes = st.sampled_from([row.code for row in all_rows()]) | st.integers()
counts = st.integers(-1, 10**12)

failures = st.builds(
    Failure,
    code=st.none() | codes,
    title=st.none() | texts,
    message=st.none() | texts,
    details=st.none() | texts,
    subcode=st.none() | st.sampled_from([33, 463]) | st.integers(),
)
evidence = st.one_of(
    st.builds(
        Attempt,
        number=st.integers(1, 3),
        phase=st.sampled_from(Phase),
        at=times,
        wamid=st.none() | wamids,
        failure=st.none() | failures,
        http_status=st.none() | st.integers(100, 599),
        message_status=st.none()
        | st.sampled_from(["accepted", "held_for_quality_assessment", "paused", "?"]),
        note=st.none() | texts,
    ),
    st.builds(
        Receipt,
        wamid=wamids,
        status=st.sampled_from(["sent", "delivered", "read", "played", "failed", "deleted"]) | texts,
        at=st.none() | times,
        heard_at=times,
        failure=st.none() | failures,
        source=st.sampled_from(Source),
        webhook_update_state=st.none() | st.sampled_from(["PENDING", "DELIVERED", "FAILED", "RETRYING", "?"]),
    ),
    st.builds(Reply, wamid=wamids, at=times, heard_at=times, kind=st.just("text")),
    st.builds(Settlement, decision=st.sampled_from(Decision), at=times, by=texts),
)
exhibits = st.lists(evidence, max_size=6).map(
    lambda facts: tuple(Exhibit(number, fact) for number, fact in enumerate(facts))
)
holds = st.none() | st.builds(
    Hold, scope=st.sampled_from(Scope), subject=texts, reason=texts, since=times, code=st.none() | codes
)
some_time = st.none() | times
situations = st.builds(
    Situation,
    now=times,
    created_at=times,
    exhibits=exhibits,
    due_at=some_time,
    earlier_tries=st.integers(-1, 9),
    campaign_hold=holds,
    sender=st.builds(
        SenderHealth,
        hold=holds,
        resting_until=some_time,
        ability=st.none() | st.sampled_from(Ability),
        ability_reason=st.none() | texts,
        quality=st.none() | st.sampled_from(["GREEN", "RED", ""]),
    ),
    template=st.builds(
        TemplateHealth, hold=holds, status=st.none() | texts, lifetime_s=st.none() | st.integers()
    ),
    webhooks=st.builds(
        Webhooks,
        last_heard_at=some_time,
        last_receipt_at=some_time,
        unanswered=counts,
        last_refused_at=some_time,
        subscribed=st.none() | st.booleans(),
        diverted_to=st.none() | texts,
    ),
    others=st.builds(
        Others,
        accepted=counts,
        with_receipt=counts,
        delivered=counts,
        around=st.sampled_from(Around),
        late=counts,
        failing_alike=counts,
    ),
    queue=st.builds(Queue, ahead=st.none() | counts, per_second=st.none() | st.floats(), looked_at=some_time),
    guest=st.builds(GuestRecord, opted_out_at=some_time, reached_at=some_time, missed=counts),
    picture=st.none() | st.builds(Picture, url=texts, fine=st.booleans(), seen=texts),
)


@given(situations)
def test_it_never_raises_and_always_has_a_headline_and_a_step_in_both_languages(situation: Situation) -> None:
    judged = verdict(situation)
    for text in (judged.headline, judged.why, judged.todo, *judged.remarks):
        assert text.en.strip()
        assert text.he.strip()


@given(situations)
def test_it_rests_only_on_evidence_that_exists(situation: Situation) -> None:
    judged = verdict(situation)
    assert set(judged.rests_on) <= {exhibit.id for exhibit in situation.exhibits}
    assert len(set(judged.rests_on)) == len(judged.rests_on)


def without_order(judged: Verdict) -> Verdict:
    return replace(judged, rests_on=tuple(sorted(judged.rests_on)))


@given(situations, st.randoms(use_true_random=False))
def test_the_order_in_which_evidence_came_changes_nothing(
    situation: Situation, chance: random.Random
) -> None:
    shuffled = list(situation.exhibits)
    chance.shuffle(shuffled)
    again = verdict(replace(situation, exhibits=tuple(shuffled)))
    assert without_order(again) == without_order(verdict(situation))


@given(situations)
def test_nobody_who_was_reached_is_telephoned_or_sent_to_again(situation: Situation) -> None:
    judged = verdict(situation)
    assert judged.reached == judged.state.reached
    if judged.reached:
        assert judged.may_resend is MayResend.NOT_NEEDED
        assert not judged.phone_instead


@given(situations)
def test_a_guest_who_opted_out_is_never_offered_another_message(situation: Situation) -> None:
    opted_out = replace(situation, guest=replace(situation.guest, opted_out_at=situation.now))
    assert verdict(opted_out).may_resend in (MayResend.NO, MayResend.NOT_NEEDED)


@given(situations)
def test_a_message_that_may_have_gone_out_is_never_said_to_be_safe_to_resend(situation: Situation) -> None:
    judged = verdict(situation)
    if judged.state.value in ("unconfirmed", "sending"):
        assert judged.may_resend in (MayResend.NOT_NEEDED, MayResend.RISKY, MayResend.NO)


@given(st.lists(situations, min_size=2, max_size=6))
def test_one_group_has_one_headline_and_one_step(several: list[Situation]) -> None:
    said: dict[object, tuple[object, object]] = {}
    for judged in map(verdict, several):
        assert said.setdefault(judged.group, (judged.headline, judged.todo)) == (judged.headline, judged.todo)
