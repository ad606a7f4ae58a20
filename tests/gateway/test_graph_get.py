"""Asking Meta: whatever the network does, there is a reply, and it says what happened."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import Receive, Scope, Send

from invy.gateway import answer
from invy.gateway.graph import Graph
from invy.meta.graph_reply import Trouble, Why, read
from tests.engine.doctor.clinic import listening

TOKEN = "EAA" + "t" * 40
seen: list[tuple[str, str, str]] = []


async def meta(scope: Scope, receive: Receive, send: Send) -> None:
    del receive
    headers = dict(scope["headers"])
    seen.append((scope["path"], scope["query_string"].decode(), headers.get(b"authorization", b"").decode()))
    if scope["path"].endswith("/slow"):
        await asyncio.sleep(30)
    if scope["path"].endswith("/big"):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 200_000})
        return
    moved = scope["path"].endswith("/moved")
    more = [(b"location", b"/elsewhere")] if moved else [(b"facebook-api-version", b"v21.0")]
    await send({"type": "http.response.start", "status": 302 if moved else 200, "headers": more})
    await send({"type": "http.response.body", "body": b'{"id": "1"}'})


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    seen.clear()
    async with (
        listening(meta) as url,
        Graph(base_url=url, version="v25.0", token=TOKEN, timeout_s=5) as opened,
    ):
        yield opened


async def test_a_question_goes_out_with_the_token_and_the_version(graph: Graph) -> None:
    reply = await graph.get("123", {"fields": "id,name"})
    assert (reply.status, reply.body, reply.trouble) == (200, b'{"id": "1"}', None)
    assert (reply.served_version, reply.date is not None) == ("v21.0", True)
    assert seen == [("/v25.0/123", "fields=id,name", f"Bearer {TOKEN}")]


async def test_another_token_replaces_the_session_s_own_for_one_question(graph: Graph) -> None:
    await graph.get("123/subscriptions", {}, token="1|secret")
    await graph.get("123", {})
    assert [bearer for _, _, bearer in seen] == ["Bearer 1|secret", f"Bearer {TOKEN}"]


async def test_a_redirect_is_not_followed_with_the_token(graph: Graph) -> None:
    assert (await graph.get("moved", {})).status == 302
    assert len(seen) == 1


async def test_an_answer_that_does_not_come_is_not_waited_for(graph: Graph) -> None:
    reply = await graph.get("slow", {}, timeout_s=0.2)
    assert (reply.status, reply.trouble) == (None, Trouble.TIMEOUT)
    assert reply.note == "no answer within 0.2 seconds"


async def test_an_answer_larger_than_any_page_is_cut_off(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer.of, "__kwdefaults__", {"largest": 100_000})
    assert (await graph.get("big", {})).trouble is Trouble.BROKEN


@pytest.mark.parametrize(
    ("url", "trouble", "note"),
    [
        ("http://127.0.0.1:9", Trouble.UNREACHABLE, "connection refused"),
        ("http://nowhere.invalid", Trouble.UNREACHABLE, "its name cannot be resolved"),
    ],
)
async def test_without_a_connection_the_reply_says_why(url: str, trouble: Trouble, note: str) -> None:
    async with Graph(base_url=url, version="v25.0", token=TOKEN) as opened:
        reply = await opened.get("me", {})
    assert (reply.status, reply.trouble, reply.note) == (None, trouble, note)
    assert TOKEN not in repr(reply)


async def test_a_server_that_hangs_up_is_a_broken_connection() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with Graph(base_url=f"http://127.0.0.1:{port}", version="v25.0", token=TOKEN) as opened:
            reply = await opened.get("me", {})
    assert reply.trouble is Trouble.BROKEN
    unread = read(reply)
    assert getattr(unread, "why", None) is Why.BROKEN
