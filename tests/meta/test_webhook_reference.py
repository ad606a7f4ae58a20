"""Every sample payload of the reference collection means what it means; the reference stays outside this repository.

The table says what each file holds. What it says in detail is compared with the sample itself, read here by the
standard library, so that no text of the samples has to be repeated.
"""

import json
from typing import Any

import pytest

from invy.domain.heard import Heard
from invy.meta.webhook import read
from tests.meta.webhook_bodies import HEARD_AT, REFERENCE, at

if not REFERENCE.is_dir():
    pytest.skip(
        f"the reference payloads are not at {REFERENCE} (set INVY_META_REFERENCE)", allow_module_level=True
    )

NOTICE = "notice"
SAMPLES: dict[str, str] = {
    "bsuid_feb2026_webhook_1": "receipt delivered",
    "bsuid_feb2026_webhook_2": "receipt delivered",
    "bsuid_feb2026_webhook_3": "inbound text",
    "field_account_alerts": "notice account_alerts INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED",
    "field_account_review_update": "notice account_review_update APPROVED",
    "field_account_update_account_deleted": "notice account_update ACCOUNT_DELETED",
    "field_account_update_account_violation": "notice account_update ACCOUNT_VIOLATION",
    "field_account_update_ad_account_linked": "notice account_update AD_ACCOUNT_LINKED",
    "field_account_update_auth_intl_price_eligibility_update": "notice account_update AUTH_INTL_PRICE_ELIGIBILITY_UPDATE",
    "field_account_update_business_primary_location_country_update": "notice account_update BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE",
    "field_account_update_disabled_update": "notice account_update DISABLED_UPDATE",
    "field_account_update_mm_lite_terms_signed": "notice account_update MM_LITE_TERMS_SIGNED",
    "field_account_update_partner_added": "notice account_update PARTNER_ADDED",
    "field_account_update_partner_app_installed": "notice account_update PARTNER_APP_INSTALLED",
    "field_account_update_partner_app_uninstalled": "notice account_update PARTNER_APP_UNINSTALLED",
    "field_account_update_partner_client_certification_status_update": "notice account_update PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE",
    "field_account_update_volume_based_pricing_tier_update": "notice account_update VOLUME_BASED_PRICING_TIER_UPDATE",
    "field_business_capability_update": "notice business_capability_update 2000",
    "field_message_template_components_update": "notice message_template_components_update None",
    "field_message_template_quality_update_as_in_doc": "notice message_template_quality_update YELLOW",
    "field_message_template_status_update_approved": "notice message_template_status_update APPROVED",
    "field_message_template_status_update_rejected": "notice message_template_status_update REJECTED",
    "field_phone_number_name_update": "notice phone_number_name_update APPROVED",
    "field_phone_number_quality_update": "notice phone_number_quality_update THROUGHPUT_UPGRADE",
    "field_security": "notice security PIN_RESET_REQUEST",
    "field_template_category_update_completed": "notice template_category_update MARKETING",
    "field_template_category_update_impending": "notice template_category_update MARKETING",
    "field_template_correct_category_detection": "notice template_correct_category_detection MARKETING",
    "field_user_preferences_resume": "preference resumed",
    "msg_audio": "inbound audio",
    "msg_button_did_not_request_code": "inbound button",
    "msg_button_template_quick_reply": "inbound button",
    "msg_contacts": "inbound contacts",
    "msg_document": "inbound document",
    "msg_edit_1": "inbound edit",
    "msg_edit_2": "inbound edit",
    "msg_image": "inbound image",
    "msg_interactive_1": "inbound interactive",
    "msg_interactive_2": "inbound interactive",
    "msg_location": "inbound location",
    "msg_order": "inbound order",
    "msg_reaction": "inbound reaction",
    "msg_revoke_1": "inbound revoke",
    "msg_revoke_2": "inbound revoke",
    "msg_sticker": "inbound sticker",
    "msg_system_user_changed_number": "number changed",
    "msg_text": "inbound text",
    "msg_text_2": "inbound text",
    "msg_text_overview": "receipt delivered",
    "msg_unsupported_131051": "inbound unsupported",
    "msg_unsupported_edit": "inbound unsupported",
    "msg_video": "inbound video",
    "status_delivered_cbp_old": "receipt delivered",
    "status_delivered_free_customer_service_all_fields": "receipt delivered",
    "status_failed_131049": "receipt failed 131049",
    "status_sent_marketing_pmp_with_conversation": "receipt sent",
    "status_v24_no_conversation_no_pricing": "receipt sent",
}


def sample(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_bytes())


