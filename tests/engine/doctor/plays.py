"""How the simulator brings about each thing that the doctor finds wrong: what happens there, and how it is looked at.

A look is one way of examining; without any trouble it finds nothing of what the plays of that look are about.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from invy.app.checkup import Trial
from invy.app.house import House, utc_now
from invy.engine.doctor import asking, trial
from invy.engine.doctor.examine import examine
from invy.engine.doctor.finding import Finding
from invy.engine.doctor.section import Section
from invy.gateway.callback import Callback
from invy.gateway.image import ImageFetcher
from invy.simulator.template import default_templates
from invy.store import schema
from invy.store.database import Database
from invy.testing import Catcher, CloudApi
from tests.engine.doctor.clinic import Clinic, clinic
from tests.engine.doctor.patients import examined, keys, only, patient
from tests.engine.doctor.simulated import pointed
from tests.simulator.client import invitation, send

SOON_S: Final = 0.3
"""How long is waited where somebody never answers."""

PATH: Final = "/whatsapp/webhook"
READ: Final = ("+447700900150", "+12025550150", "+447700900151")
BLOCKED, NO_WEBHOOK, UNDELIVERABLE = "+447700900152", "+447700900153", "+447700900156"
LOST_REPLY = "+447700900171"
PARAMS: Final = {
    "contact_name": "Ayala",
    "event_id": "wedding",
    "invitation_image_url": "https://invy.example/i.jpg",
}


def incident(do: str, **details: Any) -> Mapping[str, Any]:
    return {"do": do, **details}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is otherwise than it should be. `incidents` happen at the simulator; a `{…}` in them names its facts."""

    incidents: tuple[Mapping[str, Any], ...] = ()
    scenario: str | None = None
    templates: tuple[Mapping[str, Any], ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    """Settings of ours that do not fit this world."""
    callback: str | None = PATH
    """The path at our address that is subscribed; None for no subscription."""
    fields: str = ""
    picture: str = "good.jpg"
    dialled: tuple[str, ...] = READ
    """Whom we write to."""
    strangers: bool = False
    """Whether somebody else writes with the same account."""
    served: bool = True
    quick: bool = False
    """Whether a check gets hardly any time."""


@dataclass(frozen=True)
class Stage:
    api: CloudApi
    folder: Path
    trouble: Trouble = Trouble()
    wanted: str = ""

    async def happens(self) -> None:
        for each in self.trouble.incidents:
            await asyncio.to_thread(self.api.happen, each["do"], **self._details(each))

    def _details(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        told = {"number": self.api.phone_number_id, "account": self.api.business_account_id}
        return {
            name: value.format_map(told)
            if isinstance(value, str)
            else value(self.api)
            if callable(value)
            else value
            for name, value in rule.items()
            if name != "do"
        }

    async def examined(
        self, *sections: Section, more: Mapping[str, str] | None = None, **changed: Any
    ) -> list[Finding]:
        given = {**(more or {}), **self.trouble.given}
        filled = {name: value.format(secret=self.api.app_secret) for name, value in given.items()}
        return await examined(pointed(self.api, self.folder, **filled), *sections, **changed)


Look = Callable[[Stage], Awaitable[list[Finding]]]


async def at_meta(stage: Stage) -> list[Finding]:
    """Everything that is asked of Meta."""
    await stage.happens()
    sections = (
        Section.CLOCK,
        Section.TOKEN,
        Section.NUMBER,
        Section.HEALTH,
        Section.TEMPLATES,
        Section.VERSION,
    )
    with pytest.MonkeyPatch.context() as patch:
        if stage.wanted == "general.no_answer":
            patch.setattr(asking, "CALL_S", SOON_S)
        if not stage.trouble.quick:
            return await stage.examined(*sections)
        hurried = [replace(check, timeout_s=SOON_S) for check in only(Section.NUMBER)]
        async with patient(pointed(stage.api, stage.folder)) as subject:
            return [finding async for finding in examine(hurried, subject)]


async def subscribed(stage: Stage) -> list[Finding]:
    """Where Meta's webhooks go."""
    api, trouble = stage.api, stage.trouble
    with Catcher(api.app_secret, api.verify_token) as ours:
        address = ours.url.removesuffix("/webhook")
        if trouble.callback is not None:
            await asyncio.to_thread(api.set_callback, address + trouble.callback, fields=trouble.fields)
        await stage.happens()
        return await stage.examined(
            Section.SETTINGS,
            Section.TOKEN,
            Section.NUMBER,
            Section.SUBSCRIPTION,
            more={"INVY_PUBLIC_URL": address},
        )


async def pictured(stage: Stage) -> list[Finding]:
    """A header picture."""
    await stage.happens()
    eyes = ImageFetcher(home=stage.api.base_url, timeout_s=5 if stage.wanted != "images.timeout" else SOON_S)
    link = stage.api.picture(stage.trouble.picture)
    return await stage.examined(Section.TEMPLATES, Section.IMAGES, images=eyes, image_urls=(link,))


async def through_the_door(stage: Stage) -> list[Finding]:
    """Our webhook from outside, through what stands before it."""
    async with (
        clinic(pointed(stage.api, stage.folder), send=False) as there,
        Callback(timeout_s=5 if stage.wanted != "webhook.no_answer" else SOON_S) as outside,
    ):
        door = await asyncio.to_thread(stage.api.lead_door, there.url)
        await stage.happens()
        return await stage.examined(
            Section.DATABASE, Section.WEBHOOK, more={"INVY_PUBLIC_URL": door}, outside=outside
        )


async def heard(stage: Stage) -> list[Finding]:
    """What our service has heard of three messages, five minutes after they were sent."""
    api = stage.api
    async with clinic(pointed(api, stage.folder), send=False) as there:
        door = await asyncio.to_thread(api.lead_door, there.url)
        await asyncio.to_thread(api.set_callback, door + PATH)
        await stage.happens()
        for number in stage.trouble.dialled:
            await written(there.house, number)
        if stage.trouble.strangers:
            await asyncio.to_thread(send, api, invitation(READ[0]))
        await asyncio.to_thread(api.advance, 300)
        return await _when_applied(stage, there)


async def written(house: House, number: str) -> None:
    """One message of ours, sent from here."""
    port = Trial(house)
    await port.send(await port.begin("hina_invitation", number, PARAMS))


async def _when_applied(stage: Stage, there: Clinic) -> list[Finding]:
    """A refused body is sampled behind the answer's back, and not all are: Meta tries again until one was."""
    until = time.monotonic() + 20
    while True:
        while await there.house.journal.waiting():
            await asyncio.sleep(0.01)
        findings = await stage.examined(
            Section.DATABASE, Section.EVIDENCE, clock=lambda: utc_now() + timedelta(minutes=5)
        )
        if not stage.wanted or stage.wanted in keys(findings) or time.monotonic() > until:
            return findings
        await asyncio.to_thread(stage.api.advance, 300)


async def tried(stage: Stage) -> list[Finding]:
    """A test message, sent for real."""
    api, trouble = stage.api, stage.trouble
    given = pointed(api, stage.folder, **trouble.given)
    if not trouble.served:
        database = Database.open(given.database_url)
        await schema.upgrade(database)
        try:
            return [await _attempt(stage, House(given, database))]
        finally:
            await database.close()
    async with clinic(given) as there:
        await asyncio.to_thread(api.set_callback, there.webhook)
        return [await _attempt(stage, there.house)]


async def _attempt(stage: Stage, house: House) -> Finding:
    now = utc_now()

    async def half_an_hour(_seconds: float) -> None:
        """Passes at once in the simulator and for the doctor; and whatever it brings has been taken in."""
        nonlocal now
        while stage.trouble.served and await house.outbox.unfinished():
            await asyncio.sleep(0.01)
        await asyncio.to_thread(stage.api.advance, 1800)
        while stage.trouble.served and await house.journal.waiting():
            await asyncio.sleep(0.01)
        now += timedelta(minutes=30)

    return await trial.attempt(
        Trial(house),
        "hina_invitation",
        stage.trouble.dialled[0],
        PARAMS,
        clock=lambda: now,
        pause=half_an_hour,
        timeout_s=7200,
        tell=lambda _: None,
    )


@dataclass(frozen=True)
class Play:
    look: Look
    trouble: Trouble


def _by(look: Look, *incidents: Mapping[str, Any], **more: Any) -> Play:
    return Play(look, Trouble(incidents=incidents, **more))


def _meta(do: str, **details: Any) -> Play:
    return _by(at_meta, incident(do, **details))


def _number(*without: str, **facts: Any) -> Play:
    return _meta("change-facts", about="number", facts=facts, without=list(without))


def _template(**facts: Any) -> Play:
    return _meta("change-facts", about="template", template="hina_invitation", facts=facts)


def _token(**facts: Any) -> Play:
    return _meta("change-facts", about="token", facts=facts)


def _ours(**given: str) -> Play:
    return _by(at_meta, given=given)


def _picture(name: str) -> Play:
    return _by(pictured, picture=name)


def _door(how: str, method: str = "") -> Play:
    return _by(through_the_door, incident("spoil-door", how=how, method=method))


def _answers(how: str, **details: Any) -> Play:
    return _meta("odd-answers", how=how, where="{number}?", **details)


def _refused(code: int) -> Play:
    return _meta("refuse-calls", code=code, where="{number}?")


def _epoch(after: timedelta) -> int:
    return int((datetime.now(UTC) + after).timestamp())


def _invitation(link: str, example: str = "https://scontent.whatsapp.net/x") -> list[Any]:
    """The components of hina_invitation, with another link or another example."""
    header, body, buttons = default_templates()[0]["components"]
    [button] = buttons["buttons"]
    return [
        {**header, "example": {"header_handle": [example]}},
        body,
        {**buttons, "buttons": [{**button, "url": link}]},
    ]


_ELSEWHERE: Final = "https://another-provider.example/hook"
_CALLS_ARE_ODD = {
    "can_send_message": "AVAILABLE",
    "entities": [{"entity_type": "WABA", "id": "1", "can_send_message": "PERHAPS"}],
}
_MANY = tuple(
    {"name": f"template_{n}", "language": "he", "components": [{"type": "BODY", "text": "Hello"}]}
    for n in range(101)
)

PLAYS: Final[Mapping[str, Play]] = {
    "clock.off": _meta("clock-skew", skew="2m"),
    "clock.far_off": _meta("clock-skew", skew="-3h"),
    "clock.no_date": _meta("odd-answers", how="no-date"),
    "clock.stranger": _meta("odd-answers", how="list"),
    "evidence.nothing_yet": _by(heard, incident("unsubscribe-app"), dialled=()),
    "evidence.silent": _by(heard, incident("webhook-outage", lasts="2h", share=0.0)),
    "evidence.orphans": _by(heard, strangers=True),
    "evidence.unconfirmed": _by(heard, incident("unsubscribe-app"), dialled=(LOST_REPLY,)),
    "evidence.unreadable": _by(heard, incident("unreadable-webhook")),
    "evidence.refused_secret": _by(heard, incident("renew-secret")),
    "evidence.refused_rewritten": _by(heard, incident("spoil-door", how="rewrite")),
    "evidence.refused_unsigned": _by(heard, incident("spoil-door", how="strip")),
    "evidence.refused_foreign": _by(heard, incident("stranger")),
    "general.slow": _by(at_meta, incident("odd-answers", how="slow", takes="20s"), quick=True),
    "general.no_answer": _answers("slow", takes="20s"),
    "general.cut_off": _answers("cut"),
    "general.not_json": _answers("html"),
    "general.odd_shape": _answers("list"),
    "general.not_permitted": _meta("revoke-permission"),
    "general.no_such_thing": _ours(WHATSAPP_PHONE_NUMBER_ID="106540000000009"),
    "general.token_refused": _refused(190),
    "general.throttled": _refused(80007),
    "general.meta_trouble": _meta("api-outage"),
    "general.refused": _refused(368),
    "health.limited": _meta("quality-red"),
    "health.blocked": _meta("lock-account"),
    "health.unknown": _number(health_status=_CALLS_ARE_ODD),
    "images.misdeclared": _picture("misdeclared.jpg"),
    "images.redirects": _picture("moved.jpg"),
    "images.not_a_link": _picture("moved-to-nothing.jpg"),
    "images.not_https": _picture("moved-to-http.jpg"),
    "images.metas_example": _by(
        pictured,
        incident(
            "change-facts",
            about="template",
            facts=lambda api: {
                "components": _invitation("https://x.example/{{1}}", api.picture("example.jpg"))
            },
        ),
        picture="example.jpg",
    ),
    "images.private": _picture("moved-to-private.jpg"),
    "images.unreachable": _picture("cut.jpg"),
    "images.timeout": _picture("slow.jpg"),
    "images.too_many_redirects": _picture("chain.jpg"),
    "images.http_error": _picture("missing.jpg"),
    "images.too_large": _picture("large.jpg"),
    "images.empty": _picture("empty.jpg"),
    "images.wrong_kind": _picture("webp.jpg"),
    "images.wrong_colours": _picture("cmyk.jpg"),
    "number.status_not_told": _number("status"),
    "number.hampered": _number(status="FLAGGED"),
    "number.not_connected": _meta("deregister-number"),
    "number.quality_yellow": _number(quality_rating="YELLOW"),
    "number.quality_red": _meta("quality-red"),
    "number.name": _number(name_status="DECLINED"),
    "number.not_verified": _number(code_verification_status="EXPIRED"),
    "number.platform": _number(platform_type="ON_PREMISE"),
    "number.sandbox": _by(at_meta, scenario="test-number"),
    "number.limit_low": _by(at_meta, scenario="tier-250"),
    "subscription.none": _by(subscribed, incident("unsubscribe-app")),
    "subscription.not_ours": _by(
        subscribed,
        incident(
            "change-facts",
            about="subscribed-app",
            facts={"whatsapp_business_api_data": {"id": "1", "name": "Another app"}},
        ),
    ),
    "subscription.app_unknown": _by(
        subscribed,
        incident("change-facts", about="token", without=["app_id"]),
        given={"WHATSAPP_APP_ID": ""},
    ),
    "subscription.account_override": _by(subscribed, incident("override-callback", url=_ELSEWHERE)),
    "subscription.number_override": _by(subscribed, incident("override-number", url=_ELSEWHERE)),
    "subscription.override_unknown": _by(
        subscribed, incident("override-number", url=_ELSEWHERE), given={"INVY_PUBLIC_URL": ""}
    ),
    "subscription.no_callback": _by(subscribed, callback=None),
    "subscription.inactive": _by(
        subscribed, incident("change-facts", about="subscription", facts={"active": False})
    ),
    "subscription.callback_unknown": _by(subscribed, given={"INVY_PUBLIC_URL": ""}),
    "subscription.callback_elsewhere": _by(subscribed, callback="/another/path"),
    "subscription.no_messages": _by(subscribed, fields="account_update"),
    "subscription.fields_missing": _by(subscribed, fields="messages"),
    "templates.missing": _meta("delete-template", template="hina_invitation"),
    "templates.other_language": _template(language="en"),
    "templates.paused": _meta("pause-template"),
    "templates.disabled": _meta("disable-template"),
    "templates.rejected": _meta("reject-template"),
    "templates.pending": _template(status="PENDING"),
    "templates.not_approved": _template(status="LIMIT_EXCEEDED"),
    "templates.differs": _meta("edit-template"),
    "templates.differs_harmlessly": _template(components=_invitation("https://elsewhere.example/{{1}}")),
    "templates.quality": _meta("quality-red"),
    "templates.recategorised": _template(previous_category="UTILITY"),
    "templates.many": _by(
        at_meta,
        incident("odd-answers", how="html", where="after="),
        templates=(*default_templates(), *_MANY),
    ),
    "token.secret_wrong": _meta("renew-secret"),
    "token.secret_outlived": _ours(WHATSAPP_APP_SECRET="{secret}," + "f" * 32),
    "token.expires_soon": _token(expires_at=_epoch(timedelta(hours=20))),
    "token.expired": _meta("expire-token"),
    "token.invalid": _ours(WHATSAPP_ACCESS_TOKEN="EAA" + "q" * 40),
    "token.personal": _token(type="USER"),
    "token.data_access": _token(data_access_expires_at=_epoch(timedelta(days=3))),
    "token.no_messaging": _meta("revoke-permission"),
    "token.no_management": _meta("revoke-permission"),
    "token.not_for_account": _ours(WHATSAPP_BUSINESS_ACCOUNT_ID="102290000000009"),
    "token.other_app": _token(app_id="670840000000009"),
    "trial.failed": _by(tried, dialled=(UNDELIVERABLE,)),
    "trial.waits": _by(tried, given={"WHATSAPP_ACCESS_TOKEN": "EAA" + "x" * 30}, served=False),
    "trial.unconfirmed": _by(tried, dialled=(LOST_REPLY,), served=False),
    "trial.accepted_unheard": _by(tried, served=False),
    "trial.sent_no_receipt": _by(tried, dialled=(NO_WEBHOOK,)),
    "trial.sent_receipt": _by(tried, dialled=(BLOCKED,)),
    "version.served_another": _ours(WHATSAPP_API_VERSION="v20.0"),
    "webhook.any_token": _door("echo"),
    "webhook.wrong_echo": _door("login"),
    "webhook.not_found": _door("lost-route"),
    "webhook.redirects": _door("redirect"),
    "webhook.status": _door("bad-gateway"),
    "webhook.no_answer": _door("slow"),
    "webhook.broken": _door("cut"),
    "webhook.not_journalled": _door("swallow", "POST"),
    "webhook.rewritten": _door("rewrite"),
    "webhook.stripped": _door("strip"),
    "webhook.refused_unseen": _door("firewall", "POST"),
}
"""By the key of the finding."""

LOOKS: Final = tuple(dict.fromkeys(play.look for play in PLAYS.values()))
