"""One run of `invy campaign send`: planned in one transaction, seen off, watched, and told guest by guest."""

import json
import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from invy.app.house import House
from invy.cli import cell, departure, hold_words, interruption, output, parameters
from invy.cli import event as events
from invy.cli.departure import Counts, Ended, Errand, Patience
from invy.cli.exit_code import ExitCode
from invy.cli.progress import Bars
from invy.cli.unreached import by_reason
from invy.domain.campaign import Campaign, LeftOut, Planned
from invy.domain.errors import TryLater
from invy.domain.ids import CampaignId, EventId, SenderId, TemplateKey
from invy.domain.state import State
from invy.engine.campaign import Campaigns
from invy.engine.compose import Composer
from invy.meta import catalogue
from invy.meta.catalogue_words import resend
from invy.store.strangers import queued_for_others

PATIENCE_S = 120.0
"""How long nothing may move before this process leaves the rest to a service."""

QUEUED = "queued"


@dataclass(frozen=True, slots=True)
class CampaignRun:
    """What was asked for. `wait_s` is None without --wait."""

    event: str
    template_key: str
    params: dict[str, str]
    first: int
    force: bool
    again: tuple[int, ...]
    preflight: bool
    wait_s: float | None
    as_json: bool

    async def rehearse(self, house: House) -> ExitCode:
        """Say what would happen. Needs no access token."""
        event_id = await self._event(house)
        sender_id = SenderId(house.settings.phone_number_id or "")
        composer = Composer(house.templates, sender_id, house.clock, os.urandom)
        self._warn(composer)
        campaigns = Campaigns(house.guests, house.campaign_store, house.outbox, composer)
        found = await campaigns.preview(
            event_id,
            TemplateKey(self.template_key),
            self.params,
            force=self.force,
            again=self.again,
            show=self.first,
        )
        if self.as_json:
            output.json_document(
                self._head(event_id)
                | {
                    "dry_run": True,
                    "new": found.new,
                    "already": found.already,
                    "left_out_count": found.left_out_count,
                    "left_out": [_left_out(one) for one in found.left_out],
                    "requests": [json.loads(draft.payload) for draft in found.first],
                }
            )
        else:
            output.say(
                f"{cell.count(found.new, 'guest')} would be invited; "
                f"{cell.count(found.already, 'guest')} already are; {_left(found.left_out_count)}."
            )
            _show_left_out(found.left_out, found.left_out_count, talk=True)
            for draft in found.first:
                output.request(draft.payload)
        return ExitCode.FINDINGS if found.left_out_count else ExitCode.OK

    async def carry_out(self, house: House) -> ExitCode:
        event_id = await self._event(house)
        self._warn(house.composer)
        if self.wait_s is not None and not await departure.hears(house):
            raise TryLater(
                "Nothing was sent: no service is running, so nobody would hear what becomes of the messages.",
                hint="Start `invy serve` first, or leave --wait out and look later with `invy status EVENT`.",
            )
        if self.preflight and (unseen := await house.preflight(self.template_key)) is not None:
            output.say(f"The template could not be compared with Meta's: {unseen}.", style="yellow")
        planned = await house.campaigns.start(
            event_id, TemplateKey(self.template_key), self.params, force=self.force, again=self.again
        )
        output.say(
            f"{cell.count(planned.new, 'invitation')} queued; "
            f"{cell.count(planned.already, 'guest')} already invited; {_left(planned.left_out_count)}."
        )
        errand = Errand(house.sender_id, planned.campaign.template_key, campaign_id=planned.campaign.id)
        await self._say_strangers(house, errand)
        ended, settled = await self._watch(house, errand)
        counts = await house.overview.counts(errand.invited)
        await self._tell(house, planned, errand, counts, ended)
        return _code(planned, counts, ended, settled=settled)

    async def _say_strangers(self, house: House, errand: Errand) -> None:
        """Invitations are written for one number and leave from no other; without a word they would wait for ever."""
        others = await queued_for_others(
            house.database, errand.campaign_id or CampaignId(""), errand.sender_id
        )
        for sender_id, number in others.items():
            output.say(
                f"{cell.count(number, 'invitation')} of this campaign {'was' if number == 1 else 'were'} written for the "
                f"business phone number {sender_id} and {'does' if number == 1 else 'do'} not leave from "
                f"{errand.sender_id}, which is in the settings now.\n"
                f"  To send from {sender_id}: set WHATSAPP_PHONE_NUMBER_ID back to it and run this again.\n"
                f"  To send from {errand.sender_id}: invy campaign cancel {self.event.strip()} {self.template_key}, "
                "then run this again.",
                style="yellow",
            )

    async def _event(self, house: House) -> EventId:
        event_id = EventId(self.event.strip())
        if not await house.guests.count(event_id):
            await events.known(
                house, event_id
            )  # a misspelt event is told as such; an empty one by the planner
        return event_id

    def _warn(self, composer: Composer) -> None:
        template = composer.registry.get(self.template_key)
        for sentence in parameters.strangers(template, self.params):
            output.say(sentence, style="yellow")

    async def _watch(self, house: House, errand: Errand) -> tuple[Ended | None, bool]:
        """See them off and wait, as asked. None when that is left to the service that is running."""
        if self.wait_s is None and await departure.works(house):
            return None, True
        # Where the pace itself is one message in minutes, minutes without one are no standstill.
        patience = Patience(unmoved_s=max(PATIENCE_S, 2 / house.settings.send_rate))
        async with interruption.stoppable() as stop:
            with Bars(quiet=False) as bars:
                ended = await departure.see_off(
                    house,
                    errand,
                    bars.update,
                    patience,
                    stop,
                    tell_rest=lambda until: bars.say(departure.rest_words(until)),
                )
                if self.wait_s is None or ended is not Ended.GONE:
                    return ended, True
                settled = await departure.wait_for(
                    house, errand, bars.update, _settled, stop, timeout_s=self.wait_s
                )
        return (Ended.INTERRUPTED if stop.is_set() and not settled else ended), settled

    async def _tell(
        self, house: House, planned: Planned, errand: Errand, counts: Counts, ended: Ended | None
    ) -> None:
        holds = await departure.holds_on(house, errand)
        campaigns = hold_words.by_id([planned.campaign])
        undelivered = await house.campaigns.undelivered(planned.campaign.id)
        if self.as_json:
            output.json_document(
                self._head(planned.campaign.event_id)
                | {
                    "dry_run": False,
                    "campaign_id": planned.campaign.id,
                    "new": planned.new,
                    "already": planned.already,
                    "left_out_count": planned.left_out_count,
                    "left_out": [_left_out(one) for one in planned.left_out],
                    "counts": {state.value: number for state, number in counts.items()},
                    "cancelled": await self._cancelled(house, errand),
                    "ended": ended.name.lower() if ended else "left_to_service",
                    "holds": [hold_words.document(hold, campaigns) for hold in holds],
                    "undelivered": [{"code": code, "count": count} for code, count in undelivered.items()],
                }
            )
            return
        _show_left_out(planned.left_out, planned.left_out_count, talk=False)
        output.show(_summary(counts, await self._cancelled(house, errand)))
        for line in by_reason(await house.overview.unreached(errand.invited), only=_TROUBLE):
            output.show(f"  {line}", style="red")
        for code, count in undelivered.items():
            output.say(self._again(planned.campaign, code, count))
        if ended is None:
            if counts[State.QUEUED] or counts[State.SENDING]:
                output.say("The service that is running sends them.")
        elif ended is not Ended.GONE:
            output.say(_WHY_NOT[ended], style="yellow")
        elif counts[State.SENT] and not await departure.hears(house):
            output.say("No service is running, so nobody hears whether they arrive: start `invy serve`.")
        for hold in holds:
            output.say(f"Held: {hold_words.reason(hold)}. To go on: {hold_words.ending(hold, campaigns)}")
        output.say(f"Look: invy status {planned.campaign.event_id}")

    @staticmethod
    def _again(campaign: Campaign, code: int, count: int) -> str:
        when = resend(catalogue.lookup(code)).en.removeprefix("yes, ")
        words = shlex.join([campaign.event_id, campaign.template_key])
        return (
            f"{cell.count(count, 'guest')} can be invited again after {code}, {when}: "
            f"invy campaign send {words} --again {code}"
        )

    @staticmethod
    async def _cancelled(house: House, errand: Errand) -> int:
        return (await house.overview.counts(replace(errand.which, cancelled=True)))[State.FAILED]

    def _head(self, event_id: EventId) -> dict[str, Any]:
        return {"event_id": event_id, "template_key": self.template_key}


