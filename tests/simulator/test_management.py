"""The calls beside sending: templates, numbers, tokens, media, history. Their shapes, their pages, their refusals."""

import hashlib
from typing import Any

import pytest

from invy.testing import Catcher, CloudApi
from tests.simulator.client import READ, Reply, call, invitation, reminder, send


def templates(api: CloudApi, query: str = "") -> Reply:
    return call(api, "GET", f"/v25.0/{api.business_account_id}/message_templates{query}")


def _template(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "language": "en_US",
        "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Hello {{1}}, welcome"}],
    }


def test_templates_are_listed_with_what_a_send_must_carry(cloud_api: CloudApi) -> None:
    rows = {(each["name"], each["language"]): each for each in templates(cloud_api).json["data"]}
    invited = rows["hina_invitation", "he"]
    assert (invited["status"], invited["category"], invited["parameter_format"]) == (
        "APPROVED",
        "MARKETING",
        "POSITIONAL",
    )
    assert [each["type"] for each in invited["components"]] == ["HEADER", "BODY", "BUTTONS"]
    assert {("rsvp_reminder", "he"), ("rsvp_reminder", "en_US")} <= set(rows)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?name=rsvp", 2),
        ("?name=rsvp_reminder&language=he", 1),
        ("?status=PAUSED", 0),
        ('?status=["APPROVED","PAUSED"]', 3),
        ("?category=UTILITY", 2),
        ("?content=Hello", 1),
        ("?limit=2", 2),
    ],
)
def test_templates_are_filtered(cloud_api: CloudApi, query: str, count: int) -> None:
    assert len(templates(cloud_api, query.replace('"', "%22")).json["data"]) == count


def test_pages_lead_from_one_to_the_next_and_back(cloud_api: CloudApi) -> None:
    first = templates(cloud_api, "?limit=2&fields=name,language").json
    assert set(first["data"][0]) == {"name", "language", "id"}
    assert first["paging"]["next"].startswith(cloud_api.base_url)
    second = call(cloud_api, "GET", first["paging"]["next"].removeprefix(cloud_api.base_url)).json
    assert len(second["data"]) == 1
    assert "next" not in second["paging"]
    back = call(cloud_api, "GET", second["paging"]["previous"].removeprefix(cloud_api.base_url)).json
    assert back["data"] == first["data"]


@pytest.mark.parametrize(
    "query", ["?limit=none", "?limit=0", "?after=garbage", "?fields=colour", "?status=[1"]
)
def test_a_senseless_question_is_100(cloud_api: CloudApi, query: str) -> None:
    assert templates(cloud_api, query).code == 100


def test_a_new_template_is_pending_then_approved_and_told(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    path = f"/v25.0/{cloud_api.business_account_id}/message_templates"
    made = call(cloud_api, "POST", path, _template("welcome")).json
    assert made["status"] == "PENDING"
    message = invitation(READ)
    message["template"] = {
        "name": "welcome",
        "language": {"code": "en_US"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Noa"}]}],
    }
    assert send(cloud_api, message).code == 132001
    cloud_api.advance(61)
    assert send(cloud_api, message).http == 200
    cloud_api.settle()
    told = caught_webhooks.changes("message_template_status_update")[0]
    assert (told["event"], told["message_template_id"], told["message_template_language"]) == (
        "APPROVED",
        int(made["id"]),
        "en-US",
    )
    assert call(cloud_api, "POST", path, _template("to_be_rejected")).http == 200
    cloud_api.advance(61)
    assert (
        templates(cloud_api, "?name=to_be_rejected&fields=status,rejected_reason").json["data"][0]["status"]
        == "REJECTED"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "With Capitals"},
        {"category": "SPAM"},
        {"components": []},
        {"components": "BODY"},
        {"components": [{"type": "FOOTER", "text": "x"}]},
        {"components": [{"type": "BODY", "text": "{{1}} hello"}]},
        {"components": [{"type": "BODY", "text": "x" * 1025}]},
        {
            "components": [
                {"type": "BODY", "text": "x"},
                {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "y" * 26}]},
            ]
        },
        {"components": [{"type": "BODY", "text": "x"}, {"type": "BUTTONS", "buttons": []}]},
        {"language": ""},
        {"name": "hina_invitation", "language": "he"},
    ],
)
def test_a_template_that_breaks_the_rules_is_not_made(cloud_api: CloudApi, wrong: dict[str, Any]) -> None:
    path = f"/v25.0/{cloud_api.business_account_id}/message_templates"
    reply = call(cloud_api, "POST", path, _template("welcome") | wrong)
    assert (reply.http, reply.code) == (400, 100)


