"""Looking at the picture of a message as Meta would, because 131053 says that it could not be used and not why."""

from typing import Final, Protocol

import msgspec

from invy.diagnose.health import Picture
from invy.domain.ids import MessageId
from invy.meta.picture import Fetched, Look, content

_KB: Final = 1000
_SEEN: Final = {
    Look.NOT_A_LINK: "it is not a link",
    Look.NOT_HTTPS: "it is not https",
    Look.METAS_EXAMPLE: "it is Meta's own sample of the template, which its fetcher gets 403 for",
    Look.NO_SUCH_HOST: "there is no host of that name",
    Look.PRIVATE: "the address can be reached from inside our network only",
    Look.CERTIFICATE: "the server's certificate is not valid",
    Look.UNREACHABLE: "the server cannot be reached",
    Look.TIMEOUT: "the server did not answer in time",
    Look.TOO_MANY_REDIRECTS: "it leads from link to link without an end",
    Look.TOO_LARGE: "it is larger than 5 MB",
}


class Payloads(Protocol):
    async def payload(self, message_id: MessageId) -> bytes: ...


class Images(Protocol):
    async def fetch(self, url: str) -> Fetched: ...


class PictureEyes:
    """Fetches the link in a message's header. A picture sent by Meta's media id cannot be looked at."""

    def __init__(self, payloads: Payloads, images: Images) -> None:
        self._payloads = payloads
        self._images = images

    async def look(self, message_id: MessageId) -> Picture | None:
        url = link_of(await self._payloads.payload(message_id))
        return None if url is None else judged(url, await self._images.fetch(url))


def judged(url: str, fetched: Fetched) -> Picture:
    """What was seen, in a few words, and whether WhatsApp would take it."""
    if fetched.look is Look.HTTP_ERROR:
        return Picture(url, fine=False, seen=f"HTTP {fetched.status}")
    if fetched.look is not Look.FETCHED:
        return Picture(url, fine=False, seen=_SEEN[fetched.look])
    found = content(fetched.start)
    size = f"{max(1, fetched.size // _KB):,} kB"
    if found.kind is None:
        return Picture(url, fine=False, seen=f"no picture that we know, {size}")
    if found.usable:
        return Picture(url, fine=True, seen=f"{found.kind}, {size}")
    unfit = found.kind in ("image/jpeg", "image/png")
    colours = f" with {found.bits} bits a colour and {found.channels} channels" if unfit else ""
    return Picture(url, fine=False, seen=f"{found.kind}{colours}, {size}: WhatsApp takes 8-bit JPEG or PNG")


class _Image(msgspec.Struct):
    link: str | None = None


class _Parameter(msgspec.Struct):
    image: _Image | None = None


class _Component(msgspec.Struct):
    type: str = ""
    parameters: list[_Parameter] = []


class _Template(msgspec.Struct):
    components: list[_Component] = []


class _Request(msgspec.Struct):
    template: _Template | None = None


def link_of(payload: bytes) -> str | None:
    """The link of the header's picture in one of our requests, if it has one."""
    try:
        template = msgspec.json.decode(payload, type=_Request).template
    except msgspec.DecodeError:
        return None
    links = (
        parameter.image.link
        for component in (template.components if template else ())
        if component.type == "header"
        for parameter in component.parameters
        if parameter.image is not None
    )
    return next((link for link in links if link), None)
