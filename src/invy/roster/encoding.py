"""Which characters the bytes of a text file stand for.

UTF-8 is certain when it fits. UTF-16 only with a byte order mark, because nearly any bytes fit UTF-16. What remains
is told apart by which letters begin words: Hebrew (cp1255), Arabic (cp1256), Cyrillic (cp1251), Western (cp1252).
"""

import codecs
import re
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from invy.roster import foreign
from invy.roster.foreign import Foreign

_UNMARKED: Final = Foreign(
    "text in UTF-16 without a mark that says so", "Save the list anew as CSV in UTF-8, or as XLSX"
)
_UNKNOWN: Final = Foreign("a program's own file")
_CHUNK: Final = 1 << 20
_WORDS_ENOUGH: Final = 20_000
_STRAY_CONTROLS: Final = 8
_WORD: Final = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins the same way
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """`name` is Python's; `damaged` when single bytes are broken in what is otherwise UTF-8."""

    name: str
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class NotText:
    """The bytes are no text, but what they seem to be instead."""

    seems: Foreign


def detect(stream: BinaryIO) -> Encoding | NotText:
    """Reads the whole stream once, in pieces, and leaves it at its start."""
    start = stream.read(4096)
    stream.seek(0)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return Encoding(name)
    known = foreign.of_bytes(start)
    if known is not None:
        return NotText(known)
    count = _Count()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    while chunk := stream.read(_CHUNK):
        count.add(chunk, decoder.decode(chunk))
    count.add(b"", decoder.decode(b"", final=True))
    stream.seek(0)
    if count.controls > _STRAY_CONTROLS and count.controls * 50 > count.size:
        unmarked = start.count(0) * 4 > len(start)
        return NotText(_UNMARKED if unmarked else _UNKNOWN)
    if not count.broken:
        return Encoding("utf-8")
    if count.broken * 20 < count.letters:
        return Encoding("utf-8", damaged=True)
    return Encoding(_legacy(count.words))


@dataclass(slots=True)
class _Count:
    """What was met in the file: `letters` beyond ASCII if it is UTF-8, `broken` bytes that cannot be."""

    size: int = 0
    controls: int = 0
    letters: int = 0
    broken: int = 0
    words: list[bytes] = field(default_factory=list)

    def add(self, chunk: bytes, text: str) -> None:
        self.size += len(chunk)
        self.controls += len(chunk) - len(chunk.translate(None, _CONTROLS))
        if text.isascii():
            return
        self.letters += len(text) - len(text.encode("ascii", "ignore"))
        self.broken += text.count("\ufffd")
        if len(self.words) < _WORDS_ENOUGH:
            self.words += _WORD.findall(chunk)


_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n\f\r\x1a")


def _legacy(words: list[bytes]) -> str:
    """The Windows code page whose alphabet the words are written in.

    In cp1255 Hebrew letters are E0-FA and points (C0-D3) never begin a word. In cp1256 the commonest first letter of
    Arabic, alef, is C7. In cp1251 capitals are C0-DF and stand at the beginning only. Western words mix in ASCII.
    """
    mixed = sum(any(byte < 0x80 for byte in word) for word in words)  # noqa: PLR2004 - the end of ASCII
    if mixed * 2 > len(words):
        return "cp1252"
    firsts = [word[0] for word in words]
    insides = [byte for word in words for byte in word[1:]]
    early = sum(0xC0 <= byte <= 0xDF for byte in firsts)  # noqa: PLR2004 - cp1251's capitals
    early_inside = sum(0xC0 <= byte <= 0xDF for byte in insides)  # noqa: PLR2004 - as above
    if early * 10 < len(firsts):
        return "cp1255"
    if early * 2 > len(firsts) and early_inside * 10 < len(insides):
        return "cp1251"
    return "cp1256"
