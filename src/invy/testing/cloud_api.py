"""A simulator in a thread of this process, and the questions and commands a test has for it.

Calls block. In an asynchronous test whose event loop also runs your webhook, use `await asyncio.to_thread(…)`.
"""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from invy.simulator.clock import Clock
from invy.simulator.incident import plan
from invy.simulator.scenario import Scenario, load_scenario
from invy.simulator.server import Simulator, base_url, listen, serve
from invy.simulator.witness import credentials
from invy.simulator.world import World

_PATIENCE_S = 60.0


class SimulatorTrouble(RuntimeError):
    """The simulator refused a command, or did not come up; the message says why."""


@dataclass(frozen=True, slots=True)
class CloudApi:
    """Point your client at `base_url` instead of `https://graph.facebook.com`."""

    base_url: str
    access_token: str
    phone_number_id: str
    business_account_id: str
    app_id: str
    app_secret: str
    verify_token: str
    display_phone_number: str

    def messages(self, **filters: str) -> list[dict[str, Any]]:
        """What was accepted and what really became of it; filter with `to=` or `biz_opaque_callback_data=`."""
        return list(self.call("GET", f"/_simulator/messages?{urlencode(filters)}")["messages"])

    def message(self, wamid: str) -> dict[str, Any]:
        return self.call("GET", f"/_simulator/messages/{quote(wamid, safe='')}")

    def guests(self) -> list[dict[str, Any]]:
        """How many messages each number really received: proof that nobody is invited twice."""
        return list(self.call("GET", "/_simulator/guests")["guests"])

    def webhooks(self, **filters: str) -> list[dict[str, Any]]:
        """Every webhook with each attempt and answer; filter with `wamid=`."""
        return list(self.call("GET", f"/_simulator/webhooks?{urlencode(filters)}")["webhooks"])

    def state(self) -> dict[str, Any]:
        return self.call("GET", "/_simulator/state")

    def settle(self) -> dict[str, Any]:
        """Let virtual time pass until every message has met its fate and every webhook is delivered or given up."""
        return self.call("POST", "/_simulator/clock", {"settle": True})

    def advance(self, seconds: float) -> dict[str, Any]:
        """Let this much virtual time pass at once."""
        return self.call("POST", "/_simulator/clock", {"advance_s": seconds})

    def guest(self, number: str, do: str, **details: Any) -> dict[str, Any]:
        """Use a guest's phone: read, press, write, offline, online, block, unblock, stop, resume, rename."""
        return self.call("POST", f"/_simulator/guests/{quote(number)}", {"do": do, **details})

    def choose_fate(self, number: str, fate: str) -> None:
        """The fate of all further messages to this number; an empty one gives it back to the seed."""
        self.call("POST", "/_simulator/fates", {"to": number, "fate": fate})

    def happen(self, incident: str, **details: Any) -> None:
        """Let an incident happen now: `lock-account`, `pause-template`, `api-outage` and many more."""
        self.call("POST", "/_simulator/incidents", {"do": incident, **details})

    def chaos(self, **rates: float) -> None:
        """Replace the chaos: rates between 0 and 1 by quirk; none at all for calm."""
        self.call("POST", "/_simulator/chaos", rates)

    def reset(self) -> None:
        self.call("POST", "/_simulator/reset", {})

    def set_callback(self, url: str, *, verify_token: str | None = None, fields: str = "") -> None:
        """Subscribe a callback URL as Meta does it, handshake included; to every field unless named."""
        wanted = fields or (
            "messages,user_preferences,account_update,account_alerts,message_template_status_update,"
            "message_template_quality_update,message_template_components_update,phone_number_quality_update"
        )
        body = {
            "object": "whatsapp_business_account",
            "callback_url": url,
            "verify_token": verify_token or self.verify_token,
            "fields": wanted,
        }
        self.call(
            "POST", f"/v25.0/{self.app_id}/subscriptions", body, token=f"{self.app_id}|{self.app_secret}"
        )

    def lead_door(self, url: str) -> str:
        """Have the front door lead to this server; the door's own address, to be used in the server's place."""
        return str(self.call("POST", "/_simulator/door", {"leads_to": url})["address"])

    def picture(self, name: str) -> str:
        """The address of one of the header pictures, good or bad: `good.jpg`, `webp.jpg`, `missing.jpg`."""
        return f"{self.base_url}/_simulator/pictures/{name}"

    def call(self, method: str, path: str, body: object = None, *, token: str = "") -> dict[str, Any]:
        """One call; the JSON of the answer. Raises SimulatorTrouble with the answer when it is not a success."""
        url = urlsplit(self.base_url)
        connection = HTTPConnection(url.hostname or "127.0.0.1", url.port, timeout=_PATIENCE_S)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if not 200 <= response.status < 300:  # noqa: PLR2004 - the successes of HTTP
            raise SimulatorTrouble(f"{method} {path} was answered {response.status}: {text}")
        answer: dict[str, Any] = json.loads(text)
        return answer


@contextmanager
def running(
    *,
    scenario: str | None = None,
    seed: int = 0,
    templates: Sequence[Mapping[str, Any]] = (),
    **changes: Any,
) -> Iterator[CloudApi]:
    """A simulator for the length of a `with` block. `changes` are keys of a scenario: `mix="all-read"`, `batch=10`.

    `templates` are rows as of `GET message_templates`, instead of the default ones.
    """
    base = msgspec.to_builtins(load_scenario(scenario) if scenario else Scenario())
    chosen = msgspec.convert({**base, **changes}, Scenario)
    listener = listen("127.0.0.1", 0)
    ready = threading.Event()
    stage: dict[str, Any] = {}

    async def live() -> None:
        world = World(chosen, Clock(speed=chosen.speed), seed=seed, templates=templates)
        plan(world)
        stage["loop"], stage["leave"] = asyncio.get_running_loop(), asyncio.Event()
        stage["facts"] = credentials(world)
        await serve(Simulator(world), listener, ready.set, stage["leave"], signals=False)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:  # noqa: BLE001 - told to the test that waits
            stage["error"] = error
            ready.set()

    thread = threading.Thread(target=run, name="simulator", daemon=True)
    thread.start()
    if not ready.wait(_PATIENCE_S) or "error" in stage:
        listener.close()
        raise SimulatorTrouble(f"The simulator did not come up: {stage.get('error', 'no answer')}")
    facts = {name: stage["facts"][name] for name in CloudApi.__dataclass_fields__ if name != "base_url"}
    try:
        yield CloudApi(base_url=base_url(listener), **facts)
    finally:
        stage["loop"].call_soon_threadsafe(stage["leave"].set)
        thread.join(_PATIENCE_S)
        listener.close()
