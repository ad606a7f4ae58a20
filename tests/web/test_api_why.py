"""`/messages/{id}/why` and `/events/{id}/unreached`: verdicts over HTTP, in either language."""

import json
from collections.abc import Mapping

from invy.diagnose.finding import Finding
from tests.web.asgi import Client
from tests.web.stand import Stand, status_update
from tests.web.test_api_access import assert_problem
from tests.web.test_api_events import IMAGE, WEDDING, put_guests
from tests.web.test_api_messages import accept

MESSAGES = "/api/v1/messages"


async def invited(
    stand: Stand, caller: Client, params: Mapping[str, str] = IMAGE, code: int = 131026
) -> list[str]:
    """Two guests; Meta has accepted both messages, and reported that one of them failed."""
    await put_guests(caller)
    body = {"template_key": "hina_invitation", "params": params}
    await caller.send_json("POST", f"{WEDDING}/campaigns", body)
    listed = (await caller.get(f"{MESSAGES}?event=wedding")).json["messages"]
    ids = [each["id"] for each in sorted(listed, key=lambda each: str(each["to"]))]
    for n, message_id in enumerate(ids):
        await accept(stand, message_id, f"wamid.{n}")
    failed = json.loads(status_update("wamid.0", "failed"))
    failed["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"] = [
        {"code": code, "title": "Message undeliverable"}
    ]
    await stand.deliver(json.dumps(failed).encode())
    await stand.applied()
    return ids


async def test_a_message_is_explained_in_either_language(stand: Stand, caller: Client) -> None:
    [failed, _] = await invited(stand, caller)
    for name in (failed, "wamid.0", "%2B447700900101"):
        english = (await caller.get(f"{MESSAGES}/{name}/why")).json
        assert english["message"]["id"] == failed
        assert (english["verdict"]["finding"], english["verdict"]["label"]) == ("not_deliverable", "131026")
        assert english["verdict"]["phone_instead"] is True
    [decisive] = english["rests_on"]
    assert english["verdict"]["rests_on"] == [decisive["id"]]
    assert (decisive["fact"]["status"], decisive["fact"]["failure"]["code"]) == ("failed", 131026)

    answered = await caller.get(f"{MESSAGES}/{failed}/why?lang=he")
    hebrew = answered.json["verdict"]
    assert hebrew["lang"] == "he"
    assert "וואטסאפ" in hebrew["headline"]
    assert hebrew["headline"] in answered.text
    assert {each: hebrew[each] for each in ("finding", "since", "may_resend")} == {
        each: english["verdict"][each] for each in ("finding", "since", "may_resend")
    }


async def test_a_picture_that_meta_could_not_use_is_named_and_looked_at_only_on_request(
    stand: Stand, caller: Client
) -> None:
    """Nothing is fetched from there: an address of our own network is refused before any request leaves."""
    link = {"invitation_image_url": "https://127.0.0.1/i.jpg?sig=SECRET"}
    [failed, _] = await invited(stand, caller, IMAGE | link, code=131053)
    answered = await caller.get(f"{MESSAGES}/{failed}/why")
    assert answered.json["verdict"]["finding"] == "picture"
    assert any("https://127.0.0.1/i.jpg?…" in each for each in answered.json["verdict"]["remarks"])
    seen = await caller.get(f"{MESSAGES}/{failed}/why?look=true")
    assert seen.json["verdict"]["finding"] == "picture_broken"
    assert "inside our network" in seen.json["verdict"]["why"]
    assert "SECRET" not in json.dumps((answered.json["verdict"], seen.json["verdict"]))


async def test_the_unreached_of_an_event_are_grouped(stand: Stand, caller: Client) -> None:
    await invited(stand, caller)
    found = (await caller.get(f"{WEDDING}/unreached?lang=he")).json
    assert (found["event_id"], found["lang"], found["count"]) == ("wedding", "he", 2)
    [template] = found["templates"]
    assert template["template_key"] == "hina_invitation"
    groups = {each["finding"]: (each["count"], each["phone_count"]) for each in template["groups"]}
    assert groups[Finding.NOT_DELIVERABLE] == (1, 1)
    assert sum(count for count, _ in groups.values()) == 2


async def test_an_event_where_all_were_reached_has_no_groups(stand: Stand, caller: Client) -> None:
    await caller.send_json("PUT", WEDDING, {"name": "The wedding"})
    assert (await caller.get(f"{WEDDING}/unreached")).json["templates"] == []


async def test_what_is_not_there_is_not_found_and_another_language_is_refused(
    stand: Stand, caller: Client
) -> None:
    assert_problem(await caller.get(f"{MESSAGES}/nothing/why"), 404, "not-found")
    assert_problem(await caller.get("/api/v1/events/nothing/unreached"), 404, "not-found")
    assert (await caller.get(f"{WEDDING}/unreached?lang=xx")).status == 422
