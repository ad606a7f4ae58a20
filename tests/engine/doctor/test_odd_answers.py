"""Whatever Meta answers, or something in Meta's place, each check says so and the next goes on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from invy.engine.doctor import asking
from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.section import Section
from tests.engine.doctor.odd_meta import ACCOUNT, APP, NUMBER, SLOW, error, odd_meta, token
from tests.engine.doctor.patients import TOKEN, bad, by_key, examined, keys, settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = {Section.CLOCK, Section.TOKEN, Section.NUMBER, Section.HEALTH, Section.TEMPLATES, Section.SUBSCRIPTION}


async def found(
    folder: Path, answers: dict[str, Any], *sections: Section, dated: bool = True, **more: str
) -> list[Finding]:
    async with odd_meta(answers, dated=dated) as (url, _):
        return await examined(settings(folder, WHATSAPP_API_BASE_URL=url, **more), *sections)


async def test_a_login_page_in_metas_place_is_told_and_nothing_is_concluded_from_it(tmp_path: Path) -> None:
    findings = await found(tmp_path, {"me": b"<html>Sign in to the hotel's network</html>"}, *HERE)
    assert keys(findings) == {"general.not_json", "general.skipped"}
    assert bad(findings) == {"general.not_json"}, "nothing was looked at, and that is no good news"


async def test_an_answer_without_a_date_leaves_the_clock_unjudged(tmp_path: Path) -> None:
    assert "clock.no_date" in keys(await found(tmp_path, {}, Section.CLOCK, dated=False))


async def test_a_question_that_is_not_answered_in_time_is_told_with_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "CALL_S", 0.2)
    findings = await found(tmp_path, {NUMBER: SLOW}, Section.TOKEN, Section.NUMBER, Section.TEMPLATES)
    assert by_key(findings, "general.no_answer").seen.en == (
        "The business phone number did not answer within 0.2 seconds."
    )
    assert by_key(findings, "token.lasting").mark is Mark.OK


@pytest.mark.parametrize(
    ("code", "message", "key"),
    [
        (200, "Requires permission", "general.not_permitted"),
        (10, "Not granted", "general.not_permitted"),
        (190, "Invalid OAuth access token", "general.token_refused"),
        (80007, "Too many calls", "general.throttled"),
        (2, "Service temporarily unavailable", "general.meta_trouble"),
        (368, "Temporarily blocked", "general.refused"),
        (987654, "Something new", "general.refused"),
    ],
)
async def test_each_kind_of_refusal_is_told_for_what_it_is(
    tmp_path: Path, code: int, message: str, key: str
) -> None:
    findings = await found(tmp_path, {NUMBER: (400, error(code, message))}, Section.NUMBER)
    finding = by_key(findings, key)
    assert f"{code}" in finding.seen.en
    assert message in finding.seen.en
    assert finding.means.he
    assert finding.todo.en


async def test_a_secret_that_meta_repeats_in_its_words_does_not_get_far(tmp_path: Path) -> None:
    from invy.engine.doctor.concealment import Concealment

    findings = await found(
        tmp_path, {NUMBER: (400, error(190, f"Malformed access token {TOKEN}"))}, Section.NUMBER
    )
    assert TOKEN not in repr([Concealment([TOKEN]).finding(each) for each in findings])


@pytest.mark.parametrize(
    "answer", [b"[]", b"null", b'"ok"', {"unexpected": True}, b"\xff\xfe", b"", b"{" * 5000]
)
async def test_answers_of_any_shape_break_nothing(tmp_path: Path, answer: Any) -> None:
    paths = [
        NUMBER,
        f"{ACCOUNT}/message_templates",
        f"{ACCOUNT}/subscribed_apps",
        f"{APP}/subscriptions",
        "debug_token",
    ]
    findings = await found(tmp_path, dict.fromkeys(paths, answer), *HERE)
    assert "general.broke" not in keys(findings)
    assert {each.section for each in findings} == HERE


async def test_fields_that_this_version_does_not_have_are_left_out_and_told(tmp_path: Path) -> None:
    def number(query: dict[str, str]) -> Any:
        for name in ("whatsapp_business_manager_messaging_limit", "account_mode"):
            if name in query["fields"]:
                return 400, error(100, f"(#100) Tried accessing nonexisting field ({name}) on node type")
        return {"id": NUMBER, "status": "CONNECTED", "quality_rating": "GREEN", "new_field": {"x": [1]}}

    findings = await found(tmp_path, {NUMBER: number}, Section.NUMBER)
    told = by_key(findings, "number.not_told")
    assert told.mark is Mark.SKIPPED
    assert "account_mode, whatsapp" in told.seen.en or "limit, account_mode" in told.seen.en
    assert by_key(findings, "number.connected").mark is Mark.OK


@pytest.mark.parametrize(
    ("row", "key", "mark"),
    [
        ({"status": "FLAGGED"}, "number.hampered", Mark.WARNING),
        ({"status": "BANNED"}, "number.not_connected", Mark.FAILED),
        ({"status": "SOMETHING_NEW"}, "number.not_connected", Mark.FAILED),
        ({}, "number.status_not_told", Mark.WARNING),
        ({"quality_rating": "YELLOW"}, "number.quality_yellow", Mark.WARNING),
        ({"quality_rating": "NA"}, "number.quality", Mark.OK),
        ({"code_verification_status": "EXPIRED"}, "number.not_verified", Mark.WARNING),
        ({"name_status": "DECLINED"}, "number.name", Mark.WARNING),
        ({"platform_type": "ON_PREMISE"}, "number.platform", Mark.FAILED),
        ({"account_mode": "SANDBOX"}, "number.sandbox", Mark.WARNING),
        ({"whatsapp_business_manager_messaging_limit": "TIER_250"}, "number.limit_low", Mark.WARNING),
        ({"whatsapp_business_manager_messaging_limit": "TIER_2K"}, "number.limit", Mark.OK),
        ({"throughput": {"level": "HIGH"}}, "number.throughput", Mark.OK),
    ],
)
async def test_every_word_about_the_number_has_its_finding(
    tmp_path: Path, row: dict[str, Any], key: str, mark: Mark
) -> None:
    assert by_key(await found(tmp_path, {NUMBER: row}, Section.NUMBER), key).mark is mark


def seconds(after: timedelta) -> int:
    return int((NOW + after).timestamp())


@pytest.mark.parametrize(
    ("more", "key", "mark"),
    [
        ({"expires_at": seconds(timedelta(days=60))}, "token.expires", Mark.OK),
        ({"expires_at": seconds(timedelta(hours=20))}, "token.expires_soon", Mark.WARNING),
        ({"expires_at": seconds(timedelta(hours=-1))}, "token.expired", Mark.FAILED),
        ({"expires_at": None}, "token.valid", Mark.OK),
        ({"type": "USER"}, "token.personal", Mark.WARNING),
        ({"data_access_expires_at": seconds(timedelta(days=3))}, "token.data_access", Mark.WARNING),
        ({"app_id": "670840000000009"}, "token.other_app", Mark.WARNING),
        (
            {"granular_scopes": [{"scope": "whatsapp_business_messaging", "target_ids": ["1"]}]},
            "token.not_for_account",
            Mark.FAILED,
        ),
        ({"granular_scopes": [{"scope": "whatsapp_business_messaging"}]}, "token.scopes", Mark.OK),
        ({"scopes": ["whatsapp_business_management"]}, "token.no_messaging", Mark.FAILED),
        ({"is_valid": False, "error": {"code": 190, "message": "Logged out"}}, "token.invalid", Mark.FAILED),
        ({"is_valid": False, "error": {"code": 190, "subcode": 463}}, "token.expired", Mark.FAILED),
    ],
)
async def test_everything_that_meta_says_of_the_token_has_its_finding(
    tmp_path: Path, more: dict[str, Any], key: str, mark: Mark
) -> None:
    async with odd_meta({"debug_token": token(**more)}) as (url, _):
        given = settings(tmp_path, WHATSAPP_API_BASE_URL=url)
        findings = await examined(given, Section.TOKEN, clock=lambda: NOW)
    assert by_key(findings, key).mark is mark


async def test_a_token_that_may_not_ask_about_itself_is_asked_about_by_the_app(tmp_path: Path) -> None:
    calls = 0

    def debug(_query: dict[str, str]) -> Any:
        nonlocal calls
        calls += 1
        return (400, error(100, "You must provide an app access token")) if calls == 1 else token()

    findings = await found(tmp_path, {"debug_token": debug}, Section.TOKEN)
    assert by_key(findings, "token.lasting").mark is Mark.OK


HEALTHY = {"entity_type": "WABA", "id": "1", "can_send_message": "AVAILABLE"}


async def test_a_block_of_calls_alone_is_not_a_block_of_messages(tmp_path: Path) -> None:
    number = {
        "entity_type": "PHONE_NUMBER",
        "id": NUMBER,
        "can_send_message": "AVAILABLE",
        "can_receive_call_sip": "BLOCKED",
        "errors": [
            {"error_code": 138024, "error_description": "SIP is not enabled", "possible_solution": "-"}
        ],
    }
    status = {"health_status": {"can_send_message": "BLOCKED", "entities": [number, HEALTHY]}, "id": NUMBER}
    findings = await found(tmp_path, {NUMBER: status}, Section.HEALTH)
    assert {each.mark for each in findings} == {Mark.OK}
    assert "calls only" in by_key(findings, "health.only_calls").seen.en


@pytest.mark.parametrize(
    ("entity", "key", "words"),
    [
        (
            {"can_send_message": "LIMITED", "additional_info": ["Your display name is not approved"]},
            "health.limited",
            "display name",
        ),
        ({"can_send_message": "BLOCKED", "errors": [{"error_code": 141006}]}, "health.blocked", "141006"),
        ({"can_send_message": "PERHAPS"}, "health.unknown", "PERHAPS"),
        ({}, "health.unknown", "-"),
    ],
)
async def test_every_word_about_an_entity_has_its_finding(
    tmp_path: Path, entity: dict[str, Any], key: str, words: str
) -> None:
    status = {
        "health_status": {"can_send_message": "AVAILABLE", "entities": [{"entity_type": "NEW", **entity}]}
    }
    assert words in by_key(await found(tmp_path, {NUMBER: status}, Section.HEALTH), key).seen.en


def row(**more: Any) -> dict[str, Any]:
    """hina_invitation as it should be, and what is to be otherwise about it."""
    url = "https://invy.dvirlabs.com/guest/{{1}}"
    components = [
        {
            "type": "HEADER",
            "format": "IMAGE",
            "example": {"header_handle": ["https://scontent.whatsapp.net/x"]},
        },
        {"type": "BODY", "text": "Dear {{1}}"},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "RSVP", "url": url}]},
    ]
    return {
        "id": "1",
        "name": "hina_invitation",
        "language": "he",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": components,
    } | more


LIST = f"{ACCOUNT}/message_templates"


@pytest.mark.parametrize(
    ("more", "key", "mark"),
    [
        ({}, "templates.same", Mark.OK),
        ({"status": "PENDING"}, "templates.pending", Mark.FAILED),
        ({"status": "IN_APPEAL"}, "templates.pending", Mark.FAILED),
        ({"status": "LIMIT_EXCEEDED"}, "templates.not_approved", Mark.FAILED),
        ({"status": "REJECTED", "rejected_reason": "SCAM"}, "templates.rejected", Mark.FAILED),
        ({"quality_score": {"score": "YELLOW"}}, "templates.quality", Mark.WARNING),
        ({"previous_category": "MARKETING"}, "templates.recategorised", Mark.WARNING),
        ({"components": []}, "templates.differs", Mark.FAILED),
        ({"language": "en"}, "templates.other_language", Mark.FAILED),
        ({"name": "hina_invitation_2"}, "templates.missing", Mark.FAILED),
    ],
)
async def test_everything_about_a_template_has_its_finding(
    tmp_path: Path, more: dict[str, Any], key: str, mark: Mark
) -> None:
    findings = await found(tmp_path, {LIST: {"data": [row(**more)]}}, Section.TEMPLATES)
    assert by_key(findings, key).mark is mark


async def test_another_link_at_meta_is_a_warning_because_sends_fit_all_the_same(tmp_path: Path) -> None:
    other = row()
    other["components"][2]["buttons"][0]["url"] = "https://elsewhere.example/{{1}}"
    finding = by_key(
        await found(tmp_path, {LIST: {"data": [other]}}, Section.TEMPLATES), "templates.differs_harmlessly"
    )
    assert finding.mark is Mark.WARNING
    assert "elsewhere.example" in finding.seen.he


async def test_the_list_is_read_to_its_last_page(tmp_path: Path) -> None:
    def pages(query: dict[str, str]) -> Any:
        if query.get("after") == "next":
            return {"data": [row()]}
        link = {"cursors": {"after": "next"}, "next": "https://graph.facebook.com/…"}
        return {"data": [row(name="another")], "paging": link}

    assert keys(await found(tmp_path, {LIST: pages}, Section.TEMPLATES)) == {"templates.same"}


async def test_a_later_page_that_cannot_be_read_is_told_beside_what_was_compared(tmp_path: Path) -> None:
    def pages(query: dict[str, str]) -> Any:
        if query.get("after"):
            return 500, b"<html>oops</html>"
        return {"data": [row()], "paging": {"cursors": {"after": "next"}, "next": "https://…"}}

    assert keys(await found(tmp_path, {LIST: pages}, Section.TEMPLATES)) == {
        "templates.same",
        "templates.many",
    }


async def test_a_version_without_the_newer_template_fields_is_asked_without_them(tmp_path: Path) -> None:
    def old(query: dict[str, str]) -> Any:
        if "quality_score" in query["fields"]:
            return 400, error(100, "Invalid field")
        return {"data": [row()]}

    assert keys(await found(tmp_path, {LIST: old}, Section.TEMPLATES)) == {"templates.same"}
