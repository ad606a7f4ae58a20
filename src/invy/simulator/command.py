"""`invy simulator`: the command line of the simulator, also as `python -m invy.simulator`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from invy.simulator.clock import Clock
from invy.simulator.fate import MIXES
from invy.simulator.limits import LimitRules, Limits
from invy.simulator.server import Simulator, base_url, listen, serve
from invy.simulator.subscribing import handshake
from invy.simulator.world import Rules, Subscription, World

Host = Annotated[
    str, typer.Option(help="Address to listen on. It asks for no password: keep it on this machine.")
]
Port = Annotated[int, typer.Option(help="Port; 0 lets the system choose one.")]
Seed = Annotated[
    int, typer.Option(help="Decides ids, secrets and everybody's fate. Message ids are always new.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON with address and credentials.")]
Speed = Annotated[float, typer.Option(help="How many times faster than real time delays run.")]
MixName = Annotated[str, typer.Option("--mix", help=f"How guests behave: {', '.join(MIXES)}.")]
Rate = Annotated[int, typer.Option(help="Messages per second before 130429; 0 for no limit.")]
Latency = Annotated[str, typer.Option(help="Milliseconds a send's reply takes: '100' or '50-150'.")]
CallbackUrl = Annotated[str | None, typer.Option(help="Where webhooks go from the start.")]
VerifyToken = Annotated[str | None, typer.Option(help="Verify token for --callback-url.")]
TemplatesFile = Annotated[
    Path | None,
    typer.Option(
        "--templates", help="JSON in the shape of GET message_templates, instead of the default ones."
    ),
]
Magic = Annotated[bool, typer.Option(help="Whether numbers ending in 0150 to 0199 choose their fate.")]
Pair = Annotated[
    bool, typer.Option(help="Whether one message per guest and six seconds is enforced (131056).")
]
RealTimestamps = Annotated[
    bool,
    typer.Option("--real-timestamps", help="Stamp webhooks with the wall clock even when time runs faster."),
]
Batch = Annotated[int, typer.Option(help="Updates put into one webhook at most (Meta: up to 1000).")]


def simulator(  # noqa: PLR0917 - typer reads options from parameters
    host: Host = "127.0.0.1",
    port: Port = 0,
    seed: Seed = 0,
    as_json: AsJson = False,
    speed: Speed = 1.0,
    mix: MixName = "realistic",
    rate: Rate = 80,
    pair: Pair = True,
    latency: Latency = "0",
    callback_url: CallbackUrl = None,
    verify_token: VerifyToken = None,
    templates: TemplatesFile = None,
    magic: Magic = True,
    real_timestamps: RealTimestamps = False,
    batch: Batch = 1,
) -> None:
    """Run a stand-in for Meta's Cloud API on this machine, with guests who receive, read, ignore and fail."""
    if mix not in MIXES:
        _stop(f"There is no mix called {mix!r}. Choose one of: {', '.join(MIXES)}.")
    if speed <= 0:
        _stop("--speed must be more than 0: it says how many times faster delays run.")
    rules = Rules(
        seed=seed,
        mix=MIXES[mix],
        magic=magic,
        real_timestamps=real_timestamps,
        batch=batch,
        latency_s=_latency(latency),
    )
    world = World(
        rules, Clock(speed=speed), Limits(LimitRules(per_second=rate, pair=pair)), _templates(templates)
    )
    if callback_url is not None:
        world.subscription = Subscription(
            callback_url, verify_token or world.account.verify_token, verified=False
        )
    try:
        listener = listen(host, port)
    except OSError as error:
        _stop(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --port, or 0 for a free one."
        )
    facts = {"base_url": base_url(listener), **credentials(world)}
    asyncio.run(_run(world, listener, facts, as_json=as_json))


async def _run(world: World, listener: Any, facts: dict[str, str], *, as_json: bool) -> None:
    check: list[asyncio.Task[None]] = []

    def ready() -> None:
        _announce(facts, as_json=as_json)
        if world.subscription is not None:
            check.append(asyncio.get_running_loop().create_task(_verify(world)))

    try:
        await serve(Simulator(world), listener, ready)
    finally:
        for task in check:
            task.cancel()


async def _verify(world: World) -> None:
    """The callback given on the command line may come up after us: ask until it answers. Webhooks go out meanwhile."""
    subscription = world.subscription
    while subscription is not None and world.subscription is subscription:
        trouble = await handshake(world, subscription.callback_url, subscription.verify_token)
        if not trouble:
            subscription.verified = True
            return
        await asyncio.sleep(1)


def credentials(world: World) -> dict[str, str]:
    """What a client needs to talk to this world."""
    account = world.account
    return {
        "phone_number_id": account.phone_number_id,
        "business_account_id": account.waba_id,
        "app_id": account.app_id,
        "app_secret": account.app_secret,
        "access_token": account.access_token,
        "verify_token": world.subscription.verify_token if world.subscription else account.verify_token,
        "display_phone_number": account.display_phone_number,
    }


def _announce(facts: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        return
    table = Table(title="A stand-in for Meta's Cloud API is listening", show_header=False)
    for name, value in facts.items():
        table.add_row(name, value)
    Console(stderr=True).print(table)


def _latency(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    try:
        bounds = float(low) / 1000, float(high or low) / 1000
    except ValueError:
        _stop(f"--latency takes milliseconds, as '100' or '50-150', not {text!r}.")
    return bounds


def _templates(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        root = json.loads(path.read_text("utf-8"))
        rows = root["data"] if isinstance(root, dict) else root
        for row in rows:
            row["name"], row["language"], row["components"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        _stop(
            f"--templates {path}: {type(error).__name__} {error}. The file must hold what GET message_templates answers: "
            'an object with "data", a list of templates with name, language and components.'
        )
    return list(rows)


def _stop(message: str) -> NoReturn:
    Console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(2)
