"""A guest's parameters go into a template, or are refused before anything is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.errors import ParameterRefused
from invy.domain.ids import TemplateKey
from invy.domain.pattern import Pattern
from invy.domain.rendering import (
    BodyComponent,
    ButtonComponent,
    CopyCode,
    FlowAction,
    HeaderComponent,
    Location,
    Media,
    Payload,
    Text,
    UrlSuffix,
    refusals,
    render,
)
from invy.domain.template import (
    CopyCodeButton,
    FlowButton,
    LocationHeader,
    MediaHeader,
    MediaKind,
    MediaSource,
    PhoneButton,
    QuickReplyButton,
    Template,
    TextHeader,
    UrlButton,
    Variable,
    slots,
)

INVITATION = Template(
    key=TemplateKey("hina_invitation"),
    name="hina_invitation",
    language="he",
    header=MediaHeader(MediaKind.IMAGE, "image"),
    body=(Variable("contact_name"),),
    buttons=(UrlButton(0, Pattern("https://invy.example/guest/{{1}}"), "event_id"),),
)
PARAMS = {"image": "https://invy.example/i.jpg", "contact_name": "איילה חורב", "event_id": "f3122a7d"}

FULL = Template(
    key=TemplateKey("full"),
    name="full",
    language="en",
    header=TextHeader(Variable("couple", "couple"), Pattern("The wedding of {{couple}}")),
    body=(Variable("contact_name", "guest"), Variable("hour", "hour")),
    buttons=(
        QuickReplyButton(0, Pattern("rsvp:yes:{{guest_id}}")),
        QuickReplyButton(1),
        UrlButton(2, Pattern("https://invy.example/map")),
        CopyCodeButton(3, "code"),
        FlowButton(4, Pattern("meal:{{guest_id}}"), (("who", "contact_name"),)),
        PhoneButton(5),
    ),
    body_text=Pattern("Dear {{guest}}, come at {{hour}}"),
    defaults=(("hour", "19:30"),),
)
FULL_PARAMS = {"couple": "Dana & Yoav", "contact_name": "Noa", "guest_id": "g7", "code": "GIFT30"}


def body_only(text: str | None = None) -> Template:
    return Template(
        TemplateKey("t"),
        "t",
        "en",
        body=(Variable("a"), Variable("b")),
        body_text=None if text is None else Pattern(text),
        footer="Reply STOP to end",
    )


def refusal(template: Template, params: dict[str, object]) -> ParameterRefused:
    with pytest.raises(ParameterRefused) as caught:
        render(template, params)
    assert caught.value.hint
    return caught.value


def test_the_brief_s_invitation_has_an_image_a_name_and_a_link() -> None:
    assert render(INVITATION, PARAMS) == (
        HeaderComponent(Media(MediaKind.IMAGE, link="https://invy.example/i.jpg")),
        BodyComponent((Text("איילה חורב"),)),
        ButtonComponent(0, UrlSuffix("f3122a7d")),
    )


def test_parts_that_are_fixed_at_meta_are_left_out_and_the_others_keep_their_index() -> None:
    assert render(FULL, FULL_PARAMS) == (
        HeaderComponent(Text("Dana & Yoav", "couple")),
        BodyComponent((Text("Noa", "guest"), Text("19:30", "hour"))),
        ButtonComponent(0, Payload("rsvp:yes:g7")),
        ButtonComponent(3, CopyCode("GIFT30")),
        ButtonComponent(4, FlowAction("meal:g7", (("who", "Noa"),))),
    )


def test_a_value_given_goes_before_a_default() -> None:
    rendered = render(FULL, {**FULL_PARAMS, "hour": "20:00"})

    assert BodyComponent((Text("Noa", "guest"), Text("20:00", "hour"))) in rendered


def test_a_blank_value_is_refused_even_where_there_is_a_default() -> None:
    assert refusal(FULL, {**FULL_PARAMS, "hour": ""}).parameter == "hour"


def test_a_media_header_takes_a_link_or_an_id_and_tells_them_apart() -> None:
    (by_id, *_) = render(INVITATION, {**PARAMS, "image": "1339522734477770"})

    assert by_id == HeaderComponent(Media(MediaKind.IMAGE, id="1339522734477770"))


def test_a_document_has_a_file_name_of_its_own_or_the_guest_s() -> None:
    fixed = Template(
        TemplateKey("t"),
        "t",
        "en",
        header=MediaHeader(MediaKind.DOCUMENT, "doc", MediaSource.ID, filename="Map.pdf"),
    )
    given_name = Template(
        TemplateKey("t"), "t", "en", header=MediaHeader(MediaKind.DOCUMENT, "doc", filename_key="name")
    )

    assert render(fixed, {"doc": "123456"}) == (
        HeaderComponent(Media(MediaKind.DOCUMENT, id="123456", filename="Map.pdf")),
    )
    assert render(given_name, {"doc": "https://x.example/a", "name": "הזמנה.pdf"}) == (
        HeaderComponent(Media(MediaKind.DOCUMENT, link="https://x.example/a", filename="הזמנה.pdf")),
    )


def test_a_location_keeps_every_digit() -> None:
    venue = Template(TemplateKey("t"), "t", "en", header=LocationHeader("lat", "long", name_key="name"))

    assert render(venue, {"lat": "31.77670000000001", "long": "35.2", "name": "Hall"}) == (
        HeaderComponent(Location("31.77670000000001", "35.2", "Hall")),
    )


def test_parameters_that_the_template_does_not_use_are_not_looked_at() -> None:
    assert render(INVITATION, {**PARAMS, "note": "a\nb", "n": None}) == render(INVITATION, PARAMS)


def test_a_refusal_names_parameter_place_template_trouble_and_cure() -> None:
    refused = refusal(INVITATION, {**PARAMS, "contact_name": "Dana\nLevi"})

    assert refused.parameter == "contact_name"
    assert (
        str(refused)
        == "Parameter 'contact_name' ({{1}} of the body, template 'hina_invitation') has a line break at position 5."
    )
    assert refused.hint == "Put it on one line; line breaks belong into the template itself."


def test_a_missing_parameter_is_named_with_the_one_that_was_probably_meant() -> None:
    refused = refusal(INVITATION, {"image": PARAMS["image"], "event_id": "e", "contact_nmae": "Dana"})

    assert refused.parameter == "contact_name"
    assert "is missing" in str(refused)
    assert "'contact_nmae'" in refused.hint


def test_all_refusals_can_be_had_at_once() -> None:
    found = refusals(INVITATION, {"image": "nowhere", "event_id": "a b"})

    assert [refused.parameter for refused in found] == ["image", "contact_name", "event_id"]


def test_nothing_is_refused_of_good_parameters() -> None:
    assert refusals(INVITATION, PARAMS) == ()


def test_one_parameter_must_be_right_in_every_place_it_is_used() -> None:
    both = Template(
        TemplateKey("t"),
        "t",
        "en",
        body=(Variable("x"),),
        buttons=(UrlButton(0, Pattern("https://x.example/{{1}}"), "x"),),
    )

    assert "link of button 1" in str(refusal(both, {"x": "two words"}))


def test_the_whole_link_in_place_of_its_end_is_refused() -> None:
    refused = refusal(INVITATION, {**PARAMS, "event_id": "https://invy.example/guest/f3122a7d"})

    assert refused.parameter == "event_id"
    assert "repeats the beginning" in str(refused)


def test_a_link_is_measured_with_its_fixed_part() -> None:
    room = 2000 - len("https://invy.example/guest/")
    render(INVITATION, {**PARAMS, "event_id": "x" * room})

    assert refusal(INVITATION, {**PARAMS, "event_id": "x" * (room + 1)}).parameter == "event_id"


def test_a_text_header_is_measured_with_its_fixed_part() -> None:
    room = 60 - len("The wedding of ")
    render(FULL, {**FULL_PARAMS, "couple": "x" * room})

    assert refusal(FULL, {**FULL_PARAMS, "couple": "x" * (room + 1)}).parameter == "couple"


def test_a_body_is_measured_whole_and_the_longest_value_is_blamed() -> None:
    known = body_only("{{1}} and {{2}}")
    fits: dict[str, object] = {"a": "x" * 500, "b": "y" * (1024 - 500 - len(" and "))}
    render(known, fits)

    refused = refusal(known, {**fits, "a": "x" * 501})
    assert refused.parameter == "b"
    assert "makes the body 1025 characters long where at most 1024 fit" in str(refused)


def test_a_body_alone_may_be_long() -> None:
    alone = Template(TemplateKey("t"), "t", "en", body=(Variable("a"),))

    assert render(alone, {"a": "x" * 32768}) == (BodyComponent((Text("x" * 32768),)),)
    assert refusal(alone, {"a": "x" * 32769}).parameter == "a"


def test_a_payload_is_measured_whole() -> None:
    two = Template(TemplateKey("t"), "t", "en", buttons=(QuickReplyButton(0, Pattern("{{a}}:{{b}}:{{a}}")),))
    render(two, {"a": "x" * 40, "b": "y" * 46})

    assert refusal(two, {"a": "x" * 40, "b": "y" * 47}).parameter == "b"


def test_no_message_ever_holds_the_value() -> None:
    secret = "Confidential-" * 200

    for key in PARAMS:
        for value in (secret, secret + "\n", "https://" + secret + "/ /", secret + "\ud800"):
            for refused in refusals(INVITATION, {**PARAMS, key: value}):
                assert "Confidential" not in str(refused) + refused.hint


keys = st.sampled_from(["image", "contact_name", "event_id", "couple", "hour", "guest_id", "code", "x", ""])
values = (
    st.text(max_size=30)
    | st.text(alphabet=st.characters(codec=None), max_size=30)
    | st.sampled_from([*PARAMS.values(), *FULL_PARAMS.values()])
    | st.none()
    | st.integers()
    | st.lists(st.text(max_size=3), max_size=2)
)


@given(st.sampled_from([INVITATION, FULL]), st.dictionaries(keys | st.integers(), values, max_size=9))
def test_rendering_either_works_or_refuses_a_parameter_of_the_template(
    template: Template, params: dict[str, object]
) -> None:
    found = refusals(template, params)

    if not found:
        render(template, params)
        return
    with pytest.raises(ParameterRefused, match="Parameter") as caught:
        render(template, params)
    assert str(caught.value) == str(found[0])
    assert caught.value.parameter in {slot.key for slot in slots(template)}


legible = st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)


@given(legible)
def test_text_goes_through_untouched(text: str) -> None:
    (_, body, _) = render(INVITATION, {**PARAMS, "contact_name": text})

    assert body == BodyComponent((Text(text),))
