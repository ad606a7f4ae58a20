"""A callback URL for tests: answers the handshake, keeps every webhook with its exact bytes, checks signatures."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Caught:
    """One POST as it came in. `genuine` says whether the signature over these bytes holds."""

    body: bytes
    signature: str
    genuine: bool

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The simulator comes with up to 48 connections at once; a short queue would make some of them wait a second.
    request_queue_size = 256


class Catcher:
    """`answer` chooses the HTTP status of each POST: 200 for genuine ones and 401 for others unless you say so."""

    def __init__(
        self,
        app_secret: str,
        verify_token: str,
        *,
        answer: Callable[[Caught], int] | None = None,
        port: int = 0,
    ) -> None:
        self._secret = app_secret.encode()
        self._verify_token = verify_token
        self.answer: Callable[[Caught], int] = answer or (lambda caught: 200 if caught.genuine else 401)
        self.caught: list[Caught] = []
        self._open: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhook"

    def changes(self, field: str = "messages", *, genuine_only: bool = True) -> list[dict[str, Any]]:
        """The `value` of every change of this field, in order of arrival."""
        return [
            change["value"]
            for each in list(self.caught)
            if each.genuine or not genuine_only
            for entry in each.payload["entry"]
            for change in entry["changes"]
            if change["field"] == field
        ]

    def statuses(self, *, genuine_only: bool = True) -> list[dict[str, Any]]:
        """Every status object, in order of arrival."""
        return [
            status
            for value in self.changes(genuine_only=genuine_only)
            for status in value.get("statuses", [])
        ]

    def messages(self) -> list[dict[str, Any]]:
        """Every message from a guest, in order of arrival."""
        return [message for value in self.changes() for message in value.get("messages", [])]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _receive(self, body: bytes, signature: str) -> int:
        expected = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        caught = Caught(body, signature, hmac.compare_digest(signature, expected))
        self.caught.append(caught)
        return self.answer(caught)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        catcher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                catcher._open.add(self.connection)

            def finish(self) -> None:
                catcher._open.discard(self.connection)
                super().finish()

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                known = query.get("hub.verify_token") == [catcher._verify_token]
                self._respond(
                    200 if known else 403, query.get("hub.challenge", [""])[0].encode() if known else b""
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._respond(catcher._receive(body, self.headers.get("X-Hub-Signature-256", "")), b"")

            def _respond(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing: tests have their own output."""

        return Handler
