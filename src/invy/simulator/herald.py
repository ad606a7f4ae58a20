"""Tells clients what happened, as badly as the chaos rules ask for. The truth is in the ledger and stays untouched."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from invy.simulator.chaos import Chaos, Quirk
from invy.simulator.clock import Clock
from invy.simulator.draw import draw
from invy.simulator.guest import Guest, Written
from invy.simulator.ledger import Happening, Message
from invy.simulator.news import Item, Sender, contact_of, inbound_body, preference_body, status_body
from invy.simulator.postman import Postman

DEFAULT_VERSION = 25.0
_DUPLICATE_WITHIN_S = 60.0
_OPTIONAL_IN_STATUS = ("recipient_id", "recipient_user_id", "pricing", "conversation")
_WORDS_NOBODY_KNOWS = ("warning", "deleted", "pondered")


@dataclass(slots=True)
class Subscription:
    """Where an app's webhooks go. `fields` maps each field to its payload version."""

    callback_url: str
    verify_token: str
    fields: dict[str, float] = field(default_factory=lambda: {"messages": DEFAULT_VERSION})
    verified: bool = True


class Herald:
    """Knows who subscribed to what. `stamp` gives the seconds that timestamps show."""

    def __init__(self, seed: int, clock: Clock, chaos: Chaos, postman: Postman) -> None:
        self._seed = seed
        self._clock = clock
        self.chaos = chaos
        self.postman = postman
        self.subscription: Subscription | None = None
        self.app_subscribed = True
        self.account_override = ""
        self.number_overrides: dict[str, str] = {}
        self.untold = 0
        self.silent_until = 0.0
        self.silent_share_lost = 0.0
        self._kept_back: dict[str, list[Item]] = {}

    def target(self, item: Item) -> str | None:
        """The URL this update goes to: the number's override, else the account's, else the app's callback."""
        subscription = self.subscription
        if subscription is None or not self.app_subscribed or item.field not in subscription.fields:
            return None
        if item.field == "messages":
            override = self.number_overrides.get(item.sender.phone_number_id) or self.account_override
            if override:
                return override
        return subscription.callback_url

    def version(self) -> float:
        return (
            self.subscription.fields.get("messages", DEFAULT_VERSION)
            if self.subscription
            else DEFAULT_VERSION
        )

    def tell(self, item: Item) -> None:
        """Hand an update to the postman, unless nobody wants it or Meta's own webhooks are out."""
        url = self.target(item)
        if url is None:
            self.untold += 1
            if item.happening is not None:
                item.happening.webhook_state = None
            return
        if self._clock.now() < self.silent_until:
            if draw(self._seed, "outage", item.wamid, item.label) < self.silent_share_lost:
                self._lose(item)
            else:
                self.postman.expect(self.silent_until - self._clock.now(), url, item)
            return
        self.postman.give(url, item)

    def tell_field(self, sender: Sender, name: str, body: dict[str, Any]) -> None:
        """A webhook of one of the management fields."""
        self.tell(Item(sender, name, "", body, label=str(body.get("event", ""))))

    def tell_inbound(self, sender: Sender, guest: Guest, written: Written, *, stamp: int) -> None:
        body = inbound_body(guest, written, sender, stamp=stamp)
        self.tell(Item(sender, "messages", "messages", body, contact_of(guest), written.wamid, written.kind))

    def tell_preference(self, sender: Sender, guest: Guest, *, stop: bool, stamp: int) -> None:
        body = preference_body(guest, stop=stop, stamp=stamp)
        contact = {key: value for key, value in contact_of(guest).items() if key != "profile"}
        self.tell(
            Item(sender, "user_preferences", "user_preferences", body, contact, label=str(body["value"]))
        )

    def tell_status(
        self, sender: Sender, message: Message, guest: Guest, happening: Happening, *, stamp: int
    ) -> None:
        """A status webhook, through whatever chaos strikes it."""
        body = status_body(message, happening, stamp=stamp, version=self.version(), hidden=guest.hidden)
        contact = None if happening.code is not None else contact_of(guest)
        item = Item(
            sender, "messages", "statuses", body, contact, message.wamid, happening.status.value, happening
        )
        if self.chaos.calm and not message.fate.quirks:
            self.tell(item)
        else:
            self._tell_through_chaos(item, message, happening)

    def _tell_through_chaos(self, item: Item, message: Message, happening: Happening) -> None:
        magic: AbstractSet[Quirk] = message.fate.quirks
        status = happening.status.value

        def strikes(quirk: Quirk, word: str = status) -> bool:
            return self.chaos.strikes(quirk, message.wa_id, message.nth, status=word, magic=magic)

        item = replace(
            item,
            alone=strikes(Quirk.SPLIT),
            strange=strikes(Quirk.UNKNOWN_FIELDS),
            bad_signature=strikes(Quirk.BAD_SIGNATURE),
        )
        if item.strange:
            item.body["echo_of_tomorrow"] = {"level": 3, "tags": ["a", "b"]}
        if strikes(Quirk.MISSING_FIELDS):
            item = _with_less(item)
        if strikes(Quirk.FORGED):
            self.tell(replace(_with_status(item, "read"), forged=True, happening=None, bad_signature=True))
        if strikes(Quirk.LOSE):
            self._lose(item)
        elif strikes(Quirk.REORDER, word=""):
            self._kept_back.setdefault(message.wamid, []).append(item)
        elif strikes(Quirk.DELAY):
            share = self.chaos.share(Quirk.DELAY, message.wa_id, message.nth, status=status)
            self._tell_later(self.chaos.rules.delay_s * (0.5 + share), item)
        else:
            self.tell(item)
        if strikes(Quirk.DUPLICATE):
            share = self.chaos.share(Quirk.DUPLICATE, message.wa_id, message.nth, status=status)
            self._tell_later(_DUPLICATE_WITHIN_S * share, replace(item, happening=None))
        if strikes(Quirk.UNKNOWN_STATUS):
            word = _WORDS_NOBODY_KNOWS[int(message.wa_id[-1:] or "0") % len(_WORDS_NOBODY_KNOWS)]
            self.tell(replace(_with_status(item, word), happening=None, label=word))

    def _lose(self, item: Item) -> None:
        if item.happening is not None:
            item.happening.webhook_state = "FAILED"
        self.postman.counts["lost"] += 1

    def _tell_later(self, seconds: float, item: Item) -> None:
        url = self.target(item)
        if url is None:
            self.tell(item)
        else:
            self.postman.expect(seconds, url, item)

    def release(self, message: Message) -> None:
        """Tell in reverse what was kept back, far enough apart not to be overtaken again."""
        apart = max(1.5, 0.05 * self._clock.speed)
        for position, item in enumerate(reversed(self._kept_back.pop(message.wamid, []))):
            self._tell_later(apart * (position + 1), item)

    def forget(self) -> None:
        self._kept_back.clear()
        self.untold = 0


def _with_status(item: Item, word: str) -> Item:
    kept: Mapping[str, Any] = {key: value for key, value in item.body.items() if key != "errors"}
    return replace(item, body={**kept, "status": word})


def _with_less(item: Item) -> Item:
    """The same update with everything left out that Meta does not promise."""
    body = {key: value for key, value in item.body.items() if key not in _OPTIONAL_IN_STATUS}
    if "errors" in body:
        body["errors"] = [{"code": each["code"], "title": each["title"]} for each in body["errors"]]
    return replace(item, body=body, contact=None)
