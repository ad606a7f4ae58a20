"""One imaginary corner of Meta: an app, a business account, numbers, templates, guests, and time.

The world decides; it speaks no HTTP. Accepting a message writes it into the ledger and puts its fate on the agenda.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from invy.simulator.clock import Clock
from invy.simulator.draw import draw
from invy.simulator.fate import MIXES, Fate, Mix, fate_of
from invy.simulator.fit import check_fit
from invy.simulator.ledger import Happening, Ledger, Message
from invy.simulator.limits import Limits
from invy.simulator.magic import magic_fate
from invy.simulator.news import Item, Sender, contact_of, status_body
from invy.simulator.order import Order, read_order
from invy.simulator.postman import Postman
from invy.simulator.refusal import Refusal, no_such_object
from invy.simulator.template import Template, default_templates, from_meta
from invy.simulator.wire import new_wamid

_NAMES = ("נועה", "אורי", "תמר", "יונתן", "מיכל", "איתי", "שירה", "דוד", "Maya", "Sam")


@dataclass(frozen=True, slots=True)
class Account:
    """The ids and secrets of a world, all derived from its seed."""

    app_id: str
    app_secret: str
    access_token: str
    verify_token: str
    business_id: str
    waba_id: str
    phone_number_id: str
    display_phone_number: str

    @classmethod
    def of_seed(cls, seed: int) -> "Account":
        digest = sha256(f"simulator account {seed}".encode()).hexdigest()
        tail = f"{int(digest[:8], 16) % 10**8:08d}"
        return cls(
            app_id=f"6349746{tail}",
            app_secret=digest[:32],
            access_token="EAASim" + digest[8:56],
            verify_token="verify-" + digest[56:64],
            business_id=f"5069143{tail}",
            waba_id=f"1022901{tail}",
            phone_number_id=f"1065403{tail}",
            display_phone_number="12025550100",
        )

    @property
    def app_token(self) -> str:
        return f"{self.app_id}|{self.app_secret}"


@dataclass(slots=True)
class Subscription:
    """Where webhooks go. `fields` maps each field to its payload version."""

    callback_url: str
    verify_token: str
    fields: dict[str, float] = field(default_factory=lambda: {"messages": 25.0})
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """What a world is like; a scenario sets these."""

    seed: int = 0
    mix: Mix = field(default_factory=lambda: MIXES["realistic"])
    magic: bool = True
    real_timestamps: bool = False
    batch: int = 1
    latency_s: tuple[float, float] = (0.0, 0.0)


class World:
    def __init__(
        self, rules: Rules, clock: Clock, limits: Limits, templates: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.rules = rules
        self.clock = clock
        self.limits = limits
        self.account = Account.of_seed(rules.seed)
        self.ledger = Ledger()
        self.subscription: Subscription | None = None
        self.subscribed = True
        self.untold = 0
        self.templates: dict[tuple[str, str], Template] = {}
        for position, row in enumerate(list(templates) or default_templates()):
            template = from_meta(row, default_id=str(2_000_000_000_000_000 + position))
            self.templates[template.name, template.language] = template
        self.sender = Sender(
            self.account.waba_id, self.account.phone_number_id, self.account.display_phone_number
        )
        self.postman = Postman(
            clock, self.account.app_secret, stamp=lambda: int(self.stamp()), batch=rules.batch
        )

    async def start(self) -> None:
        await self.postman.start()
        self.clock.start()

    async def stop(self) -> None:
        await self.clock.stop()
        await self.postman.stop()

    def stamp(self) -> float:
        """The time Meta's timestamps show: virtual, or the receiver's own when the rules say so."""
        return self.clock.real_time() if self.rules.real_timestamps else self.clock.now()

    def send(self, phone_number_id: str, body: bytes) -> Message:
        """Accept a message or raise Refusal. Accepting is no promise of delivery."""
        if phone_number_id != self.account.phone_number_id:
            raise no_such_object(phone_number_id, "post")
        order = read_order(body)
        template = self._template_for(order)
        wa_id = order.digits
        if wa_id == self.account.display_phone_number:
            raise Refusal(131021)
        now = self.clock.now()
        self.limits.check(wa_id, now)
        nth = self.ledger.count_to(wa_id) + 1
        message = Message(
            wamid=new_wamid(wa_id),
            number=len(self.ledger) + 1,
            phone_number_id=phone_number_id,
            wa_id=wa_id,
            user_id=order.user_id or user_id_of(self.rules.seed, wa_id),
            dialled=order.dialled,
            kind=order.kind,
            template=order.name,
            language=order.language,
            category=template.category.lower() if template else "service",
            opaque=order.opaque,
            nth=nth,
            fate=self._fate(wa_id, nth),
            accepted_at=now,
            request=body,
        )
        self.ledger.add(message)
        self._next_step(message, 0, now)
        return message

    def _fate(self, wa_id: str, nth: int) -> Fate:
        fate = magic_fate(wa_id) if self.rules.magic else None
        return fate or fate_of(self.rules.seed, wa_id, nth, self.rules.mix)

    def _template_for(self, order: Order) -> Template | None:
        if order.kind != "template":
            return None
        template = self.templates.get((order.name, order.language))
        if template is None:
            raise Refusal(132001, f"template name ({order.name}) does not exist in {order.language}")
        check_fit(order, template)
        if template.status == "PAUSED":
            raise Refusal(132015)
        if template.status == "DISABLED":
            raise Refusal(132016)
        if template.status != "APPROVED":
            raise Refusal(132001, f"template name ({order.name}) does not exist in {order.language}")
        return template

    def _next_step(self, message: Message, index: int, since: float) -> None:
        steps = message.fate.steps
        if index >= len(steps):
            self.ledger.settle(message)
            return
        due = since + steps[index].after_s
        self.clock.at(due, lambda: self._take_step(message, index, due))

    def _take_step(self, message: Message, index: int, due: float) -> None:
        step = message.fate.steps[index]
        happening = Happening(step.status, due, step.code, step.told)
        message.happen(happening)
        if step.told:
            self._tell_status(message, happening)
        else:
            happening.webhook_state = "NONE"
        self._next_step(message, index + 1, due)

    def _tell_status(self, message: Message, happening: Happening) -> None:
        if self.subscription is None:
            self.untold += 1
            return
        version = self.subscription.fields.get("messages", 25.0)
        body = status_body(message, happening, stamp=int(self.stamp()), version=version)
        contact = (
            None
            if happening.code is not None
            else contact_of(message, guest_name(self.rules.seed, message.wa_id))
        )
        self.tell(
            Item(
                self.sender,
                "messages",
                "statuses",
                body,
                contact,
                message.wamid,
                happening.status.value,
                happening,
            )
        )

    def tell(self, item: Item) -> None:
        """Send a webhook, if this field is subscribed and the account is."""
        if self.subscription is None or not self.subscribed or item.field not in self.subscription.fields:
            self.untold += 1
            return
        self.postman.give(self.subscription.callback_url, item)

    def reset(self) -> None:
        """Forget all messages and webhooks; templates, subscription and time stay."""
        self.clock.forget()
        self.postman.forget()
        self.limits.forget()
        self.ledger = Ledger()
        self.untold = 0

    def state(self) -> dict[str, Any]:
        ledger = self.ledger
        return {
            "settled": ledger.unsettled == 0 and self.postman.pending == 0,
            "messages": len(ledger),
            "unsettled_messages": ledger.unsettled,
            "pending_events": self.clock.pending - self.postman.waiting,
            "pending_webhooks": self.postman.pending,
            "webhooks": dict(self.postman.counts),
            "untold_events": self.untold,
            "by_status": ledger.totals(),
            "refused": {str(code): count for code, count in ledger.refused.items()},
            "now": round(self.clock.now(), 3),
            "speed": self.clock.speed,
            "seed": self.rules.seed,
            "callback_url": self.subscription.callback_url if self.subscription else None,
            "callback_verified": self.subscription.verified if self.subscription else False,
        }


def user_id_of(seed: int, wa_id: str) -> str:
    """A business-scoped user id: the same guest has the same one throughout a world."""
    return f"US.{int(draw(seed, 'user', wa_id) * 10**17):017d}"


def guest_name(seed: int, wa_id: str) -> str:
    return _NAMES[int(draw(seed, "name", wa_id) * len(_NAMES))]
