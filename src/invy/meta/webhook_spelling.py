r"""Whether a body looks as Meta writes its webhooks: JSON without blanks, ASCII with `\uXXXX`, every `/` as `\/`.

A body with Meta's content in another spelling was parsed and written again on its way, and its signature cannot fit.
The beginning of a body is enough. (Graph's general webhook documentation; the spelling is from long-standing practice.)
"""

import re
from enum import StrEnum
from typing import Final

_SUBJECT: Final = re.compile(rb'^\s*\{\s*"(object|entry)"\s*:')
_ACCOUNT: Final = b"whatsapp_business_account"
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?')


class Spelling(StrEnum):
    """How a body is written."""

    AS_META_WRITES = "as_meta_writes"
    REWRITTEN = "rewritten"
    FOREIGN = "foreign"  # nothing of Meta's


def spelling(start: bytes) -> Spelling:
    """Judge a body by its beginning, which may end anywhere."""
    if not _SUBJECT.match(start) or _ACCOUNT not in start:
        return Spelling.FOREIGN
    strings = _STRING.findall(start)
    plain = _STRING.sub(b"", start)
    blanks = any(blank in plain for blank in (b" ", b"\n", b"\t", b"\r"))
    other_letters = any(byte > 0x7F for byte in start)  # noqa: PLR2004 - the end of ASCII
    bare_slash = any(re.search(rb"(?<!\\)/", string) for string in strings)
    return Spelling.REWRITTEN if blanks or other_letters or bare_slash else Spelling.AS_META_WRITES
