"""Every failure at Meta's that the doctor knows, brought about in the simulator."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from invy.engine.doctor.finding import Mark
from invy.engine.doctor.section import Section
from invy.testing import CloudApi, running
from tests.engine.doctor.patients import bad, by_key, examined, keys, settings
from tests.engine.doctor.simulated import pointed as given


@pytest.fixture
def meta() -> Iterator[CloudApi]:
    """A simulator of the test's own: incidents last."""
    with running(seed=7) as api:
        yield api


AT_META = (Section.CLOCK, Section.TOKEN, Section.NUMBER, Section.HEALTH, Section.TEMPLATES)


async def test_a_healthy_account_has_no_complaint(meta: CloudApi, tmp_path: Path) -> None:
    findings = await examined(given(meta, tmp_path), *AT_META, Section.VERSION)
    assert {each.key for each in findings if each.mark is not Mark.OK} == set()
    assert keys(findings) >= {
        "clock.answers",
        "clock.right",
        "token.lasting",
        "token.scopes",
        "token.for_account",
        "token.secret_right",
        "number.connected",
        "number.limit",
        "health.available",
        "templates.same",
        "version.served",
    }


async def test_nobody_at_metas_address_is_told_once_and_the_rest_is_skipped(tmp_path: Path) -> None:
    findings = await examined(settings(tmp_path), *AT_META)
    assert bad(findings) == {"general.unreachable"}
    assert keys(findings) == {"general.unreachable", "general.skipped"}
    assert all("could not be reached" in each.seen.en for each in findings)


@pytest.mark.parametrize(
    ("skew", "key", "words"),
    [
        ("-150s", "clock.off", "2 minutes ahead of"),
        ("2m", "clock.off", "behind"),
        ("-3h", "clock.far_off", "hours ahead of"),
        ("3h", "clock.far_off", "behind"),
    ],
)
async def test_a_clock_that_is_off_is_told_with_how_far(
    meta: CloudApi, tmp_path: Path, skew: str, key: str, words: str
) -> None:
    meta.happen("clock-skew", skew=skew)
    findings = await examined(given(meta, tmp_path), Section.CLOCK)
    assert words in by_key(findings, key).seen.en


async def test_an_outage_at_meta_is_not_held_against_the_token(meta: CloudApi, tmp_path: Path) -> None:
    meta.happen("api-outage")
    findings = await examined(given(meta, tmp_path), *AT_META)
    assert by_key(findings, "general.meta_trouble").section is Section.CLOCK
    assert keys(findings) == {"general.meta_trouble", "general.skipped"}


async def test_an_expired_version_is_shown_with_the_one_that_meta_serves_instead(
    meta: CloudApi, tmp_path: Path
) -> None:
    findings = await examined(
        given(meta, tmp_path, WHATSAPP_API_VERSION="v20.0"), Section.CLOCK, Section.VERSION
    )
    assert by_key(findings, "version.served_another").seen.en == "Asked for v20.0, Meta answered with v21.0."
    assert by_key(findings, "version.expired").mark is Mark.FAILED


async def test_an_expired_token_stops_what_needs_it_and_says_so(meta: CloudApi, tmp_path: Path) -> None:
    meta.happen("expire-token")
    findings = await examined(given(meta, tmp_path), *AT_META)
    assert bad(findings) == {"token.expired"}
    skipped = {each.section for each in findings if each.mark is Mark.SKIPPED}
    assert skipped == {Section.NUMBER, Section.HEALTH, Section.TEMPLATES}
    assert by_key(findings, "token.secret_right").mark is Mark.OK


async def test_a_token_that_meta_does_not_know_is_invalid(meta: CloudApi, tmp_path: Path) -> None:
    findings = await examined(given(meta, tmp_path, WHATSAPP_ACCESS_TOKEN="EAA" + "q" * 40), *AT_META)
    assert bad(findings) == {"token.invalid"}
    assert "q" * 20 not in repr(findings)


async def test_a_token_whose_permissions_were_withdrawn_lacks_both(meta: CloudApi, tmp_path: Path) -> None:
    meta.happen("revoke-permission")
    findings = await examined(given(meta, tmp_path), *AT_META)
    assert by_key(findings, "token.no_messaging").mark is Mark.FAILED
    assert by_key(findings, "token.no_management").mark is Mark.WARNING
    told = {each.section for each in findings if each.key == "general.not_permitted"}
    assert told == {Section.NUMBER, Section.HEALTH, Section.TEMPLATES}, "each says so, and the next goes on"


async def test_a_token_for_another_account_is_told(meta: CloudApi, tmp_path: Path) -> None:
    findings = await examined(given(meta, tmp_path, WHATSAPP_BUSINESS_ACCOUNT_ID="102290000000009"), *AT_META)
    assert "102290000000009" in by_key(findings, "token.not_for_account").seen.en
    assert by_key(findings, "general.no_such_thing").section is Section.TEMPLATES


