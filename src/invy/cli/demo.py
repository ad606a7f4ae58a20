"""`invy demo`: the whole of Invy on this machine, with no account: simulator, service, a guest list, and the outcome."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from invy.cli import output
from invy.cli.exit_code import ExitCode


def demo(
    *,
    guests: Annotated[
        int | None,
        typer.Option(
            "--guests", min=1, max=2500, help="Invite so many made-up guests instead of the sample list."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives every number the same fate.")] = 7,
    once: Annotated[bool, typer.Option("--once", help="End when every message has settled.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document: counts, differences[], guests[].")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where the service listens; 0 takes a free port.")
    ] = 0,
    speed: Annotated[
        float, typer.Option("--speed", min=1, max=100_000, help="How much faster than life the phones react.")
    ] = 60,
    save_picture: Annotated[
        Path | None, typer.Option("--picture", help="Save how it ended as an SVG picture; with --once.")
    ] = None,
    rate: Annotated[float, typer.Option("--rate", min=0.1, max=1000, help="Messages sent per second.")] = 40,
) -> None:
    """Invite a guest list over a simulated WhatsApp and show what became of every invitation.

    Runs the simulator and the service on loopback, with SQLite in the data folder or on INVY_DATABASE_URL. Nothing
    reaches Meta. Exit 0 only if the service knows of every message exactly what the simulator, which keeps its own
    record, says happened to it; 6 otherwise.
    """
    from rich.console import Console

    from invy.app import settings
    from invy.demo import people
    from invy.demo.flow import Plan
    from invy.demo.show import picture, show

    # Only these two settings are the user's own here; credentials of a real account have no business in a demo.
    own = {name: value for name in ("INVY_DATABASE_URL", "INVY_DATA_DIR") if (value := os.environ.get(name))}
    found = settings.load(own, None)
    folder = (found.data_dir / "demo").absolute()
    plan = Plan(
        folder=folder,
        database_url=found.database_url if "INVY_DATABASE_URL" in own else f"sqlite:///{folder / 'invy.db'}",
        guests=min(guests, people.MOST) if guests is not None else None,
        seed=seed,
        speed=speed,
        port=port,
        rate=rate,
    )
    console = Console(stderr=True)
    ended = asyncio.run(show(plan, console, stay=not once, tables=not as_json))
    if save_picture is not None:
        save_picture.write_text(picture(ended), encoding="utf-8")
    if as_json:
        output.json_document(ended.document())
    if not ended.agrees:
        raise typer.Exit(ExitCode.FINDINGS)
