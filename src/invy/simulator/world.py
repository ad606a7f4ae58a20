"""One imaginary corner of Meta: an app, a business account, numbers, templates, guests, and time.

The world decides whether a message is accepted; it speaks no HTTP. Accepting writes the message into the ledger and
sets it on its journey.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from invy.simulator.account import Account, Condition
from invy.simulator.catalogue import Catalogue
from invy.simulator.chaos import Chaos, ChaosRules, Quirk
from invy.simulator.clock import Clock
from invy.simulator.door import Door
from invy.simulator.fate import Fate, fate_of
from invy.simulator.fit import check_fit
from invy.simulator.guest import Guest, Guests
from invy.simulator.herald import Herald
from invy.simulator.inbox import Inbox
from invy.simulator.journey import Journey, failing
from invy.simulator.ledger import Ledger, Message
from invy.simulator.limits import Limits
from invy.simulator.magic import magic_fate, named_fate
from invy.simulator.media import MediaShelf
from invy.simulator.news import Sender
from invy.simulator.oddity import Oddities
from invy.simulator.order import Order, ReadReceipt, read_order
from invy.simulator.pacing import Pacing
from invy.simulator.phone import wa_id_of
from invy.simulator.postman import Postman
from invy.simulator.refusal import Refusal, no_such_object
from invy.simulator.retelling import Retelling
from invy.simulator.scenario import Scenario
from invy.simulator.template import Template, default_templates
from invy.simulator.wire import new_wamid


class Trouble(Exception):
    """Nothing was accepted, and the answer is a 5xx or a broken connection. `share` draws which."""

    def __init__(self, quirk: Quirk, share: float) -> None:
        super().__init__(quirk.value)
        self.quirk = quirk
        self.share = share


@dataclass(frozen=True, slots=True)
class Reception:
    """An accepted message, and what shall go wrong with the answer about it."""

    message: Message
    quirks: frozenset[Quirk]
    early: bool = False


_QUIET_AT_MOST_S = 2.0
_ON_THE_ANSWER = (Quirk.SLOW_REPLY, Quirk.LOST_REPLY, Quirk.ERROR_AFTER)
_CALM: frozenset[Quirk] = frozenset()


class World:
    def __init__(
        self, scenario: Scenario, clock: Clock, *, seed: int = 0, templates: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.clock = clock
        self.started_at = clock.now()
        self.mix = scenario.weights()
        self.replies = scenario.reactions()
        self.account = Account.of_seed(seed, scenario.numbers)
        self.condition = Condition.of_seed(seed, scenario.limits.per_second)
        self.senders = {
            number_id: Sender(self.account.waba_id, number_id, display)
            for number_id, display in zip(
                self.account.phone_number_ids, self.account.display_phone_numbers, strict=True
            )
        }
        self.chaos = Chaos(seed, scenario.chaos)
        self.ledger = Ledger()
        self.guests = Guests(seed)
        self.limits = Limits(scenario.limits)
        self.pacing = Pacing(scenario.pacing)
        self.media = MediaShelf(clock.now)
        self.postman = Postman(clock, self.account.app_secret, stamp=self.stamp, batch=scenario.batch)
        self.herald = Herald(seed, clock, self.chaos, self.postman)
        self.catalogue = Catalogue(
            list(templates) or default_templates(),
            clock,
            lambda name, body: self.herald.tell_field(self.sender, name, body),
        )
        self.inbox = Inbox(self.herald, self.catalogue, self.limits, clock.now, self.stamp)
        self.journey = Journey(clock, self.chaos, self.herald, self.ledger, self.inbox)
        self.oddities = Oddities()
        self.retelling = Retelling()
        self.door = Door(lambda: self.postman.session, clock.now)
        self.chosen_fates: dict[str, str] = {}
        self.history_allowed = scenario.message_history
        self.incidents: list[dict[str, Any]] = []
        self._callback_hangs = False
        self._milestones: dict[int, list[Callable[[], None]]] = {}

    @property
    def sender(self) -> Sender:
        """The first number; most worlds have no other."""
        return self.senders[self.account.phone_number_ids[0]]

    async def start(self) -> None:
        await self.postman.start()
        self.clock.start()

    async def stop(self) -> None:
        await self.clock.stop()
        await self.postman.stop()

    def when_accepted(self, count: int, effect: Callable[[], None]) -> None:
        """Have `effect` happen once so many messages have been accepted."""
        self._milestones.setdefault(count, []).append(effect)

    def stamp(self, at: float) -> int:
        """What Meta's timestamp shows for this virtual time: that, or the receiver's own when the scenario says so."""
        return int(self.clock.real_time() if self.scenario.real_timestamps else at)

    async def quiet(self) -> None:
        """Return when all webhooks due have been answered; a callback that hangs is waited for once, two seconds."""
        if self._callback_hangs and self.postman.in_hand:
            await asyncio.sleep(0)
            return
        self._callback_hangs = False
        try:
            await asyncio.wait_for(self.postman.quiet(), _QUIET_AT_MOST_S)
        except TimeoutError:
            self._callback_hangs = True

    def set_chaos(self, rules: ChaosRules) -> None:
        """Other weather from now on."""
        self.chaos.set(rules)

    def renew_secret(self) -> None:
        """Another app secret: for the app's own token, and for every signature from now on."""
        self.account = self.account.with_another_secret()
        self.postman.sign_with(self.account.app_secret)

    def send(self, number_id: str, body: bytes) -> Reception | ReadReceipt:
        """Accept a message or a read receipt. Raises Refusal, or Trouble when chaos strikes before acceptance."""
        sender = self.senders.get(number_id)
        if sender is None:
            raise no_such_object(number_id, "post")
        self._check_account()
        order = read_order(body)
        if isinstance(order, ReadReceipt):
            return order
        template = self._template_for(order)
        guest = self._guest_for(order, sender)
        guest.attempts += 1
        fate = self._fate(guest.wa_id, self.ledger.count_to(guest.wa_id) + 1)
        if fate.refusal and (not fate.refused_attempts or guest.attempts <= fate.refused_attempts):
            raise Refusal(fate.refusal)
        self._trouble_before(guest, fate)
        now = self.clock.now()
        self.limits.check_send(number_id, guest.wa_id, now, window_open=guest.window_open(now))
        doomed = self._doom(fate, order, guest, template, now)
        message = self._write_down(order, guest, template, sender=sender, fate=doomed, body=body, now=now)
        hold_s, dropped = self._hold(fate, template, now)
        early = self.journey.begin(message, guest, sender, hold_s=hold_s, dropped=dropped)
        for effect in self._milestones.pop(len(self.ledger), ()):
            effect()
        return Reception(message, self._quirks_after(message), early)

    def _write_down(
        self,
        order: Order,
        guest: Guest,
        template: Template | None,
        *,
        sender: Sender,
        fate: Fate,
        body: bytes,
        now: float,
    ) -> Message:
        message = Message(
            wamid=new_wamid(guest.wa_id),
            phone_number_id=sender.phone_number_id,
            wa_id=guest.wa_id,
            user_id=guest.user_id,
            dialled=order.dialled,
            kind=order.kind,
            template=template.name if template else "",
            language=template.language if template else "",
            category=template.category.lower() if template else "service",
            opaque=order.opaque,
            nth=self.ledger.count_to(guest.wa_id) + 1,
            fate=fate,
            accepted_at=now,
            request=body,
            by_user_id=bool(order.user_id),
        )
        guest.hidden = self.chaos.strikes(Quirk.HIDDEN_NUMBER, guest.wa_id, 0, magic=fate.quirks)
        self.ledger.add(message)
        return message

    def _hold(self, fate: Fate, template: Template | None, now: float) -> tuple[float, bool]:
        """For how many seconds a message is held for quality assessment, and whether it is dropped then."""
        if fate.held_s or template is None:
            return fate.held_s, False
        hold_s = self.pacing.held_for(template, now)
        dropped = hold_s > 0 and self.scenario.pacing.drop
        if dropped:
            self.clock.after(hold_s, lambda: self._pause_by_pacing(template))
        return hold_s, dropped

    def _check_account(self) -> None:
        condition = self.condition
        if condition.locked:
            raise Refusal(131031)
        if not condition.registered:
            raise Refusal(133010)
        if condition.maintenance_until > self.clock.now():
            raise Refusal(131057)

    def _template_for(self, order: Order) -> Template | None:
        if order.kind != "template":
            return None
        template = self.catalogue.usable(order.name, order.language)
        check_fit(order, template)
        if order.user_id and template.category == "AUTHENTICATION":
            raise Refusal(131062)
        return template

    def _guest_for(self, order: Order, sender: Sender) -> Guest:
        if order.user_id:
            return self.guests.by_user_id(order.user_id) or Guest("", order.user_id, "")
        if order.digits == sender.display_phone_number:
            raise Refusal(131021)
        return self.guests.of(wa_id_of(order.digits))

    def _fate(self, wa_id: str, nth: int) -> Fate:
        chosen = self.chosen_fates.get(wa_id)
        if chosen is not None:
            fate = named_fate(chosen, self.seed, wa_id, nth)
            if fate is not None:
                return fate
        magic = magic_fate(wa_id) if self.scenario.magic else None
        return magic or fate_of(self.seed, wa_id, nth, self.mix, self.replies)

    def _doom(self, fate: Fate, order: Order, guest: Guest, template: Template | None, now: float) -> Fate:
        """The fate, unless the state of the account, the guest or the message dooms it after acceptance."""
        marketing = template is not None and template.category == "MARKETING"
        us_paused = self.scenario.limits.us_marketing_paused and guest.user_id.startswith("US.")
        unfetchable = order.media and (
            self.condition.media_out_until > now or not self.media.can_fetch(order.media)
        )
        dooms = (
            (131042, self.condition.payment_problem),
            (131026, not guest.wa_id),
            (131047, template is None and not guest.window_open(now)),
            (131050, marketing and guest.opted_out),
            (131049, marketing and us_paused),
            (131053, unfetchable),
        )
        return next((failing(fate, code) for code, holds in dooms if holds), fate)

    def _trouble_before(self, guest: Guest, fate: Fate) -> None:
        if self.chaos.calm and not fate.quirks:
            return
        magic = fate.quirks if guest.attempts == 1 else _CALM
        for quirk in (Quirk.ERROR_BEFORE, Quirk.RESET):
            if self.chaos.strikes(quirk, guest.wa_id, guest.attempts, magic=magic):
                raise Trouble(quirk, self.chaos.share(quirk, guest.wa_id, guest.attempts))

    def _quirks_after(self, message: Message) -> frozenset[Quirk]:
        if self.chaos.calm and not message.fate.quirks:
            return _CALM
        return frozenset(
            quirk
            for quirk in _ON_THE_ANSWER
            if self.chaos.strikes(quirk, message.wa_id, message.nth, magic=message.fate.quirks)
        )

    def _pause_by_pacing(self, template: Template) -> None:
        if template.status == "APPROVED":
            self.catalogue.pause(template, by_pacing=True)

    def reset(self) -> None:
        """Forget guests, messages and webhooks; templates, subscription and time stay."""
        self.clock.forget()
        self.postman.forget()
        self.limits.forget()
        self.pacing.forget()
        self.herald.forget()
        self.ledger.clear()
        self.guests.clear()
        self.chosen_fates.clear()

    def state(self) -> dict[str, Any]:
        ledger, subscription = self.ledger, self.herald.subscription
        return {
            "settled": ledger.unsettled == 0 and self.postman.pending == 0,
            "messages": len(ledger),
            "unsettled_messages": ledger.unsettled,
            "pending_events": self.clock.pending - self.postman.waiting,
            "pending_webhooks": self.postman.pending,
            "webhooks": dict(self.postman.counts),
            "untold_events": self.herald.untold,
            "by_status": ledger.totals(),
            "refused": {str(code): count for code, count in ledger.refused.items()},
            "troubles": dict(ledger.troubles),
            "now": round(self.clock.now(), 3),
            "running_for_s": round(self.clock.now() - self.started_at, 3),
            "speed": self.clock.speed,
            "seed": self.seed,
            "callback_url": subscription.callback_url if subscription else None,
            "callback_verified": subscription.verified if subscription else False,
            "door": self.door.report(),
            "incidents": self.incidents,
            "templates": {f"{each.name}/{each.language}": each.status for each in self.catalogue},
        }
