"""What is said of messages that arrived."""

from dataclasses import replace as with_

from msgspec.structs import replace

from invy.diagnose.finding import Confidence, Finding, MayResend
from invy.diagnose.health import GuestRecord
from invy.domain.ids import Wamid
from tests.diagnose.cases import NOW, accepted, ago, history, judge, receipt, remarks, reply, situation


def test_delivered_rests_on_its_receipt_and_needs_nothing() -> None:
    judged = judge(
        situation(
            accepted(ago(minutes=9)), receipt("sent", ago(minutes=9)), receipt("delivered", ago(minutes=8))
        ),
        Finding.DELIVERED,
    )
    assert judged.reached
    assert judged.confidence is Confidence.CERTAIN
    assert judged.rests_on == (3,)
    assert judged.side is None
    assert judged.may_resend is MayResend.NOT_NEEDED
    assert "8 minutes ago" in judged.why.en


def test_read_rests_on_the_read_receipt_alone() -> None:
    judged = judge(situation(receipt("delivered", ago(hours=3)), receipt("read", ago(hours=2))), Finding.READ)
    assert judged.rests_on == (2,)
    assert "שעתיים" in judged.why.he


def test_read_without_a_delivered_receipt_has_arrived_all_the_same() -> None:
    assert judge(situation(receipt("read", ago(hours=2))), Finding.READ).reached


def test_answered_outranks_read() -> None:
    judged = judge(situation(receipt("read", ago(hours=2)), reply(ago(hours=1))), Finding.ANSWERED)
    assert judged.rests_on == (2,)


def test_an_answer_proves_arrival_although_no_receipt_ever_came() -> None:
    assert judge(situation(accepted(ago(hours=3)), reply(ago(hours=1))), Finding.ANSWERED).reached


def test_t14_a_failure_beside_a_delivery_is_an_anomaly_and_erases_nothing() -> None:
    judged = judge(
        situation(receipt("delivered", ago(hours=2)), receipt("failed", ago(hours=1), 131026)),
        Finding.ARRIVED_DESPITE_FAILURE,
    )
    assert judged.reached
    assert judged.rests_on == (1, 2)
    assert "code 131026, Message Undeliverable" in remarks(judged)
    assert judged.may_resend is MayResend.NOT_NEEDED
    assert not judged.phone_instead


def test_a_request_that_meta_took_twice_is_said_whatever_became_of_it() -> None:
    twin = replace(receipt("delivered", ago(hours=2)), wamid=Wamid("wamid.TWIN"))
    taken = situation(accepted(ago(hours=3)), receipt("delivered", ago(hours=2)), twin)
    assert "gave this message 2 wamids" in remarks(judge(taken, Finding.DELIVERED))
    once = situation(accepted(ago(hours=3)), receipt("delivered", ago(hours=2)))
    assert "wamids" not in remarks(judge(once, Finding.DELIVERED))


def test_a_delivery_known_only_by_asking_meta_says_so() -> None:
    judged = judge(situation(history("delivered", ago(hours=1), "FAILED")), Finding.DELIVERED)
    assert "because we asked Meta" in remarks(judged)


def test_an_opt_out_after_the_arrival_changes_nothing_about_it() -> None:
    found = with_(situation(receipt("delivered", ago(hours=2))), guest=GuestRecord(opted_out_at=NOW))
    assert judge(found, Finding.DELIVERED).may_resend is MayResend.NOT_NEEDED
