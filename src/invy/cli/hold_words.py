"""A hold as a person and a program are told of it, with the command that ends it."""

import difflib
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from invy.cli.cell import utc, visible
from invy.domain.campaign import Campaign
from invy.domain.hold import Hold, Scope

NAMED: Final = 5
"""Holds that a hint names; `invy holds` has them all."""


def by_id(campaigns: Iterable[Campaign]) -> dict[str, Campaign]:
    """Campaigns under what a hold calls them."""
    return {campaign.id: campaign for campaign in campaigns}


def reason(hold: Hold) -> str:
    """Meta's words or a person's, without a full stop, to stand inside a sentence."""
    return visible(hold.reason).rstrip(" .")


def subject(hold: Hold, campaigns: Mapping[str, Campaign]) -> str:
    """What is held, in the words of the command line."""
    if hold.scope is Scope.CAMPAIGN and hold.subject in campaigns:
        campaign = campaigns[hold.subject]
        return f"{campaign.event_id} {campaign.template_key}"
    return hold.subject


def ending(hold: Hold, campaigns: Mapping[str, Campaign]) -> str:
    """The command that lets the work go on."""
    if hold.scope is Scope.CAMPAIGN and hold.subject in campaigns:
        campaign = campaigns[hold.subject]
        words = ["campaign", campaign.event_id, campaign.template_key]
    else:
        words = [hold.scope.value, hold.subject]
    return f"invy resume {shlex.join(words)}"


def choice(held: Sequence[Hold], started: Iterable[Campaign], meant: str) -> str:
    """What can be let go on, for one who named something else; the nearest first."""
    if not held:
        return "Nothing is held at all. What is, shows: invy holds"
    campaigns = by_id(started)
    near = difflib.get_close_matches(meant, [hold.subject for hold in held], n=1)
    ordered = sorted(held, key=lambda hold: hold.subject not in near)
    commands = "; ".join(ending(hold, campaigns) for hold in ordered[:NAMED])
    more = f"; and {len(held) - NAMED:,} more, see invy holds" if len(held) > NAMED else ""
    return f"Held {'is' if len(held) == 1 else 'are'}: {commands}{more}."


def document(hold: Hold, campaigns: Mapping[str, Campaign]) -> dict[str, Any]:
    campaign = campaigns.get(hold.subject) if hold.scope is Scope.CAMPAIGN else None
    return {
        "scope": hold.scope.value,
        "subject": hold.subject,
        "event_id": campaign.event_id if campaign else None,
        "template_key": campaign.template_key if campaign else None,
        "code": hold.code,
        "reason": hold.reason,
        "since": utc(hold.since),
        "resume": ending(hold, campaigns),
    }
