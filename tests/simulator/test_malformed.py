"""Whatever a client sends, the answer is Meta's error shape: never a crash, never a 500 that chaos did not ask for."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invy.simulator.clock import Clock
from invy.simulator.exchange import Request
from invy.simulator.graph.router import Graph
from invy.simulator.rendering import bubble_of
from invy.simulator.scenario import LimitRules, Scenario
from invy.simulator.world import World
from invy.testing import CloudApi
from tests.simulator.client import READ, call, invitation, reminder

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
MARKERS: list[Any] = [None, 5, "", [], {}, [None], {"type": 7}, [[]], True]


def _graph() -> tuple[Graph, World]:
    limits = LimitRules(per_second=0, pair=False)
    world = World(Scenario(mix="all-delivered", limits=limits), Clock())
    return Graph(world), world


async def _post(graph: Graph, world: World, path: str, body: bytes, method: str = "POST") -> tuple[int, Any]:
    headers = {
        b"authorization": f"Bearer {world.condition.access_token}".encode(),
        b"content-type": b"application/json",
    }
    answer = await graph.answer(Request(method, path, headers, {}, body))
    return answer.http, json.loads(answer.body)


def _is_metas(http: int, answer: Any) -> bool:
    if http == 200:
        return "error" not in answer
    error = answer["error"]
    return (
        400 <= http < 500
        and isinstance(error["code"], int)
        and bool(error["message"])
        and bool(error["fbtrace_id"])
    )


@given(st.binary(max_size=300))
async def test_any_bytes_are_answered_in_metas_shape(body: bytes) -> None:
    graph, world = _graph()
    http, answer = await _post(graph, world, f"/v25.0/{world.sender.phone_number_id}/messages", body)
    assert _is_metas(http, answer)
    assert http != 200


@given(ANYTHING)
async def test_any_json_is_answered_in_metas_shape(value: Any) -> None:
    graph, world = _graph()
    body = json.dumps(value).encode()
    for path in (
        f"{world.sender.phone_number_id}/messages",
        f"{world.account.waba_id}/message_templates",
        "1000000000000001",
    ):
        assert _is_metas(*await _post(graph, world, f"/v25.0/{path}", body))


def _paths(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every place inside a message."""
    places = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [(*way, key) for key, _ in places] + [
        more for key, inner in places for more in _paths(inner, (*way, key))
    ]


def _free(kind: str, content: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": READ, "type": kind, kind: content}


GOOD = [
    invitation(READ, opaque="m"),
    reminder(READ, payload="yes"),
    _free("text", {"body": "hello"}),
    _free("image", {"link": "https://example.org/i.jpg", "caption": "hello"}),
    _free("location", {"latitude": 32, "longitude": 35}),
    _free("contacts", [{"name": {"formatted_name": "Noa"}}]),
    _free(
        "interactive",
        {"type": "button", "body": {"text": "?"}, "footer": {"text": "f"}, "action": {"buttons": [{}]}},
    ),
]


@settings(max_examples=500)
@given(st.sampled_from(GOOD), st.data())
async def test_a_good_message_with_one_part_spoiled_never_breaks_anything(
    message: dict[str, Any], data: st.DataObject
) -> None:
    graph, world = _graph()
    spoiled = json.loads(json.dumps(message))
    *way, last = data.draw(st.sampled_from(_paths(spoiled)))
    place = spoiled
    for each in way:
        place = place[each]
    if data.draw(st.booleans()):
        del place[last]
    else:
        place[last] = data.draw(st.sampled_from(MARKERS) | SCALARS)
    path = f"/v25.0/{world.sender.phone_number_id}/messages"
    assert _is_metas(*await _post(graph, world, path, json.dumps(spoiled).encode()))
    for accepted in world.ledger:
        assert isinstance(
            bubble_of(accepted, world.catalogue.get(accepted.template, accepted.language)).body, str
        )


@given(
    st.text(alphabet="/abcv2.0_15%?=&é", max_size=40),
    st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH"]),
)
async def test_any_path_is_answered_in_metas_shape(path: str, method: str) -> None:
    graph, world = _graph()
    assert _is_metas(*await _post(graph, world, "/" + path, b"{}", method))


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'"' + b"x" * 2_000_000 + b'"', b'{"to": 1e999}', b"\xff\xfe{}"]
)
def test_bodies_made_to_hurt_do_not(cloud_api: CloudApi, body: bytes) -> None:
    reply = call(cloud_api, "POST", f"/v25.0/{cloud_api.phone_number_id}/messages", raw=body)
    assert (reply.http, reply.code) == (400, 100)
    assert call(cloud_api, "GET", "/_simulator/state").http == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_the_content_type_of_a_message_does_not_matter(cloud_api: CloudApi, kind: str) -> None:
    body = json.dumps(invitation(READ)).encode()
    path = f"/v25.0/{cloud_api.phone_number_id}/messages"
    assert call(cloud_api, "POST", path, raw=body, content_type=kind).http == 200