def test_a_template_is_edited_looked_up_and_deleted(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    template_id = templates(cloud_api, "?name=hina_invitation").json["data"][0]["id"]
    body = {"components": [{"type": "BODY", "text": "Hello all, welcome"}]}
    assert call(cloud_api, "POST", f"/v25.0/{template_id}", body).json == {"success": True}
    assert call(cloud_api, "GET", f"/v25.0/{template_id}").json["components"] == body["components"]
    assert send(cloud_api, invitation(READ)).http == 400
    health = call(cloud_api, "GET", f"/v25.0/{template_id}?fields=health_status").json["health_status"]
    assert health["can_send_message"] == "AVAILABLE"
    path = f"/v25.0/{cloud_api.business_account_id}/message_templates"
    assert call(cloud_api, "DELETE", f"{path}?name=rsvp_reminder").json == {"success": True}
    assert call(cloud_api, "DELETE", f"{path}?name=hina_invitation&hsm_id={template_id}").json == {
        "success": True
    }
    assert call(cloud_api, "DELETE", f"{path}?name=hina_invitation").code == 100
    assert call(cloud_api, "DELETE", path).code == 100
    assert templates(cloud_api).json == {"data": []}
    assert call(cloud_api, "GET", f"/v25.0/{template_id}").code == 100


def test_a_paused_template_can_be_unpaused(cloud_api: CloudApi) -> None:
    template_id = templates(cloud_api, "?name=hina_invitation").json["data"][0]["id"]
    assert call(cloud_api, "POST", f"/v25.0/{template_id}/unpause").json["success"] is False
    cloud_api.happen("pause-template", template="hina_invitation")
    blocked = call(cloud_api, "GET", f"/v25.0/{template_id}?fields=health_status").json["health_status"]
    assert blocked["entities"][0]["errors"][0]["error_code"] == 141002
    assert call(cloud_api, "POST", f"/v25.0/{template_id}/unpause").json == {"success": True}
    assert send(cloud_api, invitation(READ)).http == 200


def test_a_number_tells_the_fields_asked_for_and_fails_for_one_it_has_not(cloud_api: CloudApi) -> None:
    path = f"/v25.0/{cloud_api.phone_number_id}"
    assert call(cloud_api, "GET", path).json["verified_name"]
    asked = call(
        cloud_api, "GET", f"{path}?fields=status,quality_rating,whatsapp_business_manager_messaging_limit"
    ).json
    assert asked == {
        "status": "CONNECTED",
        "quality_rating": "GREEN",
        "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
        "id": cloud_api.phone_number_id,
    }
    assert call(cloud_api, "GET", f"{path}?fields=status,shoe_size").code == 100
    rows = call(cloud_api, "GET", f"/v25.0/{cloud_api.business_account_id}/phone_numbers").json["data"]
    assert [each["id"] for each in rows] == [cloud_api.phone_number_id]
    assert (
        call(cloud_api, "GET", f"/v25.0/{cloud_api.business_account_id}?fields=name,status").json["status"]
        == "ACTIVE"
    )
    assert call(cloud_api, "GET", f"/v25.0/{cloud_api.app_id}").json["id"] == cloud_api.app_id


@pytest.mark.cloud_api(numbers=3)
def test_an_account_can_have_several_numbers(cloud_api: CloudApi, caught_webhooks: Catcher) -> None:
    numbers = list(cloud_api.call("GET", "/_simulator/credentials")["phone_number_ids"])
    assert len(numbers) == 3
    for number in numbers:
        assert send(cloud_api, invitation("+447700900152"), number_id=number).http == 200
    cloud_api.settle()
    assert {each["metadata"]["phone_number_id"] for each in caught_webhooks.changes()} == set(numbers)


def test_a_token_is_debugged(cloud_api: CloudApi) -> None:
    path = f"/v25.0/debug_token?input_token={cloud_api.access_token}"
    for asker in (cloud_api.access_token, f"{cloud_api.app_id}|{cloud_api.app_secret}"):
        data = call(cloud_api, "GET", path, token=asker).json["data"]
        assert data["is_valid"]
        assert "whatsapp_business_messaging" in data["scopes"]
        assert {
            "scope": "whatsapp_business_management",
            "target_ids": [cloud_api.business_account_id],
        } in data["granular_scopes"]
    assert not call(cloud_api, "GET", "/v25.0/debug_token?input_token=EAAother").json["data"]["is_valid"]
    assert call(cloud_api, "GET", "/v25.0/debug_token").code == 100
    assert call(cloud_api, "GET", path, token="EAAother").code == 190
    cloud_api.happen("expire-token")
    expired = call(cloud_api, "GET", path, token=f"{cloud_api.app_id}|{cloud_api.app_secret}").json["data"]
    assert not expired["is_valid"]
    assert expired["error"]["subcode"] == 463


def _upload(api: CloudApi, content: bytes, kind: str, *, product: bytes = b"whatsapp") -> Reply:
    parts = (
        b'--cut\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\n' + product + b"\r\n"
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="i.jpg"\r\nContent-Type: '
        + kind.encode()
        + b"\r\n\r\n"
        + content
        + b"\r\n--cut--\r\n"
    )
    path = f"/v25.0/{api.phone_number_id}/media"
    return call(api, "POST", path, raw=parts, content_type="multipart/form-data; boundary=cut")


def test_media_goes_up_is_sent_comes_down_and_goes_away(cloud_api: CloudApi) -> None:
    picture = b"\xff\xd8\xff\xe0 a picture \r\n with --cut inside"
    media_id = _upload(cloud_api, picture, "image/jpeg").json["id"]
    row = call(cloud_api, "GET", f"/v25.0/{media_id}").json
    assert row["sha256"] == hashlib.sha256(picture).hexdigest()
    assert (row["mime_type"], row["file_size"]) == ("image/jpeg", str(len(picture)))
    path = row["url"].removeprefix(cloud_api.base_url)
    assert call(cloud_api, "GET", path).http == 200
    assert call(cloud_api, "GET", path, token="").http == 401
    cloud_api.advance(301)
    assert call(cloud_api, "GET", path).http == 404
    message = invitation(READ)
    message["template"]["components"][0]["parameters"][0]["image"] = {"id": media_id}
    known = send(cloud_api, message).wamid
    assert call(cloud_api, "DELETE", f"/v25.0/{media_id}?phone_number_id=1").code == 100
    assert call(cloud_api, "DELETE", f"/v25.0/{media_id}").json == {"success": True}
    assert call(cloud_api, "GET", f"/v25.0/{media_id}").code == 100
    unknown = send(cloud_api, message).wamid
    cloud_api.settle()
    assert cloud_api.message(known)["final_status"] == "read"
    assert cloud_api.message(unknown)["error_code"] == 131053


def test_media_expires_after_thirty_days(cloud_api: CloudApi) -> None:
    media_id = _upload(cloud_api, b"picture", "image/png").json["id"]
    cloud_api.advance(30 * 86_400 + 1)
    assert call(cloud_api, "GET", f"/v25.0/{media_id}").code == 100


def test_media_that_meta_does_not_take_is_refused(cloud_api: CloudApi) -> None:
    assert _upload(cloud_api, b"x", "image/gif").code == 100
    assert _upload(cloud_api, b"", "image/jpeg").code == 100
    assert _upload(cloud_api, b"x" * (5 * 1024 * 1024 + 1), "image/jpeg").code == 100
    assert _upload(cloud_api, b"x", "image/jpeg", product=b"telegram").code == 100
    assert call(cloud_api, "POST", f"/v25.0/{cloud_api.phone_number_id}/media", {"file": "x"}).code == 100
    path = f"/v25.0/{cloud_api.phone_number_id}/media"
    assert call(cloud_api, "POST", path, raw=b"--x", content_type="multipart/form-data").code == 100


def test_the_history_knows_every_event_and_whether_we_were_told(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    told = send(cloud_api, invitation(READ)).wamid
    lost = send(cloud_api, invitation("+447700900179")).wamid
    failed = send(cloud_api, reminder("+447700900156")).wamid
    cloud_api.settle()
    path = f"/v25.0/{cloud_api.phone_number_id}/message_history"
    fields = "&fields=id,message_id,events%7Bdelivery_status,webhook_update_state,timestamp%7D"

    def events(wamid: str) -> list[tuple[str, str]]:
        row = call(cloud_api, "GET", f"{path}?message_id={wamid.replace('=', '%3D')}{fields}").json["data"][0]
        return [(each["delivery_status"], each["webhook_update_state"]) for each in row["events"]["data"]]

    assert events(told) == [("SENT", "DELIVERED"), ("DELIVERED", "DELIVERED"), ("READ", "DELIVERED")]
    assert events(lost) == [("SENT", "FAILED"), ("DELIVERED", "FAILED"), ("READ", "FAILED")]
    assert events(failed) == [("FAILED", "DELIVERED")]
    everything = call(cloud_api, "GET", f"{path}?limit=2").json
    assert [each["message_id"] for each in everything["data"]] == [failed, lost]
    assert "events" not in everything["data"][0]
    assert call(cloud_api, "GET", f"{path}?message_id=wamid.unknown").http == 422
    late = send(cloud_api, invitation(READ)).wamid
    onward = call(cloud_api, "GET", everything["paging"]["next"].removeprefix(cloud_api.base_url)).json
    assert [each["message_id"] for each in onward["data"]] == [told]
    assert call(cloud_api, "GET", f"{path}?limit=1").json["data"][0]["message_id"] == late
    history_id = everything["data"][0]["id"]
    node = call(cloud_api, "GET", f"/v25.0/{history_id}/events").json["data"][0]["node"]
    assert (node["delivery_status"], node["error_description"]) == ("FAILED", "Message undeliverable")
    assert call(cloud_api, "GET", f"/v25.0/{history_id}/events?status_filter=READ").json == {"data": []}
    assert call(cloud_api, "GET", "/v25.0/123/events").code == 100


def test_the_history_shows_a_webhook_that_is_being_retried(
    cloud_api: CloudApi, caught_webhooks: Catcher
) -> None:
    caught_webhooks.answer = lambda _: 500
    send(cloud_api, invitation("+447700900152"))
    cloud_api.advance(30)
    path = f"/v25.0/{cloud_api.phone_number_id}/message_history?fields=events"
    event = call(cloud_api, "GET", path).json["data"][0]["events"]["data"][0]
    assert event["webhook_update_state"] == "RETRYING"
    assert event["webhook_uri"] == caught_webhooks.url


@pytest.mark.cloud_api(message_history=False)
def test_an_account_without_the_permission_gets_no_history(cloud_api: CloudApi) -> None:
    reply = call(cloud_api, "GET", f"/v25.0/{cloud_api.phone_number_id}/message_history")
    assert (reply.http, reply.code) == (403, 200)


def test_what_does_not_exist_is_100_with_33_and_without_a_token_190(cloud_api: CloudApi) -> None:
    for method, path in [
        ("GET", "/v25.0/123"),
        ("POST", "/v25.0/123"),
        ("GET", "/"),
        ("DELETE", "/v25.0/x/y/z"),
    ]:
        reply = call(cloud_api, method, path)
        assert (reply.http, reply.code, reply.json["error"]["error_subcode"]) == (400, 100, 33)
        assert call(cloud_api, method, path, token="").code == 190
