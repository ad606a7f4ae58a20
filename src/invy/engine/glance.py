"""A glance at Meta: what it has on our number, on where webhooks go and on the templates, kept for the verdicts.

A look asks few questions, within a minute at most; what is not answered, or oddly, stays as it was last seen. However
many processes there are, one looks at a time and seldom. Refuses to judge: that is `diagnose`'s to do.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from invy.diagnose.health import Ability
from invy.diagnose.sighting import (
    Address,
    Fact,
    Health,
    Number,
    Sighting,
    Subscription,
    Template,
    template_subject,
)
from invy.domain.errors import StoreUnavailable
from invy.domain.ids import SenderId
from invy.engine.doctor.asking import ask, ask_fields, shortened, without_query
from invy.engine.doctor.subject import MetaPort
from invy.engine.ports import Clock
from invy.meta import (
    callback_address,
    health_status,
    live_template,
    number_facts,
    subscription,
    token_facts,
)
from invy.meta.graph_object import GraphObject
from invy.meta.graph_reply import GraphReply, Trouble, Unread, Why
from invy.meta.live_template import LiveTemplate

EVERY: Final = timedelta(hours=1)
AT_MOST_EVERY: Final = timedelta(seconds=90)
"""Whoever starts, or finds webhooks silent, looks at once, unless somebody has looked within this time."""

WHOLE_S: Final = 60.0
"""A look ends after this; less than `AT_MOST_EVERY`, so that there are never two at once."""

MOST_QUESTIONS: Final = 24
PAGE: Final = "100"
MOST_PAGES: Final = 10

_NUMBER_FIELDS: Final = ("display_phone_number", "quality_rating", "webhook_configuration")
_SURE_FIELDS: Final = tuple(live_template.FIELDS.split(","))
_TEMPLATE_FIELDS: Final = (*_SURE_FIELDS, *live_template.MORE_FIELDS)
UNTOLD: Final = "UNKNOWN"
"""The status of a template where Meta names none: nothing that could be kept."""

_OURSELVES: Final = frozenset({"PHONE_NUMBER", "WABA", "BUSINESS", "APP"})
_WORST_FIRST: Final = (Ability.BLOCKED, Ability.LIMITED, Ability.AVAILABLE)
_NO_ANSWER: Final = frozenset({Why.UNREACHABLE, Why.TIMEOUT, Why.BROKEN})


class SightingsPort(Protocol):
    """Where sightings are kept. Each raises StoreUnavailable."""

    async def keep(self, seen: Sequence[Sighting[Fact]]) -> None: ...
    async def may_look(self, subject: str, now: datetime, after: timedelta) -> bool:
        """Note that it is looked now, unless somebody did so less than `after` ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """Whose number and account is looked at. What is not configured is not looked at."""

    sender_id: SenderId
    account_id: str | None = None
    app_id: str | None = None
    access_token: str | None = field(default=None, repr=False)
    """For asking which app we are, where that is not configured."""
    webhook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look came to, for the log: what could not be seen, and what stands in the way of delivery."""

    unread: tuple[str, ...] = ()
    amiss: tuple[str, ...] = ()


@dataclass(slots=True)
class _Seen:
    """What a look has found so far."""

    at: datetime
    facts: list[Sighting[Fact]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)

    def keep(self, subject: str, fact: Fact) -> None:
        self.facts.append(Sighting(subject, self.at, fact))


class _Purse:
    """Meta, asked so many questions and no more; once it does not answer, nothing more is asked."""

    def __init__(self, meta: MetaPort) -> None:
        self._meta = meta
        self._left = MOST_QUESTIONS

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        token: str | None = None,
        timeout_s: float | None = None,
    ) -> GraphReply:
        if self._left <= 0:
            return GraphReply(None, trouble=Trouble.BROKEN, note="no more is asked in this look")
        self._left -= 1
        reply = await self._meta.get(path, params, token=token, timeout_s=timeout_s)
        if reply.status is None:
            self._left = 0
        return reply


class Glance:
    """Looks when told to and, while it runs, every hour. `tell` hears of an outcome that is unlike the one before."""

    def __init__(
        self,
        meta: MetaPort,
        store: SightingsPort,
        whom: Whom,
        clock: Clock,
        tell: Callable[[Outcome], None],
        *,
        every: timedelta = EVERY,
    ) -> None:
        self._meta = meta
        self._store = store
        self._whom = whom
        self._clock = clock
        self._tell = tell
        self._every = every
        self._said = Outcome()
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._closing = asyncio.Event()

    def wake(self) -> None:
        """Look soon: something is going on that Meta may explain."""
        self._wanted.set()

    def close(self) -> None:
        self._closing.set()
        self._wanted.set()

    async def run(self) -> None:
        """Look at once, and then over and over until `close`."""
        after, woken = AT_MOST_EVERY, False
        while not self._closing.is_set():
            looked = await self.round(after=after)
            woken = woken and not looked  # whoever was woken too soon after another look tries again
            wait = AT_MOST_EVERY if woken else self._every
            # Somewhat less than the whole time, so that of several processes one looks and the others find it done.
            after = AT_MOST_EVERY if woken else self._every * 0.9
            with suppress(TimeoutError):
                async with asyncio.timeout(wait.total_seconds()):
                    await self._wanted.wait()
                    after, woken = AT_MOST_EVERY, True
            self._wanted.clear()

    async def round(self, *, after: timedelta = AT_MOST_EVERY) -> bool:
        """Look, unless somebody did so less than `after` ago. Whether it looked. Never raises for Meta or the database."""
        async with self._turn:
            now = self._clock()
            try:
                if not await self._store.may_look(self._whom.sender_id, now, after):
                    return False
                seen = await look(self._meta, self._whom, now)
                await self._store.keep(seen.facts)
                outcome = Outcome(tuple(seen.unread), tuple(seen.amiss))
            except StoreUnavailable as error:
                outcome = Outcome(unread=(error.message,))
            if outcome != self._said:
                self._said = outcome
                self._tell(outcome)
            return True


async def look(meta: MetaPort, whom: Whom, at: datetime) -> _Seen:
    """Ask what is to be asked, as of `at`; what was seen before the time is up counts."""
    seen, purse = _Seen(at), _Purse(meta)
    try:
        async with asyncio.timeout(WHOLE_S):
            await _number(purse, whom, seen)
            await _health(purse, whom, seen)
            if whom.account_id is not None:
                await _subscription(purse, whom, whom.account_id, seen)
                await _templates(purse, whom.account_id, seen)
    except TimeoutError:
        seen.unread.append("the rest: the time for looking was up")
    return seen


async def _number(meta: MetaPort, whom: Whom, seen: _Seen) -> None:
    answer, _ = await ask_fields(meta, whom.sender_id, _NUMBER_FIELDS)
    if isinstance(answer, Unread):
        _missing(seen, "the number", answer)
        return
    facts = number_facts.read(answer)
    if facts.display is None and facts.quality is None:
        _missing(seen, "the number", Unread(Why.SHAPE))
        return
    override = _address(whom, facts.webhooks.get("phone_number"))
    if facts.quality == "RED":
        seen.amiss.append("Meta rates the number as RED")
    _diverted(seen, "number", override)
    seen.keep(whom.sender_id, Number(display=facts.display, quality=facts.quality, override=override))


async def _health(meta: MetaPort, whom: Whom, seen: _Seen) -> None:
    answer = await ask(meta, whom.sender_id, fields="health_status")
    if isinstance(answer, Unread):
        _missing(seen, "the health status", answer)
        return
    found = health_status.read(answer)
    known = {each.value for each in Ability}
    entities = [] if found is None else [e for e in found.entities if e.kind in _OURSELVES]
    able = [(Ability(each.ability), each) for each in entities if each.ability in known]
    if not able:
        _missing(seen, "the health status", Unread(Why.SHAPE))
        return
    ability, worst = min(able, key=lambda pair: _WORST_FIRST.index(pair[0]))
    told = [f"{each.code}: {each.description}" for each in worst.complaints] + list(worst.remarks)
    reason = shortened("; ".join(told)) or None
    if ability is not Ability.AVAILABLE:
        seen.amiss.append(f"Meta's health status of {worst.kind} is {ability.value}: {reason or '-'}")
    seen.keep(whom.sender_id, Health(ability=ability, reason=reason))


async def _subscription(meta: MetaPort, whom: Whom, account_id: str, seen: _Seen) -> None:
    answer = await ask(meta, f"{account_id}/subscribed_apps")
    apps = None if isinstance(answer, Unread) else subscription.read_apps(answer)
    if apps is None:
        _missing(seen, "the subscribed apps", answer if isinstance(answer, Unread) else Unread(Why.SHAPE))
        return
    app_id = whom.app_id or await _own_app(meta, whom)
    ours = next((each for each in apps if app_id is not None and each.id == app_id), None)
    # An account that no app is subscribed to tells nobody, whoever we are.
    subscribed = ours is not None if app_id is not None or not apps else None
    override = _address(whom, None if ours is None else ours.override)
    if subscribed is False:
        seen.amiss.append("the account is not subscribed to our app")
    _diverted(seen, "account", override)
    seen.keep(whom.sender_id, Subscription(account_id=account_id, subscribed=subscribed, override=override))


async def _own_app(meta: MetaPort, whom: Whom) -> str | None:
    """The id of the app that the access token belongs to."""
    if whom.access_token is None:
        return None
    answer = await ask(meta, "debug_token", input_token=whom.access_token)
    facts = None if isinstance(answer, Unread) else token_facts.read(answer)
    return None if facts is None else facts.app_id


async def _templates(meta: MetaPort, account_id: str, seen: _Seen) -> None:
    found = await listed(meta, account_id)
    if isinstance(found, Unread):
        _missing(seen, "the templates", found)
        return
    seen.facts.extend(template_sightings(found, seen.at))


async def listed(
    meta: MetaPort, account_id: str, name: str | None = None, *, pages: int = MOST_PAGES
) -> Sequence[LiveTemplate] | Unread:
    """The templates that Meta has, those whose name contains `name` where one is given. A later page may be missing."""
    path, live = f"{account_id}/message_templates", list[LiveTemplate]()
    params = {"limit": PAGE} if name is None else {"limit": PAGE, "name": name}
    fields: tuple[str, ...] = _TEMPLATE_FIELDS
    for _ in range(pages):
        page: GraphObject | Unread
        page, left_out = await ask_fields(meta, path, fields, params)
        fields = tuple(each for each in fields if each not in left_out)
        if isinstance(page, Unread) and page.code == 100 and fields != _SURE_FIELDS:  # noqa: PLR2004 - Meta's code for a field it does not have
            fields = _SURE_FIELDS
            page, _ = await ask_fields(meta, path, fields, params)
        if isinstance(page, Unread):
            return live or page
        read = live_template.read_page(page)
        if read is None:
            return live or Unread(Why.SHAPE)
        live.extend(read)
        after = live_template.next_cursor(page)
        if after is None:
            break
        params["after"] = after
    return live


def template_sightings(live: Sequence[LiveTemplate], at: datetime) -> list[Sighting[Fact]]:
    """Each template as a sighting."""
    return [
        Sighting(
            template_subject(each.name, each.language),
            at,
            Template(status=each.status, category=each.category, lifetime_s=each.lifetime_s),
        )
        for each in live
        if each.status != UNTOLD
    ]


def _address(whom: Whom, url: str | None) -> Address | None:
    if url is None:
        return None
    ours = None if whom.webhook_url is None else callback_address.same(url, whom.webhook_url)
    return Address(url=without_query(url), ours=ours)


def _diverted(seen: _Seen, level: str, override: Address | None) -> None:
    if override is not None and override.ours is False:
        seen.amiss.append(f"webhooks are sent to {override.url} by an override at the {level}")


def _missing(seen: _Seen, what: str, reply: Unread) -> None:
    if reply.why in _NO_ANSWER and seen.unread:
        return  # the first question without an answer says it for all that were not asked after it
    reason = reply.message or reply.note or reply.why.value
    seen.unread.append(f"{what}: {shortened(reason)}")
