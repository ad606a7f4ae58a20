"""What is said of messages that Meta has not accepted: queued and why, under way, unconfirmed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from invy.diagnose.finding import Confidence, Finding, MayResend
from invy.diagnose.health import Ability, GuestRecord, Others, Queue, SenderHealth, TemplateHealth, Webhooks
from invy.domain.errors import Side
from invy.domain.evidence import Phase
from invy.domain.hold import Hold, Scope
from tests.diagnose.cases import NOW, ago, attempt, judge, remarks, situation

WORKING = Queue(ahead=800, per_second=80, looked_at=NOW)


def test_queued_behind_others_tells_how_many_and_how_long() -> None:
    judged = judge(replace(situation(), queue=WORKING), Finding.QUEUED_TURN)
    assert "before it: 800" in remarks(judged)
    assert "10 seconds" in remarks(judged)
    assert judged.side is None
    assert judged.may_resend is MayResend.NOT_NEEDED


def test_queued_while_nothing_sends_says_which_command_starts_it() -> None:
    found = replace(situation(), queue=Queue(looked_at=ago(minutes=20)))
    judged = judge(found, Finding.NOBODY_SENDS)
    assert "for 20 minutes" in judged.why.en
    assert "invy serve" in judged.todo.en
    assert judged.side is Side.OURS


def test_queued_where_no_sender_was_ever_seen_counts_from_when_it_was_ready() -> None:
    assert "for 2 hours" in judge(replace(situation(), queue=Queue()), Finding.NOBODY_SENDS).why.en


def test_queued_a_moment_ago_is_not_yet_a_sign_that_nothing_sends() -> None:
    judge(replace(situation(), created_at=ago(seconds=5), queue=Queue()), Finding.QUEUED_TURN)


def test_queued_for_a_later_date_waits_for_it() -> None:
    found = replace(situation(), due_at=NOW + timedelta(hours=3))
    assert "in 3 hours" in judge(found, Finding.QUEUED_PLANNED).why.en


def test_queued_after_a_rate_limit_names_it_and_when_it_is_tried_again() -> None:
    found = replace(
        situation(attempt(Phase.STARTED, ago(seconds=9)), attempt(Phase.DEFERRED, ago(seconds=8), 130429)),
        due_at=NOW + timedelta(seconds=30),
    )
    judged = judge(found, Finding.QUEUED_RETRY)
    assert "130429" in judged.why.en
    assert "30 seconds" in judged.why.en
    assert judged.rests_on == (2,)


def test_queued_after_a_connect_error_tells_what_was_seen() -> None:
    found = replace(
        situation(attempt(Phase.DEFERRED, ago(seconds=8), note="connection refused")),
        due_at=NOW + timedelta(seconds=30),
    )
    assert "connection refused" in judge(found, Finding.QUEUED_RETRY).why.en


def test_queued_while_the_sender_rests() -> None:
    found = replace(situation(), sender=SenderHealth(resting_until=NOW + timedelta(seconds=40)))
    assert "40 seconds more" in judge(found, Finding.QUEUED_RESTING).why.en


def test_a_rest_that_is_over_holds_nothing_up() -> None:
    judge(
        replace(situation(), sender=SenderHealth(resting_until=ago(seconds=1)), queue=WORKING),
        Finding.QUEUED_TURN,
    )


def test_t20_queued_because_the_token_expired_holds_the_sender_and_tells_the_remedy() -> None:
    hold = Hold(Scope.SENDER, "1555", "Access token has expired", ago(hours=1), 190)
    found = replace(situation(attempt(Phase.DEFERRED, ago(hours=1), 190)), sender=SenderHealth(hold=hold))
    judged = judge(found, Finding.HELD_SENDER)
    assert judged.side is Side.ACCOUNT
    assert "access token" in judged.why.en
    assert "WHATSAPP_ACCESS_TOKEN" in judged.todo.en
    assert judged.todo.en.endswith("To go on: `invy resume sender 1555`.")
    assert judged.todo.he.endswith("כדי להמשיך: `invy resume sender 1555`.")
    assert judged.rests_on == (1,)
    assert judged.label == "190"
    assert not judged.phone_instead


def test_queued_because_the_number_we_send_from_is_unknown_to_meta() -> None:
    hold = Hold(Scope.SENDER, "1555", "Unsupported post request", ago(hours=1), 100)
    judged = judge(replace(situation(), sender=SenderHealth(hold=hold)), Finding.HELD_SENDER)
    assert judged.label == "100/33"
    assert "cannot find the number we send from" in judged.why.en


def test_queued_because_the_template_is_paused() -> None:
    hold = Hold(Scope.TEMPLATE, "hina_invitation", "Template is Paused", ago(hours=1), 132015)
    judged = judge(replace(situation(), template=TemplateHealth(hold=hold)), Finding.HELD_TEMPLATE)
    assert "paused" in judged.why.en
    assert judged.todo.en.endswith("To go on: `invy resume template hina_invitation`.")
    assert judged.todo.en.count("elease") == 1, "the step is named once, and its command once"


def test_queued_because_a_person_paused_the_campaign() -> None:
    hold = Hold(Scope.CAMPAIGN, "c1", "waiting for the new picture.", ago(minutes=5))
    found = replace(situation(), campaign_hold=hold, campaign=("our wedding", "hina_invitation"))
    judged = judge(found, Finding.HELD_CAMPAIGN)
    assert "`invy resume campaign 'our wedding' hina_invitation`" in judged.todo.en
    assert "waiting for the new picture. " in judged.why.en + " "
    assert judged.side is Side.OURS
    assert judged.code is None


def test_the_hold_of_the_campaign_is_named_before_that_of_the_sender() -> None:
    hold = Hold(Scope.CAMPAIGN, "c1", "lunch", ago(minutes=5))
    other = Hold(Scope.SENDER, "1555", "locked", ago(minutes=5), 131031)
    judge(replace(situation(), campaign_hold=hold, sender=SenderHealth(hold=other)), Finding.HELD_CAMPAIGN)


def test_queued_for_a_guest_who_opted_out_meanwhile() -> None:
    found = replace(situation(), guest=GuestRecord(opted_out_at=ago(minutes=30)))
    judged = judge(found, Finding.OPTED_OUT_WAITING)
    assert judged.side is Side.GUEST
    assert judged.may_resend is MayResend.NO
    assert judged.phone_instead


def test_an_opt_out_before_the_message_was_written_was_overruled_on_purpose() -> None:
    found = replace(situation(), guest=GuestRecord(opted_out_at=ago(days=3)), queue=WORKING)
    judged = judge(found, Finding.QUEUED_TURN)
    assert "not to get marketing messages" in remarks(judged)


def test_queued_while_meta_blocks_the_account_says_so_beside_it() -> None:
    sender = SenderHealth(ability=Ability.BLOCKED, ability_reason="The WABA is banned.")
    judged = judge(replace(situation(), sender=sender, queue=WORKING), Finding.QUEUED_TURN)
    assert "Meta blocks the number we send from: The WABA is banned (as of" in remarks(judged)


def test_sending_right_now_is_as_it_should_be() -> None:
    judged = judge(situation(attempt(Phase.STARTED, ago(seconds=2))), Finding.SENDING)
    assert judged.rests_on == (1,)


def test_t13_broken_off_in_the_middle_may_have_gone_out() -> None:
    judged = judge(situation(attempt(Phase.STARTED, ago(minutes=10))), Finding.SENDING_STUCK)
    assert judged.may_resend is MayResend.RISKY
    assert "may have gone out" in judged.why.en


def test_unconfirmed_waits_for_a_report_before_it_asks_a_person() -> None:
    judged = judge(situation(attempt(Phase.UNSURE, ago(minutes=3), note="timeout")), Finding.UNCONFIRMED)
    assert "timeout" in judged.why.en
    assert judged.may_resend is MayResend.RISKY
    assert judged.resend_not_before == ago(minutes=3) + timedelta(minutes=15)
    assert judged.rests_on == (1,)


def test_unconfirmed_for_long_asks_a_person_and_never_resends_on_a_guess() -> None:
    judged = judge(situation(attempt(Phase.UNSURE, ago(hours=3), 131000)), Finding.UNCONFIRMED_LONG)
    assert "131000" in judged.why.en
    assert "invy unconfirmed" in judged.todo.en
    assert judged.may_resend is MayResend.RISKY
    assert judged.phone_instead


def test_unconfirmed_while_we_are_deaf_blames_the_webhook_first() -> None:
    found = replace(
        situation(attempt(Phase.UNSURE, ago(hours=3), note="connection reset")),
        webhooks=Webhooks(last_heard_at=ago(hours=9), last_receipt_at=ago(hours=9), unanswered=12),
        others=Others(accepted=12),
    )
    judged = judge(found, Finding.UNCONFIRMED_DEAF)
    assert "invy doctor" in judged.todo.en


def test_a_message_settled_neither_way_is_certain_of_nothing() -> None:
    judged = judge(situation(attempt(Phase.UNSURE, ago(hours=3))), Finding.UNCONFIRMED_LONG)
    assert judged.confidence is Confidence.POSSIBLE
    assert "no reason is known" in judged.why.en


@pytest.mark.parametrize("per_second", [0.0, -1.0, None])
def test_a_queue_without_a_pace_makes_no_promise(per_second: float | None) -> None:
    found = replace(situation(), queue=Queue(ahead=5, per_second=per_second, looked_at=NOW))
    assert judge(found, Finding.QUEUED_TURN).remarks == ()
