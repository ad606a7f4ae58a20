"""Reading Meta's answer about one message."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.evidence import Receipt, Source
from invy.domain.failure import Failure
from invy.domain.ids import SenderId, Wamid
from invy.meta import history
from invy.meta.graph_reply import GraphReply, Trouble, Unread
from invy.meta.history import History, Refusal
from tests.making import T0, at
from tests.reference import reference

WAMID = Wamid("wamid.1")
HEARD = at(900)


def event(word: object, moment: object = 10, **more: Any) -> dict[str, Any]:
    when = int(T0.timestamp()) + moment if isinstance(moment, int) else moment
    return {"id": "1", "delivery_status": word, "timestamp": when, **more}


def reply(*events: Any, wamid: str = WAMID, status: int = 200) -> GraphReply:
    entry = {"id": "7", "message_id": wamid, "events": {"data": list(events)}}
    return GraphReply(status, json.dumps({"data": [entry]}).encode())


def refused(status: int, code: int, subcode: int | None = None, message: str = "No") -> GraphReply:
    error = {"message": message, "code": code, "error_subcode": subcode, "type": "OAuthException"}
    return GraphReply(status, json.dumps({"error": error}).encode())


def read(answer: GraphReply) -> History:
    found = history.read(answer, WAMID, HEARD)
    assert isinstance(found, History)
    return found


def test_each_event_is_a_receipt_from_the_history_with_what_became_of_our_webhook() -> None:
    found = read(
        reply(
            event("SENT", 10, webhook_update_state="DELIVERED"),
            event("DELIVERED", 20, webhook_update_state="FAILED", webhook_uri="https://example.com/webhook"),
        )
    )
    assert found.receipts == (
        Receipt(WAMID, "sent", at(10), HEARD, source=Source.HISTORY, webhook_update_state="DELIVERED"),
        Receipt(WAMID, "delivered", at(20), HEARD, source=Source.HISTORY, webhook_update_state="FAILED"),
    )


@pytest.mark.parametrize("word", ["FAILED", "ERROR", "failed"])
def test_a_failure_keeps_its_description_and_has_no_code(word: str) -> None:
    [receipt] = read(reply(event(word, error_description="Message undeliverable"))).receipts
    assert receipt.status == "failed"
    assert receipt.failure == Failure(None, details="Message undeliverable")


def test_an_unknown_word_and_a_missing_time_are_kept() -> None:
    found = read(reply(event("DELETED"), event("WHO_KNOWS", None), {"id": "9"}, "text", None))
    assert [receipt.status for receipt in found.receipts] == ["deleted", "who_knows"]
    assert found.receipts[1].at is None
    assert found.unreadable == 1


def test_the_history_of_another_message_is_not_taken_for_this_one() -> None:
    assert read(reply(event("READ"), wamid="wamid.2")).receipts == ()
    assert read(GraphReply(200, b'{"data": []}')).receipts == ()
    assert read(GraphReply(200, b'{"data": [{"id": "1", "message_id": "wamid.1"}]}')).receipts == ()


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (refused(403, 200, 1349174), Refusal.DENIED),
        (refused(400, 10), Refusal.DENIED),
        (refused(400, 100, 33), Refusal.DENIED),
        (refused(404, 803), Refusal.DENIED),
        (
            refused(400, 100, message="(#100) Tried accessing nonexisting field (message_history)"),
            Refusal.DENIED,
        ),
        (refused(422, 100), Refusal.UNKNOWN),
        (refused(429, 4, 2446079), Refusal.SLOW_DOWN),
        (refused(400, 80007), Refusal.SLOW_DOWN),
        (refused(401, 190, 463), Refusal.TOKEN),
        (refused(400, 100), Refusal.TROUBLE),
        (refused(500, 2), Refusal.TROUBLE),
        (GraphReply(502, b"<html>Bad gateway</html>"), Refusal.TROUBLE),
        (GraphReply(None, trouble=Trouble.TIMEOUT, note="No answer"), Refusal.TROUBLE),
        (GraphReply(200, b"[]"), Refusal.TROUBLE),
        (GraphReply(200, b"{}"), Refusal.TROUBLE),
    ],
)
def test_an_answer_without_a_history_says_whether_to_ask_on(answer: GraphReply, meaning: Refusal) -> None:
    found = history.read(answer, WAMID, HEARD)
    assert isinstance(found, Unread)
    assert history.refusal(found) is meaning


@given(
    st.integers(100, 599),
    st.binary(max_size=80)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "events", "message_id", "delivery_status", "error"]), inner
            )
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_no_answer_raises(status: int, body: bytes) -> None:
    found = history.read(GraphReply(status, body), WAMID, HEARD)
    if isinstance(found, Unread):
        assert history.refusal(found) in Refusal


def test_the_question_names_the_message_and_the_fields() -> None:
    assert history.path(SenderId("106540000000001")) == "106540000000001/message_history"
    asked = history.params(WAMID)
    assert asked["message_id"] == WAMID
    assert "webhook_update_state" in asked["fields"]


def test_metas_own_description_of_the_edge_still_holds() -> None:
    """Every field that we ask for stands in Meta's published description, and every word it lists is understood."""
    described = (Path(reference()) / "business-messaging-api_v23.0.yaml").read_text(encoding="utf-8")
    fields = history.params(WAMID)["fields"].replace("{", ",").replace("}", "").split(",")
    part = described[
        described.index("    WhatsAppMessageHistory:") : described.index("    MessageHistoryResponse:")
    ]
    assert all(f"        {name}:" in part for name in fields)
    for word in ("SENT", "DELIVERED", "READ", "FAILED", "DELETED"):
        assert f"- {word}\n" in part
        assert read(reply(event(word))).receipts[0].status == word.lower()
