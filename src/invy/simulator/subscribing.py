"""Setting a callback URL, with the handshake Meta insists on. A callback that cannot prove itself is refused."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from invy.simulator.refusal import Refusal
from invy.simulator.world import Subscription, World

DEFAULT_VERSION = 25.0
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


async def subscribe(world: World, given: Mapping[str, Any]) -> dict[str, bool]:
    """`POST /{app}/subscriptions`. Raises Refusal when a parameter is missing or the handshake fails."""
    for name in ("object", "callback_url", "verify_token", "fields"):
        if not given.get(name):
            raise Refusal(100, message=f"(#100) The parameter {name} is required.")
    if given["object"] != "whatsapp_business_account":
        raise Refusal(100, message="(#100) Param object must be one of {whatsapp_business_account}")
    fields = _fields(given["fields"])
    url, token = str(given["callback_url"]), str(given["verify_token"])
    trouble = await handshake(world, url, token)
    if trouble:
        raise Refusal(
            2200,
            message="(#2200) Callback verification failed with the following errors: "
            f"curl_errno = 0; curl_error = ; {trouble}",
        )
    world.subscription = Subscription(url, token, fields)
    return {"success": True}


def _fields(given: object) -> dict[str, float]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list):
        raise Refusal(100, message="(#100) Param fields must be an array.")
    wanted: dict[str, float] = {}
    for each in names:
        name, version = (
            (each.get("name"), each.get("version")) if isinstance(each, dict) else (str(each).strip(), None)
        )
        if name not in FIELDS:
            raise Refusal(
                100,
                message=f"(#100) Param fields[0] must be one of {{{', '.join(sorted(FIELDS))}}} - got {name!r}.",
            )
        wanted[str(name)] = float(str(version).lstrip("v")) if version else DEFAULT_VERSION
    return wanted


def subscriptions(world: World) -> dict[str, Any]:
    """`GET /{app}/subscriptions`."""
    subscription = world.subscription
    if subscription is None:
        return {"data": []}
    fields = [{"name": name, "version": f"v{version}"} for name, version in subscription.fields.items()]
    return {
        "data": [
            {
                "object": "whatsapp_business_account",
                "callback_url": subscription.callback_url,
                "active": True,
                "fields": fields,
            }
        ]
    }
