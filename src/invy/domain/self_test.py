r"""The body that the doctor posts to our own webhook: recognised by its mark, and without anything that could be applied.

It has no entries, so reading it yields nothing. It is written as Meta writes (`\/` for a slash, `\uXXXX` for letters
beyond ASCII, no blanks): a proxy that parses and rewrites JSON changes its bytes, and is found out.
"""

import re
from typing import Final

MARK: Final = "invy_self_test"

_NONCE: Final = re.compile(rb'"invy_self_test"\s*:\s*\{\s*"nonce"\s*:\s*"([0-9a-f]{8,64})"')
_BODY: Final = (
    '{"object":"whatsapp_business_account","entry":[],"invy_self_test":'
    r'{"nonce":"%s","words":"\u05e9\u05dc\u05d5\u05dd, caf\u00e9","link":"https:\/\/invy.example\/a?b=1\u0026c=2"}}'
)


def body(nonce: str) -> bytes:
    """The body with this nonce: hexadecimal digits, lower case."""
    return (_BODY % nonce).encode("ascii")


def nonce_of(data: bytes) -> str | None:
    """The nonce of a self-test, also of one that was rewritten on its way; None for any other body."""
    match = _NONCE.search(data)
    return None if match is None else match[1].decode("ascii")
