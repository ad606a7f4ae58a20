"""`/messages/{name}/why` and `/events/{event_id}/unreached`: verdicts, one by one and in groups."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from invy.diagnose.finding import Confidence, Finding, MayResend
from invy.diagnose.groups import Group
from invy.diagnose.verdict import Verdict
from invy.domain.errors import NotFound, Side
from invy.domain.ids import EventId, MessageId
from invy.engine.why import Unreached
from invy.meta.catalogue_row import Lang
from invy.store.overview import Filter
from invy.web.api import shown
from invy.web.api.fields import EventName, Name
from invy.web.api.shown import MessageShown
from invy.web.caller import TheHouse, TheToken
from invy.web.described import ALWAYS, NOT_FOUND

router = APIRouter()

Language = Annotated[Lang, Query(description="The language of the sentences.")]


class VerdictShown(BaseModel):
    """Why a message is where it is. Sentences are in the language asked for; everything else is for programs."""

    lang: Lang
    finding: Finding = Field(description="The kind of verdict; docs/why.md lists them all.")
    reached: bool
    code: int | None = Field(description="Meta's error code, where one is at the bottom of it.")
    label: str | None = Field(description="The code as a person writes it.", examples=["131026", "100/33"])
    headline: str
    why: str = Field(description="What the evidence shows and what most likely happened.")
    remarks: list[str]
    confidence: Confidence
    side: Side | None = Field(description="Who has to act; null when nobody has to.")
    since: datetime | None
    rests_on: list[int] = Field(description="The `id` of each decisive piece of evidence.")
    todo: str
    may_resend: MayResend
    resend_not_before: datetime | None
    phone_instead: bool = Field(description="Whether this guest is better telephoned.")


class DecisiveEvidence(BaseModel):
    """A piece of evidence that the verdict rests on."""

    id: int
    fact: shown.EvidenceShown


class WhyShown(BaseModel):
    """A message with the verdict on it."""

    message: MessageShown
    guest_name: str | None
    verdict: VerdictShown
    rests_on: list[DecisiveEvidence] = Field(description="In the order in which we learnt of it.")


class GroupShown(BaseModel):
    """Messages with the same trouble, and the one next step for all of them."""

    finding: Finding
    label: str | None = Field(description="Meta's code as a person writes it.", examples=["131026"])
    headline: str
    todo: str
    side: Side | None
    may_resend: MayResend
    remarks: list[str] = Field(
        description="What is known of the sender and the template that concerns all of them."
    )
    count: int
    phone_count: int = Field(description="How many of them are better telephoned.")


class TemplateUnreached(BaseModel):
    """The messages of one template that have not arrived."""

    template_key: str
    count: int
    groups: list[GroupShown] = Field(description="The largest first.")


class UnreachedShown(BaseModel):
    """Who was not reached, and what to do about it. A message that was sent again counts once, by its newest try."""

    event_id: str
    lang: Lang
    count: int
    templates: list[TemplateUnreached]


@router.get(
    "/messages/{name:path}/why",
    tags=["messages"],
    summary="Why a message did or did not arrive",
    responses={**ALWAYS, 404: NOT_FOUND},
)
async def why(
    house: TheHouse,
    _token: TheToken,
    name: Annotated[
        Name,
        Path(
            description="Our id or Meta's wamid (percent-encoded); or a guest's id or a number: the newest message."
        ),
    ],
    lang: Language = Lang.EN,
    look: Annotated[
        bool,
        Query(description="Also fetch the picture of the message, as Meta would: a request to its host."),
    ] = False,
) -> WhyShown:
    """The verdict: how sure it is, whose side it is on, what it rests on, what to do, whether to send again and when."""
    found = await house.why.explain(name, eyes=house.eyes if look else None)
    decisive = set(found.verdict.rests_on)
    facts = {each.id: each.fact for each in found.case.situation.exhibits if each.id in decisive}
    return WhyShown(
        message=shown.message(found.case.message),
        guest_name=found.case.guest_name,
        verdict=_verdict(found.verdict, lang),
        rests_on=[
            DecisiveEvidence.model_validate({"id": each, "fact": shown.evidence(fact)})
            for each, fact in facts.items()
        ],
    )


@router.get(
    "/events/{event_id}/unreached",
    tags=["events"],
    summary="Who was not reached, grouped by verdict",
    responses={**ALWAYS, 404: NOT_FOUND},
)
async def unreached(
    house: TheHouse, _token: TheToken, event_id: EventName, lang: Language = Lang.EN
) -> UnreachedShown:
    """Every message of the event that has not arrived, counted by what is to be done about it."""
    event = EventId(event_id)
    known = await house.guests.event(event) or await house.overview.page(Filter(event_id=event), limit=1)
    if not known:
        raise NotFound(f"There is no event {event_id!r}.", hint="Events are listed at /events.")
    found = await house.why.groups(event)
    return UnreachedShown(
        event_id=event,
        lang=lang,
        count=sum(each.count for each in found),
        templates=[_template(each, lang) for each in found],
    )


def _verdict(verdict: Verdict, lang: Lang) -> VerdictShown:
    return VerdictShown(
        lang=lang,
        finding=verdict.finding,
        reached=verdict.reached,
        code=verdict.code,
        label=verdict.label,
        headline=verdict.headline.say(lang),
        why=verdict.why.say(lang),
        remarks=[remark.say(lang) for remark in verdict.remarks],
        confidence=verdict.confidence,
        side=verdict.side,
        since=verdict.since,
        rests_on=list(verdict.rests_on),
        todo=verdict.todo.say(lang),
        may_resend=verdict.may_resend,
        resend_not_before=verdict.resend_not_before,
        phone_instead=verdict.phone_instead,
    )


def _template(found: Unreached, lang: Lang) -> TemplateUnreached:
    return TemplateUnreached(
        template_key=found.template_key,
        count=found.count,
        groups=[_group(group, lang) for group in found.groups],
    )


def _group(group: Group[MessageId], lang: Lang) -> GroupShown:
    return GroupShown(
        finding=group.finding,
        label=group.label,
        headline=group.headline.say(lang),
        todo=group.todo.say(lang),
        side=group.side,
        may_resend=group.may_resend,
        remarks=[remark.say(lang) for remark in group.remarks],
        count=group.count,
        phone_count=group.phone_count,
    )
