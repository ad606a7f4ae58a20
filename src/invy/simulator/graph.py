"""The part of Meta's Graph API that clients call, over one world. It knows paths and tokens; the world decides."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from invy.simulator.draw import draw
from invy.simulator.exchange import Answer, Request, refused
from invy.simulator.ledger import Message
from invy.simulator.refusal import Refusal, no_such_object
from invy.simulator.subscribing import subscribe, subscriptions
from invy.simulator.wire import JSON_TYPE, encode, new_trace
from invy.simulator.world import World

_VERSION = re.compile(r"v\d{1,3}\.\d")
OLDEST_VERSION = 21.0
NEWEST_VERSION = 26.0


class Graph:
    def __init__(self, world: World) -> None:
        self.world = world

    async def answer(self, request: Request) -> Answer:
        """Meta's answer, with Meta's headers. Never raises for anything a client can send."""
        served = f"v{OLDEST_VERSION}"
        try:
            served, parts = _version(request)
            answer = await self._route(request, parts)
        except Refusal as refusal:
            self.world.ledger.refused[refusal.code] += 1
            answer = refused(refusal)
        headers = {"x-fb-trace-id": new_trace(), **answer.headers, "facebook-api-version": served}
        return Answer(answer.http, answer.body, headers)

    async def _route(self, request: Request, parts: list[str]) -> Answer:
        match request.method, parts:
            case "POST", [phone, "messages"]:
                self._authorise(request)
                return await self._send(phone, request.body)
            case _, [app, "subscriptions"] if app == self.world.account.app_id:
                self._authorise_app(request)
                if request.method == "GET":
                    return Answer.of(subscriptions(self.world))
                if request.method == "POST":
                    return Answer.of(await subscribe(self.world, form_of(request)))
        if not request.token:
            raise Refusal(104, message="An access token is required to request this resource.")
        raise no_such_object(parts[0] if parts else "", request.method)

    async def _send(self, phone: str, body: bytes) -> Answer:
        message = self.world.send(phone, body)
        low, high = self.world.rules.latency_s
        if high:
            share = draw(self.world.rules.seed, "latency", message.wa_id, message.nth)
            await asyncio.sleep(low + (high - low) * share)
        return sent(message)

    def _authorise(self, request: Request) -> None:
        token = request.token
        if token == self.world.account.access_token:
            return
        if not token:
            raise Refusal(190, message="An access token is required to request this resource.", http=401)
        raise Refusal(190)

    def _authorise_app(self, request: Request) -> None:
        if request.token != self.world.account.app_token:
            raise Refusal(190, message="Invalid OAuth access token signature.")


def _version(request: Request) -> tuple[str, list[str]]:
    """The version that really serves a call, and the path behind it.

    An expired version is silently replaced by the oldest usable one, as Meta does; so is a missing one.
    """
    parts = request.parts
    if not parts or not _VERSION.fullmatch(parts[0]):
        return f"v{OLDEST_VERSION}", parts
    asked = float(parts[0][1:])
    if asked > NEWEST_VERSION:
        raise Refusal(100, message=f"(#2635) Unknown Graph API version: {parts[0]}")
    return f"v{max(asked, OLDEST_VERSION)}", parts[1:]


def sent(message: Message) -> Answer:
    """The success body of a send: accepted, which is not delivered."""
    contact = {"input": message.dialled}
    if message.dialled == message.user_id:
        contact["user_id"] = message.user_id
    else:
        contact["wa_id"] = message.wa_id
    told: dict[str, str] = {"id": message.wamid}
    if message.kind == "template":
        told["message_status"] = "held_for_quality_assessment" if message.held else "accepted"
    body = encode({"messaging_product": "whatsapp", "contacts": [contact], "messages": [told]})
    return Answer(200, body, {"content-type": JSON_TYPE})


def form_of(request: Request) -> Mapping[str, Any]:
    """Parameters from JSON, a form or the query, whichever the client chose: Graph takes all three."""
    given: dict[str, Any] = dict(request.query)
    kind = request.header("content-type")
    if "json" in kind and request.body:
        try:
            root = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refusal(100, f"The request body is not valid JSON: {error}") from error
        if not isinstance(root, dict):
            raise Refusal(100, "The request body must be a JSON object.")
        given.update(root)
    elif "urlencoded" in kind:
        given.update(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return given
