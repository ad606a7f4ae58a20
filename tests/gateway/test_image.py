"""A header image is fetched as Meta would fetch it, and never from where only we can reach."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from invy.gateway.image import MOST_REDIRECTS, Address, ImageFetcher, is_public
from invy.meta.picture import LARGEST_BYTES, Look
from tests.certificates import certificate, trust
from tests.engine.doctor.clinic import listening

JPEG = b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x03\x01\x11\x00" + b"x" * 100
NAME = "images.invy.example"


async def gallery(scope: Scope, receive: Receive, send: Send) -> None:
    """A server of images, and of what goes wrong with them."""
    del receive
    path = scope["path"]
    headers = [(b"content-type", b"image/jpeg")]
    status, body = 200, JPEG
    match path.split("/")[1:]:
        case ["hop", left]:
            status, body = 302, b""
            headers = [(b"location", b"/a.jpg" if left == "0" else f"/hop/{int(left) - 1}".encode())]
        case ["to", *elsewhere]:
            status, body, headers = 301, b"", [(b"location", "/".join(elsewhere).encode())]
        case ["status", code]:
            status, body = int(code), b"<html>"
        case ["big"]:
            body = JPEG + b"x" * LARGEST_BYTES
        case ["slow"]:
            await asyncio.sleep(30)
        case ["plain"]:
            headers = []
        case ["host"]:
            body = dict(scope["headers"])[b"host"]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """Its address by name: `lookup` leads the name to loopback."""
    async with listening(gallery, certificate=certificate(NAME, tmp_path)) as url:
        yield url.replace("127.0.0.1", NAME)


async def loopback(host: str) -> Sequence[str]:
    if host == "nowhere.invy.example":
        raise OSError("Name or service not known")
    return ["127.0.0.1"] if host == NAME else ["10.0.0.7"]


def local(address: Address) -> bool:
    return address.is_loopback or is_public(address)


def fetcher(*, timeout_s: float = 5) -> ImageFetcher:
    """One that may reach this machine and trusts its certificate."""
    return ImageFetcher(allowed=local, lookup=loopback, trust=trust(), timeout_s=timeout_s)


async def test_an_image_is_fetched_with_its_size_its_declared_kind_and_its_beginning(server: str) -> None:
    seen = await fetcher().fetch(f"{server}/a.jpg")
    assert (seen.look, seen.status, seen.redirects) == (Look.FETCHED, 200, 0)
    assert (seen.size, seen.declared, seen.start) == (len(JPEG), "image/jpeg", JPEG)


async def test_what_a_server_does_not_declare_is_none(server: str) -> None:
    assert (await fetcher().fetch(f"{server}/plain")).declared is None


async def test_redirects_are_followed_and_counted(server: str) -> None:
    seen = await fetcher().fetch(f"{server}/hop/1")
    assert (seen.look, seen.redirects, seen.url) == (Look.FETCHED, 2, f"{server}/a.jpg")


async def test_a_chain_of_redirects_ends(server: str) -> None:
    assert (await fetcher().fetch(f"{server}/hop/{MOST_REDIRECTS}")).look is Look.TOO_MANY_REDIRECTS
    assert (await fetcher().fetch(f"{server}/hop/{MOST_REDIRECTS - 1}")).look is Look.FETCHED


@pytest.mark.parametrize(
    ("path", "look"),
    [
        ("to/https://10.1.2.3/a.jpg", Look.PRIVATE),
        ("to/https://[::1]/a.jpg", Look.FETCHED),
        ("to/https://intranet.example/a.jpg", Look.PRIVATE),
        ("to/http://images.invy.example/a.jpg", Look.NOT_HTTPS),
        ("to/file:///etc/passwd", Look.NOT_A_LINK),
        ("to/https://scontent.whatsapp.net/v/x.jpg", Look.METAS_EXAMPLE),
        ("to/https://nowhere.invy.example/a.jpg", Look.NO_SUCH_HOST),
        ("status/404", Look.HTTP_ERROR),
        ("status/403", Look.HTTP_ERROR),
        ("status/503", Look.HTTP_ERROR),
        ("big", Look.TOO_LARGE),
    ],
)
async def test_every_redirect_and_every_answer_is_judged_anew(server: str, path: str, look: Look) -> None:
    seen = await fetcher().fetch(f"{server}/{path}")
    if look is Look.FETCHED:  # nobody listens there, but asking is allowed in this test
        assert seen.look is Look.UNREACHABLE
    else:
        assert seen.look is look
    assert seen.start == b""


@pytest.mark.parametrize(
    ("url", "look"),
    [
        ("", Look.NOT_A_LINK),
        ("not a link", Look.NOT_A_LINK),
        ("ftp://images.example/a.jpg", Look.NOT_A_LINK),
        ("https://user:password@images.example/a.jpg", Look.NOT_A_LINK),
        ("https://[half/a.jpg", Look.NOT_A_LINK),
        ("https:///a.jpg", Look.NOT_A_LINK),
        ("https://images.example:999999/a.jpg", Look.NOT_A_LINK),
        ("http://images.example/a.jpg", Look.NOT_HTTPS),
        ("https://scontent.whatsapp.net/v/t1/x.jpg", Look.METAS_EXAMPLE),
        ("https://127.0.0.1/a.jpg", Look.PRIVATE),
        ("https://169.254.169.254/latest/meta-data", Look.PRIVATE),
        ("https://[::1]/a.jpg", Look.PRIVATE),
        ("https://[::ffff:10.0.0.1]/a.jpg", Look.PRIVATE),
        ("https://localhost/a.jpg", Look.PRIVATE),
    ],
)
async def test_what_may_not_be_asked_is_refused_without_asking(url: str, look: Look) -> None:
    async def here(_host: str) -> Sequence[str]:
        return ["127.0.0.1"]

    assert (await ImageFetcher(lookup=here).fetch(url)).look is look


async def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    async def mixed(_host: str) -> Sequence[str]:
        return ["93.184.216.34", "192.168.1.1"]

    seen = await ImageFetcher(lookup=mixed).fetch("https://images.example/a.jpg")
    assert seen.look is Look.PRIVATE
    assert "192.168.1.1" in seen.note


async def test_a_name_that_changes_its_meaning_between_two_requests_is_checked_again(server: str) -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(_host: str) -> Sequence[str]:
        return answers.pop(0)

    seen = await ImageFetcher(allowed=local, lookup=rebinding, trust=trust()).fetch(f"{server}/hop/0")
    assert (seen.look, seen.redirects) == (Look.PRIVATE, 1)
    assert answers == [], "one look-up for each connection, and none in between"


async def test_the_connection_goes_to_the_checked_address_under_the_name(server: str) -> None:
    assert NAME in (await fetcher().fetch(f"{server}/host")).start.decode()


async def test_a_certificate_that_nobody_vouches_for_is_refused(server: str) -> None:
    seen = await ImageFetcher(allowed=local, lookup=loopback).fetch(f"{server}/a.jpg")
    assert seen.look is Look.CERTIFICATE
    assert "certificate" in seen.note


async def test_a_server_that_does_not_answer_is_not_waited_for(server: str) -> None:
    seen = await fetcher(timeout_s=0.3).fetch(f"{server}/slow")
    assert (seen.look, seen.note) == (Look.TIMEOUT, "no answer within 0.3 seconds")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_that_only_we_can_reach_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_anybody_can_reach_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_does_not_make_it_public(address: ipaddress.IPv4Address) -> None:
    for wrapped in (f"::ffff:{address}", str(ipaddress.IPv6Address((0x64FF9B << 96) | int(address)))):
        assert is_public(ipaddress.ip_address(wrapped)) is is_public(address)
