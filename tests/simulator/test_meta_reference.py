"""Every answer and every webhook against Meta's published OpenAPI file and sample payloads, where this machine has them.

The OpenAPI file is machine-written and wrong in places: each exception below says where and why. The samples are
compared by shape: which keys, holding which kind of value.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from invy.testing import Catcher, CloudApi
from tests.reference import reference
from tests.simulator.client import READ, Reply, call, invitation, reminder, send
from tests.simulator.test_management import _upload

OPEN_API = "business-messaging-api_v23.0.yaml"


@cache
def _document(folder: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load((folder / OPEN_API).read_bytes(), Loader=loader)
    return document


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return _document(reference())


def complaints(document: dict[str, Any], pointer: str, value: object) -> list[str]:
    """Where `value` breaks the schema at this pointer of the document."""
    schema = {"$ref": f"#/{pointer}", "components": document["components"], "paths": document["paths"]}
    validator = Draft202012Validator(schema)
    return [f"{each.json_path}: {each.message[:200]}" for each in validator.iter_errors(value)]


def _escaped(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True)
class Case:
    """One call of ours, and the operation of the file it belongs to."""

    path: str
    method: str
    make: Callable[[CloudApi], Reply]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _get(path: str) -> Callable[[CloudApi], Reply]:
    def ask(api: CloudApi) -> Reply:
        send(api, invitation(READ))
        send(api, invitation("+447700900156"))
        api.settle()
        return call(api, "GET", "/v25.0/" + _filled(api, path))

    return ask


def _filled(api: CloudApi, path: str) -> str:
    template = call(api, "GET", f"/v25.0/{api.business_account_id}/message_templates?limit=1").json["data"][
        0
    ]["id"]
    history = call(api, "GET", f"/v25.0/{api.phone_number_id}/message_history").json.get("data", [{}])
    return path.format(
        phone=api.phone_number_id,
        waba=api.business_account_id,
        template=template,
        history=history[0].get("id", "") if history else "",
    )


def _post(path: str, body: object) -> Callable[[CloudApi], Reply]:
    return lambda api: call(api, "POST", "/v25.0/" + _filled(api, path), body)


def _media(api: CloudApi) -> Reply:
    return _upload(api, b"picture", "image/jpeg")


NEW = {"name": "n", "language": "he", "category": "UTILITY", "components": [{"type": "BODY", "text": "x"}]}
HISTORY = "{phone}/message_history?fields=id,message_id,events"
NUMBER, ACCOUNT = "/{Version}/{Phone-Number-ID}", "/{Version}/{WABA-ID}"
CASES = [
    Case(f"{NUMBER}/messages", "post", lambda api: send(api, invitation(READ, opaque="m"))),
    Case(NUMBER, "get", _get("{phone}")),
    Case(f"{NUMBER}/message_history", "get", _get(HISTORY)),
    Case("/{Version}/{Message-History-ID}/events", "get", _get("{history}/events")),
    Case(f"{NUMBER}/media", "post", _media),
    Case("/{Version}/{Media-ID}", "get", lambda api: call(api, "GET", f"/v25.0/{_media(api).json['id']}")),
    Case("/{Version}/{Media-ID}", "delete", lambda api: call(api, "DELETE", f"/v25.0/{_media(api).json['id']}")),
    Case(NUMBER, "post", _post("{phone}", {"webhook_configuration": {}})),
    Case(f"{ACCOUNT}/phone_numbers", "get", _get("{waba}/phone_numbers")),
    Case(f"{ACCOUNT}/message_templates", "get", _get("{waba}/message_templates?limit=2")),
    Case(f"{ACCOUNT}/message_templates", "post", _post("{waba}/message_templates", NEW)),
    Case(f"{ACCOUNT}/message_templates", "delete", lambda api: call(api, "DELETE", "/v25.0/" + _filled(api, "{waba}/message_templates?name=rsvp_reminder"))),
    Case("/{Version}/{TEMPLATE_ID}", "get", _get("{template}")),
    Case("/{Version}/{TEMPLATE_ID}", "post", _post("{template}", {"components": NEW["components"]})),
    Case(f"{ACCOUNT}/subscribed_apps", "get", _get("{waba}/subscribed_apps")),
    Case(f"{ACCOUNT}/subscribed_apps", "post", _post("{waba}/subscribed_apps", {})),
    Case(f"{ACCOUNT}/subscribed_apps", "delete", lambda api: call(api, "DELETE", "/v25.0/" + _filled(api, "{waba}/subscribed_apps"))),
    Case("/{Version}/{WABA-ID}", "get", _get("{waba}")),
]  # fmt: skip

# Places where the file cannot hold for what Meta really answers: operation, place, reason.
EXCEPTIONS = [
    (
        "get /{Version}/{WABA-ID}/phone_numbers",
        "$.data[0].status",
        "the file lists PENDING, LINKED, BANNED, … here; Meta's pages on numbers say CONNECTED, as the node itself does",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_success_has_the_shape_of_the_file(
    cloud_api: CloudApi, document: dict[str, Any], case: Case
) -> None:
    reply = case.make(cloud_api)
    assert reply.http == 200, reply.text
    excused = {place for operation, place, _ in EXCEPTIONS if operation == str(case)}
    found = complaints(document, _pointer(document, case.path, case.method, 200), reply.json)
    assert [each for each in found if each.partition(": ")[0] not in excused] == []


def _pointer(document: dict[str, Any], path: str, method: str, http: int) -> str:
    content = document["paths"][path][method]["responses"][str(http)]["content"]
    kind = next(iter(content))
    return f"paths/{_escaped(path)}/{method}/responses/{http}/content/{_escaped(kind)}/schema"


def _with(path: str, value: object) -> dict[str, Any]:
    message = invitation(READ)
    *way, last = [int(each) if each.isdigit() else each for each in path.split(".")]
    place: Any = message
    for each in way:
        place = place[each]
    place[last] = value
    return message


ERRORS: dict[str, Callable[[CloudApi], Reply]] = {
    "wrong token": lambda api: send(api, invitation(READ), token="x"),
    "wrong number id": lambda api: send(api, invitation(READ), number_id="1"),
    "no such template": lambda api: send(api, _with("template.name", "x")),
    "count": lambda api: send(api, _with("template.components.1.parameters", [])),
    "rate": lambda api: send(api, invitation("+447700900190")),
    "maintenance": lambda api: send(api, invitation("+447700900195")),
    "locked": lambda api: send(api, invitation("+447700900193")),
    "no node": lambda api: call(api, "GET", "/v25.0/1"),
    "field": lambda api: call(api, "GET", f"/v25.0/{api.phone_number_id}?fields=x"),
    "template exists": lambda api: call(api, "POST", f"/v25.0/{api.business_account_id}/message_templates", NEW | {"name": "hina_invitation"}),
}  # fmt: skip


@pytest.mark.parametrize("make", ERRORS.values(), ids=ERRORS)
def test_every_error_has_the_shape_of_the_file(
    cloud_api: CloudApi, document: dict[str, Any], make: Callable[[CloudApi], Reply]
) -> None:
    reply = make(cloud_api)
    assert reply.http >= 400
    assert complaints(document, "components/schemas/GraphAPIError", reply.json) == []


@pytest.mark.cloud_api(message_history=False)
def test_the_documented_refusals_have_the_documented_status(
    cloud_api: CloudApi, document: dict[str, Any]
) -> None:
    history = f"/v25.0/{cloud_api.phone_number_id}/message_history"
    refusals = [call(cloud_api, "GET", history), call(cloud_api, "GET", history, token="x")]
    cloud_api.happen("allow-history")
    refusals.append(call(cloud_api, "GET", f"{history}?message_id=wamid.x"))
    refusals.append(call(cloud_api, "GET", f"{history}?after=x"))
    assert [each.http for each in refusals] == [403, 401, 422, 400]
    for each in refusals:
        pointer = _pointer(document, f"{NUMBER}/message_history", "get", each.http)
        assert complaints(document, pointer, each.json) == []


def _world_of_webhooks(api: CloudApi) -> None:
    """Everything the simulator can tell."""
    for suffix in ("0150", "0154", "0156", "0160", "0166", "0168", "0169"):
        send(api, reminder(f"+44770090{suffix}", payload="yes"))
        send(api, invitation(f"+44770090{suffix}", opaque="m"))
    for incident in (
        "edit-template",
        "pause-template",
        "lock-account",
        "payment-problem",
        "throughput-upgrade",
        "quality-red",
    ):
        api.happen(incident)
    api.settle()
    api.guest("+447700900169", "resume")
    api.settle()


STATUS_VALUE = "components/schemas/StatusMessageValue"
INBOUND_VALUE = "components/schemas/IncomingMessageValueGeneral"


def test_every_status_webhook_has_the_shape_of_the_file(
    cloud_api: CloudApi, caught_webhooks: Catcher, document: dict[str, Any]
) -> None:
    _world_of_webhooks(cloud_api)
    checked = 0
    for caught in caught_webhooks.caught:
        changes = [change for entry in caught.payload["entry"] for change in entry["changes"]]
        if all("statuses" in change["value"] for change in changes):
            assert complaints(document, "components/schemas/WebhookPayload", caught.payload) == []
            checked += 1
    assert checked > 20


def test_every_inbound_webhook_has_the_shape_of_the_file_but_for_its_slips(
    cloud_api: CloudApi, caught_webhooks: Catcher, document: dict[str, Any]
) -> None:
    """The file builds inbound messages on the base of outbound ones: `messaging_product`, `recipient_type` and `to`
    are "required" in each, which no sample of Meta has; and `from`, `id` and `timestamp` are missing. So the messages
    are checked without that base, and the value around them as it stands."""
    _world_of_webhooks(cloud_api)
    inbound = [value for value in caught_webhooks.changes() if "messages" in value]
    assert len(inbound) >= 3
    for value in inbound:
        assert complaints(document, INBOUND_VALUE, value | {"messages": []}) == []
        for message in value["messages"]:
            if message["type"] == "button":
                assert complaints(document, "components/schemas/ButtonMessage/allOf/1", message) == []
            else:
                assert set(message["text"]) <= {"body"}


def shape(value: object, path: str = "") -> Iterator[str]:
    """Every place in a payload with the kind of value it holds: `entry[].changes[].field:str`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from shape(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from shape(inner, f"{path}[]")
    else:
        yield f"{path.lstrip('.')}:{type(value).__name__}"


def _sample(name: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((reference() / "payloads" / name).read_text("utf-8"))
    return sample


# Keys we send that no sample of the kind shows, with the reason.
BEYOND_THE_SAMPLES = {
    "recipient_user_id": "business-scoped ids, in webhooks since spring 2026",
    "user_id": "the same, in contacts",
    "from_user_id": "the same, on inbound messages",
    "biz_opaque_callback_data": "echoed whenever it was sent",
    "payload": "the sample's button has no payload of its own; the key is the same",
    "other_info": "on PAUSED and UNPAUSE only; the sample is an APPROVED",
    "max_daily_conversations_per_business": "takes the place of current_limit since February 2026",
}
KINDS: dict[str, tuple[str, ...]] = {
    "sent": (
        "status_sent_marketing_pmp_with_conversation.json",
        "status_v24_no_conversation_no_pricing.json",
        "status_delivered_free_customer_service_all_fields.json",
    ),
    "failed": ("status_failed_131049.json",),
    "button": ("msg_button_template_quick_reply.json",),
    "text": ("msg_text.json", "msg_text_2.json", "msg_text_overview.json"),
    "user_preferences": ("field_user_preferences_resume.json",),
    "message_template_status_update": ("field_message_template_status_update_approved.json",),
    "message_template_components_update": ("field_message_template_components_update.json",),
    "message_template_quality_update": ("field_message_template_quality_update_as_in_doc.json",),
    "account_update": ("field_account_update_disabled_update.json",),
    "account_alerts": ("field_account_alerts.json",),
    "phone_number_quality_update": ("field_phone_number_quality_update.json",),
}


def _kind(payload: dict[str, Any]) -> str:
    change = payload["entry"][0]["changes"][0]
    value = change["value"]
    if "statuses" in value:
        return "failed" if value["statuses"][0]["status"] == "failed" else "sent"
    if "messages" in value:
        return str(value["messages"][0]["type"])
    return str(change["field"])


def _last(place: str) -> set[str]:
    return set(place.partition(":")[0].replace("[]", "").split("."))


@pytest.mark.parametrize("version", [21.0, 25.0])
def test_every_webhook_has_the_keys_and_kinds_of_metas_samples(version: float) -> None:
    from invy.testing import running

    samples = {kind: [_sample(name) for name in names] for kind, names in KINDS.items()}
    with running(webhook_version=version) as api, Catcher(api.app_secret, api.verify_token) as catcher:
        api.set_callback(catcher.url)
        _world_of_webhooks(api)
    seen = set()
    for caught in catcher.caught:
        kind = _kind(caught.payload)
        seen.add(kind)
        allowed = {place for sample in samples[kind] for place in shape(sample)}
        strange = {
            place
            for place in shape(caught.payload)
            if place not in allowed and not _last(place) & set(BEYOND_THE_SAMPLES)
        }
        assert strange == set(), f"{kind}: {sorted(strange)}"
    assert seen == set(KINDS)


def _to_user_id(api: CloudApi) -> Reply:
    send(api, invitation(READ))
    message = invitation(READ) | {"recipient": api.messages()[0]["user_id"]}
    del message["to"]
    return send(api, message)


def _subscribed(api: CloudApi) -> Reply:
    with Catcher(api.app_secret, api.verify_token) as catcher:
        api.set_callback(catcher.url, fields="messages")
    return call(api, "GET", f"/v25.0/{api.app_id}/subscriptions", token=f"{api.app_id}|{api.app_secret}")


def _pending(api: CloudApi) -> Reply:
    made = call(api, "POST", f"/v25.0/{api.business_account_id}/message_templates", NEW).json
    return call(api, "GET", f"/v25.0/{made['id']}?fields=health_status")


# Samples of answers, and how to get the same from us. Keys only we give or only the sample has are named.
ANSWERS: list[tuple[str, Callable[[CloudApi], Reply], set[str]]] = [
    ("resp_send_success_accepted.json", lambda api: send(api, invitation(READ)), set()),
    ("resp_send_success_held.json", lambda api: send(api, invitation("+447700900186")), set()),
    ("resp_error_100_33_object.json", lambda api: send(api, invitation(READ), number_id="1"), set()),
    ("resp_error_131030_allowed_list.json", lambda api: send(api, invitation("+447700900194")), {"error_subcode"}),
    ("resp_error_131056_pair_rate.json", lambda api: send(api, invitation("+447700900191")), set()),
    ("resp_error_132000_param_count.json", ERRORS["count"], set()),
    ("resp_error_132001_template_missing.json", ERRORS["no such template"], set()),
    ("resp_error_132012_format_mismatch.json", lambda api: send(api, _with("template.components.0.parameters", [])), set()),
    ("resp_error_132018_param_text.json", lambda api: send(api, _with("template.components.1.parameters.0.text", "a\nb")), set()),
    ("resp_error_doc_130429.json", ERRORS["rate"], set()),
    ("resp_subscribed_apps.json", _get("{waba}/subscribed_apps"), set()),
    ("resp_message_templates_page.json", _get("{waba}/message_templates?fields=name,category,status&limit=1"), set()),
    ("resp_send_bsuid_doc_5.json", _to_user_id, set()),
    ("resp_app_subscriptions.json", _subscribed, set()),
    # Calling is not simulated, so nothing is said about it.
    ("resp_health_status_blocked_template_pending.json", _pending, {"can_receive_call_sip"}),
    # webhook_configuration is empty here: no callback is set.
    ("resp_phone_number.json", _get("{phone}"), {"webhook_configuration"}),
    ("resp_phone_number_messaging_limit.json", _get("{phone}?fields=whatsapp_business_manager_messaging_limit"), set()),
    # Calling is not simulated, so nothing is said about it.
    ("resp_health_status_available.json", _get("{phone}?fields=health_status"), {"can_receive_call_sip"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "aside"), ANSWERS, ids=[each[0] for each in ANSWERS])
def test_every_answer_has_the_keys_and_kinds_of_metas_sample(
    cloud_api: CloudApi, name: str, make: Callable[[CloudApi], Reply], aside: set[str]
) -> None:
    sample = {place for place in shape(_sample(name)) if not _last(place) & aside}
    ours = {place for place in shape(make(cloud_api).json) if not _last(place) & aside}
    assert ours == sample


@pytest.mark.parametrize(("name", "code"), [("resp_error_190_expired.json", 190), ("resp_error_200_permission.json", 200), ("resp_error_80007_waba_rate.json", 80007)])  # fmt: skip
@pytest.mark.cloud_api(limits={"management_per_hour": 1})
def test_errors_of_the_account_have_the_keys_and_kinds_of_metas_sample(
    cloud_api: CloudApi, name: str, code: int
) -> None:
    path = f"/v25.0/{cloud_api.phone_number_id}"
    call(cloud_api, "GET", path)
    if code == 190:
        cloud_api.happen("expire-token")
    if code == 200:
        cloud_api.happen("revoke-permission")
    reply = call(cloud_api, "GET", path)
    assert reply.code == code
    assert set(shape(reply.json)) == set(shape(_sample(name)))


def test_error_words_are_metas_words(cloud_api: CloudApi) -> None:
    for name, make, _ in ANSWERS:
        if not name.startswith("resp_error"):
            continue
        theirs, ours = _sample(name)["error"], make(cloud_api).json["error"]
        assert (ours["code"], ours["type"]) == (theirs["code"], theirs["type"]), name
        assert ours["message"].partition("ID '")[0] == theirs["message"].partition("ID '")[0], name
        assert ours.get("error_subcode") in {theirs.get("error_subcode"), None}, name
