"""`/api/v1/messages`."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from invy.domain.evidence import Attempt, Evidence, Phase, Receipt, Reply, Told
from invy.domain.failure import Failure
from invy.domain.ids import MessageId, Wamid
from invy.domain.inbound import Preference
from invy.domain.message import Posted
from invy.store import telling
from tests.web.asgi import Answered, Client
from tests.web.stand import Stand, status_update
from tests.web.test_api_access import assert_problem

MESSAGES = "/api/v1/messages"
REMINDER = {"template_key": "reminder", "to": "+447700900123", "params": {"contact_name": "Dana"}}


async def send(caller: Client, content: object = REMINDER, **headers: str) -> Answered:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await caller.send_json("POST", MESSAGES, content, named)


async def accept(stand: Stand, message_id: str, wamid: str) -> None:
    """Let Meta have taken the message."""
    attempt = Attempt(1, Phase.ACCEPTED, stand.house.clock(), wamid=Wamid(wamid), http_status=200)
    await stand.house.outbox.record([Posted(MessageId(message_id), attempt)])


async def test_a_message_is_queued_durably_and_answered_with_our_id(stand: Stand, caller: Client) -> None:
    answered = await send(caller, REMINDER | {"event_id": "wedding", "guest_id": "g1"})

    assert answered.status == 202
    shown = answered.json
    assert (shown["status"], shown["to"], shown["wamid"]) == ("queued", "+447700900123", None)
    stored = await stand.house.overview.find(shown["id"])
    assert stored is not None
    assert (stored.event_id, stored.guest_id, stored.template_name) == ("wedding", "g1", "reminder")


async def test_the_example_of_the_brief_makes_the_payload_of_the_brief(stand: Stand, caller: Client) -> None:
    event = "f3122a7d-1d7c-4cc1-955d-1c6b7358bd25"
    params = {
        "contact_name": "איילה חורב",
        "event_id": event,
        "invitation_image_url": "https://images.example.com/1d32.jpg",
    }
    answered = await send(
        caller, {"template_key": "hina_invitation", "to": "0504370045", "params": params, "event_id": event}
    )

    payload = json.loads(await stand.house.overview.payload(MessageId(answered.json["id"])))
    assert payload["to"] == "+972504370045"
    assert payload["template"]["components"][1]["parameters"][0]["text"] == "איילה חורב"
    assert payload["biz_opaque_callback_data"] == answered.json["id"]


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"to": "+97250437004"}, 422, "phone-refused"),
        ({"to": "Dana"}, 422, "phone-refused"),
        ({"params": {}}, 422, "parameter-refused"),
        ({"params": {"contact_name": "two\nlines"}}, 422, "parameter-refused"),
        ({"params": {"contact_name": "\x00"}}, 422, "parameter-refused"),
        ({"template_key": "remindr"}, 404, "not-found"),
        ({"event_id": "a\x00b"}, 422, "invalid-request"),
        ({"guest_id": "\ud800"}, 422, "invalid-request"),
        ({"event_id": ""}, 422, "invalid-request"),
        ({"event_id": "x" * 201}, 422, "invalid-request"),
        ({"event_id": "wed\u202eding"}, 422, "invalid-input"),
        ({"once": True}, 422, "invalid-input"),
        ({"params": {"contact_name": ["a", {"b": 1}]}}, 422, "parameter-refused"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_the_reason_and_nothing_is_written(
    stand: Stand, caller: Client, change: dict[str, object], status: int, kind: str
) -> None:
    answered = await send(caller, REMINDER | change)

    assert_problem(answered, status, kind)
    assert (await caller.get(MESSAGES)).json["messages"] == []


async def test_a_refused_parameter_is_named(sqlite_stand: Stand) -> None:
    answered = await send(await sqlite_stand.caller(), REMINDER | {"params": {}})

    assert answered.json["parameter"] == "contact_name"


async def test_a_guest_who_stopped_marketing_is_only_messaged_when_forced(
    stand: Stand, caller: Client
) -> None:
    now = stand.house.clock()
    async with stand.house.apply_store.applying(1, 1) as batch:
        stop = Preference("447700900123", None, "marketing", stopped=True, at=now, heard_at=now)
        await batch.tell([], preferences=[stop])

    assert_problem(await send(caller), 422, "opted-out")
    assert (await send(caller, REMINDER | {"force": True})).status == 202


async def test_once_is_one_message_however_often_it_is_asked_for(stand: Stand, caller: Client) -> None:
    asked = REMINDER | {"once": True, "event_id": "wedding"}

    first, again = await send(caller, asked), await send(caller, asked)
    elsewhere = await send(caller, asked | {"event_id": "another"})

    assert (first.status, again.status, elsewhere.status) == (202, 200, 202)
    assert first.json["id"] == again.json["id"] != elsewhere.json["id"]


async def test_a_request_repeated_under_its_key_is_one_message_even_at_once(
    stand: Stand, caller: Client
) -> None:
    answers = await asyncio.gather(*(send(caller, Idempotency_Key="order-17") for _ in range(5)))

    assert sorted(answered.status for answered in answers) == [200, 200, 200, 200, 202]
    assert len({answered.json["id"] for answered in answers}) == 1


async def test_another_request_under_the_same_key_is_a_conflict(stand: Stand, caller: Client) -> None:
    await send(caller, Idempotency_Key="order-17")

    answered = await send(caller, REMINDER | {"to": "+447700900124"}, Idempotency_Key="order-17")

    assert_problem(answered, 409, "idempotency-key-reused")


async def test_keys_of_different_tokens_do_not_meet(stand: Stand) -> None:
    one, other = await stand.caller("one"), await stand.caller("other")

    answers = [await send(each, Idempotency_Key="order-17") for each in (one, other)]

    assert [answered.status for answered in answers] == [202, 202]


async def test_once_and_a_key_exclude_each_other(sqlite_stand: Stand) -> None:
    asked = REMINDER | {"once": True, "event_id": "wedding"}

    assert_problem(await send(await sqlite_stand.caller(), asked, Idempotency_Key="k"), 422, "invalid-input")


async def test_whoever_waits_is_answered_when_meta_has(stand: Stand, caller: Client) -> None:
    waiting = asyncio.create_task(caller.send_json("POST", f"{MESSAGES}?wait=20", REMINDER))
    while not (listed := (await caller.get(MESSAGES)).json["messages"]):
        await asyncio.sleep(0.01)
    await accept(stand, listed[0]["id"], "wamid.A")

    answered = await waiting

    assert (answered.status, answered.json["status"], answered.json["wamid"]) == (202, "sent", "wamid.A")


@pytest.mark.parametrize("wait", ["-1", "31", "nan", "inf", "x"])
async def test_waiting_is_bounded(sqlite_stand: Stand, wait: str) -> None:
    caller = await sqlite_stand.caller()

    assert_problem(
        await caller.send_json("POST", f"{MESSAGES}?wait={wait}", REMINDER), 422, "invalid-request"
    )


async def test_a_message_is_found_by_our_id_and_by_wamid_with_all_its_evidence(
    stand: Stand, caller: Client
) -> None:
    message_id = (await send(caller)).json["id"]
    await accept(stand, message_id, "wamid.A/+=")
    await stand.deliver(status_update("wamid.A/+="))
    await stand.applied()

    ours = await caller.get(f"{MESSAGES}/{message_id}")
    metas = await caller.get(f"{MESSAGES}/{quote('wamid.A/+=', safe='')}")

    assert ours.status == metas.status == 200
    assert ours.json == metas.json
    assert ours.json["status"] == "delivered"
    assert ours.json["delivered_at"] == "2025-11-24T16:00:00Z"
    assert [each["kind"] for each in ours.json["evidence"]] == ["attempt", "receipt"]
    assert ours.json["evidence"][1]["status"] == "delivered"


async def test_every_kind_of_evidence_is_shown(stand: Stand, caller: Client) -> None:
    message_id = MessageId((await send(caller)).json["id"])
    now = stand.house.clock()
    wamid = Wamid("wamid.A")
    failure = Failure(
        131026, "Message undeliverable", "Message undeliverable", "Not possible", "https://x.example", 7
    )
    facts: list[Evidence] = [
        Attempt(1, Phase.UNSURE, now, note="timeout"),
        Receipt(wamid, "failed", now, now, failure=failure),
        Receipt(wamid, "a-word-of-tomorrow", None, now),
        Reply(Wamid("wamid.R"), now, now, "button", "כן", "rsvp:yes"),
    ]
    async with stand.house.database.write() as connection:
        await telling.tell(
            connection, stand.house.database, [Told(fact, message_id=message_id) for fact in facts]
        )

    shown = (await caller.get(f"{MESSAGES}/{message_id}")).json

    assert [each["kind"] for each in shown["evidence"]] == ["attempt", "receipt", "receipt", "reply"]
    assert shown["evidence"][0]["note"] == "timeout"
    assert shown["evidence"][1]["failure"]["code"] == 131026
    assert shown["evidence"][3]["text"] == "כן"
    assert (shown["status"], shown["anomalous"], shown["failure"]["subcode"]) == ("read", True, 7)


@pytest.mark.parametrize("name", ["wamid.unknown", "019a0000-0000-7000-8000-000000000000"])
async def test_a_message_that_is_not_there_is_not_found(stand: Stand, caller: Client, name: str) -> None:
    assert_problem(await caller.get(f"{MESSAGES}/{name}"), 404, "not-found")


@pytest.mark.parametrize("name", ["%00", "a%00b", "%0A", "x" * 201])
async def test_a_name_that_no_message_can_have_is_refused(stand: Stand, caller: Client, name: str) -> None:
    assert_problem(await caller.get(f"{MESSAGES}/{name}"), 422, "invalid-request")


async def test_pages_hold_every_message_once_newest_first(stand: Stand, caller: Client) -> None:
    made = [(await send(caller, REMINDER | {"to": f"+4477009000{n:02}"})).json["id"] for n in range(7)]

    seen: list[str] = []
    cursor = ""
    pages = 0
    while True:
        page = (await caller.get(f"{MESSAGES}?limit=3{cursor}")).json
        seen += [each["id"] for each in page["messages"]]
        pages += 1
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert seen == sorted(made, reverse=True)
    assert pages == 3


async def test_a_page_that_ends_exactly_at_the_last_message_says_so(sqlite_stand: Stand) -> None:
    caller = await sqlite_stand.caller()
    for _ in range(3):
        await send(caller)

    page = (await caller.get(f"{MESSAGES}?limit=3")).json

    assert (len(page["messages"]), page["next"]) == (3, None)


async def test_filters_all_hold_together(stand: Stand, caller: Client) -> None:
    wanted = (await send(caller, REMINDER | {"event_id": "wedding", "guest_id": "g1"})).json["id"]
    await send(caller, REMINDER | {"event_id": "wedding", "to": "+447700900124"})
    await send(caller, REMINDER | {"event_id": "another"})
    sent = (await send(caller)).json["id"]
    await accept(stand, sent, "wamid.A")

    async def ids(query: str) -> list[str]:
        answered = await caller.get(f"{MESSAGES}?{query}")
        assert answered.status == 200, answered.text
        return [each["id"] for each in answered.json["messages"]]

    assert await ids(f"event=wedding&to={quote('+44 7700 900123')}") == [wanted]
    assert await ids("guest=g1") == [wanted]
    assert await ids("status=sent") == [sent]
    assert len(await ids("status=sent&status=queued")) == 4
    tomorrow = quote((datetime.now(UTC) + timedelta(days=1)).isoformat())
    yesterday = quote((datetime.now(UTC) - timedelta(days=1)).isoformat())
    assert await ids(f"since={tomorrow}") == []
    assert len(await ids(f"since={yesterday}")) == 4


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "status=gone",
        "since=2026-11-01",
        "since=2026-11-01T12:00:00",
        "since=0001-01-01T00:00:00%2B14:00",
        "event=%00",
        "cursor=%00",
        "guest=",
    ],
)
async def test_a_filter_that_cannot_be_meant_is_refused(stand: Stand, caller: Client, query: str) -> None:
    assert_problem(await caller.get(f"{MESSAGES}?{query}"), 422, "invalid-request")


async def test_a_number_that_cannot_be_is_refused_in_a_filter_too(sqlite_stand: Stand) -> None:
    assert_problem(await (await sqlite_stand.caller()).get(f"{MESSAGES}?to=12"), 422, "phone-refused")
