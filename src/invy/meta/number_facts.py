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


NOTHING: Final = NumberFacts()
"""An answer with none of what was asked for."""


def read(answer: GraphObject) -> NumberFacts:
    """What is not text, a number in a word's place, say, counts as not told."""
    throughput = answer.object("throughput")
    configuration = answer.object("webhook_configuration")
    return NumberFacts(
        display=_text(answer, "display_phone_number"),
        name=_text(answer, "verified_name"),
        status=_word(answer, "status"),
        quality=_word(answer, "quality_rating"),
        code_verification=_word(answer, "code_verification_status"),
        name_status=_word(answer, "name_status"),
        platform=_word(answer, "platform_type"),
        throughput=_word(throughput, "level") if throughput else None,
        mode=_word(answer, "account_mode"),
        limit=_word(answer, "whatsapp_business_manager_messaging_limit"),
        webhooks=dict(configuration.items()) if configuration else {},
    )


def _text(answer: GraphObject, name: str) -> str | None:
    return dict(answer.items()).get(name) or None


def _word(answer: GraphObject, name: str) -> str | None:
    text = _text(answer, name)
    return None if text is None else text.upper()
