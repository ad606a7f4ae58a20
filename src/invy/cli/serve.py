"""`invy serve`: the service until it is told to stop."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from invy.cli import context

if TYPE_CHECKING:
    import socket

    from invy.app.settings import Settings


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; INVY_HOST otherwise.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 takes any free one. INVY_PORT otherwise.")
    ] = None,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Bring the database up to date first.")] = False,
    insecure_local: Annotated[
        bool,
        typer.Option(
            "--insecure-local",
            help="Take webhooks without a signature when no app secret is set. Loopback addresses only.",
        ),
    ] = False,
    no_send: Annotated[bool, typer.Option("--no-send", help="Receive only; another process sends.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one line of JSON when listening: url, host, port, webhook, pid."),
    ] = False,
) -> None:
    """Receive webhooks, apply them, send what is in the outbox, and serve the API, until SIGTERM or Ctrl-C."""
    from invy.app import logs
    from invy.cli import serving

    settings = context.settings()
    where = settings.host if host is None else host
    settings.require_receiving(insecure_local=insecure_local, host=where)
    if not no_send:
        settings.require_sending()
    logs.configure_from(settings)
    taken = serving.listen(where, settings.port if port is None else port)
    with taken:
        serving.run(
            _serve(
                settings,
                taken,
                upgrade=upgrade,
                insecure_local=insecure_local,
                send=not no_send,
                as_json=as_json,
            )
        )


async def _serve(
    settings: "Settings",
    taken: "socket.socket",
    *,
    upgrade: bool,
    insecure_local: bool,
    send: bool,
    as_json: bool,
) -> None:
    from invy.app import logs
    from invy.app.house import open_house
    from invy.app.service import Service
    from invy.cli import interruption, serving
    from invy.web.app import create_app

    async with interruption.stoppable() as stop:
        async with open_house(settings, upgrade=upgrade) as house:
            service = Service(house, role="service" if send else "receiver")
            app = create_app(house, service, insecure_local=insecure_local)
            serving.settle_in()
            async with service.running(send=send):
                await serving.serve(
                    app,
                    taken,
                    stop,
                    ready=lambda: _ready(settings, taken, send=send, as_json=as_json),
                    ending=app.hurry,
                    **logs.UVICORN,
                )
                await app.settle()
        typer.echo("Invy has stopped.", err=True)


def _ready(settings: "Settings", taken: "socket.socket", *, send: bool, as_json: bool) -> None:
    """Say where to look: for people on stderr, for programs on stdout."""
    from invy.cli import output, serving
    from invy.web.app import API, WEBHOOK_PATH

    url = serving.address(taken)
    outside = settings.public_url or url
    for line in (
        f"Invy listens on {url}",
        f"  webhook for Meta  {outside}{WEBHOOK_PATH}",
        f"  API               {url}{API}   (described at {url}/openapi.json)",
        f"  health            {url}/readyz",
        f"  sending           {'yes' if send else 'no, receiving only'}",
        "Stop with Ctrl-C.",
    ):
        typer.echo(line, err=True)
    if as_json:
        host, port = taken.getsockname()[:2]
        document = {
            "url": url,
            "host": host,
            "port": port,
            "webhook": f"{outside}{WEBHOOK_PATH}",
            "pid": os.getpid(),
        }
        output.json_line(document)
