"""The way of a message from acceptance to its end, step by step in virtual time, and what the guest does then.

Theory: each message has a fate, a list of steps. A step is put on the agenda when the one before it was taken. A
delivery waits while the phone is off and never comes once the guest blocks the business; nobody is told of that.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from invy.simulator.chaos import Chaos, Quirk
from invy.simulator.clock import Clock
from invy.simulator.fate import Fate, Reaction, Status, Step
from invy.simulator.guest import Guest
from invy.simulator.herald import Herald
from invy.simulator.inbox import Inbox
from invy.simulator.ledger import Happening, Ledger, Message
from invy.simulator.news import Sender

_REACTION_S = 20.0
_FAIL_SOON_S = 1.5
_ALL_TAKEN = 99


class Journey:
    def __init__(self, clock: Clock, chaos: Chaos, herald: Herald, ledger: Ledger, inbox: Inbox) -> None:
        self._clock = clock
        self._chaos = chaos
        self._herald = herald
        self._ledger = ledger
        self._inbox = inbox

    def begin(self, message: Message, guest: Guest, sender: Sender, *, hold_s: float, dropped: bool) -> bool:
        """Set the message on its way; whether its first webhook went out at once, before the reply."""
        if hold_s:
            message.held = True
            if dropped:
                message.fate = replace(message.fate, steps=(Step(Status.FAILED, 0.0, 132015),), reaction=None)
        self._plan(message, guest, sender, 0, message.accepted_at + hold_s)
        early = self._chaos.strikes(Quirk.EARLY, message.wa_id, message.nth, magic=message.fate.quirks)
        if early and message.fate.steps and not hold_s:
            self._take(message, guest, sender, 0, message.accepted_at)
            return True
        return False

    def _plan(self, message: Message, guest: Guest, sender: Sender, index: int, since: float) -> None:
        if index >= len(message.fate.steps):
            self._end(message, guest, sender, since)
            return
        due = since + message.fate.steps[index].after_s
        self._clock.at(due, lambda: self._take(message, guest, sender, index, due))

    def _take(self, message: Message, guest: Guest, sender: Sender, index: int, due: float) -> None:
        if message.wamid not in self._ledger.messages or index < message.steps_taken:
            return
        step = message.fate.steps[index]
        if step.status in {Status.DELIVERED, Status.READ}:
            if guest.blocks_us:
                self._end(message, guest, sender, due)
                return
            if not guest.online:
                park(guest, lambda: self._take(message, guest, sender, index, self._clock.now()))
                return
        message.steps_taken = index + 1
        happening = Happening(step.status, due, step.code, step.told)
        self._ledger.record(message, happening)
        if step.told:
            self._herald.tell_status(sender, message, guest, happening, stamp=self._inbox.stamp(due))
        else:
            happening.webhook_state = None
        self._plan(message, guest, sender, index + 1, due)

    def _end(self, message: Message, guest: Guest, sender: Sender, at: float) -> None:
        self._ledger.settle(message)
        self._herald.release(message)
        reaction = message.fate.reaction
        message.fate = _past(message.fate.name, message.fate.quirks)
        if reaction is not None and message.final_status is Status.READ:
            self._clock.at(at + _REACTION_S, lambda: self._react(reaction, message, guest, sender))

    def _react(self, reaction: Reaction, message: Message, guest: Guest, sender: Sender) -> None:
        if not guest.online:
            park(guest, lambda: self._react(reaction, message, guest, sender))
            return
        match reaction:
            case Reaction.TEXT:
                self._inbox.write(sender, guest, "תודה! נגיע בשמחה", context=message.wamid)
            case Reaction.STOP:
                self._inbox.stop(sender, guest)
            case Reaction.BUTTON | Reaction.BUTTON_WITHOUT_CONTEXT:
                self._inbox.press(sender, guest, message, 0, with_context=reaction is Reaction.BUTTON)

    def resume(self, guest: Guest) -> None:
        """The phone is back: what waited for it arrives."""
        guest.online = True
        waiting, guest.parked = guest.parked, ()
        for effect in waiting:
            effect()

    def read(self, message: Message, guest: Guest, sender: Sender) -> None:
        """Somebody opened the chat on the handset page: the message is delivered and read now."""
        if message.final_status is Status.READ:
            return
        now = self._clock.now()
        known = {each.status for each in message.happenings}
        for status in (Status.SENT, Status.DELIVERED, Status.READ):
            if status not in known:
                happening = Happening(status, now)
                self._ledger.record(message, happening)
                self._herald.tell_status(sender, message, guest, happening, stamp=self._inbox.stamp(now))
        message.steps_taken = _ALL_TAKEN
        self._ledger.settle(message)
        self._herald.release(message)


def park(guest: Guest, effect: Callable[[], None]) -> None:
    """Keep an effect until the phone is back."""
    guest.parked = (*guest.parked, effect)


@cache
def _past(name: str, quirks: frozenset[Quirk]) -> Fate:
    """A fate that has been met: its name is all that is still asked for, and a million messages share it."""
    return Fate(name, (), quirks)


def failing(fate: Fate, code: int) -> Fate:
    """The same message, doomed: Meta accepts it and reports this code a moment later."""
    return Fate(f"failed-{code}", (Step(Status.FAILED, _FAIL_SOON_S, code),), fate.quirks)
