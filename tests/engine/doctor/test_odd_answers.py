"""Whatever Meta answers, or something in Meta's place, each check says so and the next goes on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from invy.engine.doctor import asking
from invy.engine.doctor.concealment import Concealment
from invy.engine.doctor.finding import Mark
from invy.engine.doctor.section import Section
from invy.meta import live_template, subscription
from invy.meta.graph_object import GraphObject
from invy.simulator.oddity import Oddity
from invy.simulator.template import default_templates
from invy.testing import CloudApi, running
from tests.engine.doctor.patients import bad, by_key, keys
from tests.engine.doctor.simulated import seen

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = {Section.CLOCK, Section.TOKEN, Section.NUMBER, Section.HEALTH, Section.TEMPLATES, Section.SUBSCRIPTION}


@pytest.fixture
def meta() -> Iterator[CloudApi]:
    with running(seed=7) as api:
        yield api


def number_facts(meta: CloudApi, *without: str, **facts: Any) -> None:
    meta.happen("change-facts", about="number", facts=facts, without=list(without))


async def test_a_login_page_in_metas_place_is_told_and_nothing_is_concluded_from_it(
    meta: CloudApi, tmp_path: Path
) -> None:
    meta.happen("odd-answers", how="html")
    findings = await seen(meta, tmp_path, *HERE)
    assert keys(findings) == {"general.not_json", "general.skipped"}
    assert bad(findings) == {"general.not_json"}, "nothing was looked at, and that is no good news"


@pytest.mark.parametrize("how", [Oddity.NULL, Oddity.LIST, Oddity.STRANGER])
async def test_what_does_not_answer_as_meta_does_is_not_asked_further_and_stands_in_the_way(
    meta: CloudApi, tmp_path: Path, how: Oddity
) -> None:
    meta.happen("odd-answers", how=how)
    findings = await seen(meta, tmp_path, *HERE)
    assert keys(findings) == {"clock.stranger", "general.skipped"}
    assert bad(findings) == {"clock.stranger"}


async def test_an_answer_without_a_date_leaves_the_clock_unjudged(meta: CloudApi, tmp_path: Path) -> None:
    meta.happen("odd-answers", how="no-date")
    findings = await seen(meta, tmp_path, Section.CLOCK)
    assert keys(findings) == {"clock.answers", "clock.no_date"}


async def test_a_question_that_is_not_answered_in_time_is_told_with_the_time(
    meta: CloudApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta.happen("odd-answers", how="slow", takes="30s", where=f"{meta.phone_number_id}?")
    monkeypatch.setattr(asking, "CALL_S", 0.4)
    findings = await seen(meta, tmp_path, Section.TOKEN, Section.NUMBER, Section.TEMPLATES)
    assert by_key(findings, "general.no_answer").seen.en == (
        "The business phone number did not answer within 0.4 seconds."
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
    meta: CloudApi, tmp_path: Path, code: int, message: str, key: str
) -> None:
    meta.happen("refuse-calls", code=code, message=message, where=meta.phone_number_id)
    finding = by_key(await seen(meta, tmp_path, Section.NUMBER), key)
    assert f"{code}" in finding.seen.en
    assert message in finding.seen.en
    assert finding.means.he
    assert finding.todo.en


async def test_a_secret_that_meta_repeats_in_its_words_does_not_get_far(
    meta: CloudApi, tmp_path: Path
) -> None:
    meta.happen("refuse-calls", code=190, message=f"Malformed access token {meta.access_token}")
    findings = await seen(meta, tmp_path, Section.NUMBER)
    assert meta.access_token in repr(findings), "the simulator does repeat it"
    hidden = [Concealment([meta.access_token]).finding(each) for each in findings]
    assert meta.access_token not in repr(hidden)


@pytest.mark.parametrize("how", [each for each in Oddity if each is not Oddity.SLOW])
async def test_answers_of_any_shape_break_nothing(meta: CloudApi, tmp_path: Path, how: Oddity) -> None:
    asked = (meta.phone_number_id, "message_templates", "subscribed_apps", "subscriptions", "debug_token")
    for where in asked:
        meta.happen("odd-answers", how=how, where=where)
    findings = await seen(meta, tmp_path, *HERE)
    assert "general.broke" not in keys(findings)
    assert {each.section for each in findings} == HERE


@pytest.mark.parametrize("how", [Oddity.STRANGER, Oddity.WRONG_TYPES, Oddity.NULL, Oddity.LIST])
async def test_an_answer_without_what_was_asked_for_is_never_taken_for_an_empty_one(
    meta: CloudApi, tmp_path: Path, how: Oddity
) -> None:
    for where in (
        "debug_token",
        meta.phone_number_id,
        "message_templates",
        "subscribed_apps",
        "subscriptions",
    ):
        meta.happen("odd-answers", how=how, where=where)
    findings = await seen(meta, tmp_path, *(HERE - {Section.CLOCK}))
    assert keys(findings) == {"general.odd_shape"}
    assert {each.mark for each in findings} == {Mark.WARNING}


def test_a_list_in_which_nothing_can_be_read_is_no_empty_list() -> None:
    strange, empty = GraphObject({"data": [{"unexpected": True}]}), GraphObject({"data": []})
    assert live_template.read_page(strange) is None
    assert subscription.read_callbacks(strange) is None
    assert live_template.read_page(empty) == ()
    assert subscription.read_callbacks(empty) == {}


async def test_fields_nobody_knows_change_nothing(meta: CloudApi, tmp_path: Path) -> None:
    usual = await seen(meta, tmp_path, *HERE)
    meta.happen("odd-answers", how="unknown-fields")
    assert keys(await seen(meta, tmp_path, *HERE)) == keys(usual)


async def test_fields_that_this_version_does_not_have_are_left_out_and_told(
    meta: CloudApi, tmp_path: Path
) -> None:
    withdrawn = ["whatsapp_business_manager_messaging_limit", "account_mode"]
    meta.happen("withdraw-fields", about="number", without=withdrawn)
    findings = await seen(meta, tmp_path, Section.NUMBER)
    told = by_key(findings, "number.not_told")
    assert told.mark is Mark.SKIPPED
    assert all(name in told.seen.en for name in withdrawn)
    assert by_key(findings, "number.connected").mark is Mark.OK


@pytest.mark.parametrize(
    ("facts", "key", "mark"),
    [
        ({"status": "FLAGGED"}, "number.hampered", Mark.WARNING),
        ({"status": "BANNED"}, "number.not_connected", Mark.FAILED),
        ({"status": "SOMETHING_NEW"}, "number.not_connected", Mark.FAILED),
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
    meta: CloudApi, tmp_path: Path, facts: dict[str, Any], key: str, mark: Mark
) -> None:
    number_facts(meta, **facts)
    assert by_key(await seen(meta, tmp_path, Section.NUMBER), key).mark is mark


async def test_a_number_of_which_meta_tells_little_is_told_with_what_is_missing(
    meta: CloudApi, tmp_path: Path
) -> None:
    number_facts(meta, "quality_rating", "verified_name")
    findings = await seen(meta, tmp_path, Section.NUMBER)
    assert by_key(findings, "number.quality_not_told").mark is Mark.SKIPPED
    assert "whose name Meta does not tell, is connected" in by_key(findings, "number.connected").seen.en
    assert "?" not in repr(findings)


async def test_a_number_without_a_status_is_not_taken_for_one_that_is_connected(
    meta: CloudApi, tmp_path: Path
) -> None:
    number_facts(meta, "status")
    findings = await seen(meta, tmp_path, Section.NUMBER)
    assert by_key(findings, "number.status_not_told").mark is Mark.WARNING
    assert "number.connected" not in keys(findings)


def seconds(after: timedelta) -> int:
    return int((NOW + after).timestamp())


@pytest.mark.parametrize(
    ("facts", "key", "mark"),
    [
        ({"expires_at": seconds(timedelta(days=60))}, "token.expires", Mark.OK),
        ({"expires_at": seconds(timedelta(hours=20))}, "token.expires_soon", Mark.WARNING),
        ({"expires_at": seconds(timedelta(hours=-1))}, "token.expired", Mark.FAILED),
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
    meta: CloudApi, tmp_path: Path, facts: dict[str, Any], key: str, mark: Mark
) -> None:
    meta.happen("change-facts", about="token", facts=facts)
    findings = await seen(meta, tmp_path, Section.TOKEN, clock=lambda: NOW)
    assert by_key(findings, key).mark is mark


async def test_a_token_about_whose_end_nothing_is_said_is_valid_and_no_more(
    meta: CloudApi, tmp_path: Path
) -> None:
    meta.happen("change-facts", about="token", without=["expires_at"])
    findings = await seen(meta, tmp_path, Section.TOKEN)
    assert by_key(findings, "token.valid").mark is Mark.OK


async def test_a_token_that_may_not_ask_about_itself_is_asked_about_by_the_app(
    meta: CloudApi, tmp_path: Path
) -> None:
    meta.happen("refuse-calls", code=100, message="Provide an app access token", where="debug_token", calls=1)
    findings = await seen(meta, tmp_path, Section.TOKEN)
    assert by_key(findings, "token.lasting").mark is Mark.OK
    assert meta.state()["refused"] == {"100": 1}


HEALTHY = {"entity_type": "WABA", "id": "1", "can_send_message": "AVAILABLE"}


async def test_a_block_of_calls_alone_is_not_a_block_of_messages(meta: CloudApi, tmp_path: Path) -> None:
    number = {
        "entity_type": "PHONE_NUMBER",
        "id": meta.phone_number_id,
        "can_send_message": "AVAILABLE",
        "can_receive_call_sip": "BLOCKED",
        "errors": [
            {"error_code": 138024, "error_description": "SIP is not enabled", "possible_solution": "-"}
        ],
    }
    number_facts(meta, health_status={"can_send_message": "BLOCKED", "entities": [number, HEALTHY]})
    findings = await seen(meta, tmp_path, Section.HEALTH)
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
    meta: CloudApi, tmp_path: Path, entity: dict[str, Any], key: str, words: str
) -> None:
    entities = [{"entity_type": "NEW", **entity}]
    number_facts(meta, health_status={"can_send_message": "AVAILABLE", "entities": entities})
    assert words in by_key(await seen(meta, tmp_path, Section.HEALTH), key).seen.en


INVITATION = default_templates()[0]


def linked(url: str) -> list[Any]:
    """The components of hina_invitation with another link in its button."""
    *others, buttons = INVITATION["components"]
    return [*others, {**buttons, "buttons": [{**buttons["buttons"][0], "url": url}]}]


@pytest.mark.parametrize(
    ("facts", "key", "mark"),
    [
        ({}, "templates.same", Mark.OK),
        ({"status": "PENDING"}, "templates.pending", Mark.FAILED),
        ({"status": "IN_APPEAL"}, "templates.pending", Mark.FAILED),
        ({"status": "LIMIT_EXCEEDED"}, "templates.not_approved", Mark.FAILED),
        ({"status": "REJECTED", "rejected_reason": "SCAM"}, "templates.rejected", Mark.FAILED),
        ({"quality_score": {"score": "YELLOW"}}, "templates.quality", Mark.WARNING),
        ({"previous_category": "UTILITY"}, "templates.recategorised", Mark.WARNING),
        ({"components": []}, "templates.differs", Mark.FAILED),
        ({"language": "en"}, "templates.other_language", Mark.FAILED),
        ({"name": "hina_invitation_2"}, "templates.missing", Mark.FAILED),
    ],
)
async def test_everything_about_a_template_has_its_finding(
    meta: CloudApi, tmp_path: Path, facts: dict[str, Any], key: str, mark: Mark
) -> None:
    meta.happen("change-facts", about="template", template="hina_invitation", facts=facts)
    assert by_key(await seen(meta, tmp_path, Section.TEMPLATES), key).mark is mark


async def test_another_link_at_meta_is_a_warning_because_sends_fit_all_the_same(
    meta: CloudApi, tmp_path: Path
) -> None:
    other = linked("https://elsewhere.example/{{1}}")
    meta.happen("change-facts", about="template", template="hina_invitation", facts={"components": other})
    finding = by_key(await seen(meta, tmp_path, Section.TEMPLATES), "templates.differs_harmlessly")
    assert finding.mark is Mark.WARNING
    assert "elsewhere.example" in finding.seen.he


MANY = [
    {"name": f"another_{n}", "language": "he", "components": [{"type": "BODY", "text": "Hello"}]}
    for n in range(150)
]


async def test_the_list_is_read_to_its_last_page(tmp_path: Path) -> None:
    with running(seed=7, templates=[*MANY, INVITATION]) as meta:
        assert keys(await seen(meta, tmp_path, Section.TEMPLATES)) == {"templates.same"}


async def test_a_later_page_that_cannot_be_read_is_told_beside_what_was_compared(tmp_path: Path) -> None:
    with running(seed=7, templates=[INVITATION, *MANY]) as meta:
        meta.happen("odd-answers", how="html", where="after=")
        found = keys(await seen(meta, tmp_path, Section.TEMPLATES))
    assert found == {"templates.same", "templates.many"}


async def test_a_version_without_the_newer_template_fields_is_asked_without_them(
    meta: CloudApi, tmp_path: Path
) -> None:
    meta.happen("withdraw-fields", about="template", without=["quality_score"])
    assert keys(await seen(meta, tmp_path, Section.TEMPLATES)) == {"templates.same"}
    assert meta.state()["refused"] == {"100": 1}
