"""What the guest will see, in plain text, however little is known."""

from hypothesis import given
from hypothesis import strategies as st

from invy.domain.ids import TemplateKey
from invy.domain.pattern import Pattern
from invy.domain.preview import preview
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
)

KNOWN = Template(
    key=TemplateKey("rsvp"),
    name="rsvp",
    language="he",
    header=TextHeader(Variable("couple"), Pattern("החתונה של {{1}}")),
    body=(Variable("contact_name"), Variable("hour")),
    body_text=Pattern("{{1}}, נתראה ב־{{2}}!"),
    footer="נשלח דרך Invy",
    buttons=(
        QuickReplyButton(0, Pattern("yes:{{guest}}"), "מגיעים"),
        UrlButton(1, Pattern("https://invy.example/{{1}}"), "token", "פרטים"),
        UrlButton(2, Pattern("https://invy.example/map"), None, "מפה"),
        CopyCodeButton(3, "code"),
        FlowButton(4, Pattern("x")),
        PhoneButton(5, "+447700900123", "חייגו"),
    ),
    defaults=(("hour", "19:30"),),
)


def test_a_known_text_is_shown_as_the_guest_will_see_it() -> None:
    shown = preview(KNOWN, {"couple": "דנה ויואב", "contact_name": "נועה", "token": "t9", "code": "GIFT"})

    assert shown == (
        "החתונה של דנה ויואב\n\n"
        "נועה, נתראה ב־19:30!\n\n"
        "נשלח דרך Invy\n\n"
        "[מגיעים]\n"
        "[פרטים] → https://invy.example/t9\n"
        "[מפה] → https://invy.example/map\n"
        "[copy code] → GIFT\n"
        "[form]\n"
        "[חייגו] → +447700900123"
    )


def test_values_that_are_not_known_yet_stay_visible_by_their_parameter() -> None:
    shown = preview(KNOWN, {})

    assert "החתונה של {{couple}}" in shown
    assert "{{contact_name}}, נתראה ב־19:30!" in shown
    assert "https://invy.example/{{token}}" in shown


def test_without_a_copy_of_the_text_its_values_are_shown() -> None:
    unknown = Template(
        TemplateKey("t"),
        "hina_invitation",
        "he",
        header=MediaHeader(MediaKind.IMAGE, "image"),
        body=(Variable("contact_name"),),
    )

    assert preview(unknown, {"image": "https://x.example/i.jpg", "contact_name": "איילה"}) == (
        "[image] https://x.example/i.jpg\n\n(the text of hina_invitation in he, as approved at Meta)\n{{1}} = איילה"
    )


def test_a_place_is_shown_by_name_and_address() -> None:
    venue = Template(
        TemplateKey("t"),
        "t",
        "en",
        header=LocationHeader("lat", "long", "name", "address"),
        body_text=Pattern("Come!"),
    )

    assert preview(venue, {"lat": "31.7", "long": "35.2", "name": "Hall", "address": "1 Main St"}) == (
        "[location] Hall, 1 Main St, 31.7, 35.2\n\nCome!"
    )


def test_a_document_is_shown_with_its_file_name() -> None:
    document = Template(
        TemplateKey("t"), "t", "en", header=MediaHeader(MediaKind.DOCUMENT, "doc", filename="Map.pdf")
    )

    assert preview(document, {"doc": "123456"}).startswith("[document] 123456 (Map.pdf)\n")


def test_what_could_harm_a_terminal_is_shown_as_a_mark() -> None:
    shown = preview(KNOWN, {"contact_name": "No\x1b[31ma\n", "couple": "\ud83d & Co"})

    assert "No\ufffd[31ma\ufffd, נתראה" in shown
    assert "\ufffd & Co" in shown


@given(
    st.dictionaries(
        st.sampled_from(["couple", "contact_name", "hour", "token", "code"]),
        st.text(alphabet=st.characters(codec=None)) | st.none() | st.integers(),
    )
)
def test_a_preview_never_refuses_and_can_always_be_printed(params: dict[str, object]) -> None:
    assert preview(KNOWN, params).encode()
