"""What Meta says of a business phone number, read from `GET /{phone_number_id}`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from invy.meta.graph_object import GraphObject

FIELDS: Final = (
    "display_phone_number",
    "verified_name",
    "quality_rating",
    "status",
    "code_verification_status",
    "name_status",
    "platform_type",
    "throughput",
    "account_mode",
    "whatsapp_business_manager_messaging_limit",
    "webhook_configuration",
)
"""Not every version has every one; what is unknown is left out and told."""

CONNECTED: Final = "CONNECTED"
HAMPERED: Final = frozenset({"FLAGGED", "RESTRICTED", "RATE_LIMITED"})
NAMES_ACCEPTED: Final = frozenset({"APPROVED", "AVAILABLE_WITHOUT_REVIEW"})

LIMITS: Final[Mapping[str, int | None]] = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1000,
    "TIER_2K": 2000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": None,
}
"""Different guests in 24 hours (Meta's page on messaging limits, 2026-09-11)."""


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """Words of Meta's as they came; None is what Meta does not tell."""

    display: str | None = None
    name: str | None = None
    status: str | None = None
    quality: str | None = None
    code_verification: str | None = None
    name_status: str | None = None
    platform: str | None = None
    throughput: str | None = None
    mode: str | None = None
    limit: str | None = None
    webhooks: Mapping[str, str] = field(default_factory=dict)
    """Where its webhooks go, by level: application, whatsapp_business_account, phone_number. The last one wins."""


def read(answer: GraphObject) -> NumberFacts:
    throughput = answer.object("throughput")
    configuration = answer.object("webhook_configuration")
    return NumberFacts(
        display=answer.text("display_phone_number"),
        name=answer.text("verified_name"),
        status=answer.word("status"),
        quality=answer.word("quality_rating"),
        code_verification=answer.word("code_verification_status"),
        name_status=answer.word("name_status"),
        platform=answer.word("platform_type"),
        throughput=throughput.word("level") if throughput else None,
        mode=answer.word("account_mode"),
        limit=answer.word("whatsapp_business_manager_messaging_limit"),
        webhooks=dict(configuration.items()) if configuration else {},
    )
