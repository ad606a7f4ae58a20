"""What makes a template of ours unfit for what Meta has approved, and what does not."""

import pytest

from invy.domain.template import Template
from invy.meta import registry
from invy.meta.graph_object import GraphObject
from invy.meta.live_template import LiveTemplate, read_page
from invy.meta.template_difference import Part, differences


def ours(text: str) -> Template:
    return registry.load('[t]\nmeta_name = "t"\nlanguage_code = "he"\n' + text, "t.toml").get("t")


def metas(*components: dict[str, object], named: bool = False) -> LiveTemplate:
    row = {
        "name": "t",
        "language": "he",
        "status": "APPROVED",
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "components": list(components),
    }
    [template] = read_page(GraphObject({"data": [row]})) or ()
    return template


def body(text: str) -> dict[str, object]:
    return {"type": "BODY", "text": text}


def header(form: str, text: str = "") -> dict[str, object]:
    return {"type": "HEADER", "format": form, "text": text}


def buttons(*given: dict[str, str]) -> dict[str, object]:
    return {"type": "BUTTONS", "buttons": list(given)}


URL = {"type": "URL", "text": "Open", "url": "https://x.example/{{1}}"}
IMAGE = 'header_type = "IMAGE"\nheader_handle_key = "image"\n'
LINK = 'button_type = "URL"\nbutton_url = "https://x.example/{{1}}"\nbutton_param_key = "token"\n'
ONE = 'body_params = ["name"]\n'
NAMED = 'parameter_format = "named"\nbody_params = { guest = "name" }\n'


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("", metas(body("Hello"))),
        (ONE, metas(body("Hello {{1}}"))),
        (ONE, metas(body("Hello {{1}} and {{1}}"))),
        (IMAGE + ONE + LINK, metas(header("IMAGE"), body("{{1}}"), buttons(URL))),
        (NAMED, metas(body("Hello {{guest}}"), named=True)),
        ("", metas(header("TEXT", "A fixed title"), body("Hello"))),
        ('header_type = "TEXT"\nheader_text = "A fixed title"\n', metas(header("TEXT", "Title"), body("x"))),
        ("", metas(body("x"), buttons({"type": "QUICK_REPLY", "text": "Yes"}))),
        ("", metas(body("x"), buttons({"type": "URL", "text": "Site", "url": "https://x.example/"}))),
    ],
)
def test_what_fits_has_no_difference(mine: str, theirs: LiveTemplate) -> None:
    assert differences(ours(mine), theirs) == ()


@pytest.mark.parametrize(
    ("mine", "theirs", "part", "here", "there"),
    [
        (ONE, metas(header("IMAGE"), body("{{1}}")), Part.HEADER, "-", "IMAGE"),
        (IMAGE, metas(body("x")), Part.HEADER, "IMAGE", "-"),
        (IMAGE, metas(header("VIDEO"), body("x")), Part.HEADER, "IMAGE", "VIDEO"),
        (
            'header_type = "TEXT"\nheader_text = "For {{1}}"\nheader_param_key = "name"\n',
            metas(header("TEXT", "For all"), body("x")),
            Part.HEADER_VARIABLES,
            "1",
            "0",
        ),
        ("", metas(header("TEXT", "For {{1}}"), body("x")), Part.HEADER, "-", "TEXT"),
        (ONE, metas(body("{{1}} and {{2}}")), Part.BODY_VARIABLES, "1", "2"),
        (ONE, metas(body("nobody")), Part.BODY_VARIABLES, "1", "0"),
        (ONE, metas(body("{{guest}}"), named=True), Part.FORMAT, "positional", "named"),
        (NAMED, metas(body("{{1}}")), Part.FORMAT, "named", "positional"),
        (NAMED, metas(body("{{visitor}}"), named=True), Part.BODY_NAMES, "guest", "visitor"),
        ("", metas(body("x"), buttons(URL)), Part.BUTTON_MISSING, "-", "URL"),
        (LINK, metas(body("x")), Part.BUTTON_MISSING, "URL", "-"),
        (
            LINK,
            metas(body("x"), buttons({"type": "QUICK_REPLY", "text": "a"})),
            Part.BUTTON,
            "URL",
            "QUICK_REPLY",
        ),
        (
            LINK,
            metas(body("x"), buttons(URL | {"url": "https://x.example/"})),
            Part.BUTTON_VARIABLE,
            "{{1}}",
            "-",
        ),
    ],
)
def test_each_difference_is_named_with_both_sides(
    mine: str, theirs: LiveTemplate, part: Part, *, here: str, there: str
) -> None:
    [found] = differences(ours(mine), theirs)
    assert (found.part, found.ours, found.metas, found.refused) == (part, here, there, True)


def test_another_address_in_a_button_is_told_and_not_refused() -> None:
    [found] = differences(ours(LINK), metas(body("x"), buttons(URL | {"url": "https://y.example/{{1}}"})))
    assert (found.part, found.place, found.refused) == (Part.BUTTON_URL, "1", False)


def test_several_differences_are_all_told() -> None:
    found = differences(ours(IMAGE + ONE + LINK), metas(body("{{1}} {{2}}")))
    assert [each.part for each in found] == [Part.HEADER, Part.BODY_VARIABLES, Part.BUTTON_MISSING]
