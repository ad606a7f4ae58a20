"""What Meta tells of templates, numbers, the account and preferences. A table says where the words stand in each field.

A field that is not in the table is kept whole all the same. Source: Meta's webhook field pages, 2025-10 to 2026-09.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from invy.domain.inbound import Preference
from invy.domain.notice import Notice
from invy.meta import loose
from invy.meta.webhook_json import written


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
        _TEMPLATE, ("event",), ("rejection_info.reason", "other_info.description", "reason")
    ),
    "message_template_quality_update": _Where(_TEMPLATE, ("new_quality_score",), ("previous_quality_score",)),
    "message_template_components_update": _Where(_TEMPLATE),
    "template_category_update": _Where(_TEMPLATE, ("correct_category", "new_category"), ("previous_category", "new_category")),
    "template_correct_category_detection": _Where(_TEMPLATE, ("correct_category",), ("category",)),
    "phone_number_quality_update": _Where(
        _NUMBER, ("event",), ("max_daily_conversations_per_business", "current_limit")
    ),
    "phone_number_name_update": _Where(_NUMBER, ("decision",), ("rejection_reason",)),
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
_NO_REASON = "NONE"


def read_notice(
    field: str, value: Mapping[str, object], entry_id: str | None, at: datetime, heard_at: datetime
) -> Notice:
    """Any change of a field that is not about messages."""
    if "new_quality_score" in value and "event" not in value:
        field = "message_template_quality_update"  # a page of Meta's shows it under another field's name
    where = _FIELDS.get(field, _ANY)
    language = loose.shortened(loose.text(value.get("message_template_language")))
    reason = loose.first(value, where.reason)
    return Notice(
        field=field,
        at=at,
        heard_at=heard_at,
        subject=loose.shortened(loose.first(value, where.subject) or entry_id),
        # Webhooks write en-US where the management API writes en_US.
        language=language.replace("-", "_") if language else None,
        word=loose.shortened(loose.first(value, where.word)),
        reason=reason if reason != _NO_REASON else None,
        raw=written({"field": field, "value": value}),
    )


def read_value_error(
    error: object, value: Mapping[str, object], at: datetime, heard_at: datetime
) -> Notice | None:
    """An error that belongs to no message (`value.errors[]`), such as a rate limit of the number."""
    if not isinstance(error, dict):
        return None
    return Notice(
        field="messages",
        at=at,
        heard_at=heard_at,
        subject=loose.shortened(loose.text(loose.at(value, "metadata.phone_number_id"))),
        word="error",
        code=loose.integer(error.get("code")),
        reason=loose.first(error, ("error_data.details", "error_data", "message", "title")),
        raw=written({"field": "messages", "value": {"errors": [error]}}),
    )


def read_preference(
    preference: object, contact: Mapping[str, object], at: datetime, heard_at: datetime
) -> Preference | Notice | None:
    """One item of `user_preferences[]`; a notice when the word is new; None when it does not say who or what.

    `contact` is the only guest whom its value names, or empty; an item that names nobody is about that guest.
    """
    given = loose.table(preference)
    who = given if given.get("wa_id") or given.get("user_id") else contact
    phone, user_id = loose.name(who.get("wa_id")), loose.user_id(who.get("user_id"))
    word = loose.shortened(loose.text(given.get("value")))
    if word is None or (phone is None and user_id is None):
        return None
    at = loose.moment(given.get("timestamp"), heard_at) or at
    detail = loose.text(given.get("detail"))
    if word not in _STOPS:
        raw = written({"field": "user_preferences", "value": {"user_preferences": [preference]}})
        return Notice("user_preferences", at, heard_at, phone or user_id, None, word, None, detail, raw)
    return Preference(
        phone=phone,
        user_id=user_id,
        category=loose.text(given.get("category")),
        stopped=_STOPS[word],
        at=at,
        heard_at=heard_at,
        detail=detail,
    )
