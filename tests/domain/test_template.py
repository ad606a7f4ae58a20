"""What a template needs from whoever sends it."""

from invy.domain.ids import TemplateKey
from invy.domain.pattern import Pattern
from invy.domain.template import (
    CopyCodeButton,
    FlowButton,
    LocationHeader,
    MediaHeader,
    MediaKind,
    PhoneButton,
    QuickReplyButton,
    Template,
    TextHeader,
    UrlButton,
    Variable,
    required_parameters,
    unused,
)

INVITATION = Template(
    key=TemplateKey("hina_invitation"),
    name="hina_invitation",
    language="he",
    header=MediaHeader(MediaKind.IMAGE, "invitation_image_url"),
    body=(Variable("contact_name"),),
    buttons=(UrlButton(0, Pattern("https://invy.example/guest/{{1}}"), "event_id"),),
)


def template(**parts: object) -> Template:
    return Template(TemplateKey("t"), "t", "en", **parts)  # type: ignore[arg-type]  # each test names the parts it is about


def test_parameters_are_asked_for_in_the_order_of_the_message() -> None:
    assert required_parameters(INVITATION) == ("invitation_image_url", "contact_name", "event_id")


def test_a_parameter_used_twice_is_asked_for_once() -> None:
    twice = template(
        body=(Variable("code"),), buttons=(UrlButton(0, Pattern("https://x.example/{{1}}"), "code"),)
    )

    assert required_parameters(twice) == ("code",)


def test_a_parameter_with_a_default_is_not_asked_for() -> None:
    defaulted = template(body=(Variable("name"), Variable("hall")), defaults=(("hall", "The Garden"),))

    assert required_parameters(defaulted) == ("name",)


def test_every_kind_of_part_names_its_parameters() -> None:
    parts = template(
        header=LocationHeader("lat", "long", "venue", "address"),
        body=(Variable("name"),),
        buttons=(
            QuickReplyButton(0, Pattern("yes:{{guest}}:{{event}}")),
            CopyCodeButton(1, "coupon"),
            FlowButton(2, Pattern("meal:{{token}}"), (("who", "name"), ("table", "table_number"))),
        ),
    )

    assert required_parameters(parts) == (
        "lat",
        "long",
        "venue",
        "address",
        "name",
        "guest",
        "event",
        "coupon",
        "token",
        "table_number",
    )


def test_fixed_parts_ask_for_nothing() -> None:
    fixed = template(
        header=TextHeader(None, Pattern("Save the date")),
        buttons=(
            UrlButton(0, Pattern("https://x.example/map")),
            QuickReplyButton(1),
            PhoneButton(2, "+447700900123"),
        ),
    )

    assert required_parameters(fixed) == ()


def test_parameters_that_nothing_uses_are_named() -> None:
    given = {"contact_name": "Dana", "contact_nmae": "Dana", "event_id": "e1", "seat": "4"}

    assert unused(INVITATION, given) == ("contact_nmae", "seat")
