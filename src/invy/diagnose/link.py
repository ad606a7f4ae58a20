"""The link of the picture in one of our requests, and a link as it may be shown. Fetches nothing."""

import re
from typing import Final

import msgspec

_USER: Final = re.compile(r"(?<=://)[^/?#@]*@")
_LONGEST: Final = 300


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


def shown(link: str) -> str:
    """A link without what may hold a password, a token or a signature: its user, its query, its fragment."""
    bare = _USER.sub("", " ".join(link.split()))
    kept = re.split(r"[?#]", bare, maxsplit=1)[0]
    whole = kept if kept == bare else f"{kept}?…"
    return whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1] + "…"
