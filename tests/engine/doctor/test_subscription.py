"""Where Meta's webhooks go: to our app, to our address, and not diverted on the way."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import pytest
from starlette.types import Receive, Scope, Send

from invy.app.settings import Settings
from invy.engine.doctor.finding import Finding, Mark
from invy.engine.doctor.section import Section
from tests.engine.doctor.clinic import clinic, listening
from tests.engine.doctor.odd_meta import ACCOUNT, APP, NUMBER, odd_meta
from tests.engine.doctor.patients import bad, by_key, examined, keys, settings
from tests.flows.world import World, simulator

OURS = "https://invy.example.com/whatsapp/webhook"
APPS, CALLBACK = f"{ACCOUNT}/subscribed_apps", f"{APP}/subscriptions"
FIELDS = [
    {"name": name, "version": "v25.0"}
    for name in (
        "messages",
        "message_template_status_update",
        "message_template_quality_update",
        "phone_number_quality_update",
        "account_update",
        "user_preferences",
    )
]


@pytest.fixture
def meta() -> Iterator[World]:
    with simulator("--seed", "7", "--speed", "60") as started:
        yield started


def given(meta: World, folder: Path, **more: str) -> Settings:
    return settings(
        folder, **(meta.environment(f"sqlite:///{folder / 'invy.db'}", folder / "templates.toml") | more)
    )


async def test_after_the_handshake_with_meta_everything_leads_to_us(meta: World, tmp_path: Path) -> None:
    async with clinic(given(meta, tmp_path), send=False) as there:
        await asyncio.to_thread(meta.call_back, there.webhook)
        findings = await examined(
            given(meta, tmp_path, INVY_PUBLIC_URL=there.url), Section.NUMBER, Section.SUBSCRIPTION
        )
    told = {each.key for each in findings if each.section is Section.SUBSCRIPTION}
    assert told == {"subscription.ours", "subscription.callback_ours", "subscription.fields_missing"}


async def test_an_app_that_was_unsubscribed_hears_nothing(meta: World, tmp_path: Path) -> None:
    await asyncio.to_thread(meta.ask, "/_simulator/incidents", {"do": "unsubscribe-app"})
    findings = await examined(given(meta, tmp_path), Section.SUBSCRIPTION)
    assert bad(findings) == {"subscription.none", "subscription.no_callback"}
    assert meta.business_account_id in by_key(findings, "subscription.none").todo.en


async def test_an_override_that_diverts_the_webhooks_is_told_with_where_they_go(
    meta: World, tmp_path: Path
) -> None:
    elsewhere = "https://another-provider.example/hook"
    await asyncio.to_thread(meta.ask, "/_simulator/incidents", {"do": "override-callback", "url": elsewhere})
    findings = await examined(
        given(meta, tmp_path, INVY_PUBLIC_URL="https://invy.example.com"), Section.SUBSCRIPTION
    )
    finding = by_key(findings, "subscription.account_override")
    assert finding.mark is Mark.FAILED
    assert elsewhere in finding.seen.en


async def test_an_override_at_the_number_is_read_with_the_number(meta: World, tmp_path: Path) -> None:
    async def echoing(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        word = dict(parse_qsl(scope["query_string"].decode()))["hub.challenge"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": word.encode()})

    async with listening(echoing) as url:
        await asyncio.to_thread(
            ask_as_user,
            meta,
            f"/v25.0/{meta.phone_number_id}",
            {"webhook_configuration": {"override_callback_uri": url + "/theirs", "verify_token": "x"}},
        )
        findings = await examined(
            given(meta, tmp_path, INVY_PUBLIC_URL="https://invy.example.com"),
            Section.NUMBER,
            Section.SUBSCRIPTION,
        )
    assert "/theirs" in by_key(findings, "subscription.number_override").seen.en


def ask_as_user(meta: World, path: str, body: object) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {meta.access_token}"}
    request = Request(meta.base_url + path, data=json.dumps(body).encode(), headers=headers)
    with urlopen(request, timeout=10) as response:
        assert json.loads(response.read()) == {"success": True}


def app(app_id: str, **more: str) -> dict[str, Any]:
    return {"whatsapp_business_api_data": {"id": app_id, "name": "Some app", "link": "x"}, **more}


def callback(url: str, fields: Any = FIELDS, **more: Any) -> dict[str, Any]:
    row = {"object": "whatsapp_business_account", "callback_url": url, "active": True, "fields": fields}
    return {"data": [{"object": "page", "callback_url": "https://page.example"}, row | more]}


async def told(
    folder: Path, answers: dict[str, Any], public_url: str = "https://invy.example.com", **more: str
) -> list[Finding]:
    usual: dict[str, Any] = {
        APPS: {"data": [app(APP)]},
        CALLBACK: callback(OURS),
        NUMBER: {"status": "CONNECTED"},
    }
    async with odd_meta(usual | answers) as (url, _):
        given = settings(folder, WHATSAPP_API_BASE_URL=url, INVY_PUBLIC_URL=public_url, **more)
        findings = await examined(
            given, Section.SETTINGS, Section.TOKEN, Section.NUMBER, Section.SUBSCRIPTION
        )
    return [each for each in findings if each.section is Section.SUBSCRIPTION]


async def test_with_every_field_subscribed_nothing_is_missing(tmp_path: Path) -> None:
    findings = await told(tmp_path, {})
    assert {each.mark for each in findings} == {Mark.OK}
    assert keys(findings) == {"subscription.ours", "subscription.callback_ours", "subscription.fields"}


@pytest.mark.parametrize(
    ("answers", "key", "mark"),
    [
        ({APPS: {"data": []}}, "subscription.none", Mark.FAILED),
        ({APPS: {"data": [app("1"), app("2")]}}, "subscription.not_ours", Mark.FAILED),
        (
            {APPS: {"data": [app("1"), app(APP, override_callback_uri="https://x.example/y")]}},
            "subscription.account_override",
            Mark.FAILED,
        ),
        (
            {
                APPS: {
                    "data": [app(APP, override_callback_uri="https://INVY.example.com:443/whatsapp/webhook/")]
                }
            },
            "subscription.account_override_ours",
            Mark.OK,
        ),
        ({CALLBACK: {"data": []}}, "subscription.no_callback", Mark.FAILED),
        ({CALLBACK: callback(OURS, active=False)}, "subscription.inactive", Mark.FAILED),
        ({CALLBACK: callback("https://x.example/y")}, "subscription.callback_elsewhere", Mark.FAILED),
        ({CALLBACK: callback(OURS, FIELDS[1:])}, "subscription.no_messages", Mark.FAILED),
        ({CALLBACK: callback(OURS, ["messages"])}, "subscription.fields_missing", Mark.WARNING),
        (
            {
                CALLBACK: callback("https://x.example/y"),
                NUMBER: {"status": "CONNECTED", "webhook_configuration": {"phone_number": OURS}},
            },
            "subscription.callback_replaced",
            Mark.OK,
        ),
        (
            {NUMBER: {"status": "CONNECTED", "webhook_configuration": {"phone_number": OURS}}},
            "subscription.number_override_ours",
            Mark.OK,
        ),
    ],
)
async def test_each_way_to_lose_the_webhooks_has_its_finding(
    tmp_path: Path, answers: dict[str, Any], key: str, mark: Mark
) -> None:
    assert by_key(await told(tmp_path, answers), key).mark is mark


async def test_without_a_public_url_the_address_is_shown_and_not_judged(tmp_path: Path) -> None:
    finding = by_key(await told(tmp_path, {}, public_url=""), "subscription.callback_unknown")
    assert finding.mark is Mark.WARNING
    assert OURS in finding.seen.en


async def test_an_override_is_shown_and_not_judged_when_our_address_is_not_known(tmp_path: Path) -> None:
    diverted = {APPS: {"data": [app(APP, override_callback_uri="https://x.example/y")]}}
    finding = by_key(await told(tmp_path, diverted, public_url=""), "subscription.override_unknown")
    assert "https://x.example/y" in finding.seen.en


async def test_an_account_override_does_no_harm_where_the_number_s_own_leads_to_us(tmp_path: Path) -> None:
    both = {
        APPS: {"data": [app(APP, override_callback_uri="https://x.example/y")]},
        NUMBER: {"status": "CONNECTED", "webhook_configuration": {"phone_number": OURS}},
    }
    assert not bad(await told(tmp_path, both))


async def test_the_app_of_the_token_stands_in_for_an_app_id_that_is_not_set(tmp_path: Path) -> None:
    findings = await told(tmp_path, {}, WHATSAPP_APP_ID="")
    assert by_key(findings, "subscription.ours").mark is Mark.OK
    assert by_key(findings, "general.skipped").mark is Mark.SKIPPED, "the callback needs the app's own token"
