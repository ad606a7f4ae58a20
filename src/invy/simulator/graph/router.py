"""Which call is answered by whom. Never raises for anything a client can send."""

import re

from invy.simulator.exchange import Answer, Request, http_date, refused
from invy.simulator.graph import history, media, numbers, subscriptions, templates
from invy.simulator.graph.messages import post_message
from invy.simulator.graph.tokens import authorise, authorise_app, debug_token
from invy.simulator.news import Sender
from invy.simulator.oddity import Odd
from invy.simulator.refusal import Refusal, no_such_object
from invy.simulator.wire import encode, new_trace
from invy.simulator.world import World

_VERSION = re.compile(r"v\d{1,3}\.\d")
OLDEST_VERSION = 21.0
NEWEST_VERSION = 26.0


class Graph:
    def __init__(self, world: World) -> None:
        self.world = world

    async def answer(self, request: Request) -> Answer:
        """Meta's answer, with Meta's headers."""
        served = f"v{OLDEST_VERSION}"
        odds = self._odds(request)
        try:
            self._check_outage()
            for odd in odds:
                odd.refuse()
            served, parts = _version(request)
            answer = await self._route(request, parts)
        except Refusal as refusal:
            self.world.ledger.refused[refusal.code] += 1
            answer = refused(refusal)
        if answer.broken:
            return answer
        headers = {"x-fb-trace-id": new_trace(), **answer.headers, "facebook-api-version": served}
        if self.world.condition.date_skew_s:
            headers["date"] = http_date(self.world.clock.real_time() + self.world.condition.date_skew_s)
        answer = Answer(answer.http, answer.body, headers)
        for odd in odds:
            answer = odd.spoil(answer)
        return answer

    def _odds(self, request: Request) -> list[Odd]:
        """The oddities that this call meets; for most there are none."""
        oddities = self.world.oddities
        if not oddities:
            return []
        return oddities.meet(f"{request.path}?{request.raw_query.decode('latin-1')}", self.world.clock.now())

    def _check_outage(self) -> None:
        if self.world.condition.api_out_until > self.world.clock.now():
            raise Refusal(2)

    async def _route(self, request: Request, parts: list[str]) -> Answer:
        world, account = self.world, self.world.account
        match parts:
            case [number, "messages"] if request.method == "POST":
                authorise(world, request)
                return await post_message(world, number, request.body)
            case ["debug_token"] if request.method == "GET":
                return debug_token(world, request)
            case [media.DOWNLOAD, media_id, key] if request.method == "GET":
                authorise(world, request)
                return media.download(world, media_id, key)
            case [app, "subscriptions"] if app == account.app_id:
                authorise_app(world, request)
                return await subscriptions.app_subscriptions(world, request)
        authorise(world, request)
        world.limits.check_management(world.clock.now())
        answer = await self._manage(request, parts)
        usage = {account.waba_id: [{"type": "management", "call_count": world.limits.management_used()}]}
        return Answer(
            answer.http,
            answer.body,
            {**answer.headers, "x-business-use-case-usage": encode(usage).decode()},
        )

    async def _manage(self, request: Request, parts: list[str]) -> Answer:
        node = parts[0] if parts else ""
        answer: Answer | None = None
        if node == self.world.account.waba_id:
            answer = await self._account(request, parts[1:])
        elif node in self.world.senders:
            answer = await self._number(request, parts[1:], self.world.senders[node])
        elif node == self.world.account.app_id and request.method == "GET" and parts[1:] == []:
            answer = numbers.get_app(self.world, request)
        else:
            answer = self._other(request, parts)
        if answer is None:
            raise no_such_object(node, request.method)
        return answer

    async def _account(self, request: Request, rest: list[str]) -> Answer | None:  # noqa: PLR0911 - one path, one answer
        match request.method, rest:
            case "GET", []:
                return numbers.get_account(self.world, request)
            case "GET", ["phone_numbers"]:
                return numbers.list_numbers(self.world, request)
            case "GET", ["message_templates"]:
                return templates.list_templates(self.world, request)
            case "POST", ["message_templates"]:
                return templates.create_template(self.world, request)
            case "DELETE", ["message_templates"]:
                return templates.delete_templates(self.world, request)
            case _, ["subscribed_apps"]:
                return await subscriptions.subscribed_apps(self.world, request)
        return None

    async def _number(self, request: Request, rest: list[str], sender: Sender) -> Answer | None:
        match request.method, rest:
            case "GET", []:
                return numbers.get_number(self.world, request, sender)
            case "POST", []:
                return await subscriptions.configure_number(self.world, request, sender)
            case "GET", ["message_history"]:
                return history.message_history(self.world, request, sender)
            case "POST", ["media"]:
                return media.upload(self.world, request, sender.phone_number_id)
        return None

    def _other(self, request: Request, parts: list[str]) -> Answer | None:  # noqa: PLR0911 - one path, one answer
        """Nodes that are found by looking: a template, a medium, the history of a message."""
        node = parts[0] if parts else ""
        template = self.world.catalogue.by_id(node)
        medium = self.world.media.get(node)
        match request.method, parts[1:]:
            case "GET", [] if template is not None:
                return templates.get_template(self.world, request, template)
            case "POST", [] if template is not None:
                return templates.edit_template(self.world, request, template)
            case "POST", ["unpause"] if template is not None:
                return templates.unpause_template(self.world, template)
            case "GET", [] if medium is not None:
                return media.look_up(self.world, request, medium)
            case "DELETE", [] if medium is not None:
                return media.delete(self.world, request, medium)
            case "GET", ["events"]:
                return history.history_events(self.world, request, node)
        return None


def _version(request: Request) -> tuple[str, list[str]]:
    """The version that really serves a call, and the path behind it.

    An expired version is silently replaced by the oldest usable one, as Meta does; so is a missing one.
    """
    parts = request.parts
    if not parts or not _VERSION.fullmatch(parts[0]):
        return f"v{OLDEST_VERSION}", parts
    asked = float(parts[0][1:])
    if asked > NEWEST_VERSION:
        raise Refusal(2635, message=f"(#2635) Unknown Graph API version: {parts[0]}")
    return f"v{max(asked, OLDEST_VERSION)}", parts[1:]
