"""`/events/{event_id}/guests`: who is on the list, and putting more on it from JSON or from a file as it is."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from invy.domain.errors import NotFound
from invy.domain.guest import Event
from invy.domain.ids import EventId, GuestId
from invy.engine import guest_list
from invy.roster import read
from invy.store.guests import FIRST
from invy.web.api.fields import PAGE, Cursor, EventName, Limit
from invy.web.api.listed import GuestList, ImportShown, judged, report, useless
from invy.web.caller import TheHouse, TheToken
from invy.web.described import ALWAYS, NOT_FOUND, TOO_LARGE
from invy.web.problem import Complaint, Refusal

router = APIRouter(prefix="/events/{event_id}/guests", tags=["guests"])

_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class GuestShown(BaseModel):
    """A person on the list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str = Field(examples=["איילה חורב"])
    phone: str = Field(description="E.164.", examples=["+447700900123"])
    params: Mapping[str, str] = Field(description="The further columns of the list.")
    created_at: datetime


class GuestPage(BaseModel):
    """Guests in the order in which they were added."""

    guests: list[GuestShown]
    next: str | None = Field(description="The cursor of the following page; null after the last.")


@router.get("", summary="List guests", responses={**ALWAYS, 404: NOT_FOUND})
async def page(
    house: TheHouse, _token: TheToken, event_id: EventName, cursor: Cursor = None, limit: Limit = PAGE
) -> GuestPage:
    """The oldest first."""
    event = EventId(event_id)
    after = GuestId(cursor) if cursor is not None else FIRST
    found = await house.guests.page(event, after=after, limit=limit + 1)
    if not found and await house.guests.event(event) is None:
        raise NotFound(f"There is no event {event_id!r}.", hint="Make it with PUT, or post guests to it.")
    return GuestPage(
        guests=[GuestShown.model_validate(each) for each in found[:limit]],
        next=found[limit - 1].id if len(found) > limit else None,
    )


@router.post(
    "",
    summary="Put guests on the list",
    responses={**ALWAYS, 413: TOO_LARGE},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "A JSON list, or a file as it is: CSV, XLSX, ODS or vCard, up to 32 MiB.",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/GuestList"}},
                "text/csv": _FILE,
                _XLSX: _FILE,
                "application/octet-stream": _FILE,
            },
        }
    },
)
async def add(
    request: Request,
    house: TheHouse,
    _token: TheToken,
    event_id: EventName,
    filename: Annotated[str, Query(max_length=255, description="What the file is called.")] = "guests",
) -> ImportShown:
    """Takes every good row and tells of every other one. A number that is on the list already keeps its guest.

    An event that does not exist yet is made.
    """
    body = await request.body()
    region = house.settings.default_region
    if _is_json(request):
        roster = judged(_guest_list(body), region)
    else:
        roster = await asyncio.to_thread(read, body, filename, region)
    if troubles := useless(roster):
        raise Refusal(
            422,
            "list-unreadable",
            troubles[0].reason,
            hint=troubles[0].suggestion,
            errors=[Complaint(where=filename, message=each.reason) for each in troubles],
        )
    event = Event(EventId(event_id), event_id, house.clock())
    done = await guest_list.enter(house.guests, event, roster.guests, clock=house.clock, new_id=house.new_id)
    return report(roster, done)


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json"


def _guest_list(body: bytes) -> GuestList:
    try:
        return GuestList.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_input=False)]
        ) from None
