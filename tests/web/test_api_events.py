"""`/api/v1/events`, their guests and campaigns."""

import pytest

from invy.domain.ids import EventId, MessageId
from tests.web.asgi import Answered, Client
from tests.web.stand import Stand, status_update
from tests.web.test_api_access import assert_problem
from tests.web.test_api_messages import accept

EVENTS = "/api/v1/events"
WEDDING = f"{EVENTS}/wedding"
IMAGE = {"invitation_image_url": "https://images.example.com/1.jpg"}

GUESTS: list[dict[str, object]] = [
    {"name": "Dana", "phone": "+44 7700 900101"},
    {"name": "רון", "phone": "+447700900102", "params": {"table": "7"}},
    {"name": "Dana again", "phone": "00447700900101"},
    {"name": "Nobody", "phone": "12"},
    {"name": "No number", "phone": " "},
]


async def put_guests(caller: Client, guests: object = GUESTS) -> Answered:
    return await caller.send_json("POST", f"{WEDDING}/guests", {"guests": guests})


async def upload(caller: Client, body: bytes, filename: str, kind: str) -> Answered:
    return await caller.post(f"{WEDDING}/guests?filename={filename}", body, {"content-type": kind})


async def test_an_event_is_made_once_and_can_be_renamed(stand: Stand, caller: Client) -> None:
    made = await caller.send_json("PUT", WEDDING, {"name": "The wedding"})
    again = await caller.send_json("PUT", WEDDING, {"name": "The wedding"})
    kept = await caller.send_json("PUT", WEDDING, {})
    renamed = await caller.send_json("PUT", WEDDING, {"name": "החתונה"})

    assert [each.status for each in (made, again, kept, renamed)] == [201, 200, 200, 200]
    assert made.json == again.json == kept.json
    assert renamed.json == made.json | {"name": "החתונה"}
    assert (await caller.get(EVENTS)).json == {"events": [renamed.json]}


async def test_an_event_without_a_name_is_called_by_its_id(sqlite_stand: Stand) -> None:
    caller = await sqlite_stand.caller()

    assert (await caller.send_json("PUT", WEDDING, {})).json["name"] == "wedding"


@pytest.mark.parametrize(
    "target", [f"{EVENTS}/%00", f"{EVENTS}/a%0Ab", f"{EVENTS}/{'x' * 201}", f"{EVENTS}/wed%E2%80%8Fding"]
)
async def test_an_event_cannot_have_an_id_that_cannot_be_written(stand: Stand, target: str) -> None:
    caller = await stand.caller()

    assert_problem(await caller.send_json("PUT", target, {}), 422, "invalid-request")


@pytest.mark.parametrize("tail", ["", "/guests"])
async def test_an_event_that_is_not_there_is_not_found(stand: Stand, caller: Client, tail: str) -> None:
    assert_problem(await caller.get(WEDDING + tail), 404, "not-found")


async def test_every_row_of_a_list_is_accounted_for(stand: Stand, caller: Client) -> None:
    answered = await put_guests(caller)

    report = answered.json
    assert answered.status == 200
    assert (report["new"], report["changed"], report["same"]) == (2, 0, 0)
    assert (report["problem_count"], report["duplicate_count"]) == (2, 1)
    assert [(each["row"], each["kind"]) for each in report["problems"]] == [
        (4, "phone-refused"),
        (5, "phone-missing"),
    ]
    assert all(each["reason"] and each["suggestion"] for each in report["problems"])
    assert [(each["row"], each["kept_row"]) for each in report["duplicates"]] == [(3, 1)]
    assert {each["row"] for each in report["warnings"]} == {1, 2}  # numbers of fiction


