"""Runs an ASGI app as each contestant is run: one uvicorn process, uvloop, httptools, no access log."""

import socket
from typing import Any

import uvicorn


def serve(app: Any) -> None:
    """Listen on a free port of loopback, print it, serve until SIGTERM."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(app, loop="uvloop", http="httptools", log_level="critical", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])
