"""What webhook bodies say: every documented shape of 2024 to 2026, and the odd ones that were seen."""

import json
from datetime import datetime
from typing import Any

import pytest

from invy.domain.evidence import Receipt
from invy.domain.failure import Failure
from invy.domain.heard import Heard
from invy.domain.inbound import NumberChanged
from invy.meta.webhook import read
from tests.meta.webhook_bodies import HEARD_AT, at, body, ours


def heard(name: str) -> Heard:
    found = read(ours(name), HEARD_AT)
    assert found.unparsed is None
    return found


def only_receipt(name: str) -> Receipt:
    found = heard(name)
    assert found.unreadable == ()
    (receipt,) = found.receipts
    return receipt


def words(found: Heard) -> list[tuple[str | None, str]]:
    return [(receipt.wamid, receipt.status) for receipt in found.receipts]


def test_a_status_says_which_message_what_when_and_the_id_we_gave_it() -> None:
    receipt = only_receipt("status_sent_before_v24")
    assert receipt == Receipt(
        wamid=receipt.wamid,
        status="sent",
        at=at(1790000000),
        heard_at=HEARD_AT,
        opaque="0199aaaa-0000-7000-8000-000000000001",
        recipient="447700900123",
    )
    assert receipt.wamid == "wamid.TESTS1"


def test_a_status_of_today_has_no_conversation_and_names_the_user() -> None:
    receipt = only_receipt("status_read_since_v24")
    assert (receipt.status, receipt.recipient, receipt.user_id) == ("read", "447700900123", "GB.1001")


def test_a_failure_is_kept_in_full_and_the_first_of_several_counts() -> None:
    assert only_receipt("status_failed_in_full").failure == Failure(
        code=131053,
        title="Media upload error",
        message="Media upload error",
        details="The picture behind the link answered with code 404",
        href="https://developers.example/errors",
    )


def test_a_failure_needs_neither_contacts_nor_recipient_nor_words() -> None:
    bare, empty, absent = heard("status_failed_bare").receipts
    assert bare.failure == Failure(code=131026)
    assert bare.recipient is None
    assert empty.status == absent.status == "failed"
    assert empty.failure is absent.failure is None


def test_numbers_written_as_text_and_text_written_as_numbers_are_understood() -> None:
    string_code, huge_code, no_object = heard("status_failed_oddly_written").receipts
    assert string_code.at == at(1790000404)
    assert string_code.failure == Failure(code=131049, title="Held back", details="a plain sentence")
    assert huge_code.recipient == "447700900123"
    assert huge_code.failure == Failure(code=None, title="Huge")
    assert no_object.at is None
    assert no_object.failure == Failure(code=None)


def test_a_status_without_a_phone_number_is_about_its_message_all_the_same() -> None:
    receipt = only_receipt("status_without_phone_number")
    assert (receipt.wamid, receipt.recipient, receipt.user_id) == ("wamid.TESTB1", None, "GB.1001")


def test_a_status_may_name_the_message_by_our_id_alone() -> None:
    receipt = only_receipt("status_known_by_our_id_only")
    assert receipt.wamid is None
    assert receipt.opaque == "0199aaaa-0000-7000-8000-000000000002"


def test_words_that_do_not_exist_yet_are_kept_as_they_come() -> None:
    assert [word for _, word in words(heard("status_of_words_to_come"))] == [
        "played",
        "warning",
        "teleported",
    ]


def test_every_status_of_every_change_of_every_entry_is_heard() -> None:
    found = heard("several_entries_changes_and_statuses")
    assert words(found) == [
        ("wamid.TESTM1", "sent"),
        ("wamid.TESTM1", "delivered"),
        ("wamid.TESTM2", "failed"),
        ("wamid.TESTM3", "read"),
        ("wamid.TESTM4", "sent"),
    ]
    assert [each.text for each in found.inbound] == ["נגיע בשמחה"]
    assert [each.word for each in found.notices] == ["OBA_APPROVED"]
    assert found.notices[0].at == at(1790000804)


def test_one_bad_item_never_blocks_its_neighbours_and_is_told_by_its_place() -> None:
    found = heard("one_bad_item_among_good_ones")
    assert words(found) == [("wamid.TESTG1", "delivered"), ("wamid.TESTG2", "delivered")]
    assert [each.wamid for each in found.inbound] == ["wamid.TESTI3"]
    assert [each.code for each in found.notices] == [130429]
    assert [each.phone for each in found.preferences] == ["447700900125"]
    assert [each.where for each in found.unreadable] == [
        "entry[0]",
        "entry[1]",
        "entry[2].changes[0]",
        "entry[2].changes[1]",
        *(f"entry[2].changes[3].value.statuses[{n}]" for n in range(7)),
        "entry[2].changes[3].value.messages[0]",
        "entry[2].changes[3].value.messages[1]",
        "entry[2].changes[3].value.errors[0]",
        "entry[2].changes[4].value.statuses",
        "entry[2].changes[5].value.user_preferences[0]",
    ]
    assert all(each.reason for each in found.unreadable)


