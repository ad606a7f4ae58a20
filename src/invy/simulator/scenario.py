"""What a world is like, as a TOML file: guests, time, limits, chaos and what happens when. It reads; the world obeys.

Unknown keys are refused, so a typing error never passes for a calm sea.
"""

import math
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from invy.simulator.chaos import ChaosRules
from invy.simulator.fate import MIXES, Ending, Mix, Reaction

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")
_LARGEST_BATCH = 1000
_MOST_NUMBERS = 100
Key = TypeVar("Key", Ending, Reaction)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class ScenarioInvalid(ValueError):
    """The scenario does not exist or does not make sense; the message says where and what to do."""


class LimitRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Meta's limits. 0 switches a limit off.

    `per_second` counts real seconds, because clients pace themselves by the wall clock; all others count virtual
    time. `tier` is the number of different guests per rolling 24 hours. `allowed_recipients` makes the number a test
    number that may write to these only.
    """

    per_second: int = 80
    pair: bool = True
    tier: int = 0
    management_per_hour: int = 0
    us_marketing_paused: bool = False
    allowed_recipients: list[str] | None = None


class PacingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Template pacing; `hold_after` 0 switches it off.

    After `hold_after` messages of a template the next ones are held for `hold_s` seconds, then released or, with
    `drop`, failed with 132015 while the template is paused.
    """

    hold_after: int = 0
    hold_s: float = 1800.0
    drop: bool = False


class IncidentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that happens `at` a time since the start, or once `after_messages` have been accepted.

    `lasts` applies to those that end by themselves, `share` to those that hit only some, `template` and `url` to
    those that concern one. `how` chooses among the kinds of `odd-answers` and `spoil-door`, and `takes` (real time) is
    for the slow ones. `where` limits odd and refused answers to calls with this in their path or query, `calls` to so
    many; `code` and `message` are those of a refusal. `method` limits what the door does. `skew` is for the clock,
    `about`, `facts` and `without` for what is told of things.
    """

    do: str
    at: str = ""
    after_messages: int = 0
    lasts: str = "1h"
    share: float = 1.0
    template: str = ""
    url: str = ""
    how: str = ""
    takes: str = "15s"
    where: str = ""
    calls: int = 0
    code: int | None = None
    message: str = ""
    method: str = ""
    skew: str = ""
    about: str = ""
    facts: dict[str, Any] = {}
    without: list[str] = []


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    description: str = ""
    mix: str | dict[str, float] = "realistic"
    replies: dict[str, float] = {}
    magic: bool = True
    speed: float = 1.0
    real_timestamps: bool = False
    latency_ms: tuple[float, float] = (0.0, 0.0)
    batch: int = 1
    webhook_version: float = 25.0
    message_history: bool = True
    numbers: int = 1
    limits: LimitRules = LimitRules()
    pacing: PacingRules = PacingRules()
    chaos: ChaosRules = ChaosRules()
    incident: list[IncidentRule] = []

    def __post_init__(self) -> None:
        if not 0 < self.speed < math.inf:  # which no `nan` is
            raise ScenarioInvalid("speed must be more than 0: it says how many times faster delays run.")
        if not 1 <= self.batch <= _LARGEST_BATCH:
            raise ScenarioInvalid(f"batch must be 1 to {_LARGEST_BATCH}, as Meta's is.")
        if not 1 <= self.numbers <= _MOST_NUMBERS:
            raise ScenarioInvalid(f"numbers must be 1 to {_MOST_NUMBERS}.")
        if not 0 <= self.latency_ms[0] <= self.latency_ms[1]:
            raise ScenarioInvalid("latency_ms must be two numbers of milliseconds, the smaller one first.")

    def weights(self) -> Mix:
        """The mix as weights per ending. Raises ScenarioInvalid."""
        if isinstance(self.mix, str):
            if self.mix not in MIXES:
                raise ScenarioInvalid(
                    f"There is no mix called {self.mix!r}. Choose one of: {', '.join(MIXES)}."
                )
            return MIXES[self.mix]
        return _keyed(Ending, self.mix, "mix")

    def reactions(self) -> Mapping[Reaction, float]:
        """The share of readers who react, per reaction. Raises ScenarioInvalid."""
        return _keyed(Reaction, self.replies, "replies")


def _keyed(kind: type[Key], table: Mapping[str, float], where: str) -> dict[Key, float]:
    known = [each.value for each in kind]
    for name, weight in table.items():
        if name not in known:
            raise ScenarioInvalid(f"[{where}] knows no {name!r}. It knows: {', '.join(known)}.")
        if weight < 0:
            raise ScenarioInvalid(f"[{where}] {name} must not be negative.")
    if where == "mix" and not sum(table.values()):
        raise ScenarioInvalid("[mix] needs at least one ending with a weight above 0.")
    return {kind(name): weight for name, weight in table.items()}


def seconds(text: str) -> float:
    """A duration as a scenario writes it: `90s`, `5m`, `2h`, `3d`. Raises ScenarioInvalid."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ScenarioInvalid(f"{text!r} is not a duration. Write a number and s, m, h or d: '90s', '2h'.")
    return float(match[1]) * _UNIT_S[match[2]]


def read_scenario(text: str, *, source: str) -> Scenario:
    """A scenario from TOML. Raises ScenarioInvalid naming the source."""
    try:
        scenario = msgspec.toml.decode(text, type=Scenario)
        scenario.weights()
        scenario.reactions()
        for incident in scenario.incident:
            seconds(incident.lasts)
            if incident.at:
                seconds(incident.at)
    except (msgspec.DecodeError, ValueError) as error:
        raise ScenarioInvalid(f"{source}: {error}") from error
    return scenario


@cache
def shipped() -> Mapping[str, Traversable]:
    """The scenarios that come with the package, by name."""
    found = (files("invy.simulator") / "scenarios").iterdir()
    return {
        each.name.removesuffix(".toml"): each
        for each in sorted(found, key=lambda each: each.name)
        if each.name.endswith(".toml")
    }


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by name, or one from a file. Raises ScenarioInvalid."""
    if name in shipped():
        return read_scenario(shipped()[name].read_text("utf-8"), source=f"scenario {name}")
    path = Path(name)
    if path.suffix != ".toml":
        raise ScenarioInvalid(
            f"There is no scenario called {name!r}. Shipped are: {', '.join(shipped())}. Or give the path of a .toml file."
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioInvalid(f"The scenario file {name} cannot be read: {error}.") from error
    return read_scenario(text, source=name)