async def test_the_same_list_again_changes_nothing_and_a_new_name_changes_one(
    stand: Stand, caller: Client
) -> None:
    await put_guests(caller)
    before = (await caller.get(f"{WEDDING}/guests")).json

    again = (await put_guests(caller)).json
    changed = (await put_guests(caller, [GUESTS[0] | {"name": "Dana Levi"}])).json

    assert (again["new"], again["changed"], again["same"]) == (0, 0, 2)
    assert (changed["new"], changed["changed"], changed["same"]) == (0, 1, 0)
    after = (await caller.get(f"{WEDDING}/guests")).json
    assert [each["id"] for each in after["guests"]] == [each["id"] for each in before["guests"]]
    assert [each["name"] for each in after["guests"]] == ["Dana Levi", "רון"]


async def test_the_pages_of_a_list_hold_every_guest_once(stand: Stand, caller: Client) -> None:
    await put_guests(caller, [{"name": str(n), "phone": f"+4477009001{n:02}"} for n in range(5)])

    seen: list[str] = []
    cursor, pages = "", 0
    while True:
        page = (await caller.get(f"{WEDDING}/guests?limit=2{cursor}")).json
        seen += [each["name"] for each in page["guests"]]
        pages += 1
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert (seen, pages) == (["0", "1", "2", "3", "4"], 3)


async def test_a_csv_file_is_taken_as_it_is(stand: Stand, caller: Client) -> None:
    text = "שם;טלפון;שולחן\r\nדנה;054-555-0101;7\r\nרון;;\r\n"

    answered = await upload(caller, text.encode("cp1255"), "list.csv", "text/csv")

    assert answered.status == 200, answered.text
    report = answered.json
    assert "1255" in report["source"]
    assert (report["new"], report["problem_count"]) == (1, 1)
    (guest,) = (await caller.get(f"{WEDDING}/guests")).json["guests"]
    assert (guest["name"], guest["phone"], guest["params"]) == ("דנה", "+972545550101", {"שולחן": "7"})


@pytest.mark.parametrize("body", [b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"PK\x03\x04broken", b"a,b\n1,2\n"])
async def test_a_file_that_is_no_list_is_refused_with_the_reason(
    stand: Stand, caller: Client, body: bytes
) -> None:
    answered = await upload(caller, body, "list.csv", "application/octet-stream")

    assert_problem(answered, 422, "list-unreadable")
    assert answered.json["hint"]
    assert_problem(await caller.get(WEDDING), 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"guests": []}', b'{"guests": [{"name": "x"}]}', b'{"guests": [{"phone": 1}]}', b"\xff"],
)
async def test_a_json_list_of_another_shape_is_refused(sqlite_stand: Stand, body: bytes) -> None:
    caller = await sqlite_stand.caller()

    answered = await caller.post(
        f"{WEDDING}/guests", body, {"content-type": "application/json; charset=utf-8"}
    )

    assert_problem(answered, 422, "invalid-request")
    assert all(each["where"].startswith("body") for each in answered.json["errors"])


async def test_a_file_over_the_limit_is_refused(sqlite_stand: Stand) -> None:
    caller = await sqlite_stand.caller()
    pieces = [b"x" * 1_048_576] * 33

    answered = await caller.call("POST", f"{WEDDING}/guests", pieces, {"content-type": "text/csv"})

    assert_problem(answered, 413, "too-large")


async def test_a_campaign_invites_everybody_once_and_names_who_was_left_out(
    stand: Stand, caller: Client
) -> None:
    await put_guests(
        caller, [*GUESTS[:2], {"name": "two\tlines", "phone": "+447700900103"}, {"phone": "+447700900104"}]
    )

    started = await caller.send_json(
        "POST", f"{WEDDING}/campaigns", {"template_key": "hina_invitation", "params": IMAGE}
    )
    again = await caller.send_json(
        "POST", f"{WEDDING}/campaigns", {"template_key": "hina_invitation", "params": IMAGE}
    )

    assert (started.status, again.status) == (202, 202)
    assert (again.json["new"], again.json["already"]) == (0, started.json["new"])
    assert started.json["campaign_id"] == again.json["campaign_id"]
    assert started.json["new"] + started.json["left_out_count"] == 4
    (left_out,) = started.json["left_out"]
    assert (left_out["phone"], left_out["kind"]) == ("+447700900104", "parameter-refused")
    assert left_out["reason"]
    assert left_out["hint"]


