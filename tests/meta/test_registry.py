"""A file of templates: what it means, in all its forms."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.errors import NotFound, TemplateInvalid
from invy.domain.ids import TemplateKey
from invy.domain.pattern import Pattern
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
)
from invy.meta.registry import Registry, load, problems, sample

BRIEF = """
meta_name = "hina_invitation"
language_code = "he"
header_type = "IMAGE"
header_handle_key = "invitation_image_url"
body_params = ["contact_name"]
button_type = "URL"
button_url = "https://invy.dvirlabs.com/guest/{{1}}"
button_param_key = "event_id"
"""


def one(text: str) -> Template:
    return load('[t]\nmeta_name = "t"\nlanguage_code = "en"\n' + text, "templates.toml").get("t")


def test_the_brief_s_entry_is_taken_as_it_stands() -> None:
    assert load("[hina_invitation]\n" + BRIEF, "templates.toml").get("hina_invitation") == Template(
        key=TemplateKey("hina_invitation"),
        name="hina_invitation",
        language="he",
        header=MediaHeader(MediaKind.IMAGE, "invitation_image_url", MediaSource.EITHER),
        body=(Variable("contact_name"),),
        buttons=(UrlButton(0, Pattern("https://invy.dvirlabs.com/guest/{{1}}"), "event_id"),),
    )


def test_an_entry_may_stand_in_the_group_of_templates() -> None:
    grouped = load("[templates.hina_invitation]\n" + BRIEF, "templates.toml")

    assert grouped.get("hina_invitation") == load("[hina_invitation]\n" + BRIEF, "x").get("hina_invitation")


def test_the_short_form_of_one_button_means_the_same_as_the_list() -> None:
    short = one(
        'button_type = "url"\nbutton_text = "Open"\nbutton_url = "https://x.example/{{1}}"\nbutton_param_key = "k"'
    )
    listed = one(
        '[[t.buttons]]\ntype = "URL"\ntext = "Open"\nurl = "https://x.example/{{1}}"\nparam_key = "k"'
    )

    assert short == listed


def test_keys_left_empty_count_as_left_out() -> None:
    assert one('header_type = ""\nheader_handle_key = ""\nbutton_type = ""\nbody = ""') == one("")
    assert one('header_type = "NONE"\nbutton_type = "NONE"') == one("")


@pytest.mark.parametrize(
    ("key", "source"),
    [
        ("header_handle_key", MediaSource.EITHER),
        ("header_link_key", MediaSource.LINK),
        ("header_id_key", MediaSource.ID),
    ],
)
def test_a_media_header_says_what_its_parameter_holds(key: str, source: MediaSource) -> None:
    assert one(f'header_type = "video"\n{key} = "film"').header == MediaHeader(
        MediaKind.VIDEO, "film", source
    )


def test_a_document_header_has_a_file_name() -> None:
    fixed = one('header_type = "DOCUMENT"\nheader_link_key = "d"\nheader_filename = "Map.pdf"')
    varying = one('header_type = "DOCUMENT"\nheader_link_key = "d"\nheader_filename_key = "file"')

    assert fixed.header == MediaHeader(MediaKind.DOCUMENT, "d", MediaSource.LINK, "Map.pdf", None)
    assert varying.header == MediaHeader(MediaKind.DOCUMENT, "d", MediaSource.LINK, None, "file")


def test_a_location_header_needs_its_degrees_only() -> None:
    where = 'header_type = "LOCATION"\nheader_latitude_key = "lat"\nheader_longitude_key = "long"\n'

    assert one(where).header == LocationHeader("lat", "long")
    assert one(where + 'header_name_key = "hall"').header == LocationHeader("lat", "long", "hall")


def test_a_text_header_may_have_a_variable_or_none() -> None:
    fixed = one('header_type = "TEXT"\nheader_text = "Hello"')
    varying = one('header_type = "TEXT"\nheader_text = "Hello {{1}}"\nheader_param_key = "name"')

    assert fixed.header == TextHeader(None, Pattern("Hello"))
    assert varying.header == TextHeader(Variable("name"), Pattern("Hello {{1}}"))


def test_named_variables_have_the_parameters_names_or_a_table_translates() -> None:
    same = one('parameter_format = "named"\nbody_params = ["guest", "hour"]')
    other = one('body_params = { guest = "contact_name" }')

    assert same.body == (Variable("guest", "guest"), Variable("hour", "hour"))
    assert other.body == (Variable("contact_name", "guest"),)


def test_a_named_text_header_takes_its_name_from_the_text_or_is_told() -> None:
    start = 'parameter_format = "named"\nheader_type = "TEXT"\nheader_param_key = "couple"\n'

    assert one(start + 'header_text = "{{names}}!"').header == TextHeader(
        Variable("couple", "names"), Pattern("{{names}}!")
    )
    assert one(start + 'header_param_name = "names"').header == TextHeader(Variable("couple", "names"))
    assert one(start).header == TextHeader(Variable("couple", "couple"))


def test_every_kind_of_button_is_understood() -> None:
    entry = one(
        """
        [[t.buttons]]
        type = "QUICK_REPLY"
        text = "Yes"
        payload = "yes:{{guest_id}}"
        [[t.buttons]]
        type = "quick_reply"
        param_key = "answer"
        [[t.buttons]]
        type = "QUICK_REPLY"
        [[t.buttons]]
        type = "URL"
        url = "https://x.example/map"
        [[t.buttons]]
        type = "COPY_CODE"
        param_key = "code"
        [[t.buttons]]
        type = "FLOW"
        param_key = "token"
        data = { who = "name" }
        [[t.buttons]]
        type = "PHONE_NUMBER"
        phone_number = "+447700900123"
        """
    )

    assert entry.buttons == (
        QuickReplyButton(0, Pattern("yes:{{guest_id}}"), "Yes"),
        QuickReplyButton(1, Pattern("{{answer}}")),
        QuickReplyButton(2),
        UrlButton(3, Pattern("https://x.example/map")),
        CopyCodeButton(4, "code"),
        FlowButton(5, Pattern("{{token}}"), (("who", "name"),)),
        PhoneButton(6, "+447700900123"),
    )


def test_buttons_keep_the_index_they_are_given() -> None:
    entry = one(
        '[[t.buttons]]\ntype = "COPY_CODE"\nparam_key = "c"\nindex = 2\n[[t.buttons]]\ntype = "FLOW"\nindex = "0"'
    )

    assert [(type(button), button.index) for button in entry.buttons] == [
        (FlowButton, 0),
        (CopyCodeButton, 2),
    ]


def test_defaults_stand_in_for_parameters() -> None:
    entry = one('body_params = ["hall"]\n[t.defaults]\nhall = "The Garden"')

    assert entry.default("hall") == "The Garden"


def test_copies_of_text_and_footer_are_kept_for_previews() -> None:
    entry = one('body = """Dear {{1}},\ncome!"""\nbody_params = ["name"]\nfooter = "Invy"')

    assert (entry.body_text, entry.footer) == (Pattern("Dear {{1}},\ncome!"), "Invy")


def test_templates_keep_the_order_of_the_file() -> None:
    registry = load("[b]\n" + BRIEF + "[a]\n" + BRIEF + "[c]\n" + BRIEF, "templates.toml")

    assert (list(registry), registry.keys(), len(registry)) == (["b", "a", "c"], ("b", "a", "c"), 3)
    assert "a" in registry
    assert "d" not in registry
    assert registry["c"].key == "c"


def test_a_mark_that_windows_puts_in_front_and_its_line_ends_do_no_harm() -> None:
    assert len(load("\ufeff[t]\r\n" + BRIEF.replace("\n", "\r\n"), "templates.toml")) == 1


def test_a_key_that_is_not_there_is_answered_with_the_nearest() -> None:
    registry = load("[hina_invitation]\n" + BRIEF, "templates.toml")

    with pytest.raises(NotFound, match=re.escape("no template 'hina_invite' in templates.toml")) as caught:
        registry.get("hina_invite")
    assert caught.value.hint == "Did you mean 'hina_invitation'?"

    with pytest.raises(NotFound) as caught:
        registry.get("zzz")
    assert caught.value.hint == "The file has: hina_invitation."

    with pytest.raises(NotFound) as caught:
        load("", "templates.toml").get("hina_invitation")
    assert "no template yet" in caught.value.hint


def test_the_sample_has_the_brief_s_entry_and_nothing_else() -> None:
    registry = load(sample(), "templates.toml")

    assert registry.keys() == ("hina_invitation",)
    assert registry.get("hina_invitation") == load("[hina_invitation]\n" + BRIEF, "templates.toml").get(
        "hina_invitation"
    )


def test_what_the_sample_suggests_in_comments_is_valid_too() -> None:
    suggested = re.sub(r"^# (?=\[|[a-z_]+ = )", "", sample(), flags=re.MULTILINE)
    registry = load(suggested, "templates.toml")

    assert registry.keys() == ("hina_invitation", "save_the_date")
    assert registry.get("hina_invitation").default("invitation_image_url")
    assert len(registry.get("save_the_date").buttons) == 2


words = st.sampled_from(
    [
        "[a]",
        "[[a.buttons]]",
        "[a.defaults]",
        "meta_name",
        "language_code",
        "header_type",
        "buttons",
        "body_params",
    ]
)
marks = st.sampled_from(
    [" = ", '"', "\n", "[", "]", "{", "}", ",", "'", "IMAGE", "1", "-", "{{1}}", "true", "\\", "#"]
)


@given(st.lists(words | marks | st.text(max_size=5), max_size=25).map("".join))
def test_any_text_is_read_or_answered_with_its_problems(text: str) -> None:
    found = problems(text, "templates.toml")

    if not found:
        assert isinstance(load(text, "templates.toml"), Registry)
        return
    with pytest.raises(TemplateInvalid) as caught:
        load(text, "templates.toml")
    assert all(str(problem) in str(caught.value) for problem in found)


plain = st.one_of(
    st.none().map(lambda _: True),
    st.integers(-3, 12),
    st.floats(),
    st.sampled_from(
        ["", " ", "IMAGE", "URL", "TEXT", "{{1}}", "https://x.example/{{1}}", "name", "he", "t", "named"]
    ),
)
nested = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "url", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    "meta_name",
    "language_code",
    "parameter_format",
    "header_type",
    "header_text",
    "header_param_key",
    "header_handle_key",
    "header_filename",
    "header_latitude_key",
    "body_params",
    "body",
    "footer",
    "button_type",
    "button_url",
    "button_param_key",
    "buttons",
    "defaults",
]


def written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}'"
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{key} = {written(item)}" for key, item in value.items()) + "}"
        case _:
            return str(value)


@given(st.dictionaries(st.sampled_from(KEYS), nested, max_size=8))
def test_a_value_of_any_type_under_any_key_is_read_or_is_a_problem(entry: dict[str, object]) -> None:
    text = "[t]\n" + "\n".join(f"{key} = {written(value)}" for key, value in entry.items())

    for problem in problems(text, "templates.toml"):
        assert str(problem).startswith("templates.toml: [t]")
        assert problem.fix
