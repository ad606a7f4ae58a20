"""What is said of messages that Meta accepted and nobody reported as delivered: this guest, or are we deaf?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from invy.diagnose.finding import Confidence, Finding, MayResend
from invy.diagnose.groups import group
from invy.diagnose.health import GuestRecord, Others, SenderHealth, TemplateHealth, Webhooks
from invy.diagnose.neighbours import Around
from invy.diagnose.situation import Situation
from invy.domain.errors import Side
from invy.domain.evidence import Attempt, Decision, Phase, Settlement
from tests.diagnose.cases import NOW, WAMID, accepted, ago, history, judge, receipt, remarks, situation

SILENT = accepted(ago(hours=2))


def around(found: Situation, webhooks: Webhooks, others: Others | None = None) -> Situation:
    return replace(found, webhooks=webhooks, others=others or Others())


# --- no receipt at all -------------------------------------------------------------------------------------------


def test_accepted_a_moment_ago_is_no_news_yet() -> None:
    judged = judge(around(situation(accepted(ago(seconds=20))), Webhooks()), Finding.SENT_FRESH)
    assert "not delivery yet" in judged.why.en
    assert judged.rests_on == (1,)


def test_no_receipt_while_others_get_theirs_is_about_this_message() -> None:
    heard = Webhooks(last_heard_at=NOW, last_receipt_at=NOW)
    judged = judge(
        around(situation(SILENT), heard, Others(14, 14, 12, Around.HEARD)), Finding.NO_RECEIPT_ALONE
    )
    assert judged.side is Side.META
    assert "Other messages from the same time: 14; with a report: 14; arrived: 12." in remarks(judged)
    assert judged.may_resend is MayResend.NO
    assert not judged.phone_instead


def test_no_receipt_for_a_day_while_others_get_theirs_is_a_guest_to_phone() -> None:
    heard = Webhooks(last_heard_at=NOW, last_receipt_at=NOW)
    found = around(situation(accepted(ago(days=2))), heard, Others(14, 14, 12, Around.HEARD))
    assert judge(found, Finding.NO_RECEIPT_ALONE).phone_instead


def test_no_receipt_and_nobody_gets_any_is_a_dead_webhook_with_its_last_heartbeat() -> None:
    dead = Webhooks(last_heard_at=ago(hours=5), last_receipt_at=ago(hours=6), unanswered=40)
    judged = judge(around(situation(SILENT), dead, Others(40, 0, 0)), Finding.WEBHOOK_DEAD)
    assert judged.confidence is Confidence.CERTAIN
    assert judged.side is Side.OURS
    assert judged.since == ago(hours=2)
    assert "The last delivery report about any message was heard 6 hours ago." in remarks(judged)
    assert "The last webhook of any kind was heard 5 hours ago." in remarks(judged)
    assert "invy doctor" in judged.todo.en
    assert judged.may_resend is MayResend.NO
    assert not judged.phone_instead, "the invitation may well have arrived"


def test_a_webhook_that_never_worked_is_dead_even_for_the_very_first_message() -> None:
    judged = judge(around(situation(SILENT), Webhooks(unanswered=1)), Finding.WEBHOOK_DEAD)
    assert judged.confidence is Confidence.LIKELY
    assert "No delivery report has ever been heard here." in remarks(judged)


def test_a_webhook_that_died_just_before_this_message_is_seen_by_what_came_after() -> None:
    """The others of the last minute before it still have their reports."""
    dead = Webhooks(
        last_heard_at=ago(hours=2, seconds=5), last_receipt_at=ago(hours=2, seconds=5), unanswered=9
    )
    judge(around(situation(SILENT), dead, Others(12, 3, 3)), Finding.WEBHOOK_DEAD)


def test_no_receipt_from_an_outage_that_is_over_is_not_blamed_on_the_guest() -> None:
    alive = Webhooks(last_heard_at=NOW, last_receipt_at=ago(minutes=1))
    judged = judge(
        around(situation(SILENT), alive, Others(30, 0, 0, Around.SILENT)), Finding.WEBHOOK_WAS_DEAD
    )
    assert "invy reconcile" in judged.todo.en


@pytest.mark.parametrize(
    ("unanswered", "finding"), [(0, Finding.WEBHOOK_WAS_DEAD), (2, Finding.WEBHOOK_DEAD)]
)
def test_reports_of_a_test_message_after_the_repair_do_not_turn_the_outage_into_the_guests_own_silence(
    unanswered: int, finding: Finding
) -> None:
    """Unless we have gone deaf again, it is over; the guests of the outage are phoned in neither case."""
    repaired = Webhooks(last_heard_at=NOW, last_receipt_at=ago(minutes=1), unanswered=unanswered)
    found = around(situation(accepted(ago(days=2))), repaired, Others(5, 1, 1, Around.SILENT))
    assert not judge(found, finding).phone_instead


def test_a_report_that_came_later_does_not_prove_that_we_heard_then() -> None:
    """A lone message of an outage looks just like a lone message that Meta forgot: nobody is blamed for it."""
    alive = Webhooks(last_heard_at=NOW, last_receipt_at=ago(hours=1))
    for others in (Others(), Others(1, 1, 1, Around.UNCLEAR)):
        judged = judge(around(situation(accepted(ago(days=2))), alive, others), Finding.NO_RECEIPT_UNCOMPARED)
        assert judged.side is None
        assert not judged.phone_instead


def test_what_is_said_of_the_webhook_holds_however_long_ago_the_last_report_came() -> None:
    heard = Webhooks(last_heard_at=ago(days=6), last_receipt_at=ago(days=6))
    found = around(situation(accepted(ago(days=7))), heard, Others(9, 9, 9, Around.HEARD))
    judged = judge(found, Finding.NO_RECEIPT_ALONE)
    assert "worked at the time" in judged.why.en
    assert "heard 6 days ago" in remarks(judged)


def test_no_receipt_and_nothing_to_compare_with_admits_it() -> None:
    quiet = Webhooks(last_heard_at=ago(days=9), last_receipt_at=ago(days=9), unanswered=1)
    judged = judge(around(situation(SILENT), quiet), Finding.NO_RECEIPT_UNCOMPARED)
    assert judged.confidence is Confidence.POSSIBLE
    assert judged.side is None


def test_t16_no_receipt_because_the_account_is_not_subscribed_is_certain() -> None:
    judged = judge(around(situation(SILENT), Webhooks(subscribed=False)), Finding.WEBHOOK_UNSUBSCRIBED)
    assert judged.confidence is Confidence.CERTAIN


def test_t16_no_receipt_because_an_override_diverts_the_reports_names_the_address() -> None:
    diverted = Webhooks(subscribed=True, diverted_to="https://old.example/hook")
    judged = judge(around(situation(SILENT), diverted), Finding.WEBHOOK_DIVERTED)
    assert "https://old.example/hook" in judged.why.en
    assert "https://old.example/hook" in judged.why.he


def test_t10_no_receipt_because_signatures_do_not_fit() -> None:
    refused = Webhooks(last_receipt_at=ago(days=1), last_refused_at=ago(minutes=1))
    judged = judge(around(situation(SILENT), refused), Finding.WEBHOOK_REFUSED)
    assert "WHATSAPP_APP_SECRET" in judged.todo.en


def test_a_forged_webhook_beside_good_ones_explains_nothing() -> None:
    webhooks = Webhooks(last_heard_at=NOW, last_receipt_at=NOW, last_refused_at=ago(minutes=1))
    judge(around(situation(SILENT), webhooks, Others(9, 9, 9, Around.HEARD)), Finding.NO_RECEIPT_ALONE)


def test_other_news_without_any_report_means_the_field_messages_is_missing() -> None:
    webhooks = Webhooks(last_heard_at=ago(minutes=1), unanswered=12)
    judged = judge(around(situation(SILENT), webhooks, Others(11, 0, 0)), Finding.WEBHOOK_WITHOUT_MESSAGES)
    assert judged.confidence is Confidence.LIKELY
    assert "field messages" in judged.todo.en


def test_meta_s_own_record_that_it_could_not_reach_us_settles_whose_side_it_is() -> None:
    found = around(situation(SILENT, history("SENT", ago(hours=1), "RETRYING")), Webhooks())
    judged = judge(found, Finding.WEBHOOK_UNREACHABLE)
    assert judged.side is Side.OURS
    assert judged.rests_on == (2,)


def test_an_old_record_of_unreachability_is_outdone_by_what_was_heard_since() -> None:
    found = situation(SILENT, history("sent", ago(hours=1), "FAILED"))
    judge(found, Finding.SENT_HOURS)


# --- held back ---------------------------------------------------------------------------------------------------


def test_held_by_pacing_is_not_mistaken_for_a_dead_webhook() -> None:
    """All of a first campaign may be held at once, so nobody gets a report."""
    found = around(
        situation(accepted(ago(minutes=40), "held_for_quality_assessment")),
        Webhooks(last_receipt_at=ago(days=2), unanswered=50),
    )
    judged = judge(found, Finding.PACING_HELD)
    assert judged.side is Side.META
    assert judged.may_resend is MayResend.NOT_NEEDED
    assert "arrive twice" in judged.todo.en


def test_held_by_pacing_counts_from_the_first_second() -> None:
    judge(situation(accepted(ago(seconds=3), "held_for_quality_assessment")), Finding.PACING_HELD)


def test_held_for_much_longer_than_pacing_takes() -> None:
    found = situation(accepted(ago(hours=6), "held_for_quality_assessment"))
    assert judge(found, Finding.PACING_HELD_LONG).may_resend is MayResend.NO


def test_held_for_long_while_we_are_deaf_is_the_webhook() -> None:
    found = around(
        situation(accepted(ago(hours=6), "held_for_quality_assessment")),
        Webhooks(last_receipt_at=ago(days=2), unanswered=50),
    )
    judge(found, Finding.WEBHOOK_DEAD)


def test_accepted_while_the_template_is_paused() -> None:
    judged = judge(situation(accepted(ago(hours=1), "paused")), Finding.ACCEPTED_WHILE_PAUSED)
    assert judged.may_resend is MayResend.AFTER_CHANGE


# --- only the sent receipt ---------------------------------------------------------------------------------------


def sent(**length: float) -> Situation:
    at = ago(**length)
    return situation(accepted(at), receipt("sent", at))


def test_sent_minutes_ago_means_the_phone_is_off_for_the_moment() -> None:
    judged = judge(sent(minutes=12), Finding.SENT_MINUTES)
    assert judged.rests_on == (2,)
    assert judged.may_resend is MayResend.NOT_NEEDED


def test_sent_hours_ago_waits_until_tomorrow() -> None:
    judged = judge(sent(hours=7), Finding.SENT_HOURS)
    assert judged.may_resend is MayResend.NO
    assert not judged.phone_instead


def test_sent_days_ago_names_every_cause_and_that_meta_tells_nobody_of_a_block() -> None:
    judged = judge(sent(days=4), Finding.SENT_DAYS)
    for cause in ("has been off", "no longer used", "has blocked our number", "Meta tells nobody"):
        assert cause in judged.why.en
    assert "חסימה" in judged.why.he
    assert "30 days" in judged.why.en
    assert judged.confidence is Confidence.POSSIBLE
    assert judged.phone_instead


def test_sent_days_ago_may_be_sent_again_only_after_whatsapp_has_dropped_it() -> None:
    judged = judge(sent(days=4), Finding.SENT_DAYS)
    assert judged.may_resend is MayResend.LATER
    assert judged.resend_not_before == ago(days=4) + timedelta(days=31)


def test_sent_more_than_thirty_days_ago_was_dropped_in_silence() -> None:
    judged = judge(sent(days=32), Finding.EXPIRED)
    assert judged.may_resend is MayResend.YES
    assert judged.phone_instead


def test_not_dropped_on_the_very_day_the_lifetime_ends() -> None:
    judge(sent(days=30, hours=12), Finding.SENT_DAYS)


def test_a_template_with_a_short_lifetime_is_dropped_sooner() -> None:
    found = replace(sent(hours=14), template=TemplateHealth(lifetime_s=12 * 3600))
    assert "12 hours" in judge(found, Finding.EXPIRED).why.en


@pytest.mark.parametrize("lifetime_s", [None, -1, 0])
def test_a_lifetime_that_says_nothing_is_thirty_days(lifetime_s: int | None) -> None:
    judge(replace(sent(days=29), template=TemplateHealth(lifetime_s=lifetime_s)), Finding.SENT_DAYS)


def test_sent_and_then_deaf_is_not_held_against_the_guest() -> None:
    at = ago(days=4)
    found = around(sent(days=4), Webhooks(last_heard_at=at, last_receipt_at=at, unanswered=80))
    judged = judge(found, Finding.SENT_THEN_DEAF)
    assert judged.side is Side.OURS
    assert not judged.phone_instead


def test_a_number_that_was_reached_before_did_have_whatsapp() -> None:
    found = replace(sent(days=4), guest=GuestRecord(reached_at=ago(days=20)))
    assert "got an earlier message of ours 20 days ago" in remarks(judge(found, Finding.SENT_DAYS))


def test_a_number_that_was_never_reached_says_so() -> None:
    found = replace(sent(days=4), guest=GuestRecord(missed=3))
    assert "earlier ones that did not arrive: 3" in remarks(judge(found, Finding.SENT_DAYS))


def test_a_guest_who_opted_out_is_not_sent_to_again_whatever_the_finding() -> None:
    found = replace(sent(days=40), guest=GuestRecord(opted_out_at=ago(days=1)))
    judged = judge(found, Finding.EXPIRED)
    assert judged.may_resend is MayResend.NO
    assert "not to get marketing messages" in remarks(judged)


def test_bad_health_of_the_number_is_told_beside_the_finding() -> None:
    found = replace(
        sent(hours=2), sender=SenderHealth(quality="RED"), template=TemplateHealth(status="PAUSED")
    )
    said = remarks(judge(found, Finding.SENT_HOURS))
    assert "RED" in said
    assert "PAUSED" in said


def test_a_word_of_meta_s_that_we_do_not_know_is_told() -> None:
    found = situation(SILENT, receipt("teleported", ago(hours=1)))
    assert "teleported" in remarks(judge(found, Finding.NO_RECEIPT_ALONE))


# --- by decision -------------------------------------------------------------------------------------------------


def test_settled_as_sent_by_a_person_says_who() -> None:
    found = situation(
        Attempt(1, Phase.UNSURE, ago(hours=9), WAMID),
        Settlement(Decision.SENT, ago(hours=1), "dana"),
    )
    judged = judge(found, Finding.SETTLED_SENT)
    assert "dana" in judged.why.en
    assert judged.rests_on == (2,)


# --- what was seen at Meta -----------------------------------------------------------------------------------------


def test_an_account_seen_unsubscribed_before_the_message_left_may_have_been_mended() -> None:
    before = Webhooks(subscribed=False, looked_at=ago(hours=3))
    judged = judge(around(situation(SILENT), before), Finding.WEBHOOK_UNSUBSCRIBED)
    assert judged.confidence is Confidence.LIKELY
    after = Webhooks(subscribed=False, looked_at=ago(minutes=5))
    judged = judge(around(situation(SILENT), after), Finding.WEBHOOK_UNSUBSCRIBED)
    assert judged.confidence is Confidence.CERTAIN
    assert "when we asked Meta 5 minutes ago" in remarks(judged)


def test_a_group_tells_where_its_reports_go() -> None:
    diverted = Webhooks(subscribed=True, diverted_to="https://old.example/hook", looked_at=ago(minutes=5))
    judged = judge(around(situation(SILENT), diverted), Finding.WEBHOOK_DIVERTED)
    [found] = group([("guest", judged)])
    assert [remark.en for remark in found.remarks] == [
        "Seen when we asked Meta 5 minutes ago: reports are sent to https://old.example/hook."
    ]


def test_a_lifetime_of_the_templates_own_is_told_with_its_age_and_whatsapps_is_not() -> None:
    own = TemplateHealth(lifetime_s=12 * 3600, lifetime_at=ago(minutes=10))
    judged = judge(replace(sent(hours=14), template=own), Finding.EXPIRED)
    assert "keeps messages of this template for 12 hours" in remarks(judged)
    assert "10 minutes ago" in remarks(judged)
    assert judged.shared
    assert not judge(sent(days=32), Finding.EXPIRED).shared


def test_the_bad_health_of_the_number_is_told_once_for_the_whole_group_and_with_its_age() -> None:
    red = SenderHealth(quality="RED", quality_at=ago(hours=3))
    judged = [judge(replace(sent(hours=hours), sender=red), Finding.SENT_HOURS) for hours in (2, 3)]
    [found] = group(enumerate(judged))
    [remark] = found.remarks
    assert "RED" in remark.en
    assert "3 hours ago" in remark.en
