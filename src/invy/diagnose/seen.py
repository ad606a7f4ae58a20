"""What sightings, notices and delivery reports say together. Of a sighting and a notice the newer one is believed.

A sighting of where webhooks go is believed for a day, and no longer than until a delivery report comes: whoever hears
one is neither unsubscribed nor cut off. Everything else keeps the moment from which it is known, so that it can be told.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from invy.diagnose.health import Ability, SenderHealth, TemplateHealth, Webhooks
from invy.diagnose.notices import Told
from invy.diagnose.sighting import Address, Health, Number, Sighting, Subscription, Template

FRESH: Final = timedelta(days=1)


def with_ability(found: SenderHealth, seen: Sighting[Health] | None, told: Told | None) -> SenderHealth:
    """Whether Meta lets the number send."""
    if seen is not None and (told is None or told.at < seen.at):
        fact = seen.fact
        return replace(found, ability=fact.ability, ability_reason=fact.reason, ability_at=seen.at)
    if told is None:
        return found
    ability = None if told.word is None else Ability(told.word)
    return replace(found, ability=ability, ability_reason=told.reason, ability_at=told.at)


def with_quality(found: SenderHealth, seen: Sighting[Number] | None, told: Told | None) -> SenderHealth:
    """How Meta rates the number."""
    if seen is not None and seen.fact.quality is not None and (told is None or told.at < seen.at):
        return replace(found, quality=seen.fact.quality, quality_at=seen.at)
    return found if told is None else replace(found, quality=told.word, quality_at=told.at)


def with_sighting(
    found: TemplateHealth, seen: Sighting[Template] | None, told: Told | None
) -> TemplateHealth:
    """How the template stands, and how long its messages are kept."""
    if seen is not None:
        found = replace(found, lifetime_s=seen.fact.lifetime_s, lifetime_at=seen.at)
        if told is None or told.at < seen.at:
            return replace(found, status=seen.fact.status, status_at=seen.at)
    return found if told is None else replace(found, status=told.word, status_at=told.at)


def with_route(
    found: Webhooks,
    number: Sighting[Number] | None,
    subscription: Sighting[Subscription] | None,
    now: datetime,
) -> Webhooks:
    """Whether webhooks are sent to us at all. `found` already knows when the last delivery report came."""
    if number is not None and not _holds(number.at, found, now):
        number = None
    if subscription is not None and not _holds(subscription.at, found, now):
        subscription = None
    at_number = None if number is None else number.fact.override
    at_account = None if subscription is None else subscription.fact.override
    # The number's own address goes before the account's.
    elsewhere = _elsewhere(at_account if at_number is None else at_number)
    subscribed = None if subscription is None else subscription.fact.subscribed
    by_number = subscribed is not False and elsewhere is not None and at_number is not None
    believed = number if by_number else subscription
    return replace(
        found,
        subscribed=subscribed,
        diverted_to=elsewhere,
        looked_at=None if believed is None else believed.at,
    )


def _holds(seen_at: datetime, found: Webhooks, now: datetime) -> bool:
    return now - seen_at <= FRESH and (found.last_receipt_at is None or found.last_receipt_at < seen_at)


def _elsewhere(address: Address | None) -> str | None:
    return address.url if address is not None and address.ours is False else None
