"""Error answers as the OpenAPI document shows them: every one is a problem document."""

from typing import Any, Final

from invy.web.problem import MEDIA_TYPE

PROBLEM_REF: Final = "#/components/schemas/Problem"

Described = dict[str, Any]


def _problem(description: str, headers: Described | None = None) -> Described:
    shown: Described = {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": PROBLEM_REF}}},
    }
    return shown | ({"headers": headers} if headers else {})


_RETRY: Final[Described] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}

UNAUTHORIZED: Final = _problem(
    "There is no bearer token, or it is not valid.",
    {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}}},
)
MALFORMED: Final = _problem("The body cannot be read at all: it is not UTF-8, or nested too deeply.")
NOT_FOUND: Final = _problem("There is nothing by that name.")
CONFLICT: Final = _problem("What is asked for contradicts what was asked before.")
TOO_LARGE: Final = _problem("The body is too large.")
INVALID: Final = _problem("The request cannot be used; nothing was done. `errors` or `detail` says why.")
UNAVAILABLE: Final = _problem(
    "The database is away, or Invy is not set up for this. Nothing was done.", _RETRY
)

Responses = dict[int | str, Described]

ALWAYS: Final[Responses] = {401: UNAUTHORIZED, 422: INVALID, 503: UNAVAILABLE}
WITH_BODY: Final[Responses] = {400: MALFORMED, 413: TOO_LARGE}
