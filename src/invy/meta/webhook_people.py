"""Who is who in a value of a webhook: user ids beside phone numbers, in `contacts[]` and in system messages.

Meta's `contacts[]` name the guests whom the other lists of the same value are about (inbound, statuses since 2026, and
preferences); which item is whose they say only where there is one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from invy.meta import loose


class Pair(NamedTuple):
    """A user id and the digits of a number that were named as one guest's."""

    user_id: str
    digits: str


def pair(user_id: object, wa_id: object) -> Pair | None:
    """The two together; none where either is missing or cannot be one."""
    known, digits = loose.user_id(user_id), loose.digits(wa_id)
    return Pair(known, digits) if known is not None and digits is not None else None


def named_together(value: Mapping[str, Any]) -> Iterator[Pair]:
    """Every user id that stands beside a number, leaving out what a message or a preference says of its own guest."""
    found = [pair(loose.at(each, "user_id"), loose.at(each, "wa_id")) for each in _contacts(value)]
    for message in loose.items(value.get("messages")):
        system = loose.table(loose.at(message, "system"))
        # The number is a new one where the system message has one of its own, as in `user_changed_number`.
        number = system.get("wa_id") or loose.at(message, "from")
        if system.get("type") == CHANGED_USER_ID:
            found += [pair(each, number) for each in changed_user_id(message)]
        else:
            found.append(pair(system.get("user_id"), system.get("wa_id")))
    yield from (each for each in found if each is not None)


CHANGED_USER_ID = "user_changed_user_id"


def changed_user_id(message: object) -> tuple[str | None, str | None]:
    """The old and the new id of a guest, of a system message that tells of the change. Meta names the old since 2026-08."""
    old = loose.user_id(loose.at(message, "system.previous_user_id"))
    new = loose.user_id(loose.at(message, "system.user_id"))
    return old, new or loose.user_id(loose.at(message, "from_user_id"))


def only_contact(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one guest whom all items of this value are about; empty where there is none, or several."""
    contacts = _contacts(value)
    return loose.table(contacts[0]) if len(contacts) == 1 else {}


def _contacts(value: Mapping[str, Any]) -> list[Any]:
    return loose.items(value.get("contacts"))
