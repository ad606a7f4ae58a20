"""What goes wrong on demand, each quirk by itself; and that the seed decides whom it strikes."""

from http.client import RemoteDisconnected

import pytest

from invy.simulator.chaos import Chaos, ChaosRules, Quirk
from invy.testing import Catcher, CloudApi, running
from tests.simulator.client import invitation, send

BROKEN = (RemoteDisconnected, ConnectionResetError)


def test_a_lost_reply_leaves_an_accepted_message(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    with pytest.raises(BROKEN):
        send(cloud_api, invitation("+447700900171", opaque="m-9"))
    cloud_api.settle()
    assert [each["final_status"] for each in cloud_api.messages()] == ["read"]
    assert {each["biz_opaque_callback_data"] for each in caught_webhooks.statuses()} == {"m-9"}


def test_a_reset_leaves_nothing_and_the_next_attempt_succeeds(cloud_api: CloudApi) -> None:
    with pytest.raises(BROKEN):
        send(cloud_api, invitation("+447700900174"))
    assert cloud_api.messages() == []
    assert send(cloud_api, invitation("+447700900174")).http == 200


def test_an_error_before_acceptance_leaves_nothing(cloud_api: CloudApi) -> None:
    assert send(cloud_api, invitation("+447700900172")).http >= 500
    assert cloud_api.messages() == []
    assert send(cloud_api, invitation("+447700900172")).http == 200


def test_an_error_after_acceptance_looks_the_same_but_the_guest_gets_the_message(cloud_api: CloudApi) -> None:
    assert send(cloud_api, invitation("+447700900173")).http >= 500
    cloud_api.settle()
    assert [each["received"] for each in cloud_api.guests()] == [1]


def test_server_errors_come_in_all_of_metas_forms() -> None:
    with running(chaos={"error_before": 1.0}, limits={"per_second": 0}) as api:
        replies = [send(api, invitation(f"+999000000{each:04d}")) for each in range(40)]
    assert {each.http for each in replies} == {500, 502, 503}
    assert any(each.headers["content-type"].startswith("text/html") for each in replies)
    assert {each.code for each in replies if "json" in each.headers["content-type"]} == {1, 2, 131000, 131016}


@pytest.mark.cloud_api(chaos={"slow_reply_s": 0.3})
def test_a_slow_reply_comes_in_the_end(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    assert send(cloud_api, invitation("+447700900170")).http == 200
    cloud_api.settle()
    assert len(caught_webhooks.statuses()) == 3


def test_an_early_webhook_comes_before_the_reply(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    wamid = send(cloud_api, invitation("+447700900175")).wamid
    assert [each["id"] for each in caught_webhooks.statuses()] == [wamid]


def test_a_duplicate_is_told_twice_and_happened_once(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900176"))
    cloud_api.settle()
    told = sorted(each["status"] for each in caught_webhooks.statuses())
    assert told == ["delivered", "delivered", "read", "read", "sent", "sent"]
    assert len(cloud_api.messages()[0]["events"]) == 3


def test_reordered_webhooks_arrive_in_reverse(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900177"))
    cloud_api.settle()
    assert [each["status"] for each in caught_webhooks.statuses()] == ["read", "delivered", "sent"]
    stamps = [int(each["timestamp"]) for each in caught_webhooks.statuses()]
    assert stamps == sorted(stamps, reverse=True)


def test_a_delayed_webhook_comes_later_than_it_happened(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    send(cloud_api, invitation("+447700900178"))
    cloud_api.advance(60)
    assert caught_webhooks.caught == []
    assert cloud_api.messages()[0]["final_status"] == "read"
    cloud_api.settle()
    assert len(caught_webhooks.statuses()) == 3


def test_a_lost_webhook_never_comes_and_only_the_history_knows(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    send(cloud_api, invitation("+447700900179"))
    cloud_api.settle()
    assert caught_webhooks.caught == []
    assert {each["webhook"] for each in cloud_api.messages()[0]["events"]} == {"FAILED"}


def test_a_wrong_signature_comes_once_and_then_the_right_one(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    send(cloud_api, invitation("+447700900180"))
    cloud_api.settle()
    assert [each.genuine for each in caught_webhooks.caught].count(False) == 3
    assert len(caught_webhooks.statuses()) == 3
    assert cloud_api.state()["settled"]


def test_a_forgery_says_what_did_not_happen_and_does_not_come_back(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    send(cloud_api, invitation("+447700900181"))
    cloud_api.settle()
    forged = [each for each in caught_webhooks.caught if not each.genuine]
    assert len(forged) == 1
    assert forged[0].payload["entry"][0]["changes"][0]["value"]["statuses"][0]["status"] == "read"
    assert cloud_api.messages()[0]["final_status"] == "sent"
    assert [each["status"] for each in caught_webhooks.statuses()] == ["sent"]


def test_missing_fields_leave_only_what_meta_promises(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    send(cloud_api, invitation("+447700900182"))
    send(cloud_api, invitation("+447700900183"))
    cloud_api.settle()
    assert all(set(each) <= {"id", "status", "timestamp", "errors"} for each in caught_webhooks.statuses())
    assert all("contacts" not in each for each in caught_webhooks.changes())
    failed = next(each for each in caught_webhooks.statuses() if each["status"] == "failed")
    assert set(failed["errors"][0]) == {"code", "title"}


def test_unknown_words_and_fields_stand_beside_the_truth(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    send(cloud_api, invitation("+447700900184"))
    strange = send(cloud_api, invitation("+447700900185")).wamid
    cloud_api.settle()
    words = [each["status"] for each in caught_webhooks.statuses() if each["id"] != strange]
    assert sorted(set(words) - {"sent", "delivered", "read"}) == ["deleted"] or len(set(words)) == 4
    assert "echo_of_tomorrow" in next(each for each in caught_webhooks.statuses() if each["id"] == strange)
    assert caught_webhooks.changes("a_field_of_tomorrow")


def test_a_hidden_guest_is_named_by_user_id_only(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    wamid = send(cloud_api, invitation("+447700900189")).wamid
    cloud_api.settle()
    user_id = cloud_api.message(wamid)["user_id"]
    assert {each["recipient_user_id"] for each in caught_webhooks.statuses()} == {user_id}
    assert all("recipient_id" not in each for each in caught_webhooks.statuses())
    assert all("wa_id" not in each["contacts"][0] for each in caught_webhooks.changes())
    answer = caught_webhooks.messages()[0]
    assert (answer["from_user_id"], "from" in answer) == (user_id, False)


@pytest.mark.cloud_api(batch=1000, chaos={"split": 1.0})
def test_split_updates_stand_in_entries_of_their_own(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    for each in range(5):
        send(cloud_api, invitation(f"+99900000{each:02d}0152"))
    cloud_api.settle()
    assert max(len(each.payload["entry"]) for each in caught_webhooks.caught) > 1
    assert len(caught_webhooks.statuses()) == 5


@pytest.mark.parametrize("quirk", list(Quirk))
def test_the_seed_alone_decides_whom_a_quirk_strikes(quirk: Quirk) -> None:
    def struck(seed: int) -> list[bool]:
        chaos = Chaos(seed, ChaosRules(**{quirk.value: 0.3}))
        return [chaos.strikes(quirk, f"44{each}", 1, status="sent", magic=frozenset()) for each in range(400)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert sum(struck(1)) / 400 == pytest.approx(0.3, abs=0.1)


def test_chaos_can_be_changed_while_the_world_runs(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    cloud_api.chaos(lose=1.0)
    send(cloud_api, invitation("+447700900150"))
    cloud_api.settle()
    assert caught_webhooks.caught == []
    cloud_api.chaos()
    send(cloud_api, invitation("+447700900150"))
    cloud_api.settle()
    assert len(caught_webhooks.statuses()) == 3


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        ChaosRules(lose=rate)
