"""Incidents on the ways between: odd answers, other facts, a wrong clock, a spoilt door, bodies nobody can read.

Rows of the same table as `incident.py`. A rule has been checked before an effect sees it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from invy.simulator.door import Spoilt, Trouble
from invy.simulator.news import Item, envelope
from invy.simulator.oddity import Odd, Oddity
from invy.simulator.retelling import About
from invy.simulator.scenario import IncidentRule, ScenarioInvalid, seconds
from invy.simulator.wire import encode
from invy.simulator.world import World

_USUAL_SKEW = "10m"
_TEMPORARILY_BLOCKED = 368
_SCAN = b"<?php system($_GET['cmd']); ?>"


def _until(world: World, rule: IncidentRule) -> float:
    return world.clock.now() + seconds(rule.lasts)


def _odd_answers(world: World, rule: IncidentRule) -> None:
    how = Oddity(rule.how or Oddity.HTML)
    odd = Odd(
        _until(world, rule), how, rule.where, calls_left=rule.calls or None, takes_s=seconds(rule.takes)
    )
    world.oddities.add(odd)


def _refuse_calls(world: World, rule: IncidentRule) -> None:
    world.oddities.add(
        Odd(
            _until(world, rule),
            where=rule.where,
            calls_left=rule.calls or None,
            code=_TEMPORARILY_BLOCKED if rule.code is None else rule.code,
            message=rule.message,
        )
    )


def _usual_answers(world: World, _: IncidentRule) -> None:
    world.oddities.clear()


def _change_facts(world: World, rule: IncidentRule) -> None:
    about = About(rule.about or About.NUMBER)
    name = rule.template if about is About.TEMPLATE else ""
    world.retelling.change(about, rule.facts, rule.without, name=name)


def _withdraw_fields(world: World, rule: IncidentRule) -> None:
    about = About(rule.about or About.NUMBER)
    world.retelling.withdraw(about, rule.without)


def _usual_facts(world: World, _: IncidentRule) -> None:
    world.retelling.clear()


def _clock_skew(world: World, rule: IncidentRule) -> None:
    """Meta's `Date` runs `skew` ahead of this machine's clock, or behind it with a minus."""
    text = rule.skew or _USUAL_SKEW
    world.condition.date_skew_s = -seconds(text[1:]) if text.startswith("-") else seconds(text)


def _clock_right(world: World, _: IncidentRule) -> None:
    world.condition.date_skew_s = 0.0


def _spoil_door(world: World, rule: IncidentRule) -> None:
    how = Spoilt(rule.how or Spoilt.REWRITE)
    world.door.trouble = Trouble(how, _until(world, rule), rule.method.upper(), seconds(rule.takes))


def _mend_door(world: World, _: IncidentRule) -> None:
    world.door.trouble = None


def _override_number(world: World, rule: IncidentRule) -> None:
    """Another integration takes the webhooks of this number away."""
    if rule.url:
        world.herald.number_overrides[world.sender.phone_number_id] = rule.url
    else:
        world.herald.number_overrides.pop(world.sender.phone_number_id, None)


def _unreadable_webhook(world: World, _: IncidentRule) -> None:
    """One webhook with a right signature over half of a body."""
    item = Item(world.sender, "messages", "statuses", {"status": "sent"}, label="unreadable")
    body = encode(envelope([item], at=world.stamp(world.clock.now())))
    _post(world, item, body[: len(body) * 2 // 3])


def _stranger(world: World, _: IncidentRule) -> None:
    """Somebody on the internet tries his luck at the callback: no signature, and nothing Meta would send."""
    item = Item(world.sender, "messages", "", {}, label="stranger", forged=True)
    _post(world, item, _SCAN)


def _post(world: World, item: Item, body: bytes) -> None:
    subscription = world.herald.subscription
    if subscription is not None:
        world.postman.give_body(subscription.callback_url, item, body)


INTERFERENCES: Mapping[str, Callable[[World, IncidentRule], None]] = MappingProxyType(
    {
        "odd-answers": _odd_answers,
        "refuse-calls": _refuse_calls,
        "usual-answers": _usual_answers,
        "change-facts": _change_facts,
        "withdraw-fields": _withdraw_fields,
        "usual-facts": _usual_facts,
        "clock-skew": _clock_skew,
        "clock-right": _clock_right,
        "spoil-door": _spoil_door,
        "mend-door": _mend_door,
        "override-number": _override_number,
        "unreadable-webhook": _unreadable_webhook,
        "stranger": _stranger,
    }
)

VARIETIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"odd-answers": tuple(Oddity), "spoil-door": tuple(Spoilt)}
)
"""The words of `how`, for incidents that come in several kinds."""

_WORDS: Mapping[str, tuple[str, type[StrEnum]]] = MappingProxyType(
    {
        "odd-answers": ("how", Oddity),
        "spoil-door": ("how", Spoilt),
        "change-facts": ("about", About),
        "withdraw-fields": ("about", About),
    }
)


def check(rule: IncidentRule) -> None:
    """Whether a rule makes sense, before anything has happened. Raises ScenarioInvalid."""
    seconds(rule.lasts)
    seconds(rule.takes)
    if rule.skew:
        seconds(rule.skew.removeprefix("-"))
    if rule.do in _WORDS:
        member, words = _WORDS[rule.do]
        given = getattr(rule, member)
        if given and given not in set(words):
            raise ScenarioInvalid(f"{rule.do}: `{member}` knows no {given!r}. It knows: {', '.join(words)}.")
