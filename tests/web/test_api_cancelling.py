"""`/api/v1/messages/{id}/cancel` and `/api/v1/events/{id}/campaigns/{template}/cancel`."""

import pytest

from invy.domain.evidence import Settlement
from invy.domain.ids import MessageId
from tests.web.asgi import Client
from tests.web.stand import Stand
from tests.web.test_api_access import assert_problem
from tests.web.test_api_events import IMAGE, WEDDING, put_guests
from tests.web.test_api_messages import MESSAGES, REMINDER, accept, send

CAMPAIGNS = f"{WEDDING}/campaigns"
INVITATION = {"template_key": "hina_invitation", "params": IMAGE}


async def test_a_queued_message_is_never_sent_and_says_who_decided_so_and_why(
    stand: Stand, caller: Client
) -> None:
    queued = (await send(caller)).json["id"]

    cancelled = await caller.send_json("POST", f"{MESSAGES}/{queued}/cancel", {"note": "התאריך השתנה"})

    assert (cancelled.status, cancelled.json["status"]) == (200, "failed")
    assert await stand.house.outbox.unfinished() == 0
    [(_, fact)] = await stand.house.overview.timeline(MessageId(queued))
    assert isinstance(fact, Settlement)
    assert (fact.by, fact.note) == ("tests", "התאריך השתנה")


async def test_a_reason_is_not_needed(stand: Stand, caller: Client) -> None:
    queued = (await send(caller)).json["id"]

    assert (await caller.post(f"{MESSAGES}/{queued}/cancel", b"")).status == 200
    assert await stand.house.outbox.unfinished() == 0


async def test_what_has_left_or_is_cancelled_already_is_a_conflict_and_stays_as_it_is(
    stand: Stand, caller: Client
) -> None:
    left, cancelled = [(await send(caller)).json["id"] for _ in range(2)]
    await accept(stand, left, "wamid.left")
    await caller.post(f"{MESSAGES}/{cancelled}/cancel", b"")

    for name in (left, cancelled):
        before = (await caller.get(f"{MESSAGES}/{name}")).json
        assert_problem(await caller.post(f"{MESSAGES}/{name}/cancel", b""), 409, "conflict")
        assert (await caller.get(f"{MESSAGES}/{name}")).json == before


async def test_a_campaign_gives_back_all_that_is_queued_and_can_be_started_anew(
    stand: Stand, caller: Client
) -> None:
    await put_guests(caller, [{"name": str(n), "phone": f"+4477009001{n:02}"} for n in range(4)])
    started = await caller.send_json("POST", CAMPAIGNS, INVITATION | {"preflight": False})
    listed = (await caller.get(f"{MESSAGES}?event=wedding")).json["messages"]
    await accept(stand, listed[0]["id"], "wamid.0")

    taken_back = await caller.post(f"{CAMPAIGNS}/hina_invitation/cancel", b"")
    again = await caller.send_json("POST", CAMPAIGNS, INVITATION | {"preflight": False})

    assert taken_back.status == 200
    assert taken_back.json["campaign_id"] == started.json["campaign_id"]
    assert taken_back.json["cancelled"] == 3
    states = {state: count for state, count in taken_back.json["states"].items() if count}
    assert states == {"sent": 1, "failed": 3}
    assert (again.json["new"], again.json["already"]) == (3, 1)


@pytest.mark.parametrize(
    ("target", "status", "kind"),
    [
        (f"{MESSAGES}/no-such-message/cancel", 404, "not-found"),
        (f"{MESSAGES}/%00/cancel", 422, "invalid-request"),
        (f"{CAMPAIGNS}/hina_invitation/cancel", 404, "not-found"),
        ("/api/v1/events/no-such-event/campaigns/reminder/cancel", 404, "not-found"),
    ],
)
async def test_what_is_not_there_is_not_cancelled(
    stand: Stand, caller: Client, target: str, status: int, kind: str
) -> None:
    await send(caller, REMINDER)

    assert_problem(await caller.post(target, b""), status, kind)
    assert await stand.house.outbox.unfinished() == 1


async def test_a_reason_of_another_shape_is_refused(stand: Stand, caller: Client) -> None:
    queued = (await send(caller)).json["id"]

    answered = await caller.send_json("POST", f"{MESSAGES}/{queued}/cancel", {"reason": "rain"})

    assert_problem(answered, 422, "invalid-request")
    assert await stand.house.outbox.unfinished() == 1
