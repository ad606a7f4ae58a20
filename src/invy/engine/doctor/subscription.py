"""Where Meta sends the webhooks of this account: our app among its subscribers, no override that diverts them, our address."""

from collections.abc import Sequence
from typing import Final

from invy.engine.doctor.asking import ask, ask_as_app, shortened, unread, without_query
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta import callback_address, subscription
from invy.meta.catalogue import Text
from invy.meta.graph_object import GraphObject
from invy.meta.graph_reply import Unread, Why
from invy.meta.subscription import MESSAGES, WANTED, WHATSAPP, Callback, SubscribedApp

APPS: Final = Text(en="The list of subscribed apps", he="רשימת האפליקציות הרשומות")
CALLBACK: Final = Text(en="The app's webhook settings", he="הגדרות ה־webhook של האפליקציה")


async def apps(subject: Subject) -> Sequence[Finding]:
    """Whether the account sends its webhooks to our app, and not to another address by an override."""
    assert subject.meta is not None
    answer = await ask(subject.meta, f"{subject.settings.business_account_id}/subscribed_apps")
    if isinstance(answer, Unread):
        return [unread(Section.SUBSCRIPTION, APPS, answer)]
    listed = subscription.read_apps(answer)
    if listed is None:
        return [unread(Section.SUBSCRIPTION, APPS, Unread(Why.SHAPE))]
    account = subject.settings.business_account_id or ""
    names = ", ".join(f"{each.name or '?'} ({each.id or '?'})" for each in listed)
    app_id = subject.settings.app_id or subject.chart.app_id
    if not listed:
        return [found(Section.SUBSCRIPTION, "subscription.none", account=account, graph=_graph(subject))]
    if app_id is None:
        return [found(Section.SUBSCRIPTION, "subscription.app_unknown", names=names)]
    ours = next((each for each in listed if each.id == app_id), None)
    if ours is None:
        return [
            found(
                Section.SUBSCRIPTION,
                "subscription.not_ours",
                account=account,
                app=app_id,
                names=names,
                graph=_graph(subject),
            )
        ]
    return [found(Section.SUBSCRIPTION, "subscription.ours", app=app_id), *_account_override(subject, ours)]


def _account_override(subject: Subject, app: SubscribedApp) -> list[Finding]:
    at_number = subject.chart.overrides.get("phone_number")
    if app.override is None or (at_number is not None and _is_ours(subject, at_number)):
        return []
    return [_override(subject, "account", app.override)]


async def number_override(subject: Subject) -> Sequence[Finding]:
    """An override at the phone number goes before everything else. The number's own section has read it."""
    url = subject.chart.overrides.get("phone_number")
    return [] if url is None else [_override(subject, "number", url)]


def _override(subject: Subject, level: str, url: str) -> Finding:
    ours = "_ours" if _is_ours(subject, url) else ""
    key = f"subscription.{level}_override{ours}"
    if subject.settings.webhook_url is None:
        key = "subscription.override_unknown"
    return found(
        Section.SUBSCRIPTION,
        key,
        about=level,
        url=shortened(without_query(url)),
        graph=_graph(subject),
        account=subject.settings.business_account_id or "",
        number=subject.settings.phone_number_id or "",
    )


def _graph(subject: Subject) -> str:
    """Where the Graph API is, for a command to copy."""
    return f"{subject.settings.api_base_url}/{subject.settings.api_version}"


async def callback(subject: Subject) -> Sequence[Finding]:
    """The app's own callback: its address, whether it is active, and the fields."""
    meta, known = subject.meta, subject.settings
    assert meta is not None
    reply: GraphObject | Unread = Unread(Why.SHAPE)
    for secret in known.app_secrets:
        reply = await ask_as_app(meta, f"{known.app_id}/subscriptions", f"{known.app_id}|{secret}")
        if not isinstance(reply, Unread):
            break
    if isinstance(reply, Unread):
        return [unread(Section.SUBSCRIPTION, CALLBACK, reply, about="callback")]
    callbacks = subscription.read_callbacks(reply)
    if callbacks is None:
        return [unread(Section.SUBSCRIPTION, CALLBACK, Unread(Why.SHAPE), about="callback")]
    there = callbacks.get(WHATSAPP)
    if there is None:
        return [found(Section.SUBSCRIPTION, "subscription.no_callback", about="callback")]
    return [*_address(subject, there), *_fields(there)]


def _address(subject: Subject, there: Callback) -> list[Finding]:
    url, shown = there.url or "-", shortened(without_query(there.url or "-"))
    if not there.active:
        return [found(Section.SUBSCRIPTION, "subscription.inactive", about="callback", url=shown)]
    ours = subject.settings.webhook_url
    if ours is None:
        return [found(Section.SUBSCRIPTION, "subscription.callback_unknown", about="callback", url=shown)]
    if _is_ours(subject, url):
        return [found(Section.SUBSCRIPTION, "subscription.callback_ours", about="callback", url=shown)]
    overridden = subject.chart.overrides.get("phone_number") or subject.chart.overrides.get(
        "whatsapp_business_account"
    )
    key = "callback_replaced" if overridden and _is_ours(subject, overridden) else "callback_elsewhere"
    return [found(Section.SUBSCRIPTION, f"subscription.{key}", about="callback", url=shown, ours=ours)]


def _fields(there: Callback) -> list[Finding]:
    if MESSAGES not in there.fields:
        return [found(Section.SUBSCRIPTION, "subscription.no_messages", about="fields")]
    missing = [name for name in WANTED if name not in there.fields]
    if missing:
        return [
            found(
                Section.SUBSCRIPTION, "subscription.fields_missing", about="fields", fields=", ".join(missing)
            )
        ]
    version = there.fields[MESSAGES] or "?"
    return [found(Section.SUBSCRIPTION, "subscription.fields", about="fields", version=version)]


def _is_ours(subject: Subject, url: str) -> bool:
    """Whether the address is that of our webhook."""
    ours = subject.settings.webhook_url
    return ours is not None and callback_address.same(url, ours)
