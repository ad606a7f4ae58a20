"""Who is told of what, and where: callback URLs with the handshake Meta insists on, subscriptions, overrides.

A callback that cannot prove that it knows the verify token is refused.
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from invy.simulator.exchange import Answer, Request
from invy.simulator.graph.form import form_of
from invy.simulator.herald import DEFAULT_VERSION, Subscription
from invy.simulator.news import Sender
from invy.simulator.refusal import Refusal, no_such_object
from invy.simulator.retelling import About
from invy.simulator.world import World

FIELDS = frozenset(
    {
        "account_alerts",
        "account_update",
        "business_capability_update",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "messages",
        "phone_number_quality_update",
        "security",
        "template_category_update",
        "user_preferences",
    }
)
_HANDSHAKE_S = 10.0
_LONGEST_URL = 200


async def handshake(world: World, url: str, verify_token: str) -> str:
    """Prove that `url` knows the verify token: "" when it does, else what went wrong."""
    challenge = str(secrets.randbelow(2**31))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        async with world.postman.session.get(
            url, params=query, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=_HANDSHAKE_S)
        ) as response:
            answer = await response.content.read(200)
            if response.status != HTTPStatus.OK:
                return f"HTTP Status Code = {response.status}; HTTP Message = {response.reason}"
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return f"{type(error).__name__}: the URL could not be fetched"
    if answer.strip() != challenge.encode():
        return "Response does not match challenge"
    return ""


async def _verify(world: World, url: str, verify_token: str) -> None:
    trouble = await handshake(world, url, verify_token)
    if trouble:
        raise Refusal(
            2200,
            message="(#2200) Callback verification failed with the following errors: "
            f"curl_errno = 0; curl_error = ; {trouble}",
        )


async def app_subscriptions(world: World, request: Request) -> Answer:
    """`GET`, `POST` and `DELETE /{app}/subscriptions`."""
    match request.method:
        case "GET":
            return Answer.of(_shown(world))
        case "POST":
            return Answer.of(await _subscribe(world, form_of(request)))
        case "DELETE":
            world.herald.subscription = None
            return Answer.of({"success": True})
    raise no_such_object(world.account.app_id, request.method)


async def _subscribe(world: World, given: Mapping[str, Any]) -> dict[str, bool]:
    for name in ("object", "callback_url", "verify_token", "fields"):
        if not given.get(name):
            raise Refusal(100, message=f"(#100) The parameter {name} is required.")
    if given["object"] != "whatsapp_business_account":
        raise Refusal(100, message="(#100) Param object must be one of {whatsapp_business_account}")
    fields = _fields(given["fields"], world.scenario.webhook_version)
    url, token = str(given["callback_url"]), str(given["verify_token"])
    await _verify(world, url, token)
    world.herald.subscription = Subscription(url, token, fields)
    return {"success": True}


def _fields(given: object, default_version: float) -> dict[str, float]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list):
        raise Refusal(100, message="(#100) Param fields must be an array.")
    wanted: dict[str, float] = {}
    for position, each in enumerate(names):
        name, version = (
            (each.get("name"), each.get("version")) if isinstance(each, dict) else (str(each).strip(), None)
        )
        if name not in FIELDS:
            raise Refusal(
                100,
                message=f"(#100) Param fields[{position}] must be one of {{{', '.join(sorted(FIELDS))}}} - got {name!r}.",
            )
        try:
            wanted[str(name)] = float(str(version).lstrip("v")) if version else default_version
        except ValueError:
            raise Refusal(100, message=f"(#100) Param fields[{position}] has no valid version.") from None
    return wanted


def all_fields(version: float = DEFAULT_VERSION) -> dict[str, float]:
    """Every field, for a callback given on the command line."""
    return dict.fromkeys(sorted(FIELDS), version)


def _shown(world: World) -> dict[str, Any]:
    subscription = world.herald.subscription
    if subscription is None:
        return {"data": []}
    fields = [{"name": name, "version": f"v{version}"} for name, version in subscription.fields.items()]
    row = {
        "object": "whatsapp_business_account",
        "callback_url": subscription.callback_url,
        "active": True,
        "fields": fields,
    }
    return {"data": [world.retelling.told(About.SUBSCRIPTION, row)]}


async def subscribed_apps(world: World, request: Request) -> Answer:
    """`GET`, `POST` and `DELETE /{waba}/subscribed_apps`; a POST without override takes an earlier override away."""
    match request.method:
        case "GET":
            return Answer.of({"data": [_app(world)] if world.herald.app_subscribed else []})
        case "POST":
            given = form_of(request)
            url = str(given.get("override_callback_uri") or "")
            if url:
                _check_url(url)
                await _verify(world, url, str(given.get("verify_token") or ""))
            world.herald.app_subscribed = True
            world.herald.account_override = url
            return Answer.of({"success": True})
        case "DELETE":
            world.herald.app_subscribed = False
            return Answer.of({"success": True})
    raise no_such_object(world.account.waba_id, request.method)


def _app(world: World) -> dict[str, Any]:
    app_id = world.account.app_id
    row: dict[str, Any] = {
        "whatsapp_business_api_data": {
            "id": app_id,
            "name": "Invy Simulator App",
            "link": f"https://www.facebook.com/games/?app_id={app_id}",
        }
    }
    if world.herald.account_override:
        row["override_callback_uri"] = world.herald.account_override
    return world.retelling.told(About.SUBSCRIBED_APP, row)


async def configure_number(world: World, request: Request, sender: Sender) -> Answer:
    """`POST /{phone-number-id}` with `webhook_configuration`: an override for this number; an empty one removes it."""
    configuration = form_of(request).get("webhook_configuration")
    if not isinstance(configuration, dict):
        raise Refusal(100, message="(#100) The parameter webhook_configuration is required.")
    url = str(configuration.get("override_callback_uri") or "")
    if url:
        _check_url(url)
        await _verify(world, url, str(configuration.get("verify_token") or ""))
        world.herald.number_overrides[sender.phone_number_id] = url
    else:
        world.herald.number_overrides.pop(sender.phone_number_id, None)
    return Answer.of({"success": True})


def _check_url(url: str) -> None:
    if len(url) > _LONGEST_URL:
        raise Refusal(
            100, message=f"(#100) Param override_callback_uri must be at most {_LONGEST_URL} characters long."
        )
