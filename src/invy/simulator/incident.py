"""What happens to a world from outside its guests: outages, expiry, locks, edits. By scenario, or on demand.

Each incident is a row in a table; a scenario says when, `/_simulator/incidents` says now.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from invy.simulator.interference import INTERFERENCES, check
from invy.simulator.scenario import IncidentRule, ScenarioInvalid, seconds
from invy.simulator.template import Template
from invy.simulator.world import World

Effect = Callable[[World, IncidentRule], None]

_HIGH_THROUGHPUT = 1000
_UPGRADE_S = 60.0


def _templates(world: World, rule: IncidentRule) -> Iterator[Template]:
    """The templates an incident is about: those of its name, or all."""
    return iter(world.catalogue.named(rule.template) if rule.template else list(world.catalogue))


def _until(world: World, rule: IncidentRule) -> float:
    return world.clock.now() + seconds(rule.lasts)


def _pause_template(world: World, rule: IncidentRule) -> None:
    for template in _templates(world, rule):
        world.catalogue.pause(template)


def _unpause_template(world: World, rule: IncidentRule) -> None:
    for template in _templates(world, rule):
        world.catalogue.unpause(template)


def _disable_template(world: World, rule: IncidentRule) -> None:
    for template in _templates(world, rule):
        world.catalogue.set_status(template, "DISABLED", title="DISABLED", description="Paused too often.")


def _reject_template(world: World, rule: IncidentRule) -> None:
    for template in _templates(world, rule):
        template.rejected_reason = "PROMOTIONAL"
        world.catalogue.set_status(template, "REJECTED")


def _edit_template(world: World, rule: IncidentRule) -> None:
    """Somebody adds a variable to the body: what fitted before is refused with 132000 now."""
    for template in _templates(world, rule):
        name = "{{added}}" if template.named else f"{{{{{len(template.body_variables) + 1}}}}}"
        components = [
            {**each, "text": f"{each['text']} ({name})."} if str(each.get("type")).upper() == "BODY" else each
            for each in template.components
        ]
        world.catalogue.edit(template, components=components)


def _delete_template(world: World, rule: IncidentRule) -> None:
    for template in list(_templates(world, rule)):
        world.catalogue.delete(template)


def _expire_token(world: World, _: IncidentRule) -> None:
    world.condition.token_expires_at = world.clock.now()


def _renew_token(world: World, _: IncidentRule) -> None:
    world.condition.renew_token(world.seed)


def _renew_secret(world: World, _: IncidentRule) -> None:
    """Somebody resets the app secret in Meta's dashboard: webhooks are signed with another one from now on."""
    world.renew_secret()


def _revoke_permission(world: World, _: IncidentRule) -> None:
    world.condition.permission_revoked = True


def _grant_permission(world: World, _: IncidentRule) -> None:
    world.condition.permission_revoked = False


def _today(world: World) -> str:
    return f"{datetime.fromtimestamp(world.clock.now(), UTC):%B %d, %Y}"


def _account_news(world: World, body: dict[str, Any]) -> None:
    world.herald.tell_field(world.sender, "account_update", body)


def _lock_account(world: World, _: IncidentRule) -> None:
    world.condition.locked = True
    _account_news(
        world,
        {
            "event": "DISABLED_UPDATE",
            "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": _today(world)},
        },
    )


def _unlock_account(world: World, _: IncidentRule) -> None:
    world.condition.locked = False
    _account_news(
        world,
        {
            "event": "DISABLED_UPDATE",
            "ban_info": {"waba_ban_state": "REINSTATE", "waba_ban_date": _today(world)},
        },
    )


def _payment_problem(world: World, _: IncidentRule) -> None:
    world.condition.payment_problem = True
    _alert(world, "The payment method of the account has failed.")


def _alert(world: World, description: str) -> None:
    world.herald.tell_field(
        world.sender,
        "account_alerts",
        {
            "entity_type": "WABA",
            "entity_id": world.account.waba_id,
            "alert_info": {
                "alert_severity": "CRITICAL",
                "alert_status": "ACTIVE",
                "alert_type": "PAYMENT_ISSUE",
                "alert_description": description,
            },
        },
    )


def _payment_solved(world: World, _: IncidentRule) -> None:
    world.condition.payment_problem = False


def _api_outage(world: World, rule: IncidentRule) -> None:
    world.condition.api_out_until = _until(world, rule)


def _webhook_outage(world: World, rule: IncidentRule) -> None:
    """Meta's webhooks stand still: `share` of them are lost for ever, the others come when it is over."""
    world.herald.silent_until = _until(world, rule)
    world.herald.silent_share_lost = rule.share


def _media_outage(world: World, rule: IncidentRule) -> None:
    world.condition.media_out_until = _until(world, rule)


