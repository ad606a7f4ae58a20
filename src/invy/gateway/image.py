"""Fetching a header image as Meta would: https, from public addresses only, within five megabytes.

Links come from guest lists and templates, so fetching one must not become a way to look into our own network: every
address is checked, on every redirect too, and the connection goes to the very address that was checked.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from invy.gateway import answer
from invy.meta.graph_reply import Trouble
from invy.meta.picture import LARGEST_BYTES, Fetched, Look

FETCH_S: Final = 10.0
MOST_REDIRECTS: Final = 5
START_BYTES: Final = 64 * 1024
"""Enough of an image to know its kind, behind any amount of camera data that is usual."""

METAS_HOST: Final = "scontent.whatsapp.net"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[Address], bool]
Lookup = Callable[[str], Awaitable[Sequence[str]]]
Origin = tuple[str, str, int]
"""Scheme, host and port."""

_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet can reach it. Addresses that wrap an IPv4 one count as that one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


class PrivateAddress(OSError):
    """The name leads to an address that is not public."""


async def look_up(host: str) -> Sequence[str]:
    """All addresses of a name, as this machine resolves it. Raises OSError when there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(place[0]).partition("%")[0] for _, _, _, _, place in found]


class CheckedResolver(AbstractResolver):
    """Resolves a name once per connection, and refuses it whole when any of its addresses is not allowed.

    The connection is made to the addresses that are returned here, so a name cannot mean something else meanwhile.
    """

    def __init__(self, allowed: Allowed, lookup: Lookup, home: Origin | None = None) -> None:
        self._allowed = allowed
        self._lookup = lookup
        self._home = home

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises PrivateAddress."""
        del family
        found = [ipaddress.ip_address(each) for each in await self._lookup(host)]
        at_home = self._home is not None and (host, port) == self._home[1:]
        for address in found:
            if not at_home and not self._allowed(address):
                raise PrivateAddress(f"{address} is not a public address")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,  # noqa: PLR2004 - IPv4
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        return


class ImageFetcher:
    """`allowed` decides about addresses, `lookup` finds them, `trust` judges certificates: changed in tests only.

    `home` is the address of Meta's API as it is configured. Where that is a simulator on this machine, the pictures it
    serves stand for public ones: links of exactly that scheme, host and port are fetched, whatever they are. Requests
    with our token go there anyway.
    """

    def __init__(
        self,
        *,
        timeout_s: float = FETCH_S,
        allowed: Allowed = is_public,
        lookup: Lookup = look_up,
        trust: ssl.SSLContext | None = None,
        home: str | None = None,
    ) -> None:
        self._home = None if home is None else _origin(home)
        self._timeout_s = timeout_s
        self._allowed = allowed
        self._lookup = lookup
        self._trust: ssl.SSLContext | bool = True if trust is None else trust

    async def fetch(self, url: str) -> Fetched:
        """Follow the link to an image. Never raises for what the network does."""
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._allowed, self._lookup, self._home),
            use_dns_cache=False,
            force_close=True,
            ssl=self._trust,
        )
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "invy-doctor", "Accept": "image/jpeg,image/png,*/*;q=0.1"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        ) as session:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._follow(session, url)
            except TimeoutError:
                return Fetched(Look.TIMEOUT, url, note=f"no answer within {self._timeout_s:g} seconds")

    async def _follow(self, session: aiohttp.ClientSession, url: str) -> Fetched:
        for redirects in range(MOST_REDIRECTS + 1):
            refused = self._refused(url)
            if refused is not None:
                return Fetched(refused, url, redirects=redirects)
            seen = await self._one(session, url, redirects)
            if isinstance(seen, Fetched):
                return seen
            url = seen
        return Fetched(Look.TOO_MANY_REDIRECTS, url, redirects=MOST_REDIRECTS + 1)

    def _refused(self, url: str) -> Look | None:
        """What forbids even asking."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            return Look.NOT_A_LINK
        if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
            return Look.NOT_A_LINK
        at_home = self._home is not None and _origin(url) == self._home
        if not at_home and parts.scheme != "https":
            return Look.NOT_HTTPS
        if host == METAS_HOST or host.endswith("." + METAS_HOST):
            return Look.METAS_EXAMPLE
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            return None  # a name: the resolver checks what it leads to
        return None if at_home or self._allowed(literal) else Look.PRIVATE

    async def _one(self, session: aiohttp.ClientSession, url: str, redirects: int) -> Fetched | str:
        """What one request gave, or where it points on."""
        try:
            async with session.get(url, allow_redirects=False) as response:
                if response.status in _REDIRECTS and response.headers.get("Location"):
                    return urljoin(url, response.headers["Location"])
                if response.status != _OK:
                    return Fetched(
                        Look.HTTP_ERROR, url, response.status, redirects, note=response.reason or ""
                    )
                return await _read(response, url, redirects)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            return _broken(error, url, redirects)


def _origin(url: str) -> Origin | None:
    """None when that is no web address."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if port is None else (parts.scheme, parts.hostname or "", port)


def _broken(error: Exception, url: str, redirects: int) -> Fetched:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, PrivateAddress):
        return Fetched(Look.PRIVATE, url, redirects=redirects, note=str(cause))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Fetched(Look.NO_SUCH_HOST, url, redirects=redirects)
    trouble, note = answer.said(error, FETCH_S)
    look = Look.CERTIFICATE if trouble is Trouble.CERTIFICATE else Look.UNREACHABLE
    return Fetched(look, url, redirects=redirects, note=note)


async def _read(response: aiohttp.ClientResponse, url: str, redirects: int) -> Fetched:
    start = bytearray()
    size = 0
    declared = response.content_type if "Content-Type" in response.headers else None
    async for chunk in response.content.iter_chunked(65_536):
        size += len(chunk)
        start += chunk[: START_BYTES - len(start)]
        if size > LARGEST_BYTES:
            return Fetched(Look.TOO_LARGE, url, response.status, redirects, size, declared)
    return Fetched(Look.FETCHED, url, response.status, redirects, size, declared, bytes(start))
