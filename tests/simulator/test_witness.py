"""The witness's own book: what was accepted, who received what how often, and every webhook with every answer."""

import pytest

from invy.simulator.fate import Fate, Status
from invy.simulator.ledger import Happening, Ledger, Message
from invy.testing import Catcher, CloudApi
from tests.simulator.client import READ, call, invitation, reminder, send


def test_a_guest_invited_twice_stands_out(cloud_api: CloudApi) -> None:
    send(cloud_api, invitation(READ))
    send(cloud_api, invitation(READ))
    send(cloud_api, reminder(READ))
    send(cloud_api, invitation("+447700900151"))
    send(cloud_api, invitation("+447700900156"))
    send(cloud_api, invitation("+447700900156"))
    cloud_api.settle()
    rows = {each["to"]: each for each in cloud_api.guests()}
    assert rows["447700900150"]["received_by_template"] == {"hina_invitation": 2, "rsvp_reminder": 1}
    assert [rows[each]["duplicates"] for each in rows] == [1, 0, 0]
    assert [rows[each]["accepted"] for each in rows] == [3, 1, 2]
    assert [rows[each]["received"] for each in rows] == [3, 1, 0]


def test_messages_are_found_by_number_and_by_opaque_data_and_page_by_page(cloud_api: CloudApi) -> None:
    for each in range(5):
        send(cloud_api, invitation(READ, opaque=f"m-{each}"))
    send(cloud_api, invitation("+447700900151"))
    assert len(cloud_api.messages(to=READ)) == 5
    assert [each["nth"] for each in cloud_api.messages(biz_opaque_callback_data="m-3")] == [4]
    page = cloud_api.messages(offset="2", limit="2")
    assert [each["biz_opaque_callback_data"] for each in page] == ["m-2", "m-3"]


def test_the_truth_moves_with_time_and_not_with_what_was_told(cloud_api: CloudApi) -> None:
    wamid = send(cloud_api, invitation("+447700900155")).wamid
    seen = []
    for seconds in (0, 1, 86_400, 3 * 86_400):
        cloud_api.advance(seconds)
        seen.append((cloud_api.message(wamid)["final_status"], cloud_api.message(wamid)["settled"]))
    assert seen == [("accepted", False), ("sent", False), ("sent", False), ("read", True)]
    assert cloud_api.state()["untold_events"] == 3


def test_timestamps_are_the_times_of_the_truth(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    wamid = send(cloud_api, invitation("+447700900155")).wamid
    cloud_api.settle()
    truth = [int(each["at"]) for each in cloud_api.message(wamid)["events"]]
    assert [int(each["timestamp"]) for each in caught_webhooks.statuses()] == truth


def test_every_webhook_is_kept_with_each_attempt_and_answer(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    answers = iter([503, 200])
    caught_webhooks.answer = lambda _: next(answers)
    wamid = send(cloud_api, invitation("+447700900152")).wamid
    send(cloud_api, invitation("+447700900153"))
    cloud_api.settle()
    letters = cloud_api.webhooks(wamid=wamid)
    assert [each["http"] for each in letters[0]["attempts"]] == [503, 200]
    assert letters[0]["updates"] == [{"field": "messages", "wamid": wamid, "status": "sent"}]
    assert cloud_api.state()["webhooks"] == {
        "letters": 1,
        "updates": 1,
        "attempts": 2,
        "failures": 1,
        "delivered": 1,
    }


def test_a_refusal_and_a_trouble_are_counted(cloud_api: CloudApi) -> None:
    send(cloud_api, invitation("abc"))
    send(cloud_api, invitation("+447700900190"))
    send(cloud_api, invitation("+447700900173"))
    assert cloud_api.state()["refused"] == {"131009": 1, "130429": 1}
    assert cloud_api.state()["troubles"] == {"error_after": 1}


def test_a_reset_forgets_messages_and_keeps_the_world(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900155"))
    cloud_api.advance(10)
    cloud_api.reset()
    state = cloud_api.state()
    assert (state["messages"], state["pending_events"], state["pending_webhooks"], state["settled"]) == (
        0,
        0,
        0,
        True,
    )
    assert state["callback_url"] == caught_webhooks.url
    assert cloud_api.guests() == cloud_api.messages() == cloud_api.webhooks() == []
    caught_webhooks.caught.clear()
    cloud_api.advance(10 * 86_400)
    assert caught_webhooks.caught == []
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert len(caught_webhooks.statuses()) == 3


def test_time_can_be_made_to_run_faster(cloud_api: CloudApi) -> None:
    assert cloud_api.call("POST", "/_simulator/clock", {"speed": 100_000})["speed"] == 100_000
    send(cloud_api, invitation(READ))
    for _ in range(500):
        if cloud_api.state()["settled"]:
            break
    assert cloud_api.state()["by_status"] == {"read": 1}


def test_no_token_is_asked_and_none_is_shown_but_where_asked_for(cloud_api: CloudApi) -> None:
    assert cloud_api.access_token in call(cloud_api, "GET", "/_simulator/credentials", token="").text
    for path in ("state", "messages", "guests", "webhooks", ""):
        text = call(cloud_api, "GET", f"/_simulator/{path}", token="").text
        assert cloud_api.access_token not in text
        assert cloud_api.app_secret not in text


ORDERS = [
    ([Status.SENT, Status.DELIVERED, Status.READ], Status.READ),
    ([Status.READ, Status.DELIVERED, Status.SENT], Status.READ),
    ([Status.SENT, Status.FAILED], Status.FAILED),
    ([Status.FAILED, Status.SENT], Status.FAILED),
    ([Status.DELIVERED, Status.FAILED], Status.DELIVERED),
    ([], Status.ACCEPTED),
]


@pytest.mark.parametrize(("statuses", "final"), ORDERS)
def test_the_final_status_is_the_highest_and_failure_counts_before_delivery(
    statuses: list[Status], final: Status
) -> None:
    ledger = Ledger()
    message = Message(
        wamid="wamid.1", phone_number_id="1", wa_id="2", user_id="GB.2", dialled="+2", kind="text", template="",
        language="", category="service", opaque=None, nth=1, fate=Fate("x", ()), accepted_at=0.0, request=b"{}",
    )  # fmt: skip
    ledger.add(message)
    for each in statuses:
        ledger.record(message, Happening(each, 1.0, 131026 if each is Status.FAILED else None))
    assert message.final_status is final
    assert ledger.totals() == {final.value: 1}
