"""`GET /{phone-number-id}/message_history` and its events: what Meta knows of each message, and of telling us.

Not every account may use it; a scenario can take the permission away.
"""

from typing import Any
from zlib import crc32

from invy.simulator.exchange import Answer, Request
from invy.simulator.graph.form import base_of, fields_of, page
from invy.simulator.ledger import Happening, Message
from invy.simulator.news import Sender
from invy.simulator.refusal import FAULTS, Refusal
from invy.simulator.world import World

_LARGEST = 100


def history_id(message: Message) -> str:
    """A number that stands for the history of one message."""
    return f"77{crc32(message.wamid.encode()):010d}{message.nth:03d}"


def message_history(world: World, request: Request, sender: Sender) -> Answer:
    """The messages of a number, or the one of `message_id`, newest first."""
    _check_allowed(world)
    names = fields_of(request, ("id", "message_id", "events"), ("id", "message_id"))
    wamid = request.query.get("message_id")
    if wamid:
        found = world.ledger.messages.get(wamid)
        if found is None:
            raise Refusal(
                100,
                message="The requested message_id was not found in the message history",
                http=422,
                kind="GraphMethodException",
            )
        rows = [found]
    else:
        rows = list(world.ledger)
        if len(world.senders) > 1:
            rows = [each for each in rows if each.phone_number_id == sender.phone_number_id]

    def show(message: Message) -> dict[str, Any]:
        row: dict[str, Any] = {"id": history_id(message), "message_id": message.wamid}
        if "events" in names:
            row["events"] = {"data": [_event(world, message, each) for each in message.happenings]}
        return row

    return Answer.of(page(request, rows, show, base=base_of(request), largest=_LARGEST, newest_first=True))


def _event(world: World, message: Message, happening: Happening) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": _event_id(message, happening),
        "delivery_status": happening.status.value.upper(),
        "timestamp": int(happening.at),
    }
    if happening.code is not None:
        row["error_description"] = FAULTS[happening.code].title
    if happening.webhook_state is not None and world.herald.subscription is not None:
        row["webhook_update_state"] = happening.webhook_state
        row["webhook_uri"] = world.herald.subscription.callback_url
        row["application"] = {"id": world.account.app_id}
    return row


def _event_id(message: Message, happening: Happening) -> str:
    return f"88{crc32(f'{message.wamid}{happening.status}'.encode()):012d}"


def history_events(world: World, request: Request, history: str) -> Answer | None:
    """`GET /{message-history-id}/events`; None when there is no such history."""
    message = next((each for each in world.ledger if history_id(each) == history), None)
    if message is None:
        return None
    _check_allowed(world)
    wanted = request.query.get("status_filter")

    def show(happening: Happening) -> dict[str, Any]:
        node: dict[str, Any] = {
            "id": _event_id(message, happening),
            "delivery_status": happening.status.value.upper(),
            "occurrence_timestamp": int(happening.at),
            "status_timestamp": int(happening.at),
            "application": {"id": world.account.app_id, "name": "Invy Simulator App"},
        }
        if happening.code is not None:
            node["error_description"] = FAULTS[happening.code].title
        return {"cursor": _event_id(message, happening), "node": node}

    rows = [each for each in message.happenings if wanted in {None, each.status.value.upper()}]
    return Answer.of(page(request, rows, show, base=base_of(request), largest=_LARGEST))


def _check_allowed(world: World) -> None:
    if not world.history_allowed:
        raise Refusal(
            200,
            message="(#200) Your app doesn't have permission to access message history for this phone number",
            subcode=1349174,
        )
