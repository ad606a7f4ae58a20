"""One send over HTTP: at most once, and whether the request has left is known whatever the network does."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from invy.domain.evidence import Phase
from invy.gateway.departure import Departure, TooLate
from invy.gateway.graph import Graph
from invy.meta.catalogue import Effect
from tests.engine.doctor.clinic import listening
from tests.making import SENDER

seen: list[str] = []


async def meta(scope: Scope, receive: Receive, send: Send) -> None:
    headers = dict(scope["headers"])
    assert headers[b"content-length"] == b"2"
    assert b"transfer-encoding" not in headers
    assert (await receive())["body"] == b"{}"
    seen.append(scope["path"])
    if scope["path"].startswith("/slow"):
        await asyncio.sleep(30)
    moved = scope["path"].startswith("/moved")
    onward = [(b"location", b"/v25.0/elsewhere/messages")] if moved else []
    await send({"type": "http.response.start", "status": 307 if moved else 200, "headers": onward})
    await send({"type": "http.response.body", "body": b'{"messages": [{"id": "wamid.1"}]}'})


@asynccontextmanager
async def towards(way: str = "", *, timeout_s: float = 5) -> AsyncIterator[Graph]:
    seen.clear()
    async with (
        listening(meta) as url,
        Graph(base_url=url + way, version="v25.0", token="EAA" + "t" * 40, timeout_s=timeout_s) as graph,
    ):
        yield graph


def always() -> bool:
    return True


def until_asked(times: int) -> Callable[[], bool]:
    """Yes so many times, and then no."""
    asked = itertools.count(1)
    return lambda: next(asked) <= times


async def test_a_message_leaves_once_and_its_answer_is_read() -> None:
    async with towards() as graph:
        answer = await graph.post_message(SENDER, b"{}", always)
    assert (answer.phase, answer.wamid) == (Phase.ACCEPTED, "wamid.1")
    assert seen == [f"/v25.0/{SENDER}/messages"]


@pytest.mark.parametrize("times", [0, 1])
async def test_what_may_no_longer_leave_does_not_even_when_the_connection_is_there(times: int) -> None:
    """Asked before connecting, and again when the first byte is about to be written."""
    async with towards() as graph:
        answer = await graph.post_message(SENDER, b"{}", until_asked(times))
        assert (answer.phase, answer.effect) == (Phase.DEFERRED, Effect.NONE)
        assert seen == []
        assert (await graph.post_message(SENDER, b"{}", always)).phase is Phase.ACCEPTED
    assert len(seen) == 1


async def test_a_message_is_not_sent_on_to_where_a_redirect_points() -> None:
    async with towards("/moved") as graph:
        answer = await graph.post_message(SENDER, b"{}", always)
    assert answer.phase is Phase.UNSURE
    assert len(seen) == 1


async def test_an_answer_larger_than_any_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invy.gateway.answer.whole.__defaults__", (10,))
    async with towards() as graph:
        answer = await graph.post_message(SENDER, b"{}", always)
    assert (answer.phase, answer.http_status) == (Phase.UNSURE, 200)
    assert "too large" in (answer.note or "")


async def test_an_answer_that_does_not_come_leaves_it_open() -> None:
    async with towards("/slow", timeout_s=0.5) as graph:
        answer = await graph.post_message(SENDER, b"{}", always)
    assert (answer.phase, answer.note) == (Phase.UNSURE, "No answer within 0.5 seconds")
    assert len(seen) == 1


async def test_a_connection_that_breaks_after_the_request_left_leaves_it_open() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Graph(base_url=f"http://127.0.0.1:{port}", version="v25.0", token="t") as graph:
        answer = await graph.post_message(SENDER, b"{}", always)
    assert answer.phase is Phase.UNSURE


async def test_a_name_that_nobody_resolves_in_time_means_that_nothing_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hang)
    async with Graph(base_url="http://graph.example.com", version="v25.0", token="t", timeout_s=0.2) as graph:
        answer = await graph.post_message(SENDER, b"{}", always)
    assert (answer.phase, answer.effect) == (Phase.DEFERRED, Effect.SLOW_DOWN)
    assert answer.note == "Meta could not be reached: TimeoutError"


async def test_a_connection_that_is_not_made_in_time_means_that_nothing_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that lets nobody in: the connection's own time runs out before that of the request."""
    monkeypatch.setattr("invy.gateway.graph.CONNECT_S", 0.2)

    async def hang(*_: object, **__: object) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", hang)
    async with Graph(base_url="http://127.0.0.1:9", version="v25.0", token="t", timeout_s=20) as graph:
        answer = await graph.post_message(SENDER, b"{}", always)
    assert (answer.phase, answer.effect) == (Phase.DEFERRED, Effect.SLOW_DOWN)
    assert answer.note == "Meta could not be reached: ConnectionTimeoutError"


def test_what_was_answered_for_never_leaves_after_all() -> None:
    """The task that writes may get its turn only after the request was given up."""
    departure = Departure(always)
    departure.close()
    with pytest.raises(TooLate):
        departure.leave()
    assert not departure.left