def test_a_name_cut_inside_an_emoji_costs_one_character_and_not_the_body() -> None:
    found = heard("text_cut_inside_an_emoji")
    assert words(found) == [("wamid.TESTE1", "read")]
    assert found.inbound[0].text == "Yes \ufffd"
    assert found.unreadable == ()


def test_a_number_that_no_machine_can_hold_costs_nothing_but_itself() -> None:
    assert words(heard("number_too_large_for_any_machine")) == [("wamid.TESTN1", "delivered")]


def test_what_guests_send_is_kept_with_their_words_what_they_pressed_and_what_they_answer() -> None:
    found = heard("inbound_of_every_type")
    answered = "wamid.TESTOURS"
    told = [(each.kind, each.text, each.payload, each.context) for each in found.inbound]
    assert told == [
        ("text", "תודה!", None, answered),
        ("button", "מגיעים", "rsvp:yes", answered),
        ("button", "לא נוכל", "rsvp:no", None),
        ("interactive", "Yes", "yes", answered),
        ("interactive", "Two of us", "two", answered),
        ("interactive", "Sent", '{"seats":2}', answered),
        ("reaction", "❤️", None, answered),
        ("reaction", None, None, answered),
        ("image", "See you", None, None),
        ("video", None, None, None),
        ("audio", None, None, None),
        ("document", "gift.pdf", None, None),
        ("sticker", None, None, None),
        ("location", "1 Test Street", None, None),
        ("contacts", "Ron Cohen", None, None),
        ("order", "Two, please", None, None),
        ("unsupported", None, None, None),
        ("edit", "תודה רבה!", None, answered),
        ("revoke", None, None, None),
        ("system", "Dana has a new phone", None, None),
        ("hologram", None, None, None),
        ("text", "Who is this?", None, None),
    ]
    first, *_, last = found.inbound
    assert (first.wamid, first.sender, first.at) == ("wamid.TESTT01", "447700900123", at(1790001201))
    assert (last.sender, last.user_id) == (None, "GB.1001")
    assert found.unreadable == ()


def test_a_guest_who_moves_to_another_number_is_heard_in_both_spellings() -> None:
    new, old_spelling = heard("guest_changed_number").number_changes
    assert new == NumberChanged(new.wamid, at(1790001300), HEARD_AT, old="447700900123", new="447700900199")
    assert (old_spelling.old, old_spelling.new) == ("447700900124", "447700900198")


def test_stopping_and_resuming_marketing_messages_is_heard_and_new_words_are_kept() -> None:
    found = heard("preferences")
    assert [(each.phone, each.user_id, each.stopped) for each in found.preferences] == [
        ("447700900123", None, True),
        (None, "GB.1001", False),
        ("447700900125", None, False),
    ]
    assert found.preferences[0].at == at(1790001400)
    assert found.preferences[0].detail == "User requested to stop"
    assert [(each.field, each.subject, each.word) for each in found.notices] == [
        ("user_preferences", "447700900126", "snooze")
    ]


def test_news_of_templates_name_the_template_its_language_and_the_word_that_matters() -> None:
    found = heard("templates")
    assert {(each.subject, each.language, each.at) for each in found.notices} == {
        ("hina_invitation", "en_US", at(1790001500))
    }
    status, quality = "message_template_status_update", "message_template_quality_update"
    assert [(each.field, each.word, each.reason) for each in found.notices] == [
        (status, "APPROVED", None),
        (status, "PAUSED", "Paused for three hours."),
        (status, "REJECTED", "Two variables touch."),
        (status, "VANISHED", None),
        (quality, "RED", "GREEN"),
        (quality, "YELLOW", "GREEN"),
        ("template_category_update", "MARKETING", "UTILITY"),
        ("template_category_update", "MARKETING", "UTILITY"),
        ("template_correct_category_detection", "MARKETING", "UTILITY"),
        ("message_template_components_update", None, None),
    ]


def test_news_of_numbers_and_the_account_are_kept_with_the_words_that_matter() -> None:
    found = heard("account_and_numbers")
    account = "300000000000001"
    assert [(each.field, each.subject, each.word, each.reason) for each in found.notices] == [
        ("phone_number_quality_update", "15550100000", "THROUGHPUT_UPGRADE", "TIER_UNLIMITED"),
        ("phone_number_quality_update", "15550100000", "ONBOARDING", "TIER_250"),
        ("phone_number_name_update", "15550100000", "REJECTED", "NAME_FORMAT"),
        ("account_update", account, "ACCOUNT_RESTRICTION", "RESTRICTED_BIZ_INITIATED_MESSAGING"),
        ("account_update", account, "ACCOUNT_VIOLATION", "SPAM"),
        ("account_update", account, "DISABLED_UPDATE", "DISABLE"),
        ("account_alerts", "500000000000001", "LIMIT_DEFERRED", "Send more first."),
        ("account_review_update", account, "APPROVED", None),
        ("business_capability_update", account, "2000", None),
        ("security", "15550100000", "PIN_CHANGED", "1"),
        ("account_update", account, "PARTNER_ADDED", None),
        ("moon_phase", account, "FULL", None),
    ]
    assert json.loads(found.notices[-1].raw) == {
        "field": "moon_phase",
        "value": {"event": "FULL", "brightness": 1.0},
    }


