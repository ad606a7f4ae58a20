"""`/_simulator/…`: what really happened, for tests and people, and the levers of the world.

No token is asked: the simulator listens on this machine only, and nothing in it is real.
"""

from typing import Any

import msgspec

from invy.simulator.actions import Impossible, Wish, do
from invy.simulator.chaos import ChaosRules
from invy.simulator.exchange import Answer, Request
from invy.simulator.graph.form import base_of
from invy.simulator.handset import Handset
from invy.simulator.incident import happen
from invy.simulator.magic import named_fate
from invy.simulator.phone import wa_id_of
from invy.simulator.scenario import IncidentRule, ScenarioInvalid
from invy.simulator.world import World

PREFIX = "_simulator"
DOOR = f"{PREFIX}/door"


class ClockWish(msgspec.Struct, forbid_unknown_fields=True):
    """Any of a new speed, seconds to let pass at once, or `settle`: until nothing more is due."""

    speed: float | None = None
    advance_s: float = 0.0
    settle: bool = False


class FateWish(msgspec.Struct, forbid_unknown_fields=True):
    """The fate of all further messages to a number; an empty one gives it back to the seed."""

    to: str
    fate: str


class DoorWish(msgspec.Struct, forbid_unknown_fields=True):
    """Where the front door leads."""

    leads_to: str


class Witness:
    def __init__(self, world: World) -> None:
        self.world = world
        self.handset = Handset(world)

    async def answer(self, request: Request) -> Answer:
        try:
            match request.method:
                case "GET":
                    return self._tell(request, request.parts[1:])
                case "POST":
                    return await self._obey(request, request.parts[1:])
        except (msgspec.DecodeError, Impossible, ScenarioInvalid) as error:
            return Answer.of({"error": str(error)}, 400)
        return _missing(request)

    def _tell(self, request: Request, rest: list[str]) -> Answer:  # noqa: PLR0911 - one path, one answer
        world = self.world
        match rest:
            case ["messages"]:
                return Answer.of({"messages": self._messages(request)})
            case ["messages", wamid] if wamid in world.ledger.messages:
                return Answer.of(world.ledger.messages[wamid].report())
            case ["webhooks"]:
                return Answer.of({"webhooks": self._webhooks(request)})
            case ["guests"]:
                return Answer.of(
                    {"guests": [each | self._phone(str(each["to"])) for each in world.ledger.guests()]}
                )
            case ["guests", number]:
                return Answer.of(world.guests.of(_wa_id(number)).report())
            case ["state"]:
                return Answer.of(world.state())
            case ["credentials"]:
                return Answer.of(credentials(world))
            case ["door"]:
                return Answer.of(self._door(request))
        page = self.handset.page(request, rest)
        return page if page is not None else _missing(request)

    async def _obey(self, request: Request, rest: list[str]) -> Answer:  # noqa: PLR0911 - one path, one answer
        world = self.world
        match rest:
            case ["clock"]:
                return await self._clock(msgspec.json.decode(request.body, type=ClockWish))
            case ["guests", number]:
                wish = msgspec.json.decode(request.body, type=Wish)
                return Answer.of(do(world, _wa_id(number), wish).report())
            case ["levers"]:
                return await self.handset.pull(request)
            case ["handset", number]:
                return self.handset.act(request, number)
            case ["fates"]:
                return self._choose(msgspec.json.decode(request.body, type=FateWish))
            case ["chaos"]:
                world.set_chaos(msgspec.json.decode(request.body, type=ChaosRules))
                return Answer.of(msgspec.to_builtins(world.chaos.rules))
            case ["incidents"]:
                happen(world, msgspec.json.decode(request.body, type=IncidentRule))
                return Answer.of({"incidents": world.incidents})
            case ["door"]:
                self._lead(msgspec.json.decode(request.body, type=DoorWish))
                return Answer.of(self._door(request))
            case ["reset"]:
                world.reset()
                return Answer.of({"success": True})
        return _missing(request)

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        """All, or those `?to=` a number, `?biz_opaque_callback_data=`; `?offset=` and `?limit=` page through them."""
        to, opaque = request.query.get("to"), request.query.get("biz_opaque_callback_data")
        found = self.world.ledger.to(_wa_id(to)) if to else list(self.world.ledger)
        if opaque is not None:
            found = [each for each in found if each.opaque == opaque]
        start, count = _whole(request, "offset", 0), _whole(request, "limit", len(found))
        return [each.report() for each in found[start : start + count]]

    def _webhooks(self, request: Request) -> list[dict[str, Any]]:
        """Each webhook with each attempt and answer; `?wamid=` those about one message."""
        letters = list(self.world.postman.letters)
        wamid = request.query.get("wamid")
        if wamid:
            letters = [each for each in letters if any(item.wamid == wamid for item in each.items)]
        start, count = _whole(request, "offset", 0), _whole(request, "limit", len(letters))
        return [each.report() for each in letters[start : start + count]]

    def _phone(self, wa_id: str) -> dict[str, Any]:
        guest = self.world.guests.of(wa_id)
        return {"online": guest.online, "blocks_business": guest.blocks_us, "opted_out": guest.opted_out}

    def _choose(self, wish: FateWish) -> Answer:
        wa_id = _wa_id(wish.to)
        if not wish.fate:
            self.world.chosen_fates.pop(wa_id, None)
        elif named_fate(wish.fate, self.world.seed, wa_id, 1) is None:
            raise Impossible(f"There is no fate called {wish.fate!r}; docs/simulator.md lists them.")
        else:
            self.world.chosen_fates[wa_id] = wish.fate
        return Answer.of({"to": wa_id, "fate": wish.fate or None})

    def _door(self, request: Request) -> dict[str, Any]:
        return {"address": f"{base_of(request)}/{DOOR}", **self.world.door.report()}

    def _lead(self, wish: DoorWish) -> None:
        try:
            self.world.door.lead(wish.leads_to)
        except ValueError as error:
            raise Impossible(str(error)) from None

    async def _clock(self, wish: ClockWish) -> Answer:
        if wish.speed is not None and wish.speed <= 0:
            raise Impossible("speed must be more than 0.")
        if wish.speed is not None:
            self.world.clock.set_speed(wish.speed)
        done = 0
        if wish.advance_s > 0:
            done += await self.world.clock.fast_forward(wish.advance_s, self.world.quiet)
        if wish.settle:
            done += await self.world.clock.settle(self.world.quiet)
        return Answer.of({"events": done, **self.world.state()})


def credentials(world: World) -> dict[str, Any]:
    """What a client needs to talk to this world."""
    account, subscription = world.account, world.herald.subscription
    return {
        "phone_number_id": account.phone_number_ids[0],
        "phone_number_ids": list(account.phone_number_ids),
        "business_account_id": account.waba_id,
        "app_id": account.app_id,
        "app_secret": account.app_secret,
        "access_token": world.condition.access_token,
        "verify_token": subscription.verify_token if subscription else account.verify_token,
        "display_phone_number": account.display_phone_numbers[0],
    }


def _wa_id(number: str) -> str:
    return wa_id_of("".join(each for each in number if each.isascii() and each.isdigit()))


def _whole(request: Request, name: str, otherwise: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else otherwise


def _missing(request: Request) -> Answer:
    return Answer.of(
        {"error": f"There is no {request.method} {request.path}; docs/simulator.md lists what there is."}, 404
    )
