"""The request that sends a template, byte for byte as Meta and the brief have it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.errors import InvalidInput, ParameterRefused
from invy.meta.payload import build
from invy.meta.registry import load, sample

INVITATION = load(sample(), "templates.toml").get("hina_invitation")
PARAMS = {
    "contact_name": "איילה חורב",
    "event_id": "f3122a7d-1d7c-4cc1-955d-1c6b7358bd25",
    "invitation_image_url": "https://api-invy.dvirlabs.com/uploads/1d32b5fbab0f494cae443b4188a83ca3.jpg",
}
# The payload that the brief shows for this call, as it stands there.
BRIEF = """
{
  "messaging_product": "whatsapp",
  "to": "+972504370045",
  "type": "template",
  "template": {
    "name": "hina_invitation",
    "language": { "code": "he" },
    "components": [
      {
        "type": "header",
        "parameters": [{
          "type": "image",
          "image": {
            "link": "https://api-invy.dvirlabs.com/uploads/1d32b5fbab0f494cae443b4188a83ca3.jpg"
          }
        }]
      },
      {
        "type": "body",
        "parameters": [
          { "type": "text", "text": "איילה חורב" }
        ]
      },
      {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [
          { "type": "text", "text": "f3122a7d-1d7c-4cc1-955d-1c6b7358bd25" }
        ]
      }
    ]
  }
}
"""

EVERYTHING = load(
    """
    [everything]
    meta_name = "everything"
    language_code = "en_US"
    header_type = "TEXT"
    header_text = "{{couple}}"
    header_param_key = "couple"
    body_params = { guest = "name", hour = "hour" }

    [[everything.buttons]]
    type = "QUICK_REPLY"
    payload = "yes:{{guest_id}}"
    [[everything.buttons]]
    type = "PHONE_NUMBER"
    [[everything.buttons]]
    type = "URL"
    url = "https://invy.example/g/{{1}}"
    param_key = "token"
    [[everything.buttons]]
    type = "URL"
    url = "https://invy.example/map"
    [[everything.buttons]]
    type = "COPY_CODE"
    param_key = "code"
    [[everything.buttons]]
    type = "FLOW"
    token = "meal:{{guest_id}}"
    data = { who = "name" }
    """,
    "everything.toml",
).get("everything")


def components(text: str, params: dict[str, object]) -> object:
    entry = load('[x]\nmeta_name = "x"\nlanguage_code = "en"\n' + text, "x.toml").get("x")
    return json.loads(build(entry, "+447700900123", params, "m1"))["template"].get("components")


def test_the_brief_s_example_gives_the_brief_s_payload_byte_for_byte() -> None:
    request = json.loads(build(INVITATION, "+972504370045", PARAMS, "m1"))

    assert request.pop("recipient_type") == "individual"
    assert request.pop("biz_opaque_callback_data") == "m1"
    ours, theirs = (
        json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        for document in (request, json.loads(BRIEF))
    )
    assert ours == theirs


def test_the_members_added_to_the_brief_s_payload_stand_where_meta_shows_them() -> None:
    request = json.loads(build(INVITATION, "+972504370045", PARAMS, "m1"))

    assert list(request) == [
        "messaging_product",
        "recipient_type",
        "to",
        "type",
        "template",
        "biz_opaque_callback_data",
    ]


def test_hebrew_is_sent_as_utf_8_and_without_spaces_between_members() -> None:
    payload = build(INVITATION, "+972504370045", PARAMS, "m1")

    assert "איילה חורב".encode() in payload
    assert b'{"type":"text","text":' in payload


def test_every_kind_of_variable_and_button_is_spelt_as_meta_spells_it() -> None:
    params = {
        "couple": "Dana & Yoav",
        "name": "Noa",
        "hour": "19:30",
        "guest_id": "g7",
        "token": "t9",
        "code": "GIFT30",
    }

    request = json.loads(build(EVERYTHING, "+447700900123", params, "m1"))

    assert request["template"] == {
        "name": "everything",
        "language": {"code": "en_US"},
        "components": [
            {
                "type": "header",
                "parameters": [{"type": "text", "parameter_name": "couple", "text": "Dana & Yoav"}],
            },
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "parameter_name": "guest", "text": "Noa"},
                    {"type": "text", "parameter_name": "hour", "text": "19:30"},
                ],
            },
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "0",
                "parameters": [{"type": "payload", "payload": "yes:g7"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "2",
                "parameters": [{"type": "text", "text": "t9"}],
            },
            {
                "type": "button",
                "sub_type": "copy_code",
                "index": "4",
                "parameters": [{"type": "coupon_code", "coupon_code": "GIFT30"}],
            },
            {
                "type": "button",
                "sub_type": "flow",
                "index": "5",
                "parameters": [
                    {
                        "type": "action",
                        "action": {"flow_token": "meal:g7", "flow_action_data": {"who": "Noa"}},
                    }
                ],
            },
        ],
    }


@pytest.mark.parametrize("kind", ["image", "video", "document"])
def test_a_media_header_goes_by_link_or_by_id(kind: str) -> None:
    entry = f'header_type = "{kind}"\nheader_handle_key = "file"'

    assert components(entry, {"file": "https://x.example/f"}) == [
        {"type": "header", "parameters": [{"type": kind, kind: {"link": "https://x.example/f"}}]}
    ]
    assert components(entry, {"file": "1339522734477770"}) == [
        {"type": "header", "parameters": [{"type": kind, kind: {"id": "1339522734477770"}}]}
    ]


def test_a_document_carries_its_file_name() -> None:
    entry = 'header_type = "DOCUMENT"\nheader_id_key = "doc"\nheader_filename = "הזמנה.pdf"'

    assert components(entry, {"doc": "1339522734477770"}) == [
        {
            "type": "header",
            "parameters": [
                {"type": "document", "document": {"id": "1339522734477770", "filename": "הזמנה.pdf"}}
            ],
        }
    ]


def test_a_location_is_sent_as_text_digits_as_meta_s_examples_do() -> None:
    entry = (
        'header_type = "LOCATION"\nheader_latitude_key = "lat"\nheader_longitude_key = "long"\n'
        'header_name_key = "name"\nheader_address_key = "address"'
    )
    params: dict[str, object] = {"lat": "31.7767", "long": "35.2345", "name": "Hall", "address": "1 Main St"}

    assert components(entry, params) == [
        {
            "type": "header",
            "parameters": [
                {
                    "type": "location",
                    "location": {
                        "latitude": "31.7767",
                        "longitude": "35.2345",
                        "name": "Hall",
                        "address": "1 Main St",
                    },
                }
            ],
        }
    ]


def test_a_flow_without_token_or_data_sends_meta_s_default_token() -> None:
    assert components('buttons = [{ type = "FLOW" }]', {}) == [
        {
            "type": "button",
            "sub_type": "flow",
            "index": "0",
            "parameters": [{"type": "action", "action": {"flow_token": "unused"}}],
        }
    ]


def test_a_template_without_any_value_sends_no_components() -> None:
    assert components("", {}) is None


def test_a_refused_parameter_gives_no_request() -> None:
    with pytest.raises(ParameterRefused, match="contact_name"):
        build(INVITATION, "+972504370045", {**PARAMS, "contact_name": "a\nb"}, "m1")


@pytest.mark.parametrize(
    "to", ["0504370045", "972504370045", "+0504370045", "+972-50", "", "+٩٧٢٥٠٤٣٧٠٠٤٥", "+97250437004512345"]
)
def test_a_number_in_another_form_is_not_sent_to_and_not_repeated(to: str) -> None:
    with pytest.raises(InvalidInput, match="international form") as caught:
        build(INVITATION, to, PARAMS, "m1")

    assert not to or to not in str(caught.value)


@pytest.mark.parametrize(
    ("opaque", "words"),
    [("", "empty"), ("x" * 513, "513 characters"), ("m\n1", "line break"), ("\ud800", "half")],
)
def test_a_message_id_that_meta_could_not_echo_is_refused(opaque: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        build(INVITATION, "+972504370045", PARAMS, opaque)


def test_a_message_id_may_have_512_characters() -> None:
    request = json.loads(build(INVITATION, "+972504370045", PARAMS, "x" * 512))

    assert request["biz_opaque_callback_data"] == "x" * 512


@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_any_text_is_refused_or_arrives_exactly(text: str) -> None:
    try:
        payload = build(INVITATION, "+972504370045", {**PARAMS, "contact_name": text}, "m1")
    except ParameterRefused:
        return

    (_, body, _) = json.loads(payload.decode("utf-8"))["template"]["components"]
    assert body["parameters"] == [{"type": "text", "text": text}]


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cc", "Cs", "Z"])
        | st.sampled_from("\u200f\u200e\u2067\u2069\u061c"),
        min_size=1,
        max_size=40,
    ).filter(lambda text: any(character.isalnum() for character in text))
)
def test_letters_emoji_and_direction_marks_are_never_refused(text: str) -> None:
    payload = build(INVITATION, "+972504370045", {**PARAMS, "contact_name": text}, "m1")

    (_, body, _) = json.loads(payload)["template"]["components"]
    assert body["parameters"][0]["text"] == text
