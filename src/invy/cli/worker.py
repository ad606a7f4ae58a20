"""`invy worker`: a sender and an applier without a web server, beside others on one PostgreSQL."""

from typing import TYPE_CHECKING

import typer

from invy.cli import context

if TYPE_CHECKING:
    from invy.app.settings import Settings


def worker() -> None:
    """Send what is in the outbox and apply webhooks that others receive, until SIGTERM or Ctrl-C.

    Any number may work on one PostgreSQL together; they keep one pace. SQLite has room for one service or worker.
    """
    from invy.app import logs
    from invy.cli import serving

    settings = context.settings()
    settings.require_sending()
    logs.configure_from(settings)
    serving.run(_work(settings))


async def _work(settings: "Settings") -> None:
    from invy.app.house import open_house
    from invy.app.service import Service
    from invy.cli import interruption, serving

    async with interruption.stoppable() as stop:
        async with open_house(settings) as house, Service(house, role="worker").running(send=True):
            serving.settle_in()
            typer.echo("Invy's worker is at work. Stop it with Ctrl-C.", err=True)
            await stop.wait()
        typer.echo("Invy's worker has stopped.", err=True)
