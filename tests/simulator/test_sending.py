"""What a send is answered with: Meta's success body, or the refusal Meta would give."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from invy.testing import CloudApi
from tests.simulator.client import READ, call, invitation, reminder, send

Message = dict[str, Any]
Change = Callable[[Message], object]


def components(message: Message) -> list[Message]:
    found: list[Message] = message["template"]["components"]
    return found


def test_a_good_send_is_accepted_in_metas_words(cloud_api: CloudApi) -> None:
    reply = send(cloud_api, invitation(READ, opaque="m-1"))
    assert reply.http == 200
    assert reply.json["messaging_product"] == "whatsapp"
    assert reply.json["contacts"] == [{"input": READ, "wa_id": "447700900150"}]
    assert reply.json["messages"][0]["message_status"] == "accepted"
    assert reply.headers["facebook-api-version"] == "v25.0"
    assert reply.headers["x-fb-trace-id"]


def test_a_wamid_looks_like_metas_and_is_never_given_twice_even_with_the_same_seed(
    cloud_api: CloudApi,
) -> None:
    first, second = send(cloud_api, invitation(READ)).wamid, send(cloud_api, invitation(READ)).wamid
    assert first.startswith("wamid.HBg")
    assert b"447700900150" in base64.b64decode(first.removeprefix("wamid."))
    cloud_api.reset()
    assert len({first, second, send(cloud_api, invitation(READ)).wamid}) == 3


@pytest.mark.parametrize("to", ["+44 7700-900150", "447700900150", "+44 (7700) 900150"])
def test_the_number_may_be_written_as_people_write_it(cloud_api: CloudApi, to: str) -> None:
    assert send(cloud_api, invitation(to)).json["contacts"][0] == {"input": to, "wa_id": "447700900150"}


@pytest.mark.parametrize(
    ("dialled", "known_as"),
    [
        ("+525512345678", "5215512345678"),
        ("+541112345678", "5491112345678"),
        ("+5531912345678", "553112345678"),
    ],
)
def test_some_countries_have_a_wa_id_that_differs_from_what_was_dialled(
    cloud_api: CloudApi, dialled: str, known_as: str
) -> None:
    assert send(cloud_api, invitation(dialled)).json["contacts"][0] == {"input": dialled, "wa_id": known_as}


@pytest.mark.parametrize("to", ["abc", "", "+0504370045", "12", "+1234567890123456", "+44770090015x"])
def test_what_is_no_phone_number_is_131009(cloud_api: CloudApi, to: str) -> None:
    reply = send(cloud_api, invitation(to))
    assert (reply.http, reply.code) == (400, 131009)


def test_a_wrong_token_and_no_token_are_190(cloud_api: CloudApi) -> None:
    for token in ("EAAwrong", ""):
        reply = send(cloud_api, invitation(READ), token=token)
        assert (reply.http, reply.code) == (401, 190)
        assert reply.json["error"]["fbtrace_id"]
        assert "www-authenticate" in reply.headers


def test_an_unknown_number_id_is_100_with_subcode_33(cloud_api: CloudApi) -> None:
    reply = send(cloud_api, invitation(READ), number_id="1234567890")
    assert (reply.http, reply.code) == (400, 100)
    assert reply.json["error"]["error_subcode"] == 33
    assert reply.json["error"]["type"] == "GraphMethodException"


def _set(path: str, value: object) -> Change:
    """Set a dotted path; a number is a position."""

    def change(message: Message) -> None:
        *way, last = [int(each) if each.isdigit() else each for each in path.split(".")]
        place: Any = message
        for each in way:
            place = place[each]
        place[last] = value

    return change


LONG = "x" * 1100
BODY = "template.components.1.parameters"
REFUSALS: list[tuple[str, Change, int, int]] = [
    ("the product is missing", lambda m: m.pop("messaging_product"), 400, 100),
    ("the recipient is missing", lambda m: m.pop("to"), 400, 131008),
    ("the recipient is no string", _set("to", 447700900150), 400, 100),
    ("the type is unknown", _set("type", "hologram"), 400, 131051),
    ("a group is addressed", _set("recipient_type", "group"), 400, 100),
    ("the template is missing", lambda m: m.pop("template"), 400, 131008),
    ("the template has no name", lambda m: m["template"].pop("name"), 400, 131008),
    ("the template is no object", _set("template", "hina_invitation"), 400, 100),
    ("the language is missing", lambda m: m["template"].pop("language"), 400, 131008),
    ("the components are no list", _set("template.components", {}), 400, 100),
    ("a parameter is no object", _set(BODY, ["Noa"]), 400, 100),
    ("the opaque data is too long", _set("biz_opaque_callback_data", "x" * 513), 400, 100),
    ("the template does not exist", _set("template.name", "no_such_template"), 404, 132001),
    ("the language does not exist", _set("template.language.code", "en_US"), 404, 132001),
    ("a body parameter is missing", _set(BODY, []), 400, 132000),
    ("a body parameter is too many", _set(BODY, [{"type": "text", "text": "a"}] * 2), 400, 132000),
    ("the body component is missing", lambda m: components(m).pop(1), 400, 132000),
    ("the header is missing", lambda m: components(m).pop(0), 400, 132012),
    (
        "the header is a text",
        _set("template.components.0.parameters.0", {"type": "text", "text": "a"}),
        400,
        132012,
    ),
    ("the image has no source", _set("template.components.0.parameters.0.image", {}), 400, 100),
    (
        "the image link is no link",
        _set("template.components.0.parameters.0.image.link", "file:///etc"),
        400,
        100,
    ),
    ("a text is empty", _set(f"{BODY}.0.text", ""), 400, 131008),
    ("a text has a new line", _set(f"{BODY}.0.text", "a\nb"), 400, 132018),
    ("a text has a tab", _set(f"{BODY}.0.text", "a\tb"), 400, 132018),
    ("a text has five spaces in a row", _set(f"{BODY}.0.text", "a     b"), 400, 132018),
    ("a text is too long", _set(f"{BODY}.0.text", LONG), 400, 132005),
    ("a body parameter is an image", _set(f"{BODY}.0.type", "image"), 400, 132012),
    ("a name is given for a position", _set(f"{BODY}.0.parameter_name", "guest"), 400, 132012),
    ("the button parameter is missing", lambda m: components(m).pop(2), 400, 131008),
    ("there is no such button", _set("template.components.2.index", "1"), 400, 132018),
    ("the index is no number", _set("template.components.2.index", "first"), 400, 100),
    ("the button is of another kind", _set("template.components.2.sub_type", "quick_reply"), 400, 132018),
    ("the button kind is unknown", _set("template.components.2.sub_type", "teleport"), 400, 100),
    (
        "the button has two parameters",
        _set("template.components.2.parameters", [{"type": "text", "text": "a"}] * 2),
        400,
        132000,
    ),
    ("the component kind is unknown", _set("template.components.1.type", "sidebar"), 400, 100),
]


@pytest.mark.parametrize(
    ("change", "http", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_send_is_refused_when(cloud_api: CloudApi, change: Change, http: int, code: int) -> None:
    message = invitation(READ)
    change(message)
    reply = send(cloud_api, message)
    assert (reply.http, reply.code) == (http, code)
    assert cloud_api.messages() == []


def test_four_spaces_in_a_row_are_allowed(cloud_api: CloudApi) -> None:
    assert send(cloud_api, invitation(READ, name="a    b")).http == 200


def test_the_count_that_was_wrong_is_told_in_the_details(cloud_api: CloudApi) -> None:
    message = invitation(READ)
    components(message)[1]["parameters"] = []
    assert "(0) does not match the expected number of params (1)" in send(cloud_api, message).details


def test_named_parameters_must_be_the_names_of_the_template(cloud_api: CloudApi) -> None:
    assert send(cloud_api, reminder(READ)).http == 200
    unnamed, misnamed = reminder(READ), reminder(READ)
    components(unnamed)[0]["parameters"][0].pop("parameter_name")
    components(misnamed)[0]["parameters"][0]["parameter_name"] = "guest"
    assert send(cloud_api, unnamed).code == 132012
    assert send(cloud_api, misnamed).code == 132012


def test_a_number_cannot_write_to_itself(cloud_api: CloudApi) -> None:
    assert send(cloud_api, invitation("+" + cloud_api.display_phone_number)).code == 131021


def test_an_expired_version_is_served_by_the_oldest_usable_one_and_says_so(cloud_api: CloudApi) -> None:
    path = f"/{cloud_api.phone_number_id}/messages"
    assert (
        call(cloud_api, "POST", f"/v20.0{path}", invitation(READ)).headers["facebook-api-version"] == "v21.0"
    )
    assert call(cloud_api, "POST", path, invitation(READ)).headers["facebook-api-version"] == "v21.0"
    assert call(cloud_api, "POST", f"/v99.0{path}", invitation(READ)).code == 2635


def test_a_read_receipt_for_a_guests_message_is_taken(cloud_api: CloudApi) -> None:
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.HBgM"}
    assert send(cloud_api, receipt).json == {"success": True}
    assert send(cloud_api, receipt | {"message_id": 5}).code == 100


def test_free_form_needs_a_guest_who_wrote_within_a_day(cloud_api: CloudApi) -> None:
    text = {"messaging_product": "whatsapp", "to": READ, "type": "text", "text": {"body": "See you"}}
    closed = send(cloud_api, text).wamid
    cloud_api.guest(READ, "write", text="hello")
    opened = send(cloud_api, text).wamid
    cloud_api.settle()
    assert cloud_api.message(closed)["error_code"] == 131047
    assert cloud_api.message(opened)["final_status"] == "read"


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("text", {}, 131008),
        ("text", {"body": "x" * 4097}, 100),
        ("image", {"caption": "no source"}, 100),
        ("location", {"latitude": "north"}, 131009),
        ("reaction", {"emoji": "x"}, 131008),
        ("contacts", [], 131008),
        ("interactive", {"type": "button", "body": {"text": "?"}, "action": {"buttons": []}}, 131009),
    ],
)
def test_free_form_content_is_checked_too(cloud_api: CloudApi, kind: str, content: object, code: int) -> None:
    message = {"messaging_product": "whatsapp", "to": READ, "type": kind, kind: content}
    assert send(cloud_api, message).code == code


def test_a_guest_known_by_user_id_only_can_be_written_to(cloud_api: CloudApi) -> None:
    send(cloud_api, invitation(READ))
    user_id = cloud_api.messages()[0]["user_id"]
    message = invitation(READ)
    del message["to"]
    reply = send(cloud_api, message | {"recipient": user_id})
    assert reply.json["contacts"] == [{"input": user_id, "user_id": user_id}]
    stranger = send(cloud_api, message | {"recipient": "GB.99999999999999999"}).wamid
    cloud_api.settle()
    assert cloud_api.message(reply.wamid)["final_status"] == "read"
    assert cloud_api.message(stranger)["error_code"] == 131026
    assert send(cloud_api, message | {"recipient": "nobody"}).code == 131009
