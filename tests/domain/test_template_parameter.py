"""Which values may go into a template, kind by kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.parameter import Fault, Rule, fault, is_media_id

ROOM = 1024


def whats(rule: Rule, value: object, limit: int = ROOM) -> str:
    found = fault(rule, value, limit)
    assert found is not None, f"{value!r} was taken as {rule}"
    assert found.fix.endswith((".", "!"))
    return found.what


@pytest.mark.parametrize(
    "text",
    [
        "איילה חורב",
        "محمد بن علي",
        'Zoë & José – O\'Brien "Bob"',
        "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️",
        "\u200fאולם\u200e Hall 7\u2067",
        "four    spaces",
        "x" * ROOM,
        "{{1}}",
        "<script>",
        "\U0010ffff",
    ],
)
def test_what_people_write_is_text(text: str) -> None:
    assert fault(Rule.TEXT, text, ROOM) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (7, "type int"),
        (7.5, "type float"),
        (True, "type bool"),
        (b"Dana", "type bytes"),
        (["Dana"], "type list"),
        ("", "empty"),
        ("   ", "nothing to see"),
        ("\u200f\u200e \u2060", "nothing to see"),
        ("\xa0", "nothing to see"),
        ("Dana\nYoav", "line break at position 5"),
        ("Dana\r\nYoav", "line break at position 5"),
        ("Dana\u2028Yoav", "line break at position 5"),
        ("Dana\x85", "line break at position 5"),
        ("Dana\tYoav", "tab at position 5"),
        ("Dana     Yoav", "5 spaces in a row at position 5"),
        ("Dana \xa0\u2009 \xa0 Yoav", "6 spaces in a row at position 5"),
        ("x" * (ROOM + 1), f"{ROOM + 1} characters where at most {ROOM} fit"),
        ("Da\x00na", "U+0000"),
        ("Da\x1bna", "U+001B"),
        ("Da\x9dna", "U+009D"),
        ("Da\ud83dna", "half a character"),
    ],
)
def test_text_that_meta_would_refuse_is_refused(value: object, words: str) -> None:
    assert words in whats(Rule.TEXT, value)


@pytest.mark.parametrize(
    "link",
    [
        "https://invy.example/i.jpg",
        "http://127.0.0.1:8080/i.jpg?x=1#y",
        "HTTPS://INVY.EXAMPLE/",
        "https://invy.example/תמונה.jpg",
        "https://[::1]/i.jpg",
    ],
)
def test_a_web_address_is_a_link(link: str) -> None:
    assert fault(Rule.LINK, link, ROOM) is None
    assert fault(Rule.MEDIA, link, ROOM) is None
    assert not is_media_id(link)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("invy.example/i.jpg", "not an http or https link"),
        ("ftp://invy.example/i.jpg", "not an http or https link"),
        ("javascript:alert(1)", "not an http or https link"),
        ("https:///i.jpg", "without a host"),
        ("https://invy.example/my image.jpg", "space, tab or line break at position 24"),
        ("https://invy.example/i.jpg\n", "space, tab or line break"),
        ("https://[::1/i.jpg", "cannot be read|not a web address"),
        ("https://invy.example:99999/i.jpg", "not a web address"),
        ("4::aW1hZ2UvanBlZw==:ARb", "sample handle"),
        ("https://scontent.whatsapp.net/v/t61.jpg", "own sample"),
    ],
)
def test_what_meta_could_not_fetch_is_no_link(link: str, words: str) -> None:
    for rule in (Rule.LINK, Rule.MEDIA):
        assert any(word in whats(rule, link) for word in words.split("|"))


def test_a_media_id_and_a_link_cannot_be_taken_for_each_other() -> None:
    assert fault(Rule.MEDIA_ID, "1339522734477770", ROOM) is None
    assert fault(Rule.MEDIA, "1339522734477770", ROOM) is None
    assert is_media_id("1339522734477770")
    assert "media id where a link" in whats(Rule.LINK, "1339522734477770")
    assert "link where a media id" in whats(Rule.MEDIA_ID, "https://invy.example/i.jpg")
    assert "not a media id" in whats(Rule.MEDIA_ID, "١٣٣٩٥٢٢٧٣٤٤٧٧٧٧٠")  # digits, but not the ones Meta uses
    assert "not an http" in whats(Rule.MEDIA, "١٣٣٩٥٢٢٧٣٤٤٧٧٧٧٠")


@pytest.mark.parametrize("degrees", ["0", "-90", "90.0", "31.7767", "-0.000001"])
def test_decimal_degrees_are_coordinates(degrees: str) -> None:
    assert fault(Rule.LATITUDE, degrees, ROOM) is None
    assert fault(Rule.LONGITUDE, degrees, ROOM) is None


@pytest.mark.parametrize(
    "degrees", ["31,7767", "31°46'", "N31.7", "nan", "inf", "1e1", " 31", "+31", "31.", "٣١"]
)
def test_other_ways_to_write_degrees_are_refused(degrees: str) -> None:
    assert "not a number of degrees" in whats(Rule.LATITUDE, degrees)


def test_latitude_and_longitude_have_their_own_bounds() -> None:
    assert "outside -90 to 90" in whats(Rule.LATITUDE, "90.1")
    assert fault(Rule.LONGITUDE, "180", ROOM) is None
    assert "outside -180 to 180" in whats(Rule.LONGITUDE, "-180.01")


def test_a_float_is_asked_for_as_text() -> None:
    assert "type float" in whats(Rule.LATITUDE, 31.7767)


@pytest.mark.parametrize("code", ["WED-30", "קוד", "A B", "a_b", "😀"])
def test_a_code_to_copy_has_letters_and_digits_only(code: str) -> None:
    assert "other characters" in whats(Rule.COPY_CODE, code, 20)


def test_a_code_to_copy_is_short() -> None:
    assert fault(Rule.COPY_CODE, "A" * 20, 20) is None
    assert "21 characters" in whats(Rule.COPY_CODE, "A" * 21, 20)


def test_a_file_name_has_no_folder() -> None:
    assert fault(Rule.FILENAME, "הזמנה 2026.pdf", ROOM) is None
    assert "folder" in whats(Rule.FILENAME, "../invitation.pdf")
    assert "folder" in whats(Rule.FILENAME, "C:\\invitation.pdf")


def test_the_end_of_a_link_has_no_white_space() -> None:
    assert fault(Rule.URL_SUFFIX, "f3122a7d-1d7c?x=א", ROOM) is None
    assert "space" in whats(Rule.URL_SUFFIX, "dana levi")


def test_flow_data_may_have_lines() -> None:
    assert fault(Rule.FLOW_DATA, "first\nsecond\tthird", ROOM) is None
    assert "U+0000" in whats(Rule.FLOW_DATA, "a\x00")


anything = (
    st.text(alphabet=st.characters(codec=None), max_size=60)
    | st.text(alphabet="0123456789./:-hp ts\u200f[]@", max_size=40)
    | st.none()
    | st.integers()
    | st.floats()
    | st.binary(max_size=5)
)


@given(st.sampled_from(Rule), anything, st.integers(-5, 50))
def test_every_value_is_either_right_or_explained(rule: Rule, value: object, limit: int) -> None:
    found = fault(rule, value, limit)

    if found is None:
        assert isinstance(value, str)
        assert value.strip()
        assert len(value) <= limit
        value.encode()  # what is taken can be sent
    else:
        assert isinstance(found, Fault)


@given(st.sampled_from(Rule), st.text(alphabet="קרשת☃\t\n \x00\ud800", min_size=4, max_size=60))
def test_an_explanation_never_repeats_the_value(rule: Rule, value: str) -> None:
    found = fault(rule, value, 10)

    assert found is None or value.strip() == "" or (value not in found.what and value not in found.fix)
