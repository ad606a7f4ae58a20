r"""JSON and signatures as Meta writes them: ASCII with `\uXXXX`, and every `/` as `\/`.

It knows bytes only. A receiver that re-serialises a body before checking its signature must fail here, as it
would with Meta.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
JSON_TYPE = "application/json; charset=UTF-8"


def encode(value: object) -> bytes:
    """The bytes Meta would write for this value."""
    return _ENCODER.encode(value).replace("/", "\\/").encode("ascii")


def sign(body: bytes, secret: str) -> str:
    """The value of `X-Hub-Signature-256` over exactly these bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def sign_legacy(body: bytes, secret: str) -> str:
    """The value of the old `X-Hub-Signature`, which Meta still sends along."""
    return "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def new_trace() -> str:
    """A `fbtrace_id`: `A` and 22 characters, never the same twice."""
    return "A" + base64.urlsafe_b64encode(os.urandom(16))[:22].decode()


def new_wamid(wa_id: str) -> str:
    """A message id of Meta's look. Random: two worlds, or two runs of one seed, never share an id."""
    digits = wa_id.encode()
    raw = b"\x1c\x18" + bytes([len(digits)]) + digits + b"\x15\x02\x00\x11\x18\x12"
    return "wamid." + base64.b64encode(raw + os.urandom(9).hex().upper().encode() + b"\x00").decode()


def plain(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as an ASGI server wants them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
