"""Our own webhook, called from outside as Meta calls it: no redirects, no forgiving of certificates, one attempt."""

from types import TracebackType
from typing import Self

import aiohttp

from invy.gateway import answer
from invy.meta.graph_reply import GraphReply

CALL_S = 8.0
LARGEST_BYTES = 64 * 1024


class Callback:
    """A session for calls to a public address. Never raises for what the network does."""

    def __init__(self, timeout_s: float = CALL_S) -> None:
        self._timeout_s = timeout_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "invy-doctor"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def challenge(self, url: str, token: str, word: str) -> GraphReply:
        """Meta's handshake: the answer must be exactly `word`."""
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": word}
        return await answer.of(
            lambda: self._session.get(url, params=query, allow_redirects=False),
            timeout_s=self._timeout_s,
            largest=LARGEST_BYTES,
        )

    async def post(self, url: str, body: bytes, signature: str | None) -> GraphReply:
        """Deliver a body as Meta delivers one."""
        headers = {"Content-Type": "application/json"}
        if signature is not None:
            headers["X-Hub-Signature-256"] = signature
        return await answer.of(
            lambda: self._session.post(url, data=body, headers=headers, allow_redirects=False),
            timeout_s=self._timeout_s,
            largest=LARGEST_BYTES,
        )