async def test_a_dry_run_says_the_same_and_writes_nothing(stand: Stand, caller: Client) -> None:
    await put_guests(caller)
    asked = {"template_key": "hina_invitation", "params": IMAGE, "dry_run": True}

    tried = await caller.send_json("POST", f"{WEDDING}/campaigns", asked)

    assert tried.status == 200
    assert (tried.json["new"], tried.json["campaign_id"]) == (2, None)
    assert tried.json["first_request"]["to"] == "+447700900101"
    assert (await caller.get("/api/v1/messages")).json["messages"] == []
    assert not await stand.house.campaign_store.of_event(EventId("wedding"))


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        ({"template_key": "hina_invitation"}, 404, "not-found"),
        ({"template_key": "no_such"}, 404, "not-found"),
        ({}, 422, "invalid-request"),
        ({"template_key": "reminder", "params": {"a": 1}}, 422, "invalid-request"),
        ({"template_key": "reminder", "dryrun": True}, 422, "invalid-request"),
    ],
)
async def test_a_campaign_that_cannot_be_is_refused(
    sqlite_stand: Stand, content: object, status: int, kind: str
) -> None:
    caller = await sqlite_stand.caller()

    assert_problem(await caller.send_json("POST", f"{WEDDING}/campaigns", content), status, kind)


async def test_guests_whose_message_failed_are_invited_again_where_their_code_is_named(
    stand: Stand, caller: Client
) -> None:
    await put_guests(caller)
    asked = {"template_key": "hina_invitation", "params": IMAGE}
    await caller.send_json("POST", f"{WEDDING}/campaigns", asked)
    for number, each in enumerate((await caller.get("/api/v1/messages?event=wedding")).json["messages"]):
        await accept(stand, MessageId(each["id"]), f"wamid.{number}")
    await stand.deliver(status_update("wamid.0", "failed", code=131053))
    await stand.deliver(status_update("wamid.1", "failed", code=131026))
    await stand.applied()

    told = [
        (await caller.send_json("POST", f"{WEDDING}/campaigns", asked | more)).json["new"]
        for more in ({}, {"again": [131053], "dry_run": True}, {"again": [131053]}, {"again": [131053]})
    ]

    assert told == [0, 1, 1, 0]
    for code in (131050, 2**40):
        refused = await caller.send_json("POST", f"{WEDDING}/campaigns", asked | {"again": [code]})
        assert_problem(refused, 422, "invalid-input")


async def test_an_event_tells_how_far_its_messages_have_come(stand: Stand, caller: Client) -> None:
    await put_guests(caller, [{"name": str(n), "phone": f"+4477009001{n:02}"} for n in range(4)])
    await caller.send_json(
        "POST", f"{WEDDING}/campaigns", {"template_key": "hina_invitation", "params": IMAGE}
    )
    listed = (await caller.get("/api/v1/messages?event=wedding")).json["messages"]
    for number, each in enumerate(listed[:3]):
        await accept(stand, MessageId(each["id"]), f"wamid.{number}")
    await stand.deliver(status_update("wamid.0", "delivered"))
    await stand.deliver(status_update("wamid.1", "read"))
    await stand.applied()

    shown = (await caller.get(WEDDING)).json

    assert shown["guests"] == 4
    assert {state: count for state, count in shown["states"].items() if count} == {
        "queued": 1,
        "sent": 1,
        "delivered": 1,
        "read": 1,
    }
    assert shown["funnels"] == [
        {"template_key": "hina_invitation", "queued": 4, "sent": 3, "delivered": 2, "read": 1, "answered": 0}
    ]
