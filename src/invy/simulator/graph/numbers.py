"""`/{phone-number-id}`, `/{waba}` and `/{app}` as nodes: their fields as an operator reads them."""

from typing import Any

from invy.simulator.exchange import Answer, Request
from invy.simulator.graph.form import base_of, fields_of, page, picked
from invy.simulator.graph.health import health, number_health
from invy.simulator.news import Sender
from invy.simulator.retelling import About
from invy.simulator.world import World

_HIGH_THROUGHPUT = 1000
_TIERS = ((250, "TIER_250"), (2000, "TIER_2K"), (10_000, "TIER_10K"), (100_000, "TIER_100K"))
NUMBER_FIELDS = (
    "id",
    "display_phone_number",
    "verified_name",
    "status",
    "quality_rating",
    "quality_score",
    "code_verification_status",
    "name_status",
    "platform_type",
    "throughput",
    "account_mode",
    "is_official_business_account",
    "is_pin_enabled",
    "webhook_configuration",
    "whatsapp_business_manager_messaging_limit",
    "messaging_limit_tier",
    "health_status",
    "last_onboarded_time",
    "country_code",
    "country_dial_code",
    "is_on_biz_app",
    "is_preverified_number",
    # Meta has these too; a world has no value for them, and Graph leaves out what has no value.
    "certificate",
    "conversational_automation",
    "eligibility_for_api_business_global_search",
    "host_platform",
    "new_certificate",
    "new_name_status",
    "search_visibility",
    "unified_cert_status",
    "username",
)
_NUMBER_DEFAULT = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
    "id",
)
WABA_FIELDS = (
    "id",
    "name",
    "currency",
    "timezone_id",
    "message_template_namespace",
    "account_review_status",
    "business_verification_status",
    "country",
    "ownership_type",
    "status",
    "health_status",
    "owner_business_info",
)


def number_row(world: World, sender: Sender) -> dict[str, Any]:
    """Everything Meta tells of a business number."""
    condition = world.condition
    subscription = world.herald.subscription
    configuration = {"application": subscription.callback_url} if subscription else {}
    if world.herald.account_override:
        configuration["whatsapp_business_account"] = world.herald.account_override
    if sender.phone_number_id in world.herald.number_overrides:
        configuration["phone_number"] = world.herald.number_overrides[sender.phone_number_id]
    row = {
        "id": sender.phone_number_id,
        "display_phone_number": sender.display_phone_number,
        "verified_name": "Invy Simulator",
        "status": "CONNECTED" if condition.registered else "DISCONNECTED",
        "quality_rating": condition.quality,
        "quality_score": {"score": condition.quality},
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "platform_type": "CLOUD_API",
        "throughput": {"level": "HIGH" if condition.per_second >= _HIGH_THROUGHPUT else "STANDARD"},
        "account_mode": "SANDBOX" if world.scenario.limits.allowed_recipients is not None else "LIVE",
        "is_official_business_account": False,
        "is_pin_enabled": True,
        "webhook_configuration": configuration,
        "whatsapp_business_manager_messaging_limit": _tier(world.scenario.limits.tier),
        "messaging_limit_tier": _tier(world.scenario.limits.tier),
        "country_code": "US",
        "country_dial_code": "1",
        "is_on_biz_app": False,
        "is_preverified_number": False,
        "last_onboarded_time": "2026-01-01T00:00:00+0000",
        "health_status": health(world, number_health(world, sender)),
    }
    return world.retelling.told(About.NUMBER, row)


def _tier(limit: int) -> str:
    return next((name for most, name in _TIERS if 0 < limit <= most), "TIER_UNLIMITED")


def get_number(world: World, request: Request, sender: Sender) -> Answer:
    """`GET /{phone-number-id}?fields=`."""
    known = world.retelling.known(About.NUMBER, NUMBER_FIELDS)
    return Answer.of(picked(number_row(world, sender), fields_of(request, known, _NUMBER_DEFAULT)))


def list_numbers(world: World, request: Request) -> Answer:
    """`GET /{waba}/phone_numbers`."""
    known = world.retelling.known(About.NUMBER, NUMBER_FIELDS)
    names = fields_of(request, known, (*_NUMBER_DEFAULT, "status"))
    rows = list(world.senders.values())
    return Answer.of(
        page(request, rows, lambda each: picked(number_row(world, each), names), base=base_of(request))
    )


def get_account(world: World, request: Request) -> Answer:
    """`GET /{waba}?fields=`."""
    row = {
        "id": world.account.waba_id,
        "name": "Invy Simulator",
        "currency": "ILS",
        "timezone_id": "70",
        "message_template_namespace": f"{world.account.app_secret[:8]}_{world.account.app_secret[8:16]}",
        "account_review_status": "REJECTED" if world.condition.locked else "APPROVED",
        "business_verification_status": "verified",
        "country": "IL",
        "ownership_type": "SELF",
        "status": "DISABLED" if world.condition.locked else "ACTIVE",
        "owner_business_info": {"name": "Invy Simulator", "id": world.account.business_id},
        "health_status": health(world),
    }
    row = world.retelling.told(About.ACCOUNT, row)
    default = ("id", "name", "timezone_id", "message_template_namespace")
    known = world.retelling.known(About.ACCOUNT, WABA_FIELDS)
    return Answer.of(picked(row, fields_of(request, known, default)))


def get_app(world: World, request: Request) -> Answer:
    """`GET /{app}`."""
    link = f"https://www.facebook.com/games/?app_id={world.account.app_id}"
    row = {"id": world.account.app_id, "name": "Invy Simulator App", "link": link, "category": "Business"}
    return Answer.of(picked(row, fields_of(request, tuple(row), ("link", "name", "id"))))
