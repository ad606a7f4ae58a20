"""What goes to Meta's support has the ids they need and nothing of the people in it."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from invy.domain.evidence import Attempt, Phase
from invy.domain.failure import Failure
from invy.domain.fold import fold
from invy.domain.ids import JournalId, MessageId, SenderId, TemplateKey, Wamid
from invy.domain.journal import Entry
from invy.domain.message import Message
from invy.domain.phone import E164
from invy.engine.doctor.bundle import Case, files, traces
from invy.engine.doctor.masking import about_one, masked
from invy.engine.doctor.subject import Configured
from tests.making import T0, at

WAMID = Wamid("wamid.OURS")
OURS = MessageId("019a0000-0000-7000-8000-000000000001")
GUEST, OTHER = "447700900001", "447700900002"


def webhook(*statuses: dict[str, object], **more: object) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "12025550100", "phone_number_id": "106540000000001"},
        "statuses": list(statuses),
    }
    return json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [{"changes": [{"field": "messages", "value": value | more}]}],
        }
    ).encode()


def status(wamid: str, recipient: str, **more: object) -> dict[str, object]:
    return {"id": wamid, "status": "sent", "timestamp": "1", "recipient_id": recipient} | more


def case(*bodies: bytes) -> Case:
    attempt = Attempt(1, Phase.ACCEPTED, at(1), wamid=WAMID, wa_id=GUEST)
    failed = Attempt(
        2, Phase.REFUSED, at(2), failure=Failure(131053, "Media upload error", trace_id="Atrace")
    )
    payload = {
        "to": f"+{GUEST}",
        "template": {
            "name": "hina_invitation",
            "components": [
                {
                    "type": "header",
                    "parameters": [{"type": "image", "image": {"link": "https://x.example/i.jpg"}}],
                },
                {"type": "body", "parameters": [{"type": "text", "text": "איילה חורב"}]},
            ],
        },
    }
    message = Message(
        id=OURS,
        to=E164(f"+{GUEST}"),
        template_key=TemplateKey("hina_invitation"),
        template_name="hina_invitation",
        template_language="he",
        sender_id=SenderId("106540000000001"),
        created_at=T0,
        event_id=None,
        guest_id=None,
        campaign_id=None,
        retry_of=None,
        due_at=None,
        folded=fold([attempt, failed]),
    )
    return Case(
        message=message,
        evidence=[(at(1), attempt), (at(2), failed), (at(2), failed)],
        payload=json.dumps(payload).encode(),
        entries=[Entry(JournalId(n), at(n), body) for n, body in enumerate(bodies)],
        configured=Configured(
            api_version="v25.0", business_account_id="102290000000001", access_token="EAAsecret"
        ),
        program="0.1.0",
        now=datetime(2026, 11, 23, tzinfo=UTC),
    )


def test_the_ids_and_traces_that_support_asks_for_are_on_the_first_page() -> None:
    page = files(case())["README.txt"].decode()
    for needed in (WAMID, OURS, "106540000000001", "102290000000001", "Atrace", "131053", "v25.0"):
        assert needed in page
    assert traces(case().evidence) == ["Atrace"]


def test_no_number_no_name_and_no_secret_is_in_any_file() -> None:
    body = webhook(status(WAMID, GUEST), contacts=[{"profile": {"name": "Ayala"}, "wa_id": GUEST}])
    words = webhook(status(WAMID, GUEST, errors=[{"message": f"cannot reach +{GUEST}"}]))
    whole = b"".join(files(case(body, words)).values()).decode()
    assert "cannot reach" in whole
    for hidden in (GUEST, "Ayala", "איילה", "EAAsecret"):
        assert hidden not in whole
    assert "https://x.example/i.jpg" in whole, "the link of the image is what 131053 is about"


def test_metas_words_about_an_error_can_be_read_wherever_they_stand() -> None:
    error = {"code": 131053, "title": "Media upload error", "error_data": {"details": "Not an image"}}
    found = files(case(webhook(status(WAMID, GUEST, errors=[error]))))
    for name in ("evidence.json", "message.json", "webhooks.json"):
        assert "Media upload error" in found[name].decode()
    assert masked({"interactive": {"title": "אגיע"}}) == {"interactive": {"title": "(4 characters)"}}


def test_how_far_an_attempt_came_is_a_word() -> None:
    found = files(case())
    phases = [fact["phase"] for fact in json.loads(found["evidence.json"])]
    assert phases == ["accepted", "refused", "refused"]
    assert json.loads(found["message.json"])["folded"]["progress"] == {"attempt": 2, "phase": "refused"}


def test_the_first_page_says_that_the_bodies_are_not_the_bytes_that_came() -> None:
    assert "are not the bytes that came" in files(case())["README.txt"].decode()


def test_items_about_other_messages_are_left_out_and_counted() -> None:
    body = webhook(status("wamid.OTHER", OTHER), status(WAMID, GUEST), status("wamid.THIRD", OTHER))
    [told] = json.loads(files(case(body))["webhooks.json"])
    value = told["body"]["entry"][0]["changes"][0]["value"]
    assert [each["id"] for each in value["statuses"]] == [WAMID]
    assert value["left_out"] == "2 items about other messages"
    assert told["bytes"] == len(body)
    assert len(told["sha256"]) == 64


def test_an_item_is_known_by_our_own_id_and_by_what_it_answers() -> None:
    by_opaque = webhook(status("wamid.X", GUEST, biz_opaque_callback_data=OURS))
    answer = webhook(
        messages=[{"id": "wamid.IN", "from": GUEST, "context": {"id": WAMID}, "text": {"body": "כן"}}]
    )
    for body in (by_opaque, answer):
        assert "left_out" not in json.dumps(about_one(body, WAMID, OURS))
    assert "כן" not in json.dumps(about_one(answer, WAMID, OURS), ensure_ascii=False)


def test_a_body_that_is_no_json_is_told_by_size_and_digest_only() -> None:
    [told] = json.loads(files(case(b"\xff not json"))["webhooks.json"])
    assert (told["body"], told["bytes"]) == (None, 10)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["entry", "changes", "value", "statuses", "id", "text"]) | st.text(), inner
            )
        ),
        max_leaves=20,
    )
)
def test_masking_any_json_keeps_its_shape_and_breaks_on_none(value: object) -> None:
    about_one(json.dumps(value).encode(), "w", "o")
    again = masked(value)
    assert type(again) is type(value) or isinstance(again, list)
    if isinstance(value, dict):
        assert isinstance(again, dict)
        assert set(again) == set(value)
