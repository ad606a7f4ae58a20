"""`invy simulator`: the command line of the simulator, also as `python -m invy.simulator`."""

import asyncio
import json
import math
import os
import socket
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from invy.simulator.chaos import ChaosRules
from invy.simulator.clock import Clock
from invy.simulator.fate import MIXES
from invy.simulator.graph.subscriptions import all_fields, handshake
from invy.simulator.herald import Subscription
from invy.simulator.incident import plan
from invy.simulator.scenario import Scenario, ScenarioInvalid, load_scenario, shipped
from invy.simulator.server import Simulator, base_url, fast_loop, listen, serve
from invy.simulator.witness import credentials
from invy.simulator.world import World

Host = Annotated[
    str, typer.Option(help="Address to listen on. It asks for no password: keep it on this machine.")
]
Port = Annotated[int, typer.Option(help="Port; 0 lets the system choose one.")]
Seed = Annotated[
    int, typer.Option(help="Decides ids, secrets and everybody's fate. Message ids are always new.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON with address and credentials.")]
ScenarioName = Annotated[
    str | None, typer.Option("--scenario", help="A shipped scenario, or a TOML file of yours.")
]
ListScenarios = Annotated[bool, typer.Option("--list-scenarios", help="Show the shipped scenarios and stop.")]
Speed = Annotated[
    float | None, typer.Option(help="How many times faster than real time delays run (default 1).")
]
MixName = Annotated[str | None, typer.Option("--mix", help=f"How guests behave: {', '.join(MIXES)}.")]
Rate = Annotated[
    int | None, typer.Option(help="Messages per second before 130429 (default 80); 0 for no limit.")
]
Pair = Annotated[
    bool | None, typer.Option(help="Whether one message per guest and six seconds is enforced (131056).")
]
Latency = Annotated[str | None, typer.Option(help="Milliseconds a send's reply takes: '100' or '50-150'.")]
ChaosRate = Annotated[
    list[str] | None, typer.Option("--chaos", help="A quirk and its rate: 'duplicate=0.1'. Repeatable.")
]
CallbackUrl = Annotated[str | None, typer.Option(help="Where webhooks go from the start.")]
VerifyToken = Annotated[str | None, typer.Option(help="Verify token for --callback-url.")]
DoorUrl = Annotated[
    str | None,
    typer.Option(
        "--door", help="Your server's address: stand before it at /_simulator/door, as a reverse proxy would."
    ),
]
TemplatesFile = Annotated[
    Path | None,
    typer.Option(
        "--templates", help="JSON in the shape of GET message_templates, instead of the default ones."
    ),
]
Magic = Annotated[bool | None, typer.Option(help="Whether numbers ending in 0150 to 0199 choose their fate.")]
RealTimestamps = Annotated[
    bool | None,
    typer.Option("--real-timestamps", help="Stamp webhooks with the wall clock even when time runs faster."),
]
Batch = Annotated[
    int | None, typer.Option(help="Updates put into one webhook at most (Meta: up to 1000).", min=1, max=1000)
]
UntilStdinCloses = Annotated[
    bool,
    typer.Option("--until-stdin-closes", help="Also stop when the parent process closes our standard input."),
]


def simulator(  # noqa: PLR0917 - typer reads options from parameters
    host: Host = "127.0.0.1",
    port: Port = 0,
    seed: Seed = 0,
    as_json: AsJson = False,
    scenario: ScenarioName = None,
    list_scenarios: ListScenarios = False,
    speed: Speed = None,
    mix: MixName = None,
    rate: Rate = None,
    pair: Pair = None,
    latency: Latency = None,
    chaos: ChaosRate = None,
    callback_url: CallbackUrl = None,
    verify_token: VerifyToken = None,
    door: DoorUrl = None,
    templates: TemplatesFile = None,
    magic: Magic = None,
    real_timestamps: RealTimestamps = None,
    batch: Batch = None,
    until_stdin_closes: UntilStdinCloses = False,
) -> None:
    """Run a stand-in for Meta's Cloud API on this machine, with guests who receive, read, ignore and fail."""
    if list_scenarios:
        _list()
        return
    if speed is not None and not math.isfinite(speed):
        _stop(f"--speed takes how many times faster delays run, as '60', not '{speed}'.")
    try:
        base = load_scenario(scenario) if scenario else Scenario()
        chosen = _changed(
            base,
            mix=mix,
            speed=speed,
            magic=magic,
            real_timestamps=real_timestamps,
            batch=batch,
            latency_ms=None if latency is None else _latency(latency),
            limits=_changed(base.limits, per_second=rate, pair=pair),
            chaos=_changed(base.chaos, **_rates(chaos or [])),
        )
        world = World(chosen, Clock(speed=chosen.speed), seed=seed, templates=_templates(templates))
        plan(world)
        if door is not None:
            world.door.lead(door)
    except ValueError as error:
        _stop(str(error))
    if callback_url is not None:
        token = verify_token or world.account.verify_token
        world.herald.subscription = Subscription(
            callback_url, token, all_fields(chosen.webhook_version), verified=False
        )
    try:
        listener = listen(host, port)
    except OSError as error:
        _stop(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port, or 0 for a free one."
        )
    if not host.startswith(("127.", "localhost", "::1")):
        Console(stderr=True).print(
            f"Listening on {host}: anybody who reaches this address can read and change this world.",
            style="yellow",
        )
    facts = {"base_url": base_url(listener), **credentials(world)}
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_run(world, listener, facts, as_json=as_json, until_stdin_closes=until_stdin_closes))


