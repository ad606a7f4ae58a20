"""Cancelling: queued messages out of the outbox, one or a whole campaign. What has left is never called back."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from invy.domain.errors import InvalidInput
from invy.domain.ids import EventId
from invy.domain.state import State
from invy.store.overview import Filter
from invy.web.api import shown
from invy.web.api.fields import EventName, Name
from invy.web.api.shown import MessageShown
from invy.web.caller import TheHouse, TheToken
from invy.web.described import ALWAYS, CONFLICT, NOT_FOUND, WITH_BODY
from invy.web.problem import Refusal

router = APIRouter()


class Reason(BaseModel):
    """Why a person takes messages back. Kept with each of them."""

    model_config = ConfigDict(extra="forbid")

    note: Name | None = Field(default=None, examples=["the date has changed"])


class CampaignCancelled(BaseModel):
    """What was taken out of the outbox, and where all messages of the campaign stand now."""

    campaign_id: str
    cancelled: int
    states: dict[State, int] = Field(description="How many messages are in each state.")


@router.post(
    "/messages/{message_id}/cancel",
    tags=["messages"],
    summary="Take a queued message out of the outbox",
    responses={**ALWAYS, **WITH_BODY, 404: NOT_FOUND, 409: CONFLICT},
)
async def message(
    house: TheHouse,
    token: TheToken,
    message_id: Annotated[Name, Path(description="Our id: what is queued has no wamid yet.")],
    reason: Reason | None = None,
) -> MessageShown:
    """It is never sent, and the guest can be invited anew. 409 when it is not queued any more."""
    try:
        cancelled = await house.cancelling.message(message_id, by=token.name, note=_note(reason))
    except InvalidInput as late:
        raise Refusal(
            409, "conflict", late.message, hint="See GET /messages/{id} for what became of it."
        ) from None
    return shown.message(cancelled)


@router.post(
    "/events/{event_id}/campaigns/{template_key}/cancel",
    tags=["events"],
    summary="Take all that is queued of a campaign out of the outbox",
    responses={**ALWAYS, **WITH_BODY, 404: NOT_FOUND},
)
async def campaign(
    house: TheHouse,
    token: TheToken,
    event_id: EventName,
    template_key: Annotated[
        Name, Path(description="The template that was sent.", examples=["hina_invitation"])
    ],
    reason: Reason | None = None,
) -> CampaignCancelled:
    """Those guests count as not invited; starting the campaign again invites them."""
    found = await house.campaign_store.started(EventId(event_id), template_key)
    cancelled = await house.cancelling.campaign(found.id, by=token.name, note=_note(reason))
    states = await house.overview.counts(Filter(campaign_id=found.id))
    return CampaignCancelled(campaign_id=found.id, cancelled=cancelled, states=states)


def _note(reason: Reason | None) -> str | None:
    return None if reason is None else reason.note
