"""Where Meta's webhooks go: to our app, to our address, and not diverted on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.section import Section
from invy.testing import Catcher, CloudApi, running
from tests.engine.doctor.patients import bad, by_key, keys
from tests.engine.doctor.simulated import seen

PATH = "/whatsapp/webhook"
ELSEWHERE = "https://another-provider.example/hook"


@pytest.fixture
def meta() -> Iterator[CloudApi]:
    with running(seed=7) as api:
        yield api


@pytest.fixture
def ours(meta: CloudApi) -> Iterator[str]:
    """Our address, where somebody answers the handshake. Nothing is subscribed yet."""
    with Catcher(meta.app_secret, meta.verify_token) as catcher:
        yield catcher.url.removesuffix("/webhook")


async def told(
    meta: CloudApi,
    folder: Path,
    public_url: str,
    incident: str = "",
    /,
    app_id: str | None = None,
    **details: Any,
) -> list[Finding]:
    """With everything subscribed to our address, and then something happening."""
    if incident:
        meta.happen(incident, **details)
    given = {"INVY_PUBLIC_URL": public_url} | ({} if app_id is None else {"WHATSAPP_APP_ID": app_id})
    sections = (Section.SETTINGS, Section.TOKEN, Section.NUMBER, Section.SUBSCRIPTION)
    findings = await seen(meta, folder, *sections, given=given)
    return [each for each in findings if each.section is Section.SUBSCRIPTION]


async def test_with_every_field_subscribed_nothing_is_missing(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + PATH)
    findings = await told(meta, tmp_path, ours)
    assert {each.mark for each in findings} == {Mark.OK}
    assert keys(findings) == {"subscription.ours", "subscription.callback_ours", "subscription.fields"}


async def test_fields_that_are_not_subscribed_are_named(meta: CloudApi, ours: str, tmp_path: Path) -> None:
    meta.set_callback(ours + PATH, fields="messages,account_update")
    finding = by_key(await told(meta, tmp_path, ours), "subscription.fields_missing")
    assert finding.mark is Mark.WARNING
    assert "user_preferences" in finding.seen.en
    assert "account_update" not in finding.seen.en


async def test_without_the_field_messages_nothing_is_heard_of_any_guest(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + PATH, fields="account_update")
    assert "subscription.no_messages" in bad(await told(meta, tmp_path, ours))


SIGNED = "https://admin:SECRET@num.example/hook?sig=abc123SECRET"


@pytest.mark.parametrize("known", [True, False], ids=["judged", "not judged"])
@pytest.mark.parametrize("incident", ["override-number", "override-callback"])
async def test_no_finding_shows_the_query_of_an_address(
    meta: CloudApi, ours: str, tmp_path: Path, incident: str, known: bool
) -> None:
    meta.set_callback(f"{ours}{PATH}?sig=abc123SECRET")
    findings = await told(meta, tmp_path, ours if known else "", incident, url=SIGNED)
    shown = repr(findings)
    assert "https://…@num.example/hook?…" in shown
    assert f"{ours}{PATH}?…" in shown
    assert "SECRET" not in shown
    meta.set_callback(f"{ours}/elsewhere?sig=abc123SECRET")
    assert "SECRET" not in repr(await told(meta, tmp_path, ours if known else ""))
    meta.happen("change-facts", about="subscription", facts={"active": False})
    assert "SECRET" not in repr(await told(meta, tmp_path, ours))


@pytest.mark.parametrize(
    ("incident", "key"),
    [
        ("unsubscribe-app", "subscription.none"),
        ("override-number", "subscription.number_override"),
        ("override-callback", "subscription.account_override"),
    ],
)
async def test_a_command_to_copy_goes_where_the_settings_point(
    meta: CloudApi, ours: str, tmp_path: Path, incident: str, key: str
) -> None:
    meta.set_callback(ours + PATH)
    details = {} if incident == "unsubscribe-app" else {"url": ELSEWHERE}
    todo = by_key(await told(meta, tmp_path, ours, incident, **details), key).todo
    for text in (todo.en, todo.he):
        assert f" {meta.base_url}/v25.0/" in text
        assert "graph.facebook.com" not in text


async def test_an_app_that_was_unsubscribed_hears_nothing(meta: CloudApi, ours: str, tmp_path: Path) -> None:
    findings = await told(meta, tmp_path, ours, "unsubscribe-app")
    assert bad(findings) == {"subscription.none", "subscription.no_callback"}
    assert meta.business_account_id in by_key(findings, "subscription.none").todo.en


async def test_other_apps_in_the_list_are_not_taken_for_ours(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + PATH)
    other = {"whatsapp_business_api_data": {"id": "1", "name": "Some app", "link": "x"}}
    findings = await told(meta, tmp_path, ours, "change-facts", about="subscribed-app", facts=other)
    assert bad(findings) == {"subscription.not_ours"}
    assert "Some app (1)" in by_key(findings, "subscription.not_ours").seen.en


@pytest.mark.parametrize(
    ("incident", "key"),
    [
        ("override-callback", "subscription.account_override"),
        ("override-number", "subscription.number_override"),
    ],
)
async def test_an_override_that_diverts_the_webhooks_is_told_with_where_they_go(
    meta: CloudApi, ours: str, tmp_path: Path, incident: str, key: str
) -> None:
    meta.set_callback(ours + PATH)
    finding = by_key(await told(meta, tmp_path, ours, incident, url=ELSEWHERE), key)
    assert finding.mark is Mark.FAILED
    assert ELSEWHERE in finding.seen.en


@pytest.mark.parametrize(
    ("incident", "key"),
    [
        ("override-callback", "subscription.account_override_ours"),
        ("override-number", "subscription.number_override_ours"),
    ],
)
async def test_an_override_that_leads_to_us_does_no_harm_however_it_is_written(
    meta: CloudApi, ours: str, tmp_path: Path, incident: str, key: str
) -> None:
    meta.set_callback(ours + PATH)
    url = ours.replace("http:", "HTTP:") + PATH + "/"
    findings = await told(meta, tmp_path, ours, incident, url=url)
    assert by_key(findings, key).mark is Mark.OK
    assert not bad(findings)


async def test_a_callback_elsewhere_is_replaced_by_an_override_that_leads_to_us(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + "/elsewhere")
    assert bad(await told(meta, tmp_path, ours)) == {"subscription.callback_elsewhere"}
    findings = await told(meta, tmp_path, ours, "override-number", url=ours + PATH)
    assert by_key(findings, "subscription.callback_replaced").mark is Mark.OK


async def test_an_account_override_does_no_harm_where_the_number_s_own_leads_to_us(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + PATH)
    meta.happen("override-callback", url=ELSEWHERE)
    assert not bad(await told(meta, tmp_path, ours, "override-number", url=ours + PATH))


async def test_a_callback_that_meta_switched_off_is_told(meta: CloudApi, ours: str, tmp_path: Path) -> None:
    meta.set_callback(ours + PATH)
    findings = await told(meta, tmp_path, ours, "change-facts", about="subscription", facts={"active": False})
    assert bad(findings) == {"subscription.inactive"}


async def test_fields_in_the_old_form_of_plain_names_are_read(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + PATH)
    findings = await told(
        meta, tmp_path, ours, "change-facts", about="subscription", facts={"fields": ["messages"]}
    )
    assert by_key(findings, "subscription.fields_missing").mark is Mark.WARNING


async def test_without_a_public_url_addresses_are_shown_and_not_judged(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + PATH)
    findings = await told(meta, tmp_path, "", "override-callback", url=ELSEWHERE)
    assert ours + PATH in by_key(findings, "subscription.callback_unknown").seen.en
    assert ELSEWHERE in by_key(findings, "subscription.override_unknown").seen.en
    assert not bad(findings)


async def test_the_app_of_the_token_stands_in_for_an_app_id_that_is_not_set(
    meta: CloudApi, ours: str, tmp_path: Path
) -> None:
    meta.set_callback(ours + PATH)
    findings = await told(meta, tmp_path, ours, app_id="")
    assert by_key(findings, "subscription.ours").mark is Mark.OK
    assert by_key(findings, "general.skipped").mark is Mark.SKIPPED, "the callback needs the app's own token"
