"""Starting a campaign: every guest of an event gets one message in the outbox, in one transaction.

At most once per event, template and number: starting again adds only those who are new, and those whose request Meta
refused for something that can be changed: they were certainly sent nothing. Those to whom Meta could not deliver are
invited again where a person says so, once the cause is mended. Streamed: a list of a million guests is never
held at once. A guest whose parameters are missing or who has opted out is left out, with the reason.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol

from invy.domain.campaign import Again, Campaign, LeftOut, Planned, Preview
from invy.domain.errors import InvalidInput, NotFound
from invy.domain.guest import Guest
from invy.domain.ids import CampaignId, EventId, MessageId, TemplateKey, new_id
from invy.domain.message import Draft
from invy.domain.phone import E164
from invy.engine.again import again as failures
from invy.engine.again import may_be
from invy.engine.compose import Composer
from invy.meta import catalogue
from invy.meta.catalogue_row import Retry

LEFT_OUT_SHOWN = 10_000
"""How many guests who were left out are named; all are counted."""


class GuestsPort(Protocol):
    def pages(self, event_id: EventId, size: int = 1000) -> AsyncIterator[list[Guest]]: ...
    async def count(self, event_id: EventId) -> int: ...
    async def opted_out(self, phones: Sequence[E164]) -> set[E164]: ...


class CampaignsPort(Protocol):
    async def put(self, campaign: Campaign) -> Campaign: ...
    async def refused(self, once_keys: Collection[str], codes: Collection[int]) -> set[str]: ...
    async def give_back(self, campaign_id: CampaignId, codes: Collection[int]) -> int: ...
    async def of_event(self, event_id: EventId) -> Sequence[Campaign]: ...
    async def undelivered(self, campaign_id: CampaignId) -> Mapping[int, int]: ...
    async def undelivered_among(
        self, campaign_id: CampaignId, phones: Collection[E164], again: Collection[Again]
    ) -> dict[E164, MessageId]: ...
    async def give_back_undelivered(self, campaign_id: CampaignId, again: Collection[Again]) -> None: ...


class PlanPort(Protocol):
    """The part of the outbox in which campaigns are written."""

    async def enqueue(self, drafts: AsyncIterable[Sequence[Draft]]) -> int: ...
    async def known(self, once_keys: Collection[str]) -> set[str]: ...


@dataclass(slots=True)
class _Tally:
    seen: int = 0
    left_out_count: int = 0
    left_out: list[LeftOut] = field(default_factory=list)

    def leave_out(self, one: LeftOut) -> None:
        self.left_out_count += 1
        if len(self.left_out) < LEFT_OUT_SHOWN:
            self.left_out.append(one)


@cache
def _may_change() -> frozenset[int]:
    """The codes after which the same guest may be sent a message again, now, later or once something is changed."""
    plain = (row for row in catalogue.all_rows() if row.subcode is None and row.until is None)
    return frozenset(row.code for row in plain if row.retry is not Retry.NEVER)


class Campaigns:
    """The use-case of inviting a whole list."""

    def __init__(
        self, guests: GuestsPort, campaigns: CampaignsPort, outbox: PlanPort, composer: Composer
    ) -> None:
        self._guests = guests
        self._campaigns = campaigns
        self._outbox = outbox
        self._composer = composer

    async def start(
        self,
        event_id: EventId,
        template_key: TemplateKey,
        common: Mapping[str, str],
        *,
        force: bool = False,
        again: Collection[int] = (),
        progress: Callable[[int], None] | None = None,
    ) -> Planned:
        """Write the invitations of an event to the outbox. `force` includes guests who opted out of marketing.

        `again` are codes of Meta's: those whose message failed with one of them are invited anew.

        Raises:
            NotFound: no such template, or nobody on the list.
            InvalidInput: after one of these codes nobody is to be invited again.
            StoreUnavailable: nothing was written.
        """
        await self._require(event_id, template_key)
        meant = failures(again, self._composer.clock())
        campaign = await self._campaigns.put(self._fresh(event_id, template_key))
        # On its own: should writing the invitations fail, starting again goes on where this ended.
        await self._campaigns.give_back(campaign.id, _may_change())
        if meant:
            await self._campaigns.give_back_undelivered(campaign.id, meant)
        tally = _Tally()
        new = await self._outbox.enqueue(
            self._drafts(campaign, common, tally, force=force, again=meant, progress=progress)
        )
        already = tally.seen - tally.left_out_count - new
        return Planned(campaign, new, already, tuple(tally.left_out), tally.left_out_count)

    async def preview(
        self,
        event_id: EventId,
        template_key: TemplateKey,
        common: Mapping[str, str],
        *,
        force: bool = False,
        again: Collection[int] = (),
        show: int = 1,
    ) -> Preview:
        """What `start` would do, with the first `show` messages. Nothing is written.

        Raises:
            NotFound: no such template, or nobody on the list.
            InvalidInput: after one of these codes nobody is to be invited again.
        """
        await self._require(event_id, template_key)
        meant = failures(again, self._composer.clock())
        tally = _Tally()
        first: list[Draft] = []
        new = 0
        begun = {each.template_key: each for each in await self._campaigns.of_event(event_id)}
        campaign = begun.get(template_key) or self._fresh(event_id, template_key)
        async for chunk in self._drafts(campaign, common, tally, force=force, again=meant, progress=None):
            keys = [draft.once_key for draft in chunk if draft.once_key]
            there = await self._outbox.known(keys)
            there -= await self._campaigns.refused(there, _may_change())
            fresh = [draft for draft in chunk if draft.once_key not in there or draft.retry_of is not None]
            new += len(fresh)
            first.extend(fresh[: show - len(first)])
        already = tally.seen - tally.left_out_count - new
        return Preview(new, already, tuple(tally.left_out), tally.left_out_count, tuple(first))

    async def undelivered(self, campaign_id: CampaignId) -> Mapping[int, int]:
        """How many guests may be invited again once the cause is mended, by the code with which their message failed."""
        found = await self._campaigns.undelivered(campaign_id)
        return {code: count for code, count in found.items() if may_be(code)}

    async def _require(self, event_id: EventId, template_key: TemplateKey) -> None:
        self._composer.registry.get(template_key)
        if not await self._guests.count(event_id):
            raise NotFound(
                f"There are no guests on the list of event {event_id!r}.",
                hint=f"Import them first: invy guests import FILE --event {event_id}",
            )

    def _fresh(self, event_id: EventId, template_key: TemplateKey) -> Campaign:
        now = self._composer.clock()
        return Campaign(CampaignId(new_id(now, self._composer.randomness)), event_id, template_key, now)

    async def _drafts(
        self,
        campaign: Campaign,
        common: Mapping[str, str],
        tally: _Tally,
        *,
        force: bool,
        again: Collection[Again],
        progress: Callable[[int], None] | None,
    ) -> AsyncIterator[Sequence[Draft]]:
        async for page in self._guests.pages(campaign.event_id):
            stopped = set() if force else await self._guests.opted_out([guest.phone for guest in page])
            chunk = []
            for guest in page:
                made = self._draft(campaign, guest, common, opted_out=guest.phone in stopped)
                if isinstance(made, Draft):
                    chunk.append(made)
                else:
                    tally.leave_out(made)
            if again:
                failed = await self._campaigns.undelivered_among(
                    campaign.id, [draft.to for draft in chunk], again
                )
                chunk = [
                    replace(draft, retry_of=failed[draft.to]) if draft.to in failed else draft
                    for draft in chunk
                ]
            tally.seen += len(page)
            if progress is not None:
                progress(tally.seen)
            yield chunk

    def _draft(
        self, campaign: Campaign, guest: Guest, common: Mapping[str, str], *, opted_out: bool
    ) -> Draft | LeftOut:
        if opted_out:
            return LeftOut(
                guest.id,
                guest.name,
                guest.phone,
                "has stopped marketing messages from your business",
                "Reach this guest another way, or send with --force if this is not marketing.",
                "opted-out",
            )
        try:
            return self._composer.for_guest(campaign.template_key, guest, common, campaign_id=campaign.id)
        except NotFound:
            raise
        except InvalidInput as error:
            return LeftOut(guest.id, guest.name, guest.phone, error.message, error.hint, error.kind)
