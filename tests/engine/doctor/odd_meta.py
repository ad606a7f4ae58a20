"""A small server in the place of Meta that answers with exactly the JSON it is given, path by path."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.engine.doctor.clinic import listening

Answer = Any
"""JSON; bytes as they are; a pair (status, JSON or bytes); or a function of the query that gives one of them."""

SLOW = b"slow"

NUMBER, ACCOUNT, APP = "106540000000001", "102290000000001", "670840000000001"


@dataclass
class OddMeta:
    """Answers by path without the version; anything else is an object that does not exist."""

    answers: Mapping[str, Answer]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        path = scope["path"].partition("/v25.0/")[2]
        query = dict(parse_qsl(scope["query_string"].decode()))
        self.asked.append((path, query))
        answer = self.answers.get(path, (400, error(100, "Object does not exist", subcode=33)))
        if callable(answer):
            answer = answer(query)
        if answer == SLOW:
            await asyncio.sleep(30)
        status, content = answer if isinstance(answer, tuple) else (200, answer)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"x-odd", b"1")]})
        await send({"type": "http.response.body", "body": body})


def error(code: int, message: str, *, subcode: int | None = None) -> dict[str, Any]:
    more = {} if subcode is None else {"error_subcode": subcode}
    return {
        "error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Atrace", **more}
    }


@asynccontextmanager
async def odd_meta(
    answers: Mapping[str, Answer], *, dated: bool = True
) -> AsyncIterator[tuple[str, OddMeta]]:
    meta = OddMeta({"me": {"id": "1"}, "debug_token": token()} | dict(answers))
    app: ASGIApp = meta
    async with listening(app, dated=dated) as url:
        yield url, meta


def token(**more: object) -> dict[str, Any]:
    """A token without fault, and what is to be otherwise about it."""
    scopes = ["whatsapp_business_messaging", "whatsapp_business_management"]
    data = {"app_id": APP, "type": "SYSTEM_USER", "is_valid": True, "expires_at": 0, "scopes": scopes}
    return {"data": {name: value for name, value in (data | more).items() if value is not None}}
