"""`GET /debug_token`: what a token may do and for how long; and who may call what."""

from typing import Any

from invy.simulator.exchange import Answer, Request
from invy.simulator.refusal import Refusal
from invy.simulator.retelling import About
from invy.simulator.world import World

_SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging", "public_profile")


def authorise(world: World, request: Request) -> None:
    """Let the world's access token through. Raises Refusal 190, 463 within 190, or 200."""
    token, condition = request.token, world.condition
    if not token:
        raise Refusal(190, message="An access token is required to request this resource.")
    if token in condition.expired_tokens or (
        token == condition.access_token and condition.token_expired(world.clock.now())
    ):
        raise Refusal(
            190,
            message="Error validating access token: Session has expired. The current time is later.",
            subcode=463,
        )
    if token != condition.access_token:
        raise Refusal(190)
    if condition.permission_revoked:
        raise Refusal(
            200,
            message="(#200) Requires whatsapp_business_messaging or whatsapp_business_management permission",
            subcode=1349176,
        )


def authorise_app(world: World, request: Request) -> None:
    """Let the app's own token through: `APPID|APPSECRET`."""
    if request.token != world.account.app_token:
        raise Refusal(190, message="Invalid OAuth access token signature.")


def debug_token(world: World, request: Request) -> Answer:
    """Asked with the app token, or with the token itself."""
    asked = request.query.get("input_token", "")
    if not asked:
        raise Refusal(100, message="(#100) The parameter input_token is required")
    condition, account = world.condition, world.account
    if request.token not in {account.app_token, condition.access_token}:
        raise Refusal(190)
    if asked != condition.access_token and asked not in condition.expired_tokens:
        error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
        return Answer.of({"data": {"error": error, "is_valid": False, "scopes": []}})
    expired = asked in condition.expired_tokens or condition.token_expired(world.clock.now())
    scopes = _SCOPES[2:] if condition.permission_revoked else _SCOPES
    data: dict[str, Any] = {
        "app_id": account.app_id,
        "type": "SYSTEM_USER",
        "application": "Invy Simulator App",
        "data_access_expires_at": 0,
        "expires_at": int(condition.token_expires_at),
        "is_valid": not expired,
        "issued_at": int(world.started_at),
        "scopes": list(scopes),
        "granular_scopes": [
            {"scope": scope, "target_ids": [account.waba_id]}
            for scope in scopes
            if scope.startswith("whatsapp")
        ],
        "user_id": account.business_id,
    }
    if expired:
        data["error"] = {
            "code": 190,
            "message": "Error validating access token: Session has expired.",
            "subcode": 463,
        }
    return Answer.of({"data": world.retelling.told(About.TOKEN, data)})
