"""The demo on a terminal: what it is doing, bars while it runs, the table at the end, and where to look afterwards."""

import asyncio
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.live import Live

from invy.demo import flow, screen
from invy.demo.ending import Ending
from invy.demo.flow import Plan, Stage
from invy.domain.state import State

_COMMAND_SETTINGS = ("INVY_DATABASE_URL", "INVY_TEMPLATES_FILE")


async def show(plan: Plan, console: Console, *, stay: bool, tables: bool) -> Ending:
    """Run the demo; with `stay`, serve on until Ctrl-C. Talk and tables go to `console`.

    Raises:
        InvyError: a process did not start, or nothing moved any more.
    """
    this = asyncio.current_task()
    assert this is not None
    for ending in (signal.SIGTERM, signal.SIGHUP):
        # As with Ctrl-C: the processes are stopped in order before this one ends.
        asyncio.get_running_loop().add_signal_handler(ending, this.cancel)
    async with flow.stage(plan, console.print) as on:
        with Live(console=console, refresh_per_second=8, transient=not tables) as live:

            def progress(counts: Mapping[State, int]) -> None:
                live.update(screen.bars(counts))

            ended = await flow.play(on, console.print, progress)
        if tables:
            console.print()
            console.print(screen.guests(ended.rows))
        _conclude(ended, console)
        if stay:
            _point(on, ended, console)
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
    return ended


def _conclude(ended: Ending, console: Console) -> None:
    reached = sum(message.state.reached for message in ended.messages)
    console.print(f"{reached} of {len(ended.messages)} invitations are known to have arrived.")
    if ended.agrees:
        console.print(
            "The simulator, which keeps its own record, says the same about every message.", style="green"
        )
        return
    console.print(f"The simulator disagrees about {len(ended.differences)} messages:", style="red")
    for each in ended.differences[:20]:
        console.print(f"  {each.message_id}: we say {each.known}, it says {each.witnessed}", style="red")


def _point(on: Stage, ended: Ending, console: Console) -> None:
    given = " ".join(f"{name}={shlex.quote(on.environment[name])}" for name in _COMMAND_SETTINGS)
    worst = next((m for m in ended.messages if m.state is State.FAILED), ended.messages[0])
    invy = _program()
    for line in (
        "",
        "Still running. Where to look:",
        f"  the service     {on.service_url}   (API: {on.service_url}/openapi.json)",
        f"  the simulator   {on.credentials.base_url}/_simulator/",
        f"  the log         {on.plan.folder / 'invy.log'}   (grep 'WhatsApp Webhook')",
        "and in another terminal:",
        f"  export {given}",
        f"  {invy} status {ended.event_id}",
        f"  {invy} messages --event {ended.event_id} --status failed",
        f"  {invy} message {worst.id}",
        "Ctrl-C ends it.",
    ):
        console.print(line, soft_wrap=True, highlight=False)


def _program() -> str:
    """What to type in another terminal to call this very program."""
    called = sys.argv[0]
    if Path(called).name != "invy":
        return f"{shlex.quote(sys.executable)} -m invy.cli"
    return "invy" if shutil.which("invy") == called else shlex.quote(called)


def picture(ended: Ending) -> str:
    """How a demo ended, as an SVG of the terminal that fetches nothing from elsewhere."""
    console = Console(record=True, width=100, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(screen.bars(ended.counts))
    console.print()
    console.print(screen.guests(ended.rows))
    _conclude(ended, console)
    return re.sub(r"@font-face\s*\{[^}]*\}", "", console.export_svg(title="make demo"))
