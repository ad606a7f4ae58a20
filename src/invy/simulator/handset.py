"""The pages of the simulator: a guest's phone as WhatsApp would show it, and an overview of the world.

It renders and takes button presses; all it changes goes through the same actions a test uses.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from invy.simulator.actions import Deed, Impossible, Wish, do
from invy.simulator.exchange import Answer, Request
from invy.simulator.fate import Status
from invy.simulator.gallery import PICTURES, show
from invy.simulator.guest import Guest
from invy.simulator.incident import INCIDENTS, happen
from invy.simulator.interference import VARIETIES
from invy.simulator.phone import wa_id_of
from invy.simulator.rendering import Bubble, bubble_of
from invy.simulator.scenario import IncidentRule, seconds
from invy.simulator.world import World

_HTML = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
_PER_PAGE = 50
_ARRIVED = frozenset({Status.DELIVERED, Status.READ})


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble of the chat. `ours` is the business's; `read` whether the guest has opened it."""

    wamid: str
    at: float
    bubble: Bubble
    ours: bool
    read: bool = False


class Handset:
    def __init__(self, world: World) -> None:
        self.world = world
        self._pages = Environment(
            loader=PackageLoader("invy.simulator", "pages"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
        )
        self._pages.filters["clock"] = lambda at: f"{datetime.fromtimestamp(at, UTC):%H:%M}"
        self._pages.filters["day"] = lambda at: f"{datetime.fromtimestamp(at, UTC):%d.%m.%Y %H:%M:%S}"
        self._pages.filters["safe_url"] = lambda url: url if url.startswith(("http://", "https://")) else "#"
        self._pages.filters["source"] = _source

    def page(self, request: Request, rest: list[str]) -> Answer | None:  # noqa: PLR0911 - one path, one answer
        """The page at this path, or None."""
        match rest:
            case [] | ["overview"]:
                return self._overview(request)
            case ["handset"] if request.query.get("number"):
                return _back(f"/_simulator/handset/{quote(_digits(request.query['number']))}")
            case ["handset", number] if _digits(number):
                return self._phone(_digits(number), request.query.get("trouble", ""))
            case ["pictures"]:
                return self._render("pictures.html", pictures=PICTURES)
            case ["pictures", name]:
                return show(name)
            case ["media", media_id]:
                medium = self.world.media.get(media_id)
                if medium is not None:
                    return Answer(200, medium.content, {"content-type": medium.mime_type})
        return None

    def act(self, request: Request, number: str) -> Answer:
        """A form of the handset page was sent; back to the page, with the trouble if there was one."""
        form = {key: values[-1] for key, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        home = f"/_simulator/handset/{_digits(number)}"
        try:
            wish = Wish(
                Deed(form.get("do", "")),
                form.get("wamid", ""),
                int(form.get("button", "0")),
                form.get("text", ""),
            )
            do(self.world, wa_id_of(_digits(number)), wish)
        except Impossible as trouble:
            return _back(f"{home}?trouble={quote(str(trouble))}")
        except ValueError:
            return _back(f"{home}?trouble={quote('That button is not known here.')}")
        return _back(home)

    async def pull(self, request: Request) -> Answer:
        """A lever of the overview page was pulled: let time pass, or let something happen."""
        form = {key: values[-1] for key, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if form.get("advance"):
            await self.world.clock.fast_forward(seconds(form["advance"]), self.world.quiet)
        if form.get("settle"):
            await self.world.clock.settle(self.world.quiet)
        if form.get("incident"):
            name, _, how = form["incident"].partition(" ")
            happen(self.world, IncidentRule(do=name, how=how))
        return _back("/_simulator/")

    def _phone(self, number: str, trouble: str) -> Answer:
        guest = self.world.guests.of(wa_id_of(number))
        lines = self._chat(guest)
        on_the_way = sum(
            each.final_status in {Status.ACCEPTED, Status.SENT} and not each.settled
            for each in self.world.ledger.to(guest.wa_id)
        )
        return self._render(
            "handset.html",
            guest=guest,
            lines=lines,
            on_the_way=on_the_way,
            trouble=trouble,
            business="Invy Simulator",
            now=self.world.clock.now(),
        )

    def _chat(self, guest: Guest) -> list[Line]:
        world = self.world
        lines = []
        for message in world.ledger.to(guest.wa_id):
            if message.final_status in _ARRIVED:
                arrived = next(each.at for each in message.happenings if each.status in _ARRIVED)
                bubble = bubble_of(message, world.catalogue.get(message.template, message.language))
                lines.append(
                    Line(message.wamid, arrived, bubble, ours=True, read=message.final_status is Status.READ)
                )
        lines += [Line(each.wamid, each.at, Bubble(body=each.text), ours=False) for each in guest.written]
        return sorted(lines, key=lambda each: each.at)

    def _overview(self, request: Request) -> Answer:
        world = self.world
        guests = list(world.guests)
        number = max(
            1, int(request.query.get("page", "1")) if request.query.get("page", "1").isdigit() else 1
        )
        shown = guests[(number - 1) * _PER_PAGE : number * _PER_PAGE]
        rows = [(guest, world.ledger.to(guest.wa_id)) for guest in shown]
        return self._render(
            "overview.html",
            state=world.state(),
            scenario=world.scenario,
            rows=rows,
            guests=len(guests),
            page=number,
            pages=max(1, -(-len(guests) // _PER_PAGE)),
            incidents=[
                f"{name} {how}".rstrip() for name in sorted(INCIDENTS) for how in VARIETIES.get(name, ("",))
            ],
            fates=Counter(each.fate.name for each in world.ledger).most_common(12),
            now=world.clock.now(),
        )

    def _render(self, name: str, **values: Any) -> Answer:
        return Answer(200, self._pages.get_template(name).render(**values).encode(), _HTML)


def _digits(number: str) -> str:
    return "".join(each for each in number if each.isascii() and each.isdigit())


def _source(media: str) -> str:
    """Where the browser finds a header's medium: a link as it is, an upload from our own shelf."""
    return f"/_simulator/media/{media.removeprefix('media:')}" if media.startswith("media:") else media


def _back(where: str) -> Answer:
    return Answer(HTTPStatus.SEE_OTHER, b"", {"location": where})
