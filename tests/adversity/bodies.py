"""Webhook bodies in the shapes that Meta documents, made by hand: many statuses, many changes, many entries."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.making import T0

SECRET = "0123456789abcdef0123456789abcdef"
PHONE = "447700900123"
Piece = dict[str, Any]


def status(wamid: str, word: str, seconds: float = 10, **more: Any) -> Piece:
    """One status, `seconds` after the beginning of time. A field given as None is left out."""
    made = {
        "id": wamid,
        "status": word,
        "timestamp": str(int(T0.timestamp() + seconds)),
        "recipient_id": PHONE,
    }
    return {name: value for name, value in (made | more).items() if value is not None}


def failed(wamid: str, code: int = 131026, seconds: float = 10, **more: Any) -> Piece:
    errors = [{"code": code, "title": "Message undeliverable", "error_data": {"details": "No reason given"}}]
    return status(wamid, "failed", seconds, **({"errors": errors} | more))


def change(statuses: Sequence[Piece], **more: Any) -> Piece:
    metadata = {"display_phone_number": "12025550100", "phone_number_id": "106540000000001"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": list(statuses)}
    return {"field": "messages", "value": value | more}


def entries(*changes: Sequence[Piece]) -> bytes:
    """A body with one entry per list of changes."""
    made = [{"id": "102290000000001", "changes": list(each)} for each in changes]
    return written({"object": "whatsapp_business_account", "entry": made})


def body(*statuses: Piece) -> bytes:
    """A body with one entry, one change and these statuses."""
    return entries([change(statuses)])


def written(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def signature(of: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), of, hashlib.sha256).hexdigest()
