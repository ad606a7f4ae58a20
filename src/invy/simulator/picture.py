"""Pictures written byte by byte: PNG, JPEG and WebP of one colour, in every depth and colour model. No image library.

They are small and real: every program that reads the format shows them.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence

SIDE = 64
_RED, _GREEN, _BLUE = 0x3B, 0x7A, 0x57
_BLOCKS = (SIDE // 8) ** 2


def png(*, bits: int = 8, alpha: bool = False) -> bytes:
    """A PNG with `bits` per colour; 16 is valid PNG, and more than a header may have."""
    colours = [_RED, _GREEN, _BLUE] + ([0x80] if alpha else [])
    pixel = b"".join(bytes([each] * (bits // 8)) for each in colours)
    rows = (b"\0" + pixel * SIDE) * SIDE
    head = struct.pack(">IIBBBBB", SIDE, SIDE, bits, 6 if alpha else 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg(*, cmyk: bool = False, padding: int = 0) -> bytes:
    """A baseline JPEG in colour, or in the four colours of print; `padding` bytes of comment make it heavy.

    Every block is flat, so only the first of each component says its level and all others say "as before".
    """
    levels = (40, 60, 80, 20) if cmyk else (-20, 10, -25)
    count = len(levels)
    components = b"".join(bytes([each + 1, 0x11, 0]) for each in range(count))
    scan = b"".join(bytes([each + 1, 0]) for each in range(count))
    # Adobe's marker: without it, four components are not understood as print colours.
    adobe = _segment(0xEE, b"Adobe\0\x64\0\0\0\0\0") if cmyk else _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    return b"".join(
        (
            b"\xff\xd8",
            adobe,
            *_comments(padding),
            _segment(0xDB, b"\0" + bytes([8] * 64)),
            _segment(0xC0, struct.pack(">BHHB", 8, SIDE, SIDE, count) + components),
            # Twelve sizes of difference, four bits each; and one word for flat blocks: "nothing more".
            _segment(0xC4, b"\0" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))),
            _segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),
            _segment(0xDA, bytes([count]) + scan + b"\0\x3f\0"),
            _stuffed(_bits(_flat(levels))),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def _comments(padding: int) -> Iterable[bytes]:
    for at in range(0, padding, 65_000):
        yield _segment(0xFE, b" " * min(65_000, padding - at))


def _flat(levels: Sequence[int]) -> Iterable[str]:
    """Each block is a difference of level and the end of the block."""
    for block in range(_BLOCKS):
        for level in levels:
            yield _difference(level if block == 0 else 0) + "0"


def _difference(value: int) -> str:
    size = abs(value).bit_length()
    amount = value if value >= 0 else value + (1 << size) - 1
    return f"{size:04b}" + (f"{amount:0{size}b}" if size else "")


def _bits(words: Iterable[str]) -> bytes:
    text = "".join(words)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def _stuffed(data: bytes) -> bytes:
    """A byte FF inside the picture is followed by 00, so that nobody takes it for a marker."""
    return data.replace(b"\xff", b"\xff\0")


def webp() -> bytes:
    """A lossless WebP. Each of its five codes knows one value only, so no pixel takes any room."""
    one = "101"  # a simple code, of one word, which is given in eight bits
    codes = "".join(one + _reversed(each, 8) for each in (_GREEN, _RED, _BLUE, 0xFF)) + "1000"
    size = _reversed(SIDE - 1, 14)
    bits = size + size + "0" + "000" + "0" + "0" + "0" + codes
    bits += "0" * (-len(bits) % 8)
    packed = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    data = b"\x2f" + packed
    data += b"\0" * (len(data) % 2)
    body = b"WEBPVP8L" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _reversed(value: int, width: int) -> str:
    """A number in WebP's order of bits: the lowest first."""
    return f"{value:0{width}b}"[::-1]