def told(found: Heard) -> list[str]:
    return [
        *(f"receipt {r.status}{f' {r.failure.code}' if r.failure else ''}" for r in found.receipts),
        *(f"inbound {message.kind}" for message in found.inbound),
        *("number changed" for _ in found.number_changes),
        *(f"preference {'stopped' if choice.stopped else 'resumed'}" for choice in found.preferences),
        *(f"{NOTICE} {notice.field} {notice.word}" for notice in found.notices),
    ]


def test_the_table_names_every_webhook_of_the_reference() -> None:
    present = {path.stem for path in REFERENCE.glob("*.json") if "entry" in json.loads(path.read_bytes())}
    assert present == set(SAMPLES)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_holds_exactly_what_the_table_says(name: str) -> None:
    found = read((REFERENCE / f"{name}.json").read_bytes(), HEARD_AT)
    assert found.unparsed is None
    assert found.unreadable == ()
    assert told(found) == [SAMPLES[name]]


@pytest.mark.parametrize("name", sorted(name for name, what in SAMPLES.items() if what.startswith("receipt")))
def test_a_receipt_says_what_its_sample_says(name: str) -> None:
    (receipt,) = read((REFERENCE / f"{name}.json").read_bytes(), HEARD_AT).receipts
    status = sample(name)["entry"][0]["changes"][0]["value"]["statuses"][0]
    assert receipt.wamid == status["id"]
    assert receipt.at == at(int(status["timestamp"]))
    assert receipt.recipient == status.get("recipient_id")
    assert receipt.user_id == status.get("recipient_user_id")
    assert receipt.opaque == status.get("biz_opaque_callback_data")
    error = status.get("errors", [{}])[0]
    if receipt.failure is not None:
        assert receipt.failure.title == error["title"]
        assert receipt.failure.message == error["message"]
        assert receipt.failure.details == error["error_data"]["details"]
        assert receipt.failure.href == error["href"]


@pytest.mark.parametrize("name", sorted(name for name, what in SAMPLES.items() if what.startswith("inbound")))
def test_a_message_says_what_its_sample_says(name: str) -> None:
    (message,) = read((REFERENCE / f"{name}.json").read_bytes(), HEARD_AT).inbound
    given = sample(name)["entry"][0]["changes"][0]["value"]["messages"][0]
    content = given.get(given["type"], {})
    assert message.wamid == given["id"]
    assert message.sender == given.get("from")
    assert message.user_id == given.get("from_user_id")
    assert message.at == (at(int(given["timestamp"])) if given["timestamp"].isdecimal() else HEARD_AT)
    if "context" in given:
        assert message.context == given["context"]["id"]
    match given["type"]:
        case "text":
            assert message.text == content["body"]
        case "button":
            assert (message.text, message.payload) == (content["text"], content["payload"])
        case "interactive":
            pressed = content[content["type"]]
            assert (message.text, message.payload) == (pressed["title"], pressed["id"])
        case "reaction":
            assert (message.text, message.context) == (content["emoji"], content["message_id"])
        case "image" | "video" | "document":
            assert message.text == content["caption"]


@pytest.mark.parametrize("name", sorted(name for name, what in SAMPLES.items() if what.startswith(NOTICE)))
def test_a_notice_says_when_and_about_what_and_keeps_the_whole_change(name: str) -> None:
    (notice,) = read((REFERENCE / f"{name}.json").read_bytes(), HEARD_AT).notices
    entry = sample(name)["entry"][0]
    value = entry["changes"][0]["value"]
    named = value.get("message_template_name") or value.get("display_phone_number") or value.get("entity_id")
    assert notice.at == at(entry["time"])
    assert notice.subject == (named or entry["id"])
    assert json.loads(notice.raw)["value"] == value
    if language := value.get("message_template_language"):
        assert notice.language == language.replace("-", "_")


def test_the_changed_number_and_the_preference_say_who() -> None:
    (changed,) = read(
        (REFERENCE / "msg_system_user_changed_number.json").read_bytes(), HEARD_AT
    ).number_changes
    message = sample("msg_system_user_changed_number")["entry"][0]["changes"][0]["value"]["messages"][0]
    assert (changed.old, changed.new) == (message["from"], message["system"]["wa_id"])
    (preference,) = read(
        (REFERENCE / "field_user_preferences_resume.json").read_bytes(), HEARD_AT
    ).preferences
    given = sample("field_user_preferences_resume")["entry"][0]["changes"][0]["value"]["user_preferences"][0]
    assert (preference.phone, preference.at) == (given["wa_id"], at(given["timestamp"]))
    assert preference.category == given["category"]
