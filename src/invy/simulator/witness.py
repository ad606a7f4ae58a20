"""`/_simulator/…`: what really happened, for tests and people. No token is asked; it listens on the laptop only."""

from typing import Any

import msgspec

from invy.simulator.exchange import Answer, Request
from invy.simulator.world import World

PREFIX = "_simulator"


class Witness:
    def __init__(self, world: World) -> None:
        self.world = world

    async def answer(self, request: Request) -> Answer:  # noqa: PLR0911 - one path, one answer
        match request.method, request.parts[1:]:
            case "GET", ["messages"]:
                return Answer.of({"messages": self._messages(request)})
            case "GET", ["messages", wamid]:
                message = self.world.ledger.messages.get(wamid)
                return Answer.of(message.report()) if message else _missing(f"no message {wamid}")
            case "GET", ["state"]:
                return Answer.of(self.world.state())
            case "GET", ["webhooks"]:
                return Answer.of({"webhooks": [letter.report() for letter in self.world.postman.letters]})
            case "GET", ["guests"]:
                return Answer.of({"guests": self.world.ledger.guests()})
            case "POST", ["reset"]:
                self.world.reset()
                return Answer.of({"success": True})
            case "POST", ["clock"]:
                return await self._clock(request)
        return _missing(f"no {request.method} {request.path} here; docs/simulator.md lists what there is")

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        """All, or those `?to=` a number, `?biz_opaque_callback_data=`; `?offset=` and `?limit=` page through them."""
        to, opaque = request.query.get("to"), request.query.get("biz_opaque_callback_data")
        found = self.world.ledger.to(to.lstrip("+ ")) if to else list(self.world.ledger)
        if opaque is not None:
            found = [each for each in found if each.opaque == opaque]
        start = _whole(request.query.get("offset"), 0)
        return [
            each.report() for each in found[start : start + _whole(request.query.get("limit"), len(found))]
        ]

    async def _clock(self, request: Request) -> Answer:
        try:
            wish = msgspec.json.decode(request.body, type=ClockWish)
        except msgspec.DecodeError as error:
            return _bad(str(error))
        if wish.speed is not None:
            self.world.clock.set_speed(wish.speed)
        done = 0
        if wish.advance_s:
            done += await self.world.clock.fast_forward(wish.advance_s, self.world.postman.quiet)
        if wish.settle:
            done += await self.world.clock.settle(self.world.postman.quiet)
        return Answer.of({"events": done, **self.world.state()})


class ClockWish(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /_simulator/clock`: any of a new speed, seconds to let pass, or `settle`: until nothing more is due."""

    speed: float | None = None
    advance_s: float = 0.0
    settle: bool = False


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise


def _missing(what: str) -> Answer:
    return Answer.of({"error": what}, 404)


def _bad(what: str) -> Answer:
    return Answer.of({"error": what}, 400)