def _maintenance(world: World, rule: IncidentRule) -> None:
    world.condition.maintenance_until = _until(world, rule)


def _throughput_upgrade(world: World, _: IncidentRule) -> None:
    """To 1000 messages a second, after a minute of maintenance."""
    world.condition.maintenance_until = world.clock.now() + _UPGRADE_S
    world.condition.per_second = _HIGH_THROUGHPUT
    if world.limits.per_second:
        world.limits.per_second = _HIGH_THROUGHPUT
    world.herald.tell_field(
        world.sender,
        "phone_number_quality_update",
        {
            "display_phone_number": world.sender.display_phone_number,
            "event": "THROUGHPUT_UPGRADE",
            "current_limit": "TIER_UNLIMITED",
            "max_daily_conversations_per_business": "TIER_UNLIMITED",
        },
    )


def _quality(world: World, rule: IncidentRule, *, score: str) -> None:
    """How people take our messages: the rating of the number, and of the templates the incident is about."""
    world.condition.quality = score
    for template in world.catalogue:
        if template.name != rule.template and rule.template:
            continue
        world.herald.tell_field(
            world.sender,
            "message_template_quality_update",
            {
                "previous_quality_score": template.quality,
                "new_quality_score": score,
                "message_template_id": int(template.id),
                "message_template_name": template.name,
                "message_template_language": template.language.replace("_", "-"),
            },
        )
        template.quality = score


def _deregister_number(world: World, _: IncidentRule) -> None:
    world.condition.registered = False


def _register_number(world: World, _: IncidentRule) -> None:
    world.condition.registered = True


def _unsubscribe_app(world: World, _: IncidentRule) -> None:
    world.herald.app_subscribed = False


def _override_callback(world: World, rule: IncidentRule) -> None:
    """Somebody else's integration takes our webhooks away."""
    world.herald.account_override = rule.url


def _phones_off(world: World, _: IncidentRule) -> None:
    for guest in world.guests:
        guest.online = False


def _phones_on(world: World, _: IncidentRule) -> None:
    for guest in list(world.guests):
        world.journey.resume(guest)


def _forbid_history(world: World, _: IncidentRule) -> None:
    world.history_allowed = False


def _allow_history(world: World, _: IncidentRule) -> None:
    world.history_allowed = True


INCIDENTS: Mapping[str, Effect] = MappingProxyType(
    {
        "pause-template": _pause_template,
        "unpause-template": _unpause_template,
        "disable-template": _disable_template,
        "reject-template": _reject_template,
        "edit-template": _edit_template,
        "delete-template": _delete_template,
        "expire-token": _expire_token,
        "renew-token": _renew_token,
        "renew-secret": _renew_secret,
        "revoke-permission": _revoke_permission,
        "grant-permission": _grant_permission,
        "lock-account": _lock_account,
        "unlock-account": _unlock_account,
        "payment-problem": _payment_problem,
        "payment-solved": _payment_solved,
        "api-outage": _api_outage,
        "webhook-outage": _webhook_outage,
        "media-outage": _media_outage,
        "maintenance": _maintenance,
        "throughput-upgrade": _throughput_upgrade,
        "quality-red": partial(_quality, score="RED"),
        "quality-green": partial(_quality, score="GREEN"),
        "deregister-number": _deregister_number,
        "register-number": _register_number,
        "unsubscribe-app": _unsubscribe_app,
        "override-callback": _override_callback,
        "phones-off": _phones_off,
        "phones-on": _phones_on,
        "forbid-history": _forbid_history,
        "allow-history": _allow_history,
        **INTERFERENCES,
    }
)


def _check(rule: IncidentRule) -> None:
    if rule.do not in INCIDENTS:
        raise ScenarioInvalid(f"There is no incident called {rule.do!r}. There are: {', '.join(INCIDENTS)}.")
    check(rule)


def happen(world: World, rule: IncidentRule) -> None:
    """Let it happen now. Raises ScenarioInvalid for an incident nobody knows, or one that makes no sense."""
    _check(rule)
    INCIDENTS[rule.do](world, rule)
    world.incidents.append(
        {"do": rule.do, "how": rule.how, "template": rule.template, "at": round(world.clock.now(), 3)}
    )


def plan(world: World) -> None:
    """Put a scenario's incidents on the agenda. Raises ScenarioInvalid before anything has happened."""
    for rule in world.scenario.incident:
        _check(rule)
        if bool(rule.at) == bool(rule.after_messages):
            raise ScenarioInvalid(f"The incident {rule.do} needs either `at` or `after_messages`.")
    for rule in world.scenario.incident:
        if rule.at:
            world.clock.at(world.started_at + seconds(rule.at), partial(happen, world, rule), lasting=True)
        else:
            world.when_accepted(rule.after_messages, partial(happen, world, rule))
