"""A hold as a person and a program are told of it, with the command that ends it."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from invy.cli.cell import utc, visible
from invy.domain.campaign import Campaign
from invy.domain.hold import Hold, Scope


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
