"""An image as WhatsApp takes it for a header: judged by its bytes, never by its name or by what a server calls it.

Meta's media page (2025-12): image/jpeg and image/png, at most 5 MB, 8 bits per colour, RGB or RGBA; WebP is not valid
in a header. Refuses to know where the bytes came from.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LARGEST_BYTES: Final = 5 * 1024 * 1024

_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF", "application/pdf"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)
_PNG_DEPTH_AT: Final = 24
# JPEG frame headers (SOF0 to SOF15) without those three that are something else: DHT, JPG and DAC.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_CMYK: Final = 4


class Look(StrEnum):
    """What became of fetching an image."""

    FETCHED = "fetched"
    NOT_A_LINK = "not_a_link"
    NOT_HTTPS = "not_https"
    METAS_EXAMPLE = "metas_example"  # a link of scontent.whatsapp.net: its fetcher gets 403 for it
    NO_SUCH_HOST = "no_such_host"
    PRIVATE = "private"  # resolves to an address that only we can reach
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    HTTP_ERROR = "http_error"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Fetched:
    """`url` is where it ended, after `redirects`. `start` is enough of the image to judge it; empty unless FETCHED."""

    look: Look
    url: str
    status: int | None = None
    redirects: int = 0
    size: int = 0
    declared: str | None = None
    start: bytes = b""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What bytes really are. `kind` is a MIME type, or None when it is nothing known."""

    kind: str | None
    bits: int = 8
    channels: int = 3

    @property
    def usable(self) -> bool:
        """Whether a header may have it."""
        return self.kind in ("image/jpeg", "image/png") and self.bits == 8 and self.channels != _CMYK  # noqa: PLR2004 - bits


def content(data: bytes) -> Content:
    """Judge an image by its first bytes. Never raises."""
    kind = (
        next((kind for start, kind in _STARTS if data.startswith(start)), None)
        or _boxed(data)
        or _written(data)
    )
    if kind == "image/png" and len(data) > _PNG_DEPTH_AT:
        return Content(kind, bits=data[_PNG_DEPTH_AT])
    return _jpeg(data) if kind == "image/jpeg" else Content(kind)


def _boxed(data: bytes) -> str | None:
    """Formats whose name stands inside a container."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] in (b"avif", b"avis") else "image/heic"
    return None


def _written(data: bytes) -> str | None:
    """Texts that servers send in place of an image."""
    start = data[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "text/html"
    return "image/svg+xml" if b"<svg" in start else None


def _jpeg(data: bytes) -> Content:
    """Bits and channels stand in the frame header, behind any number of other segments."""
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - every segment begins with FF
        marker = data[at + 1]
        if marker in _FRAMES:
            return Content("image/jpeg", bits=data[at + 4], channels=data[at + 9])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return Content("image/jpeg")
