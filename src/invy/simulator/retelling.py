"""What Meta tells of things instead of what is so in this world: other facts about a number, a token, a template.

Only what is told changes; how the world behaves does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class About(StrEnum):
    """The words of `about` for the incidents `change-facts` and `withdraw-fields`."""

    NUMBER = "number"  # GET /{phone-number-id}
    ACCOUNT = "account"  # GET /{waba}
    TOKEN = "token"  # noqa: S105 - GET /debug_token: the members of `data`
    TEMPLATE = "template"  # message_templates: of the name in `template`, or all
    SUBSCRIBED_APP = "subscribed-app"  # subscribed_apps: the one row
    SUBSCRIPTION = "subscription"  # {app}/subscriptions: the one row


@dataclass(frozen=True, slots=True)
class _Change:
    about: About
    name: str
    facts: Mapping[str, Any]
    without: frozenset[str]


class Retelling:
    """The changes in force; a later one goes before an earlier one."""

    def __init__(self) -> None:
        self._changes: list[_Change] = []
        self._withdrawn: dict[About, frozenset[str]] = {}

    def change(
        self, about: About, facts: Mapping[str, Any], without: Iterable[str] = (), *, name: str = ""
    ) -> None:
        """From now on these members are told with these values, and those not at all."""
        self._changes.append(_Change(about, name, dict(facts), frozenset(without)))

    def withdraw(self, about: About, fields: Iterable[str]) -> None:
        """From now on these fields do not exist: asking for one is an error, as with Meta."""
        self._withdrawn[about] = self._withdrawn.get(about, frozenset()) | frozenset(fields)

    def clear(self) -> None:
        self._changes.clear()
        self._withdrawn.clear()

    def told(self, about: About, row: dict[str, Any], name: str = "") -> dict[str, Any]:
        """The row as Meta tells it."""
        for each in self._changes:
            if each.about is about and each.name in {"", name}:
                row = {
                    member: value
                    for member, value in {**row, **each.facts}.items()
                    if member not in each.without
                }
        return row

    def known(self, about: About, fields: Sequence[str]) -> Sequence[str]:
        """The fields that can be asked for."""
        withdrawn = self._withdrawn.get(about)
        return fields if withdrawn is None else [each for each in fields if each not in withdrawn]
