"""Meta's Graph API over HTTP: one session, one attempt per call, never a retry of its own.

The messages call tells apart what decides about resending: the request did not leave (nothing was sent), or it may have
(unsure); see `departure`. aiohttp repeats only idempotent methods on a stale connection, so a POST goes out once.
Questions (`get`) change nothing at Meta; their answers are handed on as they came.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import aiohttp

from invy.domain.ids import SenderId
from invy.gateway import answer
from invy.gateway.departure import Departure
from invy.meta import reply
from invy.meta.graph_reply import GraphReply
from invy.meta.reply import Answer

CONNECT_S = 10.0
KEEP_IDLE_S = 20.0
"""Shorter than common servers keep an idle connection, so that a request rarely meets a closed one."""


class Graph:
    """A session with Meta. Open it inside an event loop; close it at the end.

    `timeout_s` bounds one request from connecting to the last byte of the answer.
    """

    def __init__(
        self, *, base_url: str, version: str, token: str, timeout_s: float = 30.0, connections: int = 200
    ) -> None:
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._timeout_s = timeout_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_IDLE_S),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            headers={"Authorization": f"Bearer {token}", "User-Agent": "invy"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def post_message(
        self, sender_id: SenderId, payload: bytes, may_leave: Callable[[], bool]
    ) -> Answer:
        """Send one message request, once. At most once: the caller must not call again unless the answer is DEFERRED.

        `may_leave` has the last word, right before the request leaves: once it says no, the request never does.
        Never raises for anything the network or Meta does.
        """
        if not may_leave():
            return reply.too_late()
        leaving = Departure(may_leave)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._session.post(
                    f"{self._root}/{sender_id}/messages",
                    data=leaving.body(payload),
                    headers={"Content-Type": "application/json", "Content-Length": str(len(payload))},
                    allow_redirects=False,
                ) as response,
            ):
                return reply.read(response.status, await answer.whole(response))
        except (aiohttp.ClientError, OSError) as error:
            if leaving.late:
                return reply.too_late()
            if not leaving.left:
                return reply.unreachable(f"Meta could not be reached: {type(error).__name__}")
            if isinstance(error, TimeoutError):
                return reply.unsure(f"No answer within {self._timeout_s:g} seconds")
            return reply.unsure(f"The connection broke before the answer came: {type(error).__name__}")
        finally:
            leaving.close()

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        token: str | None = None,
        timeout_s: float | None = None,
    ) -> GraphReply:
        """Ask Meta something. `token` replaces the session's own where Meta wants the app's (`APPID|SECRET`).

        Never raises for anything the network or Meta does: the reply says what happened.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return await answer.of(
            lambda: self._session.get(
                f"{self._root}/{path}", params=params, headers=headers, allow_redirects=False
            ),
            timeout_s=self._timeout_s if timeout_s is None else timeout_s,
        )