_TROUBLE = frozenset({State.FAILED, State.UNCONFIRMED})
_WHY_NOT = {
    Ended.HELD: "What is still queued is held; it stays in the outbox.",
    Ended.STILL_QUEUED: "What is still queued could not leave for a while; it stays in the outbox. "
    "A running `invy serve` or `invy worker` sends it, or this command run again.",
    Ended.OTHER_NUMBER: "What is still queued waits for another business phone number (see above); "
    "nothing with these settings sends it.",
    Ended.INTERRUPTED: "Stopped. What has left is recorded; what is still queued stays in the outbox. "
    "The same command goes on with it.",
}


def _settled(counts: Counts) -> bool:
    return all(state is State.FAILED or state.reached for state, number in counts.items() if number)


def _code(planned: Planned, counts: Counts, ended: Ended | None, *, settled: bool) -> ExitCode:
    if ended is Ended.INTERRUPTED:
        return ExitCode.INTERRUPTED
    if ended in (Ended.HELD, Ended.OTHER_NUMBER, Ended.STILL_QUEUED):
        return ExitCode.TRY_LATER
    trouble = planned.left_out_count or any(counts[state] for state in _TROUBLE)
    return ExitCode.FINDINGS if trouble or not settled else ExitCode.OK


def _summary(counts: Counts, cancelled: int) -> str:
    total = sum(counts.values()) + cancelled
    parts = [f"{number:,} {state}" for state, number in counts.items() if number]
    if cancelled:
        parts.append(f"{cancelled:,} cancelled")
    return f"{cell.count(total, 'message')} in this campaign: {', '.join(parts) or 'none'}."


def _left(number: int) -> str:
    return f"{cell.count(number, 'guest')} left out"


def _left_out(one: LeftOut) -> dict[str, str]:
    return {
        "guest_id": one.guest_id,
        "name": one.name,
        "phone": one.phone,
        "kind": one.kind,
        "reason": one.reason,
        "hint": one.hint,
    }


def _show_left_out(left_out: Iterable[LeftOut], number: int, *, talk: bool) -> None:
    """By reason: what to do is said once. The number stands before the name, so no name can reorder its line."""
    tell = output.say if talk else output.show
    grouped: dict[tuple[str, str], list[LeftOut]] = {}
    for one in left_out:
        grouped.setdefault((one.reason, one.hint), []).append(one)
    for (reason, hint), guests in grouped.items():
        tell(f"{cell.count(len(guests), 'guest')} left out: {cell.visible(reason)}", style="yellow")
        if hint:
            tell(f"  What to do: {cell.visible(hint)}")
        for guest in guests:
            tell(f"  {guest.phone}  {cell.visible(guest.name)}")
    named = sum(len(guests) for guests in grouped.values())
    if number > named:
        tell(f"… and {number - named:,} more guests.")