async def test_a_wrong_app_secret_is_found_before_any_webhook_is_refused(
    meta: CloudApi, tmp_path: Path
) -> None:
    findings = await examined(given(meta, tmp_path, WHATSAPP_APP_SECRET="f" * 32), Section.TOKEN)
    assert bad(findings) == {"token.secret_wrong"}
    assert "f" * 32 not in repr(findings)


async def test_during_a_change_of_the_app_secret_the_outlived_one_is_a_warning(
    meta: CloudApi, tmp_path: Path
) -> None:
    both = given(meta, tmp_path, WHATSAPP_APP_SECRET=f"{'f' * 32},{meta.app_secret}")
    findings = await examined(both, Section.TOKEN)
    assert by_key(findings, "token.secret_outlived").mark is Mark.WARNING
    assert "number 1" in by_key(findings, "token.secret_outlived").seen.en
    assert not bad(findings)


async def test_a_number_that_is_not_registered_cannot_send(meta: CloudApi, tmp_path: Path) -> None:
    meta.happen("deregister-number")
    findings = await examined(given(meta, tmp_path), Section.NUMBER, Section.HEALTH)
    assert "DISCONNECTED" in by_key(findings, "number.not_connected").seen.en
    assert "/{phone_number_id}/register" in by_key(findings, "number.not_connected").todo.en
    blocked = by_key(findings, "health.blocked")
    assert blocked.about.startswith("PHONE_NUMBER")
    assert "Register the phone number" in blocked.todo.en


async def test_low_quality_is_a_warning_at_the_number_and_a_limit_in_its_health(
    meta: CloudApi, tmp_path: Path
) -> None:
    meta.happen("quality-red")
    findings = await examined(given(meta, tmp_path), Section.NUMBER, Section.HEALTH, Section.TEMPLATES)
    assert by_key(findings, "number.quality_red").mark is Mark.WARNING
    assert "low" in by_key(findings, "health.limited").seen.en
    assert "RED" in by_key(findings, "templates.quality").seen.en


async def test_a_wrong_phone_number_id_is_told_apart_from_a_bad_token(meta: CloudApi, tmp_path: Path) -> None:
    findings = await examined(
        given(meta, tmp_path, WHATSAPP_PHONE_NUMBER_ID="106540000000009"), Section.TOKEN, Section.NUMBER
    )
    assert by_key(findings, "general.no_such_thing").section is Section.NUMBER
    assert bad(findings) == {"general.no_such_thing"}


@pytest.mark.parametrize(
    ("incident", "words"), [("lock-account", "locked"), ("payment-problem", "payment method")]
)
async def test_a_blocked_account_is_told_with_metas_own_advice(
    meta: CloudApi, tmp_path: Path, incident: str, words: str
) -> None:
    meta.happen(incident)
    finding = by_key(await examined(given(meta, tmp_path), Section.HEALTH), "health.blocked")
    assert words in finding.seen.en
    assert finding.about.startswith("WABA")


@pytest.mark.parametrize(
    ("incident", "key"),
    [
        ("pause-template", "templates.paused"),
        ("disable-template", "templates.disabled"),
        ("reject-template", "templates.rejected"),
        ("delete-template", "templates.missing"),
        ("edit-template", "templates.differs"),
    ],
)
async def test_what_happened_to_a_template_at_meta_is_told(
    meta: CloudApi, tmp_path: Path, incident: str, key: str
) -> None:
    meta.happen(incident, template="hina_invitation")
    finding = by_key(await examined(given(meta, tmp_path), Section.TEMPLATES), key)
    assert finding.mark is Mark.FAILED
    assert finding.about == "hina_invitation"


async def test_an_edited_template_is_told_with_the_difference(meta: CloudApi, tmp_path: Path) -> None:
    meta.happen("edit-template", template="hina_invitation")
    finding = by_key(await examined(given(meta, tmp_path), Section.TEMPLATES), "templates.differs")
    assert "variables in the text: 1 here, 2 at Meta" in finding.seen.en
    assert finding.rows == (("WHAT", "HERE", "AT META"), ("variables in the text", "1", "2"))


async def test_the_right_name_in_another_language_is_told_with_the_languages_there_are(
    meta: CloudApi, tmp_path: Path
) -> None:
    (tmp_path / "templates.toml").write_text(
        '[remind]\nmeta_name = "rsvp_reminder"\nlanguage_code = "en"\n'
        'body_params = { guest_name = "contact_name", event_date = "event_date" }\nparameter_format = "named"\n'
    )
    finding = by_key(await examined(given(meta, tmp_path), Section.TEMPLATES), "templates.other_language")
    assert "in en_US, he, not in en." in finding.seen.en
