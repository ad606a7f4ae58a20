from dataclasses import replace

import pytest

from invy.demo.comparison import differences
from invy.domain.evidence import Attempt, Evidence, Phase, Receipt
from invy.domain.failure import Failure
from invy.domain.fold import fold
from invy.domain.ids import Wamid
from invy.domain.message import Message
from tests.making import at, draft, message_id


def known(*facts: Evidence) -> Message:
    made = draft(1)
    return Message(
        id=made.id,
        to=made.to,
        template_key=made.template_key,
        template_name=made.template_name,
        template_language=made.template_language,
        sender_id=made.sender_id,
        created_at=made.created_at,
        event_id=made.event_id,
        guest_id=made.guest_id,
        campaign_id=None,
        retry_of=None,
        due_at=None,
        folded=fold(facts),
    )


ACCEPTED = Attempt(1, Phase.ACCEPTED, at(1), wamid=Wamid("wamid.A"))
REFUSED = Attempt(1, Phase.REFUSED, at(1), failure=Failure(132000))


def receipt(status: str, code: int | None = None) -> Receipt:
    return Receipt(Wamid("wamid.A"), status, at(2), at(3), failure=Failure(code) if code else None)


def witnessed(status: str, code: int | None = None) -> dict[str, object]:
    return {
        "wamid": "wamid.A",
        "biz_opaque_callback_data": message_id(1),
        "final_status": status,
        "error_code": code,
    }


@pytest.mark.parametrize(
    ("message", "record"),
    [
        (known(ACCEPTED), witnessed("accepted")),
        (known(ACCEPTED, receipt("sent")), witnessed("sent")),
        (known(ACCEPTED, receipt("read")), witnessed("read")),
        (known(ACCEPTED, receipt("failed", 131026)), witnessed("failed", 131026)),
    ],
)
def test_agreement_is_silent(message: Message, record: dict[str, object]) -> None:
    assert differences([message], [record]) == []


@pytest.mark.parametrize(
    ("message", "record"),
    [
        (known(ACCEPTED, receipt("delivered")), witnessed("read")),
        (known(ACCEPTED, receipt("failed", 131026)), witnessed("failed", 131049)),
        (known(), witnessed("delivered")),
        (known(Attempt(1, Phase.UNSURE, at(1))), witnessed("sent")),
    ],
)
def test_another_state_or_another_reason_is_a_difference(message: Message, record: dict[str, object]) -> None:
    [found] = differences([message], [record])
    assert found.message_id == message_id(1)


def test_a_message_that_meta_refused_is_unknown_there_and_that_is_right() -> None:
    assert differences([known(REFUSED)], []) == []


def test_an_accepted_message_that_the_witness_does_not_know_is_a_difference() -> None:
    assert [each.witnessed for each in differences([known(ACCEPTED)], [])] == [None]


def test_a_message_left_in_the_queue_is_a_difference() -> None:
    assert len(differences([known()], [])) == 1


def test_a_message_that_only_the_witness_knows_is_a_difference() -> None:
    stranger = witnessed("read") | {"biz_opaque_callback_data": None}
    [found] = differences([], [stranger])
    assert (found.known, found.wamid) == ("unknown", "wamid.A")


def test_one_guest_invited_twice_is_a_difference() -> None:
    message = known(ACCEPTED, receipt("read"))
    second = witnessed("read") | {"wamid": "wamid.B", "biz_opaque_callback_data": "another"}
    assert len(differences([replace(message)], [witnessed("read"), second])) == 1
