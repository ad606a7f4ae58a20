"""Who is told of what at Meta: the apps an account sends its webhooks to, and an app's own callback.

Three levels decide where `messages` go (Meta's override page, 2025-12): the phone number's override, else the
account's, else the app's callback.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from invy.meta.graph_object import GraphObject

WHATSAPP: Final = "whatsapp_business_account"
MESSAGES: Final = "messages"
WANTED: Final = (
    "message_template_status_update",
    "message_template_quality_update",
    "phone_number_quality_update",
    "account_update",
    "user_preferences",
)
"""Fields without which delivery is still reported, and paused templates, locks and opt-outs are not."""


@dataclass(frozen=True, slots=True)
class SubscribedApp:
    """An app that the account sends its webhooks to, and the address that replaces the app's own, if there is one."""

    id: str | None
    name: str | None
    override: str | None


@dataclass(frozen=True, slots=True)
class Callback:
    """Where an app wants its WhatsApp webhooks, and which fields. `fields` maps a name to its version."""

    url: str | None
    active: bool
    fields: Mapping[str, str]


def read_apps(answer: GraphObject) -> tuple[SubscribedApp, ...] | None:
    """The apps of an account; None when the answer has no list."""
    if not answer.is_list("data"):
        return None
    return tuple(_app(each) for each in answer.objects("data"))


def _app(row: GraphObject) -> SubscribedApp:
    data = row.object("whatsapp_business_api_data")
    return SubscribedApp(
        data.text("id") if data else row.text("id"),
        data.text("name") if data else row.text("name"),
        row.text("override_callback_uri"),
    )


def read_callbacks(answer: GraphObject) -> Mapping[str, Callback] | None:
    """The app's callbacks by what they are about, such as `WHATSAPP`; None when the answer has no list of them."""
    if not answer.is_list("data"):
        return None
    rows = answer.objects("data")
    found = {about: _callback(row) for row in rows if (about := row.text("object")) is not None}
    return found if found or not rows else None


def _callback(row: GraphObject) -> Callback:
    fields = {each.text("name") or "": each.text("version") or "" for each in row.objects("fields")}
    plain = dict.fromkeys(row.texts("fields"), "")
    return Callback(row.text("callback_url"), row.flag("active") is not False, plain | fields)
