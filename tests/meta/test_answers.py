"""Reading Meta's answers to questions: nothing in them raises, and the documented shapes are understood."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.meta import health_status, live_template, number_facts, subscription, token_facts
from invy.meta.graph_object import GraphObject
from invy.meta.graph_reply import GraphReply, Unread, Why, read
from invy.meta.picture import content
from invy.meta.webhook_spelling import spelling
from tests.reference import REFERENCE

PAYLOADS = REFERENCE / "payloads"

NAMES = st.sampled_from(
    [
        "data",
        "error",
        "code",
        "message",
        "error_subcode",
        "name",
        "language",
        "components",
        "type",
        "text",
        "format",
        "buttons",
        "url",
        "paging",
        "next",
        "cursors",
        "after",
        "health_status",
        "entities",
        "can_send_message",
        "errors",
        "entity_type",
        "id",
        "is_valid",
        "expires_at",
        "scopes",
        "granular_scopes",
        "scope",
        "target_ids",
        "status",
        "throughput",
        "level",
        "webhook_configuration",
        "whatsapp_business_api_data",
        "fields",
        "object",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=6),
    max_leaves=30,
)


@given(root=anything)
def test_no_answer_of_any_shape_raises(root: object) -> None:
    found = read(GraphReply(200, json.dumps(root).encode()))
    if isinstance(found, GraphObject):
        token_facts.read(found)
        number_facts.read(found)
        health_status.read(found)
        subscription.read_apps(found)
        subscription.read_callbacks(found)
        live_template.read_page(found)
        live_template.next_cursor(found)


@given(data=st.binary(max_size=300), status=st.integers(100, 599))
def test_no_bytes_raise(data: bytes, status: int) -> None:
    read(GraphReply(status, data))
    content(data)
    spelling(data)


def test_an_error_of_metas_is_read_with_its_code_and_trace() -> None:
    body = b'{"error":{"message":"Expired","code":190,"error_subcode":463,"fbtrace_id":"Abc"}}'
    unread = read(GraphReply(401, body))
    assert unread == Unread(Why.REFUSED, 401, code=190, subcode=463, message="Expired", trace_id="Abc")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (GraphReply(200, b"<html>"), Why.NOT_JSON),
        (GraphReply(200, b"[]"), Why.SHAPE),
        (GraphReply(500, b"{}"), Why.SHAPE),
        (GraphReply(None), Why.BROKEN),
    ],
)
def test_what_is_no_answer_says_why(reply: GraphReply, why: Why) -> None:
    unread = read(reply)
    assert isinstance(unread, Unread)
    assert unread.why is why


def sample(name: str) -> GraphObject:
    file = PAYLOADS / name
    if not file.is_file():
        pytest.skip(f"Meta's sample {name} is not on this machine; INVY_META_REFERENCE names its folder")
    found = read(GraphReply(200, file.read_bytes()))
    assert isinstance(found, GraphObject)
    return found


def test_metas_samples_of_health_are_read() -> None:
    blocked = health_status.read(sample("resp_health_status_blocked_sip.json"))
    assert blocked is not None
    assert blocked.only_calls_are_blocked
    pending = health_status.read(sample("resp_health_status_blocked_template_pending.json"))
    assert pending is not None
    assert not pending.only_calls_are_blocked
    assert pending.entities[0].ability == "BLOCKED"


def test_metas_samples_of_number_apps_and_templates_are_read() -> None:
    assert number_facts.read(sample("resp_phone_number.json")).quality == "GREEN"
    assert number_facts.read(sample("resp_phone_number_messaging_limit.json")).limit == "TIER_250"
    apps = subscription.read_apps(sample("resp_subscribed_apps.json"))
    assert apps is not None
    assert apps[0].id
    callbacks = subscription.read_callbacks(sample("resp_app_subscriptions.json"))
    assert callbacks is not None
    callback = callbacks[subscription.WHATSAPP]
    assert callback.url
    assert live_template.next_cursor(sample("resp_message_templates_page.json"))


@pytest.mark.parametrize(("read_it", "word"), [(GraphObject.word, "GREEN"), (GraphObject.text, "green")])
def test_words_are_in_capitals_and_texts_as_they_came(
    read_it: Callable[[GraphObject, str], str], word: str
) -> None:
    assert read_it(GraphObject({"quality": "green"}), "quality") == word


def test_numbers_come_as_numbers_or_as_text_and_nothing_else() -> None:
    fields = GraphObject({"a": 5, "b": "7", "c": True, "d": "x", "e": 1.5})
    assert [fields.number(name) for name in "abcdef"] == [5, 7, None, None, None, None]
    assert fields.text("a") == "5"
    assert GraphObject({"at": 0}).moment("at") is None
    assert GraphObject({"at": 10**30}).moment("at") is None
