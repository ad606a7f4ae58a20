"""`/events`: the occasions, how far their invitations have come, and inviting everybody on the list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from invy.domain.campaign import LeftOut
from invy.domain.errors import NotFound
from invy.domain.guest import Event
from invy.domain.ids import EventId, TemplateKey
from invy.domain.state import State
from invy.store.overview import Filter
from invy.web.api.fields import EventName, Name, Value
from invy.web.caller import TheHouse, TheService, TheToken
from invy.web.described import ALWAYS, NOT_FOUND, WITH_BODY

router = APIRouter(prefix="/events", tags=["events"])

LEFT_OUT_SHOWN: Final = 1000


class EventShown(BaseModel):
    """An occasion that guests are invited to."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=["wedding"])
    name: str = Field(examples=["The wedding of Hina and Dan"])
    created_at: datetime


class EventList(BaseModel):
    """All of them, the oldest first."""

    events: list[EventShown]


class EventNaming(BaseModel):
    """What an event is called; its id, when it is not given."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = Field(default=None, examples=["The wedding of Hina and Dan"])


class FunnelShown(BaseModel):
    """How far the messages of one template have come. Each stage counts those that came so far or further."""

    model_config = ConfigDict(from_attributes=True)

    template_key: str
    queued: int = Field(description="All there are.")
    sent: int = Field(description="Accepted by Meta, whatever happened afterwards.")
    delivered: int
    read: int
    answered: int


class EventWithCounts(EventShown):
    """An event with what became of its messages."""

    guests: int = Field(description="How many are on the list.")
    states: dict[State, int] = Field(description="How many messages are in each state, of all templates.")
    funnels: list[FunnelShown] = Field(description="One per template, the first one sent first.")


class NewCampaign(BaseModel):
    """One template for everybody on the list."""

    model_config = ConfigDict(extra="forbid")

    template_key: Name = Field(examples=["hina_invitation"])
    params: dict[str, Value] = Field(
        default={},
        description="The same for all; each guest's own columns come first.",
        examples=[{"invitation_image_url": "https://images.example.com/invitation.jpg"}],
    )
    dry_run: bool = Field(default=False, description="Only say what would happen.")
    force: bool = Field(default=False, description="Include guests who stopped marketing messages.")
    again: list[int] = Field(
        default=[],
        max_length=100,
        description="Also those to whom Meta could not deliver with one of these codes, once its cause is mended.",
        examples=[[131053]],
    )
    preflight: bool = Field(default=True, description="First compare the template with what Meta has now.")


class LeftOutShown(BaseModel):
    """A guest who gets no message, and why."""

    model_config = ConfigDict(from_attributes=True)

    guest_id: str
    name: str
    phone: str
    reason: str
    hint: str
    kind: str


class CampaignShown(BaseModel):
    """What starting the campaign did or, after `dry_run`, would do."""

    campaign_id: str | None = Field(description="Null after `dry_run`.")
    dry_run: bool
    new: int = Field(description="Messages written to the outbox now.")
    already: int = Field(description="Guests who have this template for this event already.")
    left_out_count: int
    left_out: list[LeftOutShown] = Field(description=f"The first {LEFT_OUT_SHOWN} of them, with the reason.")
    first_request: dict[str, Any] | None = Field(
        description="After `dry_run`: the request that would be sent to Meta for the first guest."
    )


@router.get("", summary="List events", responses=ALWAYS)
async def every(house: TheHouse, _token: TheToken) -> EventList:
    """Without counts; those are at each event."""
    return EventList(events=[EventShown.model_validate(each) for each in await house.guests.events()])


@router.put(
    "/{event_id}",
    summary="Make or rename an event",
    responses={**ALWAYS, **WITH_BODY, 201: {"description": "It is new.", "model": EventShown}},
)
async def put(
    house: TheHouse, _token: TheToken, event_id: EventName, naming: EventNaming, response: Response
) -> EventShown:
    """The id is yours to choose. The same request again changes nothing."""
    known = await house.guests.event(EventId(event_id))
    if known is None:
        known = Event(EventId(event_id), naming.name or event_id, house.clock())
        await house.guests.put_event(known)
        response.status_code = 201
    elif naming.name is not None and naming.name != known.name:
        known = Event(known.id, naming.name, known.created_at)
        await house.guests.rename(known.id, known.name)
    return EventShown.model_validate(known)


@router.get("/{event_id}", summary="How far an event has come", responses={**ALWAYS, 404: NOT_FOUND})
async def one(house: TheHouse, _token: TheToken, event_id: EventName) -> EventWithCounts:
    """The event with the number of its guests and what became of its messages."""
    event = await house.guests.event(EventId(event_id))
    if event is None:
        raise NotFound(
            f"There is no event {event_id!r}.",
            hint="Make it with PUT; messages that carry an event id alone are at /messages?event=….",
        )
    which = Filter(event_id=event.id)
    return EventWithCounts(
        id=event.id,
        name=event.name,
        created_at=event.created_at,
        guests=await house.guests.count(event.id),
        states=await house.overview.counts(which),
        funnels=[FunnelShown.model_validate(each) for each in await house.overview.funnels(which)],
    )


@router.post(
    "/{event_id}/campaigns",
    status_code=202,
    summary="Invite everybody on the list",
    responses={
        **ALWAYS,
        **WITH_BODY,
        200: {"description": "After `dry_run`: nothing was written.", "model": CampaignShown},
        404: NOT_FOUND,
    },
)
async def campaign(
    house: TheHouse,
    service: TheService,
    _token: TheToken,
    event_id: EventName,
    new: NewCampaign,
    response: Response,
) -> CampaignShown:
    """Every guest gets the template at most once per event, however often this is called; later calls reach new guests."""
    if new.dry_run:
        response.status_code = 200
        preview = await house.campaigns.preview(
            EventId(event_id), TemplateKey(new.template_key), new.params, force=new.force, again=new.again
        )
        first = preview.first[0].payload if preview.first else None
        return CampaignShown(
            campaign_id=None,
            dry_run=True,
            new=preview.new,
            already=preview.already,
            left_out_count=preview.left_out_count,
            left_out=_left_out(preview.left_out),
            first_request=msgspec.json.decode(first) if first else None,
        )
    if new.preflight:
        await house.preflight(new.template_key)
    planned = await house.campaigns.start(
        EventId(event_id), TemplateKey(new.template_key), new.params, force=new.force, again=new.again
    )
    service.wake_sender()
    return CampaignShown(
        campaign_id=planned.campaign.id,
        dry_run=False,
        new=planned.new,
        already=planned.already,
        left_out_count=planned.left_out_count,
        left_out=_left_out(planned.left_out),
        first_request=None,
    )


def _left_out(found: Sequence[LeftOut]) -> list[LeftOutShown]:
    return [LeftOutShown.model_validate(each) for each in found[:LEFT_OUT_SHOWN]]
