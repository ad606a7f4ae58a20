"""What went wrong, as `application/problem+json` (RFC 9457): one shape for every error of the API, also the framework's.

Knows which HTTP status each kind of error is. Never shows what the caller sent, nor what a driver or a stack says.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from invy.domain.errors import (
    ConfigurationError,
    InvalidInput,
    InvyError,
    MetaRefused,
    NotFound,
    ParameterRefused,
    Side,
    StoreUnavailable,
    TemplateInvalid,
    TryLater,
)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_S: Final = "5"

_log = structlog.stdlib.get_logger("invy.web")


class Complaint(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="Where it stands: `body.to`, `query.limit`.", examples=["body.to"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """An error. `type` is stable and meant for programs; the sentences are for people and may change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:invy:problem:phone-refused",
                    "title": "Phone refused",
                    "status": 422,
                    "detail": "Too short: it has 8 digits after +972, and a mobile number of IL has 9",
                    "hint": "A digit is missing; ask the guest for the number",
                    "side": "ours",
                }
            ]
        }
    )

    type: str = Field(description="`urn:invy:problem:` and the kind of error.")
    title: str = Field(description="The kind of error in words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="What happened and why.")
    hint: str = Field(description="What to do now; may be empty.")
    side: Side = Field(description="Who has to act: `ours` includes the caller.")
    code: int | None = Field(default=None, description="Meta's error code, where Meta refused.")
    parameter: str | None = Field(default=None, description="The template parameter that is meant.")
    errors: list[Complaint] | None = Field(default=None, description="Everything wrong with the request.")


class Refusal(Exception):
    """An answer that only HTTP knows: not authenticated, too large, in conflict."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Complaint] = (),
    ) -> None:
        super().__init__(detail)
        self.headers = headers
        self.problem = _problem(kind, status, detail, hint=hint, errors=list(errors) or None)


_STATUS: Final[Sequence[tuple[type[InvyError], int]]] = (
    (TemplateInvalid, 503),  # ours to mend, not the caller's
    (InvalidInput, 422),
    (NotFound, 404),
    (ConfigurationError, 503),
    (MetaRefused, 502),
    (TryLater, 503),
)


# Python's own phrases change from version to version; these are a promise.
_KINDS: Final[Mapping[int, str]] = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
}


def of(error: InvyError) -> Problem:
    """The problem that an error of ours is."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    if isinstance(error, StoreUnavailable):
        detail, hint = (
            "The database cannot be used at the moment.",
            "Nothing was done. Try again in a moment.",
        )
    else:
        detail, hint = error.message, error.hint
    return _problem(
        error.kind,
        status,
        detail,
        hint=hint,
        side=error.side,
        code=error.code if isinstance(error, MetaRefused) else None,
        parameter=error.parameter if isinstance(error, ParameterRefused) else None,
    )


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    content = msgspec.json.encode(problem.model_dump(mode="json", exclude_none=True))
    return Response(content, problem.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _problem(kind: str, status: int, detail: str, **more: Any) -> Problem:
    return Problem(
        type=f"urn:invy:problem:{kind}",
        title=kind.replace("-", " ").capitalize(),
        status=status,
        detail=_encodable(detail),
        **{"hint": "", "side": Side.OURS} | more,
    )


def _encodable(text: str) -> str:
    """Half of a surrogate pair, which JSON may carry in and UTF-8 cannot carry out, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def install(app: FastAPI) -> None:
    """Let `app` answer every error in this shape."""
    app.add_exception_handler(InvyError, _ours)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InvyError)
    problem = of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("api.problem", kind=error.kind, error=error.message)
    return answer(problem, {"Retry-After": RETRY_S} if isinstance(error, TryLater) else None)


async def _refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return answer(error.problem, error.headers)


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(invalid(complaints(error.errors())))


def complaints(errors: Sequence[Any]) -> list[Complaint]:
    """Pydantic's complaints without what they complain about: that may be a phone number."""
    return [
        Complaint(
            where=_encodable(".".join(str(part) for part in each["loc"])),
            message=_encodable(str(each["msg"])),
        )
        for each in errors
    ]


def invalid(errors: Sequence[Complaint]) -> Problem:
    detail = "; ".join(f"{each.where}: {each.message}" for each in errors[:3])
    return _problem(
        "invalid-request",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        detail,
        hint="The document at /openapi.json says what this request takes.",
        errors=list(errors),
    )


async def _framework(request: Request, error: Exception) -> Response:
    """404 for a path, 405 for a method, 400 for a body that cannot be read."""
    assert isinstance(error, HTTPException)
    kind = _KINDS.get(error.status_code, "http-error")
    hint = "The document at /openapi.json lists what there is."
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names the methods of the first route on the path only.
        headers["Allow"] = ", ".join(_methods(request))
    return answer(_problem(kind, error.status_code, str(error.detail), hint=hint), headers)


def _methods(request: Request) -> list[str]:
    """Every method that the path of a request takes."""
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _unexpected(_request: Request, _error: Exception) -> Response:
    """The server logs the exception itself; the caller learns nothing about our insides."""
    return answer(
        _problem(
            "unexpected",
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "Something went wrong inside Invy.",
            hint="The log of the service has the details.",
        )
    )
