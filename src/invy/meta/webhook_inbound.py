"""What guests send: one item of `messages[]`, of any type, as far as it touches invitations."""

from collections.abc import Mapping
from datetime import datetime

from invy.domain.ids import Wamid
from invy.domain.inbound import Inbound, NumberChanged
from invy.domain.notice import Notice
from invy.meta import loose
from invy.meta.webhook_json import written
from invy.meta.webhook_people import CHANGED_USER_ID, changed_user_id

_WORDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # Type: where the guest's words stand, and where the payload or id of what was pressed stands.
    "text": (("text.body",), ()),
    "button": (("button.text",), ("button.payload",)),
    "interactive": (
        ("interactive.button_reply.title", "interactive.list_reply.title", "interactive.nfm_reply.body"),
        (
            "interactive.button_reply.id",
            "interactive.list_reply.id",
            "interactive.nfm_reply.response_json",
        ),
    ),
    "reaction": (("reaction.emoji",), ()),
    "image": (("image.caption",), ()),
    "video": (("video.caption",), ()),
    "document": (("document.caption", "document.filename"), ()),
    "location": (("location.name", "location.address"), ()),
    "system": (("system.body",), ()),
    "contacts": (("contacts.0.name.formatted_name",), ()),
    "order": (("order.text",), ()),
    "edit": (
        (
            "edit.message.text.body",
            "edit.message.image.caption",
            "edit.message.video.caption",
            "edit.message.document.caption",
        ),
        (),
    ),
}
_CONTEXTS = ("context.id", "reaction.message_id", "edit.message.context.id")
"""Where the message of ours stands that this one answers."""


def read_message(message: object, heard_at: datetime) -> Inbound | NumberChanged | Notice | None:
    """One inbound message; None when it has no id or no type."""
    wamid, kind = loose.name(loose.at(message, "id")), loose.name(loose.at(message, "type"))
    if wamid is None or kind is None:
        return None
    at = loose.moment(loose.at(message, "timestamp"), heard_at) or heard_at
    sender = loose.name(loose.at(message, "from"))
    if kind == "system" and loose.at(message, "system.type") == "user_changed_number":
        # Older payloads spell the new number `new_wa_id`.
        new = loose.name(loose.at(message, "system.wa_id")) or loose.name(
            loose.at(message, "system.new_wa_id")
        )
        return NumberChanged(Wamid(wamid), at, heard_at, old=sender, new=new)
    if kind == "system" and loose.at(message, "system.type") == CHANGED_USER_ID:
        old_id, new_id = changed_user_id(message)
        raw = written({"field": "messages", "value": {"messages": [message]}})
        return Notice("messages", at, heard_at, old_id, None, CHANGED_USER_ID, None, new_id, raw)
    words, payloads = _WORDS.get(kind, ((), ()))
    context = next((name for path in _CONTEXTS if (name := loose.name(loose.at(message, path)))), None)
    return Inbound(
        wamid=Wamid(wamid),
        at=at,
        heard_at=heard_at,
        kind=kind,
        sender=sender,
        user_id=loose.user_id(loose.at(message, "from_user_id")),
        text=loose.first(message, words),
        payload=loose.first(message, payloads),
        context=Wamid(context) if context is not None else None,
    )
