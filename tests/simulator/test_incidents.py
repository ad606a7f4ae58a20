"""What happens to a world from outside: each incident has the effect Meta's would have, and is told of where Meta tells."""

import pytest

from invy.simulator.clock import Clock
from invy.simulator.incident import INCIDENTS, plan
from invy.simulator.scenario import IncidentRule, Scenario, ScenarioInvalid
from invy.simulator.world import World
from invy.testing import Catcher, CloudApi
from invy.testing.cloud_api import SimulatorTrouble
from tests.simulator.client import READ, call, invitation, reminder, send


def test_a_paused_template_comes_back_after_three_hours_then_six_and_then_never(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    for hours in (3, 6):
        cloud_api.happen("pause-template", template="hina_invitation")
        assert send(cloud_api, invitation(READ)).code == 132015
        assert send(cloud_api, reminder(READ)).http == 200
        cloud_api.advance(hours * 3600 - 10)
        assert send(cloud_api, invitation(READ)).code == 132015
        cloud_api.advance(20)
        assert send(cloud_api, invitation(READ)).http == 200
    cloud_api.happen("pause-template", template="hina_invitation")
    assert send(cloud_api, invitation(READ)).code == 132016
    told = [
        each["other_info"]["title"]
        for each in caught_webhooks.changes("message_template_status_update")
        if each["message_template_name"] == "hina_invitation"
    ]
    assert told == ["FIRST_PAUSE", "UNPAUSE", "SECOND_PAUSE", "UNPAUSE", "DISABLED"]


@pytest.mark.parametrize(
    ("incident", "code"),
    [
        ("disable-template", 132016),
        ("reject-template", 132001),
        ("delete-template", 132001),
        ("edit-template", 132000),
    ],
)
def test_a_template_that_changed_no_longer_fits(cloud_api: CloudApi, incident: str, code: int) -> None:
    cloud_api.happen(incident, template="hina_invitation")
    assert send(cloud_api, invitation(READ)).code == code
    assert send(cloud_api, reminder(READ)).http == 200
    cloud_api.happen(incident)
    assert send(cloud_api, reminder(READ)).http != 200


def test_an_edit_is_told_with_the_new_text(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    cloud_api.happen("edit-template", template="hina_invitation")
    cloud_api.settle()
    edited = caught_webhooks.changes("message_template_components_update")[0]
    assert "{{2}}" in edited["message_template_element"]
    assert isinstance(edited["message_template_id"], int)


def test_an_expired_token_is_190_with_463_until_it_is_renewed(cloud_api: CloudApi) -> None:
    cloud_api.happen("expire-token")
    reply = send(cloud_api, invitation(READ))
    assert (reply.http, reply.code, reply.json["error"]["error_subcode"]) == (401, 190, 463)
    cloud_api.happen("renew-token")
    fresh = str(cloud_api.call("GET", "/_simulator/credentials")["access_token"])
    assert fresh != cloud_api.access_token
    assert send(cloud_api, invitation(READ), token=fresh).http == 200
    assert send(cloud_api, invitation(READ)).json["error"]["error_subcode"] == 463


def test_a_reset_app_secret_signs_every_webhook_and_is_the_new_token_of_the_app(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    cloud_api.happen("renew-secret")
    fresh = str(cloud_api.call("GET", "/_simulator/credentials")["app_secret"])
    assert fresh != cloud_api.app_secret
    send(cloud_api, invitation(READ))
    cloud_api.advance(300)
    assert caught_webhooks.caught
    assert not any(each.genuine for each in caught_webhooks.caught)
    path = f"/v25.0/{cloud_api.app_id}/subscriptions"
    answers = [
        call(cloud_api, "GET", path, token=f"{cloud_api.app_id}|{secret}").http
        for secret in (cloud_api.app_secret, fresh)
    ]
    assert answers == [401, 200]


def test_a_missing_permission_is_200_and_403(cloud_api: CloudApi) -> None:
    cloud_api.happen("revoke-permission")
    assert (send(cloud_api, invitation(READ)).http, send(cloud_api, invitation(READ)).code) == (403, 200)
    cloud_api.happen("grant-permission")
    assert send(cloud_api, invitation(READ)).http == 200


def test_a_locked_account_sends_nothing_and_says_so_everywhere(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    cloud_api.happen("lock-account")
    reply = send(cloud_api, invitation(READ))
    assert (reply.http, reply.code) == (403, 131031)
    health = call(cloud_api, "GET", f"/v25.0/{cloud_api.phone_number_id}?fields=health_status").json[
        "health_status"
    ]
    assert health["can_send_message"] == "BLOCKED"
    cloud_api.happen("unlock-account")
    assert send(cloud_api, invitation(READ)).http == 200
    cloud_api.settle()
    states = [each["ban_info"]["waba_ban_state"] for each in caught_webhooks.changes("account_update")]
    assert states == ["DISABLE", "REINSTATE"]


def test_a_payment_problem_shows_only_after_acceptance(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    cloud_api.happen("payment-problem")
    wamid = send(cloud_api, invitation(READ)).wamid
    cloud_api.settle()
    assert cloud_api.message(wamid)["error_code"] == 131042
    assert caught_webhooks.changes("account_alerts")
    cloud_api.happen("payment-solved")
    wamid = send(cloud_api, invitation(READ)).wamid
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "read"


def test_while_media_cannot_be_fetched_invitations_fail_and_texts_arrive(cloud_api: CloudApi) -> None:
    cloud_api.happen("media-outage", lasts="1h")
    picture, text = send(cloud_api, invitation(READ)).wamid, send(cloud_api, reminder(READ)).wamid
    cloud_api.settle()
    assert cloud_api.message(picture)["error_code"] == 131053
    assert cloud_api.message(text)["final_status"] == "read"
    cloud_api.advance(3600)
    picture = send(cloud_api, invitation(READ)).wamid
    cloud_api.settle()
    assert cloud_api.message(picture)["final_status"] == "read"


def test_an_outage_of_the_api_is_503_for_as_long_as_it_lasts(cloud_api: CloudApi) -> None:
    cloud_api.happen("api-outage", lasts="10m")
    reply = send(cloud_api, invitation(READ))
    assert (reply.http, reply.code, reply.json["error"]["is_transient"]) == (503, 2, True)
    assert call(cloud_api, "GET", f"/v25.0/{cloud_api.phone_number_id}").http == 503
    cloud_api.advance(601)
    assert send(cloud_api, invitation(READ)).http == 200


def test_an_outage_of_webhooks_delays_some_and_loses_some(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    cloud_api.happen("webhook-outage", lasts="2h", share=0.5)
    for each in range(40):
        send(cloud_api, invitation(f"+99900000{each:02d}0152"))
    cloud_api.advance(3600)
    assert caught_webhooks.caught == []
    assert cloud_api.state()["by_status"] == {"sent": 40}
    cloud_api.settle()
    assert 5 < len(caught_webhooks.statuses()) < 35
    lost = [each for each in cloud_api.messages() if each["events"][0]["webhook"] == "FAILED"]
    assert len(lost) + len(caught_webhooks.statuses()) == 40


@pytest.mark.cloud_api(limits={"per_second": 5})
def test_an_upgrade_of_throughput_costs_a_minute_of_maintenance(cloud_api: CloudApi) -> None:
    cloud_api.happen("throughput-upgrade")
    assert send(cloud_api, invitation(READ)).code == 131057
    cloud_api.advance(61)
    replies = [send(cloud_api, invitation(f"+99900000{each:04d}")).http for each in range(30)]
    assert replies == [200] * 30
    path = f"/v25.0/{cloud_api.phone_number_id}?fields=throughput"
    assert call(cloud_api, "GET", path).json["throughput"] == {"level": "HIGH"}


def test_maintenance_ends_by_itself(cloud_api: CloudApi) -> None:
    cloud_api.happen("maintenance", lasts="60s")
    assert send(cloud_api, invitation(READ)).code == 131057
    cloud_api.advance(61)
    assert send(cloud_api, invitation(READ)).http == 200


def test_low_quality_is_told_and_limits_the_health(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    cloud_api.happen("quality-red", template="hina_invitation")
    cloud_api.settle()
    assert [
        each["new_quality_score"] for each in caught_webhooks.changes("message_template_quality_update")
    ] == ["RED"]
    row = call(
        cloud_api, "GET", f"/v25.0/{cloud_api.phone_number_id}?fields=quality_rating,health_status"
    ).json
    assert (row["quality_rating"], row["health_status"]["can_send_message"]) == ("RED", "LIMITED")


def test_a_deregistered_number_is_133010(cloud_api: CloudApi) -> None:
    cloud_api.happen("deregister-number")
    assert send(cloud_api, invitation(READ)).code == 133010
    path = f"/v25.0/{cloud_api.phone_number_id}?fields=status"
    assert call(cloud_api, "GET", path).json["status"] == "DISCONNECTED"
    cloud_api.happen("register-number")
    assert send(cloud_api, invitation(READ)).http == 200


def test_phones_that_are_off_receive_when_they_are_back(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    wamid = send(cloud_api, invitation(READ)).wamid
    cloud_api.happen("phones-off")
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "sent"
    assert not cloud_api.message(wamid)["settled"]
    cloud_api.happen("phones-on")
    cloud_api.settle()
    assert cloud_api.message(wamid)["final_status"] == "read"
    assert [each["status"] for each in caught_webhooks.statuses()] == ["sent", "delivered", "read"]


def test_webhooks_can_be_taken_away_by_somebody_else(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    with Catcher(cloud_api.app_secret, "x") as thief:
        cloud_api.happen("override-callback", url=thief.url)
        send(cloud_api, invitation(READ))
        cloud_api.settle()
        assert len(thief.statuses()) == 3
    cloud_api.happen("unsubscribe-app")
    send(cloud_api, invitation(READ))
    cloud_api.settle()
    assert caught_webhooks.caught == []


def test_the_history_can_be_forbidden_and_allowed(cloud_api: CloudApi) -> None:
    path = f"/v25.0/{cloud_api.phone_number_id}/message_history"
    cloud_api.happen("forbid-history")
    assert call(cloud_api, "GET", path).http == 403
    cloud_api.happen("allow-history")
    assert call(cloud_api, "GET", path).http == 200


@pytest.mark.cloud_api(
    incident=[{"do": "lock-account", "after_messages": 3}, {"do": "unlock-account", "at": "1d"}]
)
def test_a_scenario_says_when(cloud_api: CloudApi) -> None:
    assert [send(cloud_api, invitation(READ)).http for _ in range(5)] == [200, 200, 200, 403, 403]
    cloud_api.reset()
    cloud_api.advance(86_401)
    assert send(cloud_api, invitation(READ)).http == 200
    assert [each["do"] for each in cloud_api.state()["incidents"]] == ["lock-account", "unlock-account"]


def test_an_incident_nobody_knows_is_refused_with_those_there_are(cloud_api: CloudApi) -> None:
    with pytest.raises(SimulatorTrouble, match="lock-account"):
        cloud_api.happen("meteor")


@pytest.mark.parametrize(
    "rule",
    [
        IncidentRule(do="meteor", at="1m"),
        IncidentRule(do="lock-account"),
        IncidentRule(do="lock-account", at="1m", after_messages=3),
    ],
)
def test_a_scenario_with_a_senseless_incident_does_not_start(rule: IncidentRule) -> None:
    with pytest.raises(ScenarioInvalid):
        plan(World(Scenario(incident=[rule]), Clock()))


def test_every_incident_can_happen_to_a_fresh_world(cloud_api: CloudApi) -> None:
    for name in INCIDENTS:
        cloud_api.happen(name)
    assert len(cloud_api.state()["incidents"]) == len(INCIDENTS)
