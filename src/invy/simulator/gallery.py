"""`/_simulator/pictures/`: a host of header pictures, good ones and one of each kind that Meta's fetcher does not take.

A message whose header links here meets the fate of the picture: a bad one is accepted and then fails with 131053.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from urllib.parse import urlsplit

from invy.simulator.exchange import BROKEN, Answer
from invy.simulator.picture import jpeg, png, webp

PATH = "/_simulator/pictures/"
_JPEG = "image/jpeg"
_OVER_5_MB = 5 * 1024 * 1024 + 64_000
_PAGE = b"<!DOCTYPE html><html><head><title>Gallery</title></head><body><h1>Please log in to see this album</h1></body></html>"
_CHAIN = 12
_HANGS_S = 60.0


@dataclass(frozen=True, slots=True)
class Picture:
    """`meta_takes` says whether Meta's fetcher would send it."""

    shows: str
    meta_takes: bool
    serve: Callable[[], Answer]


def _file(kind: str, make: Callable[..., bytes], **how: int) -> Callable[[], Answer]:
    made = cache(lambda: make(**how))
    return lambda: Answer(200, made(), {"content-type": kind})


def _moved(there: str) -> Callable[[], Answer]:
    return lambda: Answer(302, b"", {"location": there})


def _page(status: int) -> Callable[[], Answer]:
    return lambda: Answer(status, _PAGE, {"content-type": "text/html; charset=utf-8"})


def _good(shows: str, serve: Callable[[], Answer]) -> Picture:
    return Picture(shows, meta_takes=True, serve=serve)


def _bad(shows: str, serve: Callable[[], Answer]) -> Picture:
    return Picture(shows, meta_takes=False, serve=serve)


_CHAINED = "chain-{}.jpg"

PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        "good.jpg": _good("a JPEG as it should be", _file(_JPEG, jpeg)),
        "good.png": _good("a PNG as it should be", _file("image/png", png)),
        "transparent.png": _good("a PNG with transparency", _file("image/png", png, alpha=True)),
        "misdeclared.jpg": _good("a good JPEG, declared as text", _file("text/plain", jpeg)),
        "moved.jpg": _good("one redirect to a good JPEG", _moved(PATH + "good.jpg")),
        "missing.jpg": _bad("404", _page(404)),
        "forbidden.jpg": _bad("403, as a private album answers", _page(403)),
        "example.jpg": _bad("403: a template's own example, which Meta's fetcher may not have", _page(403)),
        "failing.jpg": _bad("500", _page(500)),
        "page.jpg": _bad("200 with a login page in the picture's place", _page(200)),
        "empty.jpg": _bad("200 with nothing", lambda: Answer(200, b"", {"content-type": _JPEG})),
        "large.jpg": _bad("a JPEG of more than 5 MB", _file(_JPEG, jpeg, padding=_OVER_5_MB)),
        "webp.jpg": _bad("a WebP under a JPEG's name", _file(_JPEG, webp)),
        "cmyk.jpg": _bad("a JPEG in the four colours of print", _file(_JPEG, jpeg, cmyk=True)),
        "deep.png": _bad("a PNG with 16 bits per colour", _file("image/png", png, bits=16)),
        "chain.jpg": _bad(f"{_CHAIN} redirects, one after the other", _moved(PATH + _CHAINED.format(1))),
        "moved-to-private.jpg": _bad("a redirect into a private network", _moved("https://10.0.0.7/a.jpg")),
        "moved-to-http.jpg": _bad(
            "a redirect to an address without encryption", _moved("http://pictures.example/a.jpg")
        ),
        "moved-to-nothing.jpg": _bad(
            "a redirect to something that is no web address", _moved("mailto:nobody@pictures.example")
        ),
        "slow.jpg": _bad(
            "answers after a minute",
            lambda: Answer(200, jpeg(), {"content-type": _JPEG}, after_s=_HANGS_S),
        ),
        "cut.jpg": _bad("the connection breaks", lambda: BROKEN),
    }
)


def show(name: str) -> Answer | None:
    """The answer to a request for this picture, or None when there is no such picture."""
    if name in PICTURES:
        return PICTURES[name].serve()
    links = {_CHAINED.format(at): at for at in range(1, _CHAIN)}
    if name in links:
        following = links[name] + 1
        return _moved(PATH + ("good.jpg" if following == _CHAIN else _CHAINED.format(following)))()
    return None


def meta_takes(link: str) -> bool:
    """Whether Meta could have what this link leads to. A link to anywhere else is taken on trust."""
    if PATH not in link:
        return True
    try:
        path = urlsplit(link).path
    except ValueError:
        return True
    name = path.removeprefix(PATH)
    return not path.startswith(PATH) or (name in PICTURES and PICTURES[name].meta_takes)
