"""What is said of messages that Meta refused or reported as failed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from invy.diagnose.finding import Confidence, Finding, MayResend, by_code
from invy.diagnose.health import GuestRecord, Others, Picture
from invy.diagnose.situation import Situation
from invy.domain.errors import Side
from invy.domain.evidence import Decision, Phase, Receipt, Settlement
from invy.domain.message import stopped_by_guest
from invy.meta.catalogue import Lang, Outcome, Row, Text, all_rows, lookup
from tests.diagnose.cases import WAMID, accepted, ago, attempt, judge, receipt, remarks, situation


def failed(code: int, details: str | None = None, status: str | None = "accepted") -> Situation:
    return situation(accepted(ago(minutes=9), status), receipt("failed", ago(minutes=8), code, details))


def test_not_on_whatsapp_or_an_old_app_is_only_likely_and_to_be_phoned() -> None:
    judged = judge(failed(131026), Finding.NOT_DELIVERABLE)
    assert judged.confidence is Confidence.LIKELY
    assert judged.side is Side.GUEST
    assert "Meta does not say which" in judged.why.en
    assert judged.may_resend is MayResend.AFTER_CHANGE
    assert judged.phone_instead
    assert judged.rests_on == (2,)


def test_a_number_that_had_whatsapp_before_casts_doubt_on_having_none() -> None:
    found = replace(failed(131026), guest=GuestRecord(reached_at=ago(days=3)))
    assert "so it did have WhatsApp" in remarks(judge(found, Finding.NOT_DELIVERABLE))


def test_the_marketing_cap_allows_one_more_try_after_a_day() -> None:
    judged = judge(failed(131049), Finding.MARKETING_CAP)
    assert judged.side is Side.META
    assert judged.may_resend is MayResend.LATER
    assert judged.resend_not_before == ago(minutes=8) + timedelta(days=1)


def test_the_marketing_cap_met_again_on_a_resend_ends_in_a_phone_call() -> None:
    judged = judge(replace(failed(131049), earlier_tries=1), Finding.MARKETING_CAP_AGAIN)
    assert judged.may_resend is MayResend.NO
    assert judged.resend_not_before is None
    assert judged.phone_instead


def test_an_experiment_of_meta_s_is_nobody_s_fault_here() -> None:
    judged = judge(failed(130472), Finding.EXPERIMENT)
    assert (judged.side, judged.may_resend) == (Side.META, MayResend.NO)


def test_an_opt_out_is_the_guest_s_wish() -> None:
    judged = judge(failed(131050), Finding.OPTED_OUT)
    assert (judged.side, judged.may_resend) == (Side.GUEST, MayResend.NO)


def test_a_picture_that_we_cannot_fetch_either_names_address_and_answer() -> None:
    picture = Picture("https://invy.example/p.jpg", fine=False, seen=Text(en="HTTP 404", he="HTTP 404"))
    found = replace(failed(131053, "Downloading media failed with http code 404"), picture=picture)
    judged = judge(found, Finding.PICTURE_BROKEN)
    assert "https://invy.example/p.jpg" in judged.why.en
    assert "HTTP 404" in judged.why.he
    assert "http code 404" in remarks(judged)
    assert judged.confidence is Confidence.CERTAIN
    assert judged.may_resend is MayResend.AFTER_CHANGE


def test_a_picture_that_we_can_fetch_was_out_of_reach_for_meta() -> None:
    picture = Picture(
        "https://invy.example/p.jpg", fine=True, seen=Text(en="JPEG, 212 kB", he="JPEG, 212 kB")
    )
    judged = judge(replace(failed(131053), picture=picture), Finding.PICTURE_FINE_HERE)
    assert judged.confidence is Confidence.LIKELY
    assert judged.may_resend is MayResend.YES


def test_a_picture_that_nobody_has_looked_at_yet_is_named_with_the_command_that_looks() -> None:
    judged = judge(replace(failed(131053), picture_link="https://invy.example/p.jpg?…"), Finding.PICTURE)
    assert judged.side is Side.OURS
    for lang in Lang:
        assert any("https://invy.example/p.jpg?…" in remark.say(lang) for remark in judged.remarks)
        assert "invy why MESSAGE --look" in judged.todo.say(lang)


def test_a_picture_sent_by_its_media_id_has_no_address_to_name() -> None:
    assert "address in the request" not in remarks(judge(failed(131053), Finding.PICTURE))


def test_what_is_said_of_a_locked_account_does_not_outlive_the_hold() -> None:
    """Whether anything waits is the queue's to say, and it may have gone out long ago."""
    assert "waits" not in judge(failed(131031), Finding.ACCOUNT_LOCKED).todo.en


def test_template_paused_before_it_was_sent() -> None:
    judged = judge(situation(attempt(Phase.REFUSED, ago(minutes=8), 132015)), Finding.TEMPLATE_PAUSED)
    assert judged.rests_on == (1,)


