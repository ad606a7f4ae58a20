"""`/messages`: send one, list them, look at one with its evidence."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from invy.app.house import House
from invy.domain.errors import InvalidInput, NotFound, OptedOut
from invy.domain.ids import EventId, MessageId
from invy.domain.message import Draft, Message
from invy.domain.phone import parse
from invy.domain.state import State
from invy.store.overview import Filter
from invy.web.api import shown
from invy.web.api.fields import PAGE, Cursor, Limit, Moment, Name, Number
from invy.web.api.shown import MessageShown, MessageWithEvidence
from invy.web.caller import TheHouse, TheService, TheToken
from invy.web.described import ALWAYS, CONFLICT, NOT_FOUND, WITH_BODY
from invy.web.problem import Refusal

router = APIRouter(prefix="/messages", tags=["messages"])

LONGEST_WAIT_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.1
_OPAQUE: Final = "biz_opaque_callback_data"


class NewMessage(BaseModel):
    """One template for one number."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "template_key": "hina_invitation",
                    "to": "+447700900123",
                    "params": {
                        "contact_name": "איילה חורב",
                        "invitation_image_url": "https://images.example.com/invitation.jpg",
                    },
                    "event_id": "wedding",
                }
            ]
        },
    )

    template_key: Name = Field(description="The entry in the template file.", examples=["hina_invitation"])
    to: Number
    params: dict[str, JsonValue] = Field(
        default={}, description="A value for each parameter of the template."
    )
    event_id: Name | None = Field(
        default=None, description="Also fills the template where its entry asks for it."
    )
    guest_id: Name | None = None
    once: bool = Field(
        default=False,
        description="Send this template to this number only once for this event, however often asked.",
    )
    force: bool = Field(default=False, description="Send although the guest has stopped marketing messages.")


class MessagePage(BaseModel):
    """Messages, newest first."""

    messages: list[MessageShown]
    next: str | None = Field(description="The cursor of the following page; null after the last.")


IdempotencyKey = Annotated[
    Name | None,
    Header(
        description="A key of your own for this request. The same request under the same key is one message, "
        "for ever; another request under it is refused with 409."
    ),
]


@router.post(
    "",
    status_code=202,
    summary="Send a message",
    responses={
        **ALWAYS,
        **WITH_BODY,
        200: {"description": "It was asked for before: the message as it stands.", "model": MessageShown},
        404: NOT_FOUND,
        409: CONFLICT,
    },
)
async def send(
    *,
    house: TheHouse,
    service: TheService,
    token: TheToken,
    new: NewMessage,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    wait: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT_S, description="Answer when Meta has, or after so many seconds.")
    ] = 0,
) -> MessageShown:
    """Writes the message durably and answers 202; it is sent as soon as pace and holds allow.

    `queued` in the answer is the usual case. What becomes of it: `GET /messages/{id}`.
    """
    draft = _draft(house, new, token.id, idempotency_key)
    if not new.force and await house.guests.opted_out([draft.to]):
        raise OptedOut(
            "The guest has stopped marketing messages from your business.",
            hint="Reach the guest another way, or say force if this is not marketing.",
        )
    if await house.outbox.enqueue_one(draft):
        service.wake_sender()
        message_id = draft.id
    else:
        message_id = await _asked_before(house, draft, idempotency_key)
        response.status_code = 200
    return shown.message(await _followed(house, message_id, wait))


def _draft(house: House, new: NewMessage, token_id: str, key: str | None) -> Draft:
    if new.once and key is not None:
        raise InvalidInput(
            "`once` and Idempotency-Key exclude each other.",
            hint="Either alone keeps a message from being sent twice.",
        )
    if new.once and new.event_id is None:
        raise InvalidInput("`once` needs an event_id.", hint="A guest is invited once per event.")
    phone = parse(new.to, house.settings.default_region)
    draft = house.composer.draft(
        new.template_key,
        phone.e164,
        new.params,
        event_id=new.event_id,
        guest_id=new.guest_id,
        once=new.once,
    )
    # No event has an empty id, so this can be no invitation's key.
    return replace(draft, once_key=f"\x1fkey\x1f{token_id}\x1f{key}") if key is not None else draft


async def _asked_before(house: House, draft: Draft, key: str | None) -> MessageId:
    """The message under the draft's key.

    Raises:
        Refusal: 409, when another message was asked for under the same Idempotency-Key.
    """
    assert draft.once_key is not None
    message_id = await house.overview.under(draft.once_key)
    if message_id is None:
        raise Refusal(409, "conflict", "The message under this key is being written.", hint="Ask again.")
    if key is not None and _content(await house.overview.payload(message_id)) != _content(draft.payload):
        raise Refusal(
            409,
            "idempotency-key-reused",
            "This Idempotency-Key belongs to another message.",
            hint="Use a new key for a new message.",
        )
    return message_id


def _content(payload: bytes) -> dict[str, Any]:
    """What a request says, without the message id that travels in it."""
    content: dict[str, Any] = msgspec.json.decode(payload)
    content.pop(_OPAQUE, None)
    return content


async def _followed(house: House, message_id: MessageId, wait_s: float) -> Message:
    """The message when its request has been answered, or when the time is over."""
    end = asyncio.get_running_loop().time() + wait_s
    while True:
        found = await house.overview.find(message_id)
        assert found is not None
        over = asyncio.get_running_loop().time() >= end
        if over or found.state not in (State.QUEUED, State.SENDING):
            return found
        await asyncio.sleep(_LOOK_EVERY_S)


@router.get("", summary="List messages", responses=ALWAYS)
async def page(
    *,
    house: TheHouse,
    _token: TheToken,
    event: Annotated[Name | None, Query(description="Of this event.")] = None,
    status: Annotated[
        list[State] | None, Query(description="In any of these states; may be repeated.")
    ] = None,
    since: Annotated[Moment | None, Query(description="Made at or after this time.")] = None,
    to: Annotated[str | None, Query(max_length=64, description="To this number, in any form.")] = None,
    guest: Annotated[Name | None, Query(description="To this guest.")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE,
) -> MessagePage:
    """Newest first. Everything given must hold."""
    which = Filter(
        event_id=EventId(event) if event is not None else None,
        states=frozenset(status or ()),
        since=since,
        to=parse(to, house.settings.default_region).e164 if to is not None else None,
        guest_id=guest,
    )
    after = MessageId(cursor) if cursor is not None else None
    found = await house.overview.page(which, after=after, limit=limit + 1)
    more = len(found) > limit
    return MessagePage(
        messages=[shown.message(each) for each in found[:limit]], next=found[limit - 1].id if more else None
    )


@router.get("/{name:path}", summary="One message with its evidence", responses={**ALWAYS, 404: NOT_FOUND})
async def one(
    house: TheHouse,
    _token: TheToken,
    name: Annotated[Name, Path(description="Our id, or Meta's wamid, which may contain a slash.")],
) -> MessageWithEvidence:
    """Everything known about a message: our attempts, Meta's receipts, the guest's replies."""
    found = await house.overview.find(name)
    if found is None:
        raise NotFound("There is no message of that id.", hint="It takes Invy's own id, or Meta's wamid.")
    return shown.with_evidence(found, await house.overview.timeline(found.id))
