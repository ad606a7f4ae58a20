"""Signed webhook requests, rendered before the clock starts, so that the client costs as little as it can."""

import hashlib
import hmac
import json

SECRET = "bench-secret"
PATH = "/whatsapp/webhook"


def wamid(n: int) -> str:
    return f"wamid.BENCH{n:010d}"


def body(first: int, statuses: int) -> bytes:
    """One webhook with this many statuses, each about another message."""
    items = [
        {
            "id": wamid(first + k),
            "status": "delivered",
            "timestamp": str(1_790_000_000 + k),
            "recipient_id": "447700900123",
            "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"},
        }
        for k in range(statuses)
    ]
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100000", "phone_number_id": "106540000000001"},
        "contacts": [{"profile": {"name": "A guest"}, "wa_id": "447700900123"}],
        "statuses": items,
    }
    change = {"value": value, "field": "messages"}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "102290000000001", "changes": [change]}]}
    return json.dumps(whole, separators=(",", ":")).encode()


def request(payload: bytes) -> bytes:
    """The bytes of one HTTP request with Meta's signature."""
    digest = hmac.new(SECRET.encode(), payload, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={digest}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload
