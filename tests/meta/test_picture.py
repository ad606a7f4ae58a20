"""An image is what its bytes say, whatever it is called."""

import pytest

from invy.meta.picture import Content, content


def jpeg(channels: int = 3, bits: int = 8) -> bytes:
    """The start of a JPEG with some camera data before its frame."""
    exif = b"\xff\xe1\x00\x10" + b"Exif" + b"\0" * 10
    frame = b"\xff\xc2\x00\x11" + bytes([bits]) + b"\x00\x10\x00\x10" + bytes([channels])
    return b"\xff\xd8" + exif + frame + b"\0" * 20


def png(bits: int = 8) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01"
        + bytes([bits])
        + b"\x02\x00\x00\x00"
    )


@pytest.mark.parametrize("data", [jpeg(), jpeg(channels=1), png(), b"\xff\xd8\xff\xe0"])
def test_jpeg_and_png_with_8_bits_are_usable(data: bytes) -> None:
    assert content(data).usable


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (jpeg(channels=4), Content("image/jpeg", 8, 4)),
        (jpeg(bits=12), Content("image/jpeg", 12, 3)),
        (png(bits=16), Content("image/png", 16)),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Content("image/webp")),
        (b"GIF89a", Content("image/gif")),
        (b"\x00\x00\x00\x18ftypheic", Content("image/heic")),
        (b"\x00\x00\x00\x18ftypavif", Content("image/avif")),
        (b"%PDF-1.7", Content("application/pdf")),
        (b"\n <!DOCTYPE HTML><html>", Content("text/html")),
        (b'<?xml version="1.0"?><svg xmlns="x">', Content("image/svg+xml")),
        (b"", Content(None)),
        (b"\x00\x01\x02", Content(None)),
    ],
)
def test_everything_else_is_not(data: bytes, found: Content) -> None:
    assert content(data) == found
    assert not found.usable