Rules = TypeVar("Rules", bound=msgspec.Struct)


def _changed(rules: Rules, **changes: Any) -> Rules:
    """The rules with those options that were given."""
    return msgspec.structs.replace(
        rules, **{name: value for name, value in changes.items() if value is not None}
    )


def _rates(given: list[str]) -> dict[str, float]:
    known = ChaosRules.__struct_fields__
    rates: dict[str, float] = {}
    for each in given:
        name, _, rate = each.partition("=")
        if name not in known:
            raise ScenarioInvalid(f"There is no chaos called {name!r}. There are: {', '.join(known)}.")
        try:
            rates[name] = _finite(rate)
        except ValueError:
            raise ScenarioInvalid(
                f"--chaos takes a name and a rate, as 'duplicate=0.1', not {each!r}."
            ) from None
    return rates


async def _run(
    world: World, listener: socket.socket, facts: dict[str, Any], *, as_json: bool, until_stdin_closes: bool
) -> None:
    tasks: list[asyncio.Task[None]] = []

    def ready() -> None:
        _announce(facts, as_json=as_json)
        if world.herald.subscription is not None:
            tasks.append(asyncio.get_running_loop().create_task(_verify(world)))

    leave = asyncio.Event()
    if until_stdin_closes:
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), _watch_stdin, leave)
    try:
        await serve(Simulator(world), listener, ready, leave)
    finally:
        for task in tasks:
            task.cancel()


def _watch_stdin(leave: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        leave.set()


async def _verify(world: World) -> None:
    """The callback given on the command line may come up after us: ask until it answers. Webhooks go out meanwhile."""
    subscription = world.herald.subscription
    while subscription is not None and world.herald.subscription is subscription:
        trouble = await handshake(world, subscription.callback_url, subscription.verify_token)
        if not trouble:
            subscription.verified = True
            return
        await asyncio.sleep(1)


def _announce(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        return
    pages = {"pages": f"{facts['base_url']}/_simulator/", "door": f"{facts['base_url']}/_simulator/door"}
    console = Console(stderr=True)
    console.print("A stand-in for Meta's Cloud API is listening", style="italic")
    width = max(map(len, facts))
    for name, value in (facts | pages).items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        # Never cut nor broken by us: whatever the terminal's width, each value is to be copied.
        console.print(f"  {name:<{width}}  {shown}", soft_wrap=True, markup=False, highlight=False)


def _list() -> None:
    table = Table(title="Scenarios")
    table.add_column("name", no_wrap=True)
    table.add_column("what happens")
    for name in shipped():
        table.add_row(name, load_scenario(name).description)
    Console().print(table)


def _finite(text: str) -> float:
    """Raises ValueError for what is no number, and for `nan` and `inf`, which Python takes for some."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _latency(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    try:
        return _finite(low), _finite(high or low)
    except ValueError:
        raise ScenarioInvalid(f"--latency takes milliseconds, as '100' or '50-150', not {text!r}.") from None


def _templates(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        root = json.loads(path.read_text("utf-8"))
        rows = list(root["data"] if isinstance(root, dict) else root)
        for row in rows:
            row["name"], row["language"], row["components"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScenarioInvalid(
            f"--templates {path}: {type(error).__name__} {error}. The file must hold what GET message_templates answers: "
            'an object with "data", a list of templates with name, language and components.'
        ) from error
    return rows


def _stop(message: str) -> NoReturn:
    Console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(2)
