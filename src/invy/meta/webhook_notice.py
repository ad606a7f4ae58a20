"""What Meta tells of templates, numbers, the account and preferences. A table says where the words stand in each field.

A field that is not in the table is kept whole all the same. Source: Meta's webhook field pages, 2025-10 to 2026-09.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from invy.domain.inbound import Preference
from invy.domain.notice import Notice
from invy.meta import loose


@dataclass(frozen=True, slots=True)
class _Where:
    """Paths to try in order, for what a notice is about and what it says."""

    subject: tuple[str, ...] = ()
    word: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()


_TEMPLATE = ("message_template_name",)
_NUMBER = ("display_phone_number",)
_FIELDS: Mapping[str, _Where] = {
    "message_template_status_update": _Where(
        # A page of Meta's shows a quality update under this field's name, so its word is looked for too.
        _TEMPLATE, ("event", "new_quality_score"), ("rejection_info.reason", "other_info.description", "reason")
    ),
    "message_template_quality_update": _Where(_TEMPLATE, ("new_quality_score",), ("previous_quality_score",)),
    "message_template_components_update": _Where(_TEMPLATE),
    "template_category_update": _Where(_TEMPLATE, ("correct_category", "new_category"), ("previous_category",)),
    "template_correct_category_detection": _Where(_TEMPLATE, ("correct_category",), ("category",)),
    "phone_number_quality_update": _Where(
        _NUMBER, ("event",), ("max_daily_conversations_per_business", "current_limit")
    ),
    "phone_number_name_update": _Where(_NUMBER, ("decision",), ("rejection_reason", "requested_verified_name")),
    "account_update": _Where(
        _NUMBER,
        ("event",),
        (
            "violation_info.violation_type",
            "restriction_info.0.restriction_type",
            "ban_info.waba_ban_state",
        ),
    ),
    "account_alerts": _Where(
        ("entity_id",),
        ("alert_info.alert_type", "alert_type"),
        ("alert_info.alert_description", "alert_description"),
    ),
    "account_review_update": _Where((), ("decision",), ("rejection_reason",)),
    "business_capability_update": _Where((), ("max_daily_conversations_per_business",)),
    "security": _Where(_NUMBER, ("event",), ("requester",)),
}  # fmt: skip
_ANY = _Where(word=("event",))
_STOPS = {"stop": True, "resume": False, "signup": False}


def read_notice(
    field: str, value: Mapping[str, object], entry_id: str | None, at: datetime, heard_at: datetime
) -> Notice:
    """Any change of a field that is not about messages."""
    where = _FIELDS.get(field, _ANY)
    language = loose.text(value.get("message_template_language"))
    return Notice(
        field=field,
        at=at,
        heard_at=heard_at,
        subject=_first(value, where.subject) or entry_id,
        # Webhooks write en-US where the management API writes en_US.
        language=language.replace("-", "_") if language else None,
        word=_first(value, where.word),
        reason=_first(value, where.reason),
        raw=msgspec.json.encode({"field": field, "value": value}),
    )


def read_value_error(error: object, value: Mapping[str, object], at: datetime, heard_at: datetime) -> Notice:
    """An error that belongs to no message (`value.errors[]`), such as a rate limit of the number."""
    return Notice(
        field="messages",
        at=at,
        heard_at=heard_at,
        subject=loose.text(loose.at(value, "metadata.phone_number_id")),
        word="error",
        code=loose.integer(loose.at(error, "code")),
        reason=_first(error, ("error_data.details", "message", "title")),
        raw=msgspec.json.encode({"field": "messages", "value": {"errors": [error]}}),
    )


def read_preference(preference: object, heard_at: datetime) -> Preference | None:
    """One item of `user_preferences[]`; None when it does not say who or what."""
    phone = loose.text(loose.at(preference, "wa_id"))
    user_id = loose.text(loose.at(preference, "user_id"))
    stopped = _STOPS.get(str(loose.at(preference, "value")))
    if stopped is None or (phone is None and user_id is None):
        return None
    return Preference(
        phone=phone,
        user_id=user_id,
        category=loose.text(loose.at(preference, "category")),
        stopped=stopped,
        at=loose.moment(loose.at(preference, "timestamp")) or heard_at,
        heard_at=heard_at,
        detail=loose.text(loose.at(preference, "detail")),
    )


def _first(value: object, paths: tuple[str, ...]) -> str | None:
    return next((found for path in paths if (found := loose.text(loose.at(value, path)))), None)
