"""Reading a webhook body is total, and the quick way and the slow way always agree."""

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from invy.domain.heard import Heard
from invy.meta import webhook
from invy.meta.webhook import read
from tests.meta.webhook_bodies import (
    CONTACTS,
    HEARD_AT,
    JSON,
    LONG,
    STATUSES,
    bodies_with_long_texts,
    body,
    broken_bytes,
    mutated_bodies,
    ours,
)


def storable(found: Heard) -> None:
    """Whatever was read can be written down: as UTF-8, with ids that can be indexed."""
    for receipt in found.receipts:
        assert receipt.status
        assert receipt.wamid or receipt.opaque
        for name in (receipt.wamid, receipt.status, receipt.opaque, receipt.user_id):
            assert name is None or "\0" not in name
    for key in keys(found):
        assert sum(len(part.encode()) for part in key if part is not None) <= LARGEST_KEY
    times: list[datetime | None] = [each.at for each in found.receipts]
    times += [each.at for each in found.inbound]
    times += [each.at for each in found.preferences]
    times += [each.at for each in found.notices]
    assert all(at is None or at <= HEARD_AT + timedelta(days=1) for at in times)
    msgspec.json.encode(found)  # raises on half a surrogate pair
    assert found.unparsed is None or found == Heard(unparsed=found.unparsed)


LARGEST_KEY = 2704 - 100
"""Bytes: what PostgreSQL lets an entry of an index have, without what it adds, the times, and the ids that we make."""


def keys(found: Heard) -> list[tuple[str | None, ...]]:
    """The texts that become keys of indexes, as they stand together in each (see `store/tables.py`)."""
    together: list[tuple[str | None, ...]] = []
    for receipt in found.receipts:
        together += [(receipt.wamid,), (receipt.user_id,)]  # the user id beside the number we dialled
    for each in found.inbound:
        together += [(each.wamid,), (each.sender,), (each.context,), (each.user_id, each.sender)]
    together += [("messages", moved.old) for moved in found.number_changes]
    together += [(preference.user_id, preference.phone) for preference in found.preferences]
    together += [(notice.field, notice.subject) for notice in found.notices]
    return [*together, *found.pairs]


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xef\xbb\xbf{}")
def test_any_bytes_are_read_without_raising(content: bytes) -> None:
    storable(read(content, HEARD_AT))


@given(JSON)
def test_any_json_is_read_without_raising(document: Any) -> None:
    storable(read(json.dumps(document).encode(), HEARD_AT))
    storable(read(json.dumps({"entry": document}).encode(), HEARD_AT))
    storable(read(json.dumps({"entry": [{"changes": document}]}).encode(), HEARD_AT))
    storable(
        read(
            json.dumps({"entry": [{"changes": [{"field": "messages", "value": document}]}]}).encode(),
            HEARD_AT,
        )
    )


@given(JSON, st.sampled_from(["statuses", "messages", "errors", "user_preferences"]))
def test_any_item_is_read_without_raising_and_beside_it_a_good_one(item: Any, name: str) -> None:
    good = {"id": "wamid.GOOD", "status": "delivered", "timestamp": "1790000000"}
    found = read(body({name: [item]}, {"statuses": [good]}), HEARD_AT)
    storable(found)
    assert found.receipts[-1].wamid == "wamid.GOOD"


@given(bodies_with_long_texts())
@settings(max_examples=300)
def test_texts_of_any_length_become_no_key_that_a_database_refuses_and_lose_no_item(content: bytes) -> None:
    found = read(content, HEARD_AT)
    storable(found)
    facts = (found.receipts, found.inbound, found.number_changes, found.preferences, found.notices)
    ordinary = read(content.replace(LONG.encode(), b"x"), HEARD_AT)
    expected = (
        ordinary.receipts,
        ordinary.inbound,
        ordinary.number_changes,
        ordinary.preferences,
        ordinary.notices,
    )
    assert sum(map(len, facts)) + len(found.unreadable) == sum(map(len, expected)) + len(ordinary.unreadable)


@given(mutated_bodies())
@settings(max_examples=300)
def test_a_body_with_parts_replaced_removed_or_doubled_is_read_without_raising(content: bytes) -> None:
    storable(read(content, HEARD_AT))


@given(broken_bytes())
@settings(max_examples=300)
def test_a_body_with_bytes_changed_lost_or_added_is_read_without_raising(content: bytes) -> None:
    storable(read(content, HEARD_AT))


@given(
    st.sampled_from(
        ["-", "--5", "+5", "5-", "٥", "²", "1e5", " 5", "5 ", "0x5", "99999999999", "-2147483649", "1_0"]
    )
)
def test_an_error_code_in_any_spelling_is_a_whole_number_or_none(code: str) -> None:
    failed = {"id": "wamid.A", "status": "failed", "timestamp": "1", "errors": [{"code": code}]}
    (receipt,) = read(body({"statuses": [failed]}), HEARD_AT).receipts
    assert receipt.failure is not None
    assert receipt.failure.code in (None, 5)


@given(st.lists(STATUSES, min_size=1, max_size=5), CONTACTS)
@example([{"id": "a", "status": "sent", "timestamp": "1", "recipient_user_id": "א" * 100}], [])
@example([{"id": "a", "status": "sent", "timestamp": "1", "recipient_user_id": "א" * 200}], [])
@example([{"id": "א" * 600, "status": "sent", "timestamp": "1"}], [])
@example([{"id": "a", "status": "א" * 600, "timestamp": "1"}], [])
@example([{"id": "a", "status": "sent", "timestamp": "1", "recipient_id": "א" * 600}], [])
@example([{"id": "a", "status": "sent", "timestamp": "1", "biz_opaque_callback_data": "א" * 600}], [])
@example([{"id": "", "status": "sent", "timestamp": "1"}], [])
@example([{"id": "a", "status": "sent", "timestamp": "1"}], [{"wa_id": "447700900123", "user_id": "א" * 200}])
@example([{"id": "a", "status": "sent", "timestamp": "1"}], [{"wa_id": "447700900123", "user_id": "א" * 90}])
@example([{"id": "a", "status": "sent", "timestamp": str(10**10)}], [])
def test_the_quick_way_and_the_slow_way_read_the_same(
    statuses: list[dict[str, Any]], contacts: list[Any]
) -> None:
    content = body({"statuses": statuses, "contacts": contacts})
    slow = webhook._read_slowly(content, HEARD_AT)
    assert read(content, HEARD_AT) == slow
    long = any(len(str(text)) > 100 for status in statuses for text in status.values())
    if not long and not slow.unreadable and b"\\u0000" not in content:
        assert webhook._read_quickly(content, HEARD_AT) == slow


@given(st.lists(STATUSES, min_size=1, max_size=6), st.data())
def test_splitting_a_body_into_several_changes_the_order_of_nothing(
    statuses: list[Any], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(statuses)))
    together = read(body({"statuses": statuses}), HEARD_AT).receipts
    apart = read(body({"statuses": statuses[:cut]}, {"statuses": statuses[cut:]}), HEARD_AT).receipts
    assert together == apart


def test_our_ordinary_bodies_go_the_quick_way() -> None:
    for name in (
        "status_sent_before_v24",
        "status_read_since_v24",
        "status_failed_in_full",
        "status_failed_bare",
    ):
        assert webhook._read_quickly(ours(name), HEARD_AT), name
