"""Who may call the API, and that every refusal has one shape."""

import io
import json
from collections.abc import Iterator

import pytest

from invy.app import logs
from invy.app.settings import LogFormat, LogLevel
from invy.web.problem import MEDIA_TYPE
from tests.web.asgi import Answered, Client
from tests.web.stand import Stand

GUARDED = [
    ("POST", "/api/v1/messages"),
    ("GET", "/api/v1/messages"),
    ("GET", "/api/v1/messages/wamid.A"),
    ("GET", "/api/v1/messages/wamid.A/why"),
    ("POST", "/api/v1/messages/wamid.A/cancel"),
    ("GET", "/api/v1/events"),
    ("PUT", "/api/v1/events/wedding"),
    ("GET", "/api/v1/events/wedding"),
    ("GET", "/api/v1/events/wedding/unreached"),
    ("GET", "/api/v1/events/wedding/guests"),
    ("POST", "/api/v1/events/wedding/guests"),
    ("POST", "/api/v1/events/wedding/campaigns"),
    ("POST", "/api/v1/events/wedding/campaigns/reminder/cancel"),
]


def assert_problem(answered: Answered, status: int, kind: str) -> None:
    assert answered.status == status, answered.text
    assert answered.headers["content-type"] == MEDIA_TYPE
    problem = answered.json
    assert {"type", "title", "status", "detail", "hint", "side"} <= set(problem)
    assert problem["type"] == f"urn:invy:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic aW52eTppbnZ5",
        "Bearer invy_wrong",
        "Bearer wrong",
        "Bearer \xff\xfe",
    ],
)
async def test_nothing_is_told_without_a_token(sqlite_stand: Stand, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    for method, path in GUARDED:
        answered = await sqlite_stand.client.send_json(
            method, path, {"template_key": "t", "to": "1"}, headers
        )

        assert_problem(answered, 401, "unauthorized")
        assert answered.headers["www-authenticate"].startswith("Bearer")


async def test_a_revoked_token_opens_nothing(stand: Stand) -> None:
    caller = await stand.caller("crm")
    assert (await caller.get("/api/v1/events")).status == 200

    await stand.house.tokens.revoke("crm", stand.house.clock())

    assert_problem(await caller.get("/api/v1/events"), 401, "unauthorized")


async def test_a_path_that_is_not_there_is_a_problem_document(sqlite_stand: Stand) -> None:
    assert_problem(await sqlite_stand.client.get("/api/v1/nothing"), 404, "not-found")
    assert_problem(await sqlite_stand.client.get("/"), 404, "not-found")


async def test_a_method_that_is_not_there_is_a_problem_document_and_names_those_that_are(
    sqlite_stand: Stand,
) -> None:
    for path, there in [("/api/v1/events", {"GET"}), ("/api/v1/events/wedding", {"GET", "PUT"})]:
        answered = await sqlite_stand.client.call("DELETE", path)

        assert_problem(answered, 405, "method-not-allowed")
        assert set(answered.headers["allow"].split(", ")) - {"HEAD"} == there


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"\xff", 400, "malformed"),
        (b"[" * 200_000, 400, "malformed"),
        (b"{", 422, "invalid-request"),
        (b'{"template_key": "\\ud800"}', 422, "invalid-request"),
        (b"", 422, "invalid-request"),
    ],
)
async def test_a_body_that_is_not_json_is_a_problem_document(
    stand: Stand, body: bytes, status: int, kind: str
) -> None:
    caller = await stand.caller()

    answered = await caller.post("/api/v1/messages", body, {"content-type": "application/json"})

    assert_problem(answered, status, kind)


async def test_every_fault_of_a_request_is_told_at_once_and_nothing_sent_is_repeated(
    sqlite_stand: Stand,
) -> None:
    caller = await sqlite_stand.caller()

    answered = await caller.send_json(
        "POST", "/api/v1/messages", {"to": 447700900123, "params": {"a": "secret-value"}, "colour": "red"}
    )

    assert_problem(answered, 422, "invalid-request")
    assert {each["where"] for each in answered.json["errors"]} == {
        "body.template_key",
        "body.to",
        "body.colour",
    }
    assert "447700900123" not in answered.text
    assert "secret-value" not in answered.text


async def test_a_body_over_the_limit_is_a_problem_document(sqlite_stand: Stand) -> None:
    caller = await sqlite_stand.caller()
    body = b'{"template_key": "' + b"x" * 1_048_576 + b'"}'

    answered = await caller.post("/api/v1/messages", body, {"content-type": "application/json"})

    assert_problem(answered, 413, "too-large")


async def test_answers_carry_careful_headers_and_no_permission_for_other_sites(sqlite_stand: Stand) -> None:
    caller = await sqlite_stand.caller()

    answered = await caller.get("/api/v1/events", {"Origin": "https://elsewhere.example"})

    assert answered.headers["x-content-type-options"] == "nosniff"
    assert answered.headers["cache-control"] == "no-store"
    assert not [name for name in answered.headers if name.startswith("access-control")]
    assert "server" not in answered.headers


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that would be logged, down to the last detail."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.DEBUG, stream)
    yield stream
    logs.configure(LogFormat.JSON, LogLevel.WARNING, None)


async def test_neither_tokens_nor_whole_numbers_get_into_the_log(
    log: io.StringIO, sqlite_stand: Stand
) -> None:
    token = await sqlite_stand.house.tokens.create("id", "crm", sqlite_stand.house.clock())
    caller = Client(sqlite_stand.app, {"Authorization": f"Bearer {token}"})
    wrong = Client(sqlite_stand.app, {"Authorization": "Bearer invy_wrong-but-secret"})
    message = {"template_key": "reminder", "to": "+447700900123", "params": {"contact_name": "Dana"}}

    assert (await caller.send_json("POST", "/api/v1/messages", message)).status == 202
    assert (await caller.send_json("POST", "/api/v1/messages", message | {"to": "+4477009"})).status == 422
    assert (await wrong.get("/api/v1/messages")).status == 401
    await sqlite_stand.deliver(json.dumps({"entry": []}).encode())
    await sqlite_stand.applied()

    written = log.getvalue()
    assert token not in written
    assert "wrong-but-secret" not in written
    assert "447700900123" not in written