def test_template_paused_after_meta_had_held_the_message_is_pacing() -> None:
    judged = judge(failed(132015, status="held_for_quality_assessment"), Finding.PACING_DROPPED)
    assert judged.side is Side.META
    assert judged.may_resend is MayResend.AFTER_CHANGE


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        (131031, Finding.ACCOUNT_LOCKED),
        (368, Finding.ACCOUNT_LOCKED),
        (131042, Finding.PAYMENT),
        (190, Finding.ACCESS),
        (131048, Finding.NUMBER_LIMITED),
        (133010, Finding.FAILED_ACCOUNT),
        (217, Finding.FAILED_ACCOUNT),
    ],
)
def test_trouble_with_our_account_is_never_the_guest_s(code: int, finding: Finding) -> None:
    judged = judge(failed(code), finding)
    assert judged.side is Side.ACCOUNT
    assert not judged.phone_instead


@pytest.mark.parametrize("code", [132000, 132012, 132018])
def test_parameters_that_do_not_fit_point_to_the_doctor_or_the_details(code: int) -> None:
    judged = judge(failed(code), Finding.TEMPLATE_MISMATCH)
    assert judged.side is Side.OURS
    assert str(code) in judged.headline.he


def test_a_subcode_changes_what_is_said() -> None:
    found = situation(receipt("failed", ago(minutes=8), 100, subcode=33))
    judged = judge(found, Finding.ACCESS)
    assert judged.label == "100/33"
    assert "cannot find the number we send from" in judged.why.en
    assert judge(failed(100), Finding.FAILED_OURS).label == "100"


def test_trouble_at_meta_that_ended_in_failure_may_be_sent_again_soon() -> None:
    judged = judge(failed(131000), Finding.META_TROUBLE)
    assert judged.may_resend is MayResend.LATER
    assert judged.resend_not_before == ago(minutes=8) + timedelta(minutes=5)


def test_a_code_that_nobody_documents_is_admitted() -> None:
    judged = judge(failed(424242, "Something new"), Finding.FAILED_UNKNOWN_CODE)
    assert judged.confidence is Confidence.POSSIBLE
    assert judged.may_resend is MayResend.UNKNOWN
    assert "424242" in judged.headline.en
    assert "Something new" in remarks(judged)


def test_t2_a_failure_without_a_code_still_gets_a_headline() -> None:
    found = situation(Receipt(WAMID, "failed", ago(hours=1), ago(hours=1)))
    judged = judge(found, Finding.FAILED_WITHOUT_CODE)
    assert judged.phone_instead
    assert judged.rests_on == ()


def test_t4_the_same_failure_told_five_times_rests_on_all_of_them_and_counts_once() -> None:
    told = [receipt("failed", ago(minutes=8), 131026) for _ in range(5)]
    assert judge(situation(*told), Finding.NOT_DELIVERABLE).rests_on == (1, 2, 3, 4, 5)


def test_the_first_reason_stays_the_reason() -> None:
    found = situation(receipt("failed", ago(minutes=5), 131000), receipt("failed", ago(minutes=8), 131026))
    assert judge(found, Finding.NOT_DELIVERABLE).rests_on == (2,)


def test_settled_as_not_sent_may_be_sent_now() -> None:
    found = situation(
        attempt(Phase.UNSURE, ago(hours=9)), Settlement(Decision.NOT_SENT, ago(hours=1), "dana")
    )
    judged = judge(found, Finding.SETTLED_NOT_SENT)
    assert "dana" in judged.why.en
    assert judged.may_resend is MayResend.YES
    assert judged.rests_on == (2,)


def test_what_the_guest_stopped_in_the_queue_is_nobody_s_decision_but_theirs() -> None:
    found = replace(
        situation(stopped_by_guest(ago(minutes=5))), guest=GuestRecord(opted_out_at=ago(minutes=30))
    )
    judged = judge(found, Finding.OPTED_OUT_WAITING)
    assert "30 minutes" in judged.why.en
    assert (judged.side, judged.may_resend) == (Side.GUEST, MayResend.NO)
    assert judged.phone_instead
    assert judged.rests_on == (1,)
    judge(situation(stopped_by_guest(ago(minutes=5))), Finding.OPTED_OUT_WAITING)  # who has resumed since


def test_many_alike_are_counted() -> None:
    found = replace(failed(131042), others=Others(failing_alike=57))
    assert "lately: 57" in remarks(judge(found, Finding.PAYMENT))


def test_a_long_text_from_outside_is_cut() -> None:
    assert len(remarks(judge(failed(131000, "x" * 5000), Finding.META_TROUBLE))) < 400


def test_curly_brackets_in_meta_s_words_are_only_words() -> None:
    judged = judge(failed(132000, "body: {0} {reason} {{1}} does not match"), Finding.TEMPLATE_MISMATCH)
    assert "{0} {reason} {{1}} does not match" in remarks(judged)


@pytest.mark.parametrize("row", all_rows(), ids=[row.label for row in all_rows()])
def test_every_documented_code_gets_a_verdict_that_agrees_with_the_catalogue(row: Row) -> None:
    found = lookup(row.code, row.subcode)
    judged_from = situation(receipt("failed", ago(minutes=8), found.code, subcode=found.subcode))
    judged = judge(judged_from, by_code().get(found.code, _fallback(found.side, found.code, found.subcode)))
    assert judged.side is found.side
    assert judged.headline.he
    if found.outcome is Outcome.HELD:
        assert not judged.phone_instead, "the guest is not at fault and nothing is gained by phoning"


def _fallback(side: Side, code: int, subcode: int | None) -> Finding:
    return Finding.ACCESS if (code, subcode) == (100, 33) else Finding(f"failed_{side.value}")
