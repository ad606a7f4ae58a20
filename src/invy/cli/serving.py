"""A server in this process: its socket, its memory, its end. Knows uvicorn and nothing of Invy."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from invy.domain.errors import ConfigurationError

GRACE_S: Final = 5
"""How long requests under way may take to end once the end was asked for."""

BACKLOG: Final = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket on that address, taken before anything else is done; port 0 takes any free one.

    Raises:
        ConfigurationError: the address cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
            taken.setblocking(False)  # noqa: FBT003 - the socket module has no keyword for it
        except OSError:
            taken.close()
            raise
    except (OSError, UnicodeError) as error:  # UnicodeError: no host can be called that
        raise ConfigurationError(
            f"Cannot listen on {host or 'every address'}, port {port}: {getattr(error, 'strerror', None) or error}.",
            hint="Another program may use it. Choose another port with --port or INVY_PORT; 0 takes any free one.",
        ) from error
    return taken


def address(taken: socket.socket) -> str:
    """The web address of a listening socket, as one on this machine may call it."""
    host, port = taken.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - recognised, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Leaves signals to us (uvicorn raises them once more at the end, and the process would die of them)."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(
    app: ASGIApp,
    taken: socket.socket,
    stop: asyncio.Event,
    *,
    ready: Callable[[], None],
    ending: Callable[[], None],
    **how: Any,
) -> None:
    """Serve until `stop` is set; then take nothing new, end what is under way, and return.

    `ready` is called once when listening, `ending` once when stopping begins. The app's lifespan is not run: what must
    run around it is the caller's.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # nothing here depends on who calls, and a header must not decide it
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
        **how,
    )
    server = _Server(config, ready)

    async def end() -> None:
        await stop.wait()
        ending()
        server.should_exit = True

    watching = asyncio.create_task(end())
    try:
        await server.serve(sockets=[taken])
    finally:
        watching.cancel()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a server's work to its end, on uvloop where there is one: it is what the figures in docs/ are measured on."""
    try:
        from uvloop import new_event_loop
    except ImportError:  # Windows has none
        asyncio.run(work)
    else:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(work)


def settle_in() -> None:
    """Tell the garbage collector that what is loaded now stays, and that much garbage comes in bursts.

    Otherwise it walks through every imported module again and again while webhooks are applied: two fifths of the
    processor's time there. For a process of our own only; an application that embeds Invy decides for itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


_GARBAGE: Final = (10_000, 20, 20)
