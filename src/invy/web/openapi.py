"""The document at `/openapi.json`: what FastAPI finds out by itself, the problem document, and the webhook beside it."""

from typing import Any, Final

from fastapi import FastAPI

from invy.web.api.listed import GuestList
from invy.web.problem import Complaint, Problem

DESCRIPTION: Final = """Send WhatsApp invitations and know, guest by guest, what became of each.

**A message that is `sent` has not arrived**: Meta has accepted it. Only `delivered` and `read` mean that it arrived.

Every time is RFC 3339 in UTC. Every error is an `application/problem+json` document (RFC 9457). Lists are read page by
page: hand the `next` of one answer to the `cursor` of the following request, until `next` is null."""

_TEXT: Final = {"text/plain": {"schema": {"type": "string"}}}


def complete(app: FastAPI) -> None:
    """Make `app` serve the whole document; it is put together once."""
    found = app.openapi

    def whole() -> dict[str, Any]:
        document = found()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (Complaint, Problem, GuestList):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        document["paths"].setdefault("/whatsapp/webhook", _webhook())
        return document

    app.openapi = whole  # type: ignore[method-assign]  # FastAPI's own documented way to extend it


def _answer(description: str) -> dict[str, Any]:
    return {"description": description, "content": _TEXT}


def _field(name: str, about: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": True, "description": about, "schema": {"type": "string"}}


def _webhook() -> dict[str, Any]:
    """For the person who sets it up; Meta is the only caller."""
    return {
        "get": {
            "tags": ["webhook"],
            "operationId": "verify_webhook",
            "summary": "Meta's handshake",
            "parameters": [
                _field("hub.mode", "`subscribe`"),
                _field("hub.verify_token", "The value of WHATSAPP_VERIFY_TOKEN."),
                _field("hub.challenge", "Comes back as it is."),
            ],
            "responses": {
                "200": _answer("The challenge."),
                "403": _answer("The mode or the token is another."),
            },
        },
        "post": {
            "tags": ["webhook"],
            "operationId": "deliver_webhook",
            "summary": "Meta's updates",
            "description": "Answered 200 only when the body is stored durably. Its content is read afterwards.",
            "parameters": [
                {
                    "name": "X-Hub-Signature-256",
                    "in": "header",
                    "required": True,
                    "description": "`sha256=` and the HMAC-SHA-256 of the body under the app secret.",
                    "schema": {"type": "string"},
                }
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
            "responses": {
                "200": _answer("Stored."),
                "401": _answer("There is no signature."),
                "403": _answer("The signature does not fit."),
                "408": _answer("The body did not arrive in time."),
                "413": _answer("The body is larger than INVY_WEBHOOK_MAX_BYTES."),
                "503": _answer("Not stored: send it again."),
            },
        },
    }
