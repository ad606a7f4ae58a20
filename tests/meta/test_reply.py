import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.evidence import Phase
from invy.meta import reply
from invy.meta.catalogue import Effect
from tests.reference import reference


def error(code: int, subcode: int | None = None, data: object = None) -> bytes:
    body: dict[str, object] = {"message": f"(#{code}) Something", "type": "OAuthException", "code": code}
    if subcode is not None:
        body["error_subcode"] = subcode
    if data is not None:
        body["error_data"] = data
    return json.dumps({"error": body | {"fbtrace_id": "AbC"}}).encode()


def test_a_200_with_a_wamid_is_accepted() -> None:
    body = b"""{"messaging_product":"whatsapp","contacts":[{"input":"+447700900123","wa_id":"447700900123"}],
               "messages":[{"id":"wamid.X","message_status":"held_for_quality_assessment"}]}"""
    answer = reply.read(200, body)
    assert answer.phase is Phase.ACCEPTED
    assert (answer.wamid, answer.wa_id) == ("wamid.X", "447700900123")
    assert answer.message_status == "held_for_quality_assessment"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html>",
        b'{"messages":[]}',
        b'{"messages":[{"id":5}]}',
        b'{"messages":[{"id":""}]}',
        rb'{"messages":[{"id":"wamid.\u0000"}]}',
        b'{"messages":[{"id":"' + b"w" * 1025 + b'"}]}',
        b"\xff",
    ],
)
def test_a_200_that_cannot_be_read_is_unsure(body: bytes) -> None:
    assert reply.read(200, body).phase is Phase.UNSURE


@pytest.mark.parametrize(
    "members",
    [
        b'"contacts":[{"wa_id":447700900101}]',
        b'"contacts":[null]',
        b'"contacts":5',
        b'"contacts":[{"wa_id":{}}]',
    ],
)
@pytest.mark.parametrize("status", [b"5", b"null", b"[]", b'"accepted"'])
def test_nothing_beside_the_id_costs_the_id(members: bytes, status: bytes) -> None:
    body = b'{"messages":[{"id":"wamid.X","message_status":' + status + b"}]," + members + b"}"
    assert (reply.read(200, body).phase, reply.read(200, body).wamid) == (Phase.ACCEPTED, "wamid.X")


@pytest.mark.parametrize("subcode", ["33", 33])
def test_a_subcode_may_be_text_and_what_is_none_is_no_subcode(subcode: object) -> None:
    body = json.dumps({"error": {"code": 100, "error_subcode": subcode}}).encode()
    assert reply.read(400, body).effect is Effect.HOLD_SENDER
    odd = json.dumps({"error": {"code": 132000, "error_subcode": [subcode]}}).encode()
    assert reply.read(400, odd).phase is Phase.REFUSED


DEEP = b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"messages":[{"id":"wamid.X"}],"x":' + DEEP + b"}"),
        (400, b'{"error":{"code":131026,"error_data":' + DEEP + b"}}"),
    ],
)
def test_an_answer_nested_too_deeply_leaves_it_open(status: int, body: bytes) -> None:
    assert reply.read(status, body).phase is Phase.UNSURE


def test_what_no_column_can_hold_costs_no_wamid() -> None:
    body = rb"""{"contacts":[{"wa_id":"\u0000"}],"messages":[{"id":"wamid.X","message_status":"a\u0000"}]}"""
    answer = reply.read(200, body)
    assert (answer.wamid, answer.wa_id, answer.message_status) == ("wamid.X", None, None)


@pytest.mark.parametrize("code", [2**31, -(2**31) - 1, 2**70])
def test_a_code_that_no_error_has_leaves_it_open(code: int) -> None:
    assert reply.read(400, error(code)).phase is Phase.UNSURE
    assert reply.read(400, error(132000, code)).phase is Phase.REFUSED


@pytest.mark.parametrize(
    ("status", "code", "phase", "effect"),
    [
        (400, 132000, Phase.REFUSED, Effect.NONE),
        (400, 131009, Phase.REFUSED, Effect.NONE),
        (404, 132001, Phase.DEFERRED, Effect.HOLD_TEMPLATE),
        (400, 132015, Phase.DEFERRED, Effect.HOLD_TEMPLATE),
        (401, 190, Phase.DEFERRED, Effect.HOLD_SENDER),
        (403, 131031, Phase.DEFERRED, Effect.HOLD_SENDER),
        (400, 130429, Phase.DEFERRED, Effect.SLOW_DOWN),
        (429, 80007, Phase.DEFERRED, Effect.SLOW_DOWN),
        (400, 131056, Phase.DEFERRED, Effect.WAIT_PAIR),
        (500, 131057, Phase.DEFERRED, Effect.SLOW_DOWN),
        (500, 131000, Phase.UNSURE, Effect.NONE),
        (503, 2, Phase.UNSURE, Effect.NONE),
        (400, 987654, Phase.REFUSED, Effect.NONE),
        (500, 987654, Phase.UNSURE, Effect.NONE),
    ],
)
def test_the_catalogue_decides_what_an_error_means(
    status: int, code: int, phase: Phase, effect: Effect
) -> None:
    answer = reply.read(status, error(code))
    assert (answer.phase, answer.effect) == (phase, effect)
    assert answer.failure is not None
    assert (answer.failure.code, answer.failure.trace_id) == (code, "AbC")


def test_100_with_subcode_33_stands_for_the_account() -> None:
    assert reply.read(400, error(100, 33)).effect is Effect.HOLD_SENDER
    assert reply.read(400, error(100)).phase is Phase.REFUSED


@pytest.mark.parametrize(
    ("data", "details"),
    [({"details": "why"}, "why"), ("plain text", "plain text"), (None, None), ([1], None), ({}, None)],
)
def test_error_data_may_be_an_object_text_or_absent(data: object, details: str | None) -> None:
    failure = reply.read(400, error(131009, data=data)).failure
    assert failure is not None
    assert failure.details == details


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"null", b'{"error":"x"}', b"\x00\xff"])
def test_an_answer_that_is_not_metas_json_is_unsure(body: bytes) -> None:
    assert reply.read(502, body).phase is Phase.UNSURE
    assert reply.read(403, body).phase is Phase.UNSURE


@given(st.integers(100, 599), st.binary(max_size=80))
def test_reading_never_raises(status: int, body: bytes) -> None:
    assert reply.read(status, body).phase in {Phase.UNSURE, Phase.REFUSED, Phase.DEFERRED, Phase.ACCEPTED}


def test_every_reply_in_the_reference_is_understood() -> None:
    folder: Path = reference() / "payloads"
    for path in sorted(folder.glob("resp_error_*.json")):
        answer = reply.read(400, path.read_bytes())
        assert answer.failure is not None, path.name
        assert answer.failure.code is not None, path.name
    for path in sorted(folder.glob("resp_send_*.json")):
        assert reply.read(200, path.read_bytes()).phase is Phase.ACCEPTED, path.name
