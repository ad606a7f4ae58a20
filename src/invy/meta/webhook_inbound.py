"""What guests send: one item of `messages[]`, of any type, as far as it touches invitations."""

from collections.abc import Mapping
from datetime import datetime

from invy.domain.ids import Wamid
from invy.domain.inbound import Inbound, NumberChanged
from invy.meta import loose

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
    "edit": (("edit.message.text.body",), ()),
}
_CONTEXTS = ("context.id", "reaction.message_id")
"""Where the message of ours stands that this one answers."""


def read_message(message: object, heard_at: datetime) -> Inbound | NumberChanged | None:
    """One inbound message; None when it has no id or no type."""
    wamid, kind = loose.text(loose.at(message, "id")), loose.text(loose.at(message, "type"))
    if wamid is None or kind is None:
        return None
    at = loose.moment(loose.at(message, "timestamp")) or heard_at
    sender = loose.text(loose.at(message, "from"))
    if kind == "system" and loose.at(message, "system.type") == "user_changed_number":
        # Older payloads spell the new number `new_wa_id`.
        new = loose.text(loose.at(message, "system.wa_id")) or loose.text(
            loose.at(message, "system.new_wa_id")
        )
        return NumberChanged(Wamid(wamid), at, heard_at, old=sender, new=new)
    words, payloads = _WORDS.get(kind, ((), ()))
    context = _first(message, _CONTEXTS)
    return Inbound(
        wamid=Wamid(wamid),
        at=at,
        heard_at=heard_at,
        kind=kind,
        sender=sender,
        user_id=loose.text(loose.at(message, "from_user_id")),
        text=_first(message, words),
        payload=_first(message, payloads),
        context=Wamid(context) if context is not None else None,
    )


def _first(message: object, paths: tuple[str, ...]) -> str | None:
    return next((found for path in paths if (found := loose.text(loose.at(message, path)))), None)