def test_an_error_that_belongs_to_no_message_is_a_notice_about_the_number() -> None:
    (notice,) = heard("error_of_the_number").notices
    assert (notice.field, notice.word, notice.code) == ("messages", "error", 130429)
    assert notice.subject == "200000000000001"
    assert notice.reason == "Too many messages from this number"


def test_lists_that_are_empty_or_null_say_nothing_and_are_no_fault() -> None:
    values: list[dict[str, Any]] = [{"statuses": []}, {"statuses": None, "messages": [], "errors": None}]
    for value in values:
        found = read(body({**value, "contacts": None}), HEARD_AT)
        assert (found.receipts, found.inbound, found.unreadable, found.unparsed) == ((), (), (), None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\x00", "not JSON"),
        (b"hello", "not JSON"),
        (b'{"entry":', "not JSON"),
        (b'{"entry":[]}\x00', "not JSON"),
        (b'{"entry":[],}', "not JSON"),
        (b"<html></html>", "not JSON"),
        (b'{"entry":["\xff"]}', "not valid UTF-8"),
        (b'{"entry":["\xd7"]}', "not valid UTF-8"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'"text"', "not an object"),
        (b"{}", "no list of entries"),
        (b'{"entry":{}}', "no list of entries"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"entry":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}", "nested too deeply"),
        (b'{"entry":[],"half":"\\ud83d","deep":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested too deeply"),
    ],
)
def test_a_body_that_holds_no_webhook_gives_one_reason_and_nothing_else(content: bytes, reason: str) -> None:
    found = read(content, HEARD_AT)
    assert found.unparsed is not None
    assert reason in found.unparsed
    assert found == Heard(unparsed=found.unparsed)


@pytest.mark.parametrize("depth", [200, *range(930, 1000)])
def test_a_change_at_the_edge_of_how_deep_things_can_be_read_never_raises(depth: int) -> None:
    deep = (
        b'{"entry":[{"id":"1","changes":[{"field":"x","value":{"v":' + b"[" * depth + b"]" * depth + b"}}]}]}"
    )
    found = read(deep, HEARD_AT)
    assert len(found.notices) == 1 or found.unparsed == "it is nested too deeply"


def test_a_thousand_bad_items_are_counted_and_the_first_ones_described() -> None:
    found = read(
        body({"statuses": [None] * 1000 + [{"id": "wamid.A", "status": "sent", "timestamp": "1"}]}), HEARD_AT
    )
    assert words(found) == [("wamid.A", "sent")]
    assert len(found.unreadable) == 51
    assert "949 more" in found.unreadable[-1].reason


def test_a_time_that_cannot_be_one_is_no_time() -> None:
    odd_times: list[object] = [
        "",
        "yesterday",
        "-1",
        "0",
        "99999999999999",
        "253402300799",  # the year 9999
        str(int(HEARD_AT.timestamp()) + 90_000),  # 25 hours after it was heard of
        "1200000000",  # before WhatsApp
        0,
        -5,
        1e300,
        True,
        None,
        [],
        "١٢٣x",
    ]
    for odd in odd_times:
        status = {"id": "wamid.A", "status": "sent", "timestamp": odd}
        (receipt,) = read(body({"statuses": [status]}), HEARD_AT).receipts
        assert receipt.at is None
    status = {"id": "wamid.A", "status": "sent"}
    assert read(body({"statuses": [status]}), HEARD_AT).receipts[0].at is None


def test_a_time_of_an_item_that_cannot_be_one_gives_way_to_the_entrys_and_then_to_the_hearings() -> None:
    ahead = int(HEARD_AT.timestamp()) + 90_000
    stop = {"wa_id": "447700900123", "value": "stop", "timestamp": 253402300799}
    message = {"id": "wamid.I", "type": "text", "timestamp": str(ahead)}
    for entry_time, expected in ((1790000000, at(1790000000)), (ahead, HEARD_AT)):
        document = json.loads(body({"user_preferences": [stop], "messages": [message]}))
        document["entry"][0]["time"] = entry_time
        document["entry"][0]["changes"].append({"field": "account_update", "value": {"event": "X"}})
        found = read(json.dumps(document).encode(), HEARD_AT)
        assert [each.at for each in found.preferences] == [expected]
        assert [each.at for each in found.notices] == [expected]
        assert [each.at for each in found.inbound] == [HEARD_AT]


def test_all_times_are_aware_and_in_utc() -> None:
    times: list[datetime | None] = [
        receipt.at for receipt in heard("several_entries_changes_and_statuses").receipts
    ]
    assert all(time is not None and time.utcoffset() is not None and not time.utcoffset() for time in times)
