"""One HTTP exchange turned into a reply that says what happened, whatever that was. Bounded in time and in size."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import aiohttp

from invy.meta.graph_reply import GraphReply, Trouble

LARGEST_BYTES = 16 * 1024 * 1024
"""Far above any page of Meta's; more than that is not an answer."""


async def of(
    ask: Callable[[], AbstractAsyncContextManager[aiohttp.ClientResponse]],
    *,
    timeout_s: float,
    largest: int = LARGEST_BYTES,
) -> GraphReply:
    """The reply to a request. Notes hold kinds of errors only, never an address: it may have a secret in it."""
    try:
        async with asyncio.timeout(timeout_s), ask() as response:
            body = await whole(response, largest)
            if body is None:
                return GraphReply(None, trouble=Trouble.BROKEN, note="the answer was far too large")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return GraphReply(response.status, body, headers)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        trouble, note = said(error, timeout_s)
        return GraphReply(None, trouble=trouble, note=note)


def said(error: Exception, timeout_s: float) -> tuple[Trouble, str]:
    """What an error of the network means, the special before the general."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Trouble.CERTIFICATE, f"the TLS connection failed: {_certificate(error)}"
        case TimeoutError():
            return Trouble.TIMEOUT, f"no answer within {timeout_s:g} seconds"
        case aiohttp.ClientConnectorDNSError():
            return Trouble.UNREACHABLE, "its name cannot be resolved"
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            return Trouble.UNREACHABLE, os.strerror(number).lower() if number else type(
                error.os_error
            ).__name__
        case _:
            return Trouble.BROKEN, f"the connection broke ({type(error).__name__})"


async def whole(response: aiohttp.ClientResponse, largest: int = LARGEST_BYTES) -> bytes | None:
    """The body of an answer; none when it is larger than any answer, which is then not read further."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_chunked(65_536):
        size += len(chunk)
        if size > largest:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _certificate(error: Exception) -> str:
    """OpenSSL's reason, without the host."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    reason = getattr(inner, "verify_message", None) or getattr(inner, "reason", None)
    return str(reason or type(inner).__name__).replace("_", " ").lower()
