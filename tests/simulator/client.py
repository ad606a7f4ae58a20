"""A client of the Cloud API that knows nothing but HTTP and JSON, and the messages it sends."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from invy.testing import CloudApi

READ = "+447700900150"
DELIVERED = "+447700900151"
BLOCKED = "+447700900152"
ORDINARY = "+447700900300"


@dataclass(frozen=True)
class Reply:
    http: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> int:
        return int(self.json["error"]["code"])

    @property
    def details(self) -> str:
        return str(self.json["error"]["error_data"]["details"])

    @property
    def wamid(self) -> str:
        return str(self.json["messages"][0]["id"])


def invitation(to: str, *, name: str = "נועה", opaque: str | None = None) -> dict[str, Any]:
    message: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {
            "name": "hina_invitation",
            "language": {"code": "he"},
            "components": [
                {
                    "type": "header",
                    "parameters": [{"type": "image", "image": {"link": "https://example.org/i.jpg"}}],
                },
                {"type": "body", "parameters": [{"type": "text", "text": name}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": "token-1"}],
                },
            ],
        },
    }
    if opaque is not None:
        message["biz_opaque_callback_data"] = opaque
    return message


def reminder(to: str, *, payload: str | None = None) -> dict[str, Any]:
    components: list[dict[str, Any]] = [
        {
            "type": "body",
            "parameters": [
                {"type": "text", "parameter_name": "guest_name", "text": "Noa"},
                {"type": "text", "parameter_name": "event_date", "text": "1 June"},
            ],
        }
    ]
    if payload is not None:
        quick = {"type": "button", "sub_type": "quick_reply", "index": 0}
        components.append(quick | {"parameters": [{"type": "payload", "payload": payload}]})
    return {
        "messaging_product": "whatsapp",
        "to": to,
        "type": "template",
        "template": {"name": "rsvp_reminder", "language": {"code": "en_US"}, "components": components},
    }


def call(
    api: CloudApi,
    method: str,
    path: str,
    body: object = None,
    *,
    token: str | None = None,
    raw: bytes | None = None,
    content_type: str = "application/json",
) -> Reply:
    """One call with the world's token; `raw` sends bytes as they are."""
    url = urlsplit(api.base_url)
    connection = HTTPConnection(url.hostname or "", url.port, timeout=20)
    headers = {"Authorization": f"Bearer {api.access_token if token is None else token}"}
    if token == "":
        headers = {}
    content = raw if raw is not None else None if body is None else json.dumps(body).encode()
    if content is not None:
        headers["Content-Type"] = content_type
    try:
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        return Reply(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read().decode("utf-8", "replace"),
        )
    finally:
        connection.close()


def send(api: CloudApi, message: object, *, number_id: str | None = None, token: str | None = None) -> Reply:
    return call(api, "POST", f"/v25.0/{number_id or api.phone_number_id}/messages", message, token=token)
