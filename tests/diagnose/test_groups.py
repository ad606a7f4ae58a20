"""The unreached, grouped: counts, one next step each, and whom to telephone."""

from dataclasses import replace

from invy.diagnose.finding import Finding
from invy.diagnose.groups import group
from invy.diagnose.health import SenderHealth
from invy.diagnose.verdict import Verdict, verdict
from invy.domain.hold import Hold, Scope
from tests.diagnose.cases import accepted, ago, receipt, situation


def test_the_unreached_are_grouped_with_the_largest_group_first() -> None:
    off = situation(accepted(ago(days=4)), receipt("sent", ago(days=4)))
    no_whatsapp = situation(receipt("failed", ago(hours=1), 131026))
    arrived = situation(receipt("delivered", ago(hours=1)))
    judged = [
        ("Noa", verdict(off)),
        ("Ali", verdict(no_whatsapp)),
        ("Dan", verdict(arrived)),
        ("Eve", verdict(off)),
    ]
    groups = group(judged)
    assert [(g.finding, g.count, g.members) for g in groups] == [
        (Finding.SENT_DAYS, 2, ("Noa", "Eve")),
        (Finding.NOT_DELIVERABLE, 1, ("Ali",)),
    ]
    assert groups[0].to_phone == ("Noa", "Eve")
    assert "Phone the guest" in groups[0].todo.en
    assert groups[1].label == "131026"


def test_one_finding_with_two_codes_makes_two_groups_since_the_remedies_differ() -> None:
    judged = [
        (code, verdict(situation(receipt("failed", ago(hours=1), code)))) for code in (132000, 132012, 132000)
    ]
    assert [(g.label, g.count) for g in group(judged)] == [("132000", 2), ("132012", 1)]


def test_a_locked_account_sends_nobody_to_the_telephone() -> None:
    judged = [("Noa", verdict(situation(receipt("failed", ago(hours=1), 131031))))]
    assert group(judged)[0].to_phone == ()


def test_no_messages_make_no_groups() -> None:
    assert group([]) == ()


def test_messages_that_different_commands_let_go_on_are_different_groups() -> None:
    def held_for(sender: str) -> Verdict:
        hold = Hold(Scope.SENDER, sender, "Access token has expired", ago(hours=1), 190)
        return verdict(replace(situation(), sender=SenderHealth(hold=hold)))

    found = group([("a", held_for("1555")), ("b", held_for("1556")), ("c", held_for("1555"))])
    assert [each.members for each in found] == [("a", "c"), ("b",)]
    assert [each.todo.en.rpartition("To go on: ")[2] for each in found] == [
        "`invy resume sender 1555`.",
        "`invy resume sender 1556`.",
    ]
