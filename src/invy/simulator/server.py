"""The simulator as an ASGI application, and as a process that listens, tells where, and stops when asked."""

import asyncio
import contextlib
import itertools
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from invy.simulator.exchange import (
    ABORT,
    Answer,
    Receive,
    Request,
    Scope,
    Send,
    read_request,
    refused,
    respond,
)
from invy.simulator.graph.router import Graph
from invy.simulator.refusal import Refusal
from invy.simulator.witness import DOOR, PREFIX, Witness
from invy.simulator.world import World

# How often uvicorn does its housekeeping.
_TICK_S = 0.1


class Simulator:
    """An ASGI application over one world. The lifespan starts and stops its time and its postman."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.graph = Graph(world)
        self.witness = Witness(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive)
        except Refusal as refusal:
            await respond(scope, receive, send, refused(refusal))
            return
        await respond(scope, receive, send, await self._answer(request))

    async def _answer(self, request: Request) -> Answer:
        if request.path == "/" and "text/html" in request.header("accept"):
            # Somebody has opened the printed address in a browser.
            return Answer(302, b"", {"location": f"/{PREFIX}/"})
        if request.path.startswith(f"/{DOOR}/"):
            return await self.world.door.answer(request, f"/{DOOR}")
        if request.path.startswith(f"/{PREFIX}"):
            return await self.witness.answer(request)
        return await self.graph.answer(request)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.world.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.world.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which also lets the application break a connection: a lost reply is a reset, not a 500."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}}


class _Server(uvicorn.Server):
    """uvicorn that says when it listens, leaves the signals to us, and stops at once when nobody is being served."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], leave: asyncio.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._leave = leave

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    async def main_loop(self) -> None:
        ticks = itertools.count()
        while not await self.on_tick(next(ticks)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), _TICK_S)
                self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets=sockets)
            return
        for each in (*self.servers, *(sockets or ())):
            each.close()
        await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fastest event loop this machine has: uvicorn knows."""
    return uvicorn.Config("", loop="auto").get_loop_factory()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 lets the system choose. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Head and body of an answer leave in two writes; without this the second waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(2048)
    return listener


def base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    simulator: Simulator,
    listener: socket.socket,
    ready: Callable[[], None],
    leave: asyncio.Event,
    *,
    signals: bool = True,
) -> None:
    """Serve until `leave` is set, or SIGTERM or SIGINT comes."""
    config = uvicorn.Config(
        simulator,
        http=_Protocol,
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        date_header=False,  # our own: Meta's clock may differ from this machine's
        timeout_graceful_shutdown=2,
        ws="none",
    )
    server = _Server(config, ready, leave)
    loop = asyncio.get_running_loop()
    watched = (signal.SIGTERM, signal.SIGINT) if signals else ()
    for each in watched:
        loop.add_signal_handler(each, leave.set)

    try:
        await server.serve(sockets=[listener])
    finally:
        for each in watched:
            loop.remove_signal_handler(each)
