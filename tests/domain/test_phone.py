"""Phone numbers: whatever was typed or pasted becomes exactly one number, or is refused with a reason."""

import re
import string

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.errors import InvalidInput, PhoneRefused
from invy.domain.phone import E164, Caution, LineKind, aliases, from_wa_id, mask, parse

BRIEF = "+972504370045"


@pytest.mark.parametrize("raw", ["0504370045", "050-437-0045", "+972504370045", "972504370045"])
def test_the_four_forms_of_the_brief_give_one_number(raw: str) -> None:
    phone = parse(raw, "IL")
    assert phone.e164 == BRIEF
    assert phone.region == "IL"
    assert phone.kind is LineKind.MOBILE
    assert phone.warnings == ()


@pytest.mark.parametrize(
    "raw",
    [
        "00972504370045",
        "00972-50-437-0045",
        "+972 050 437 0045",
        "+972 (0)50-437-0045",
        "(0)50-437-0045",
        "(+972) 50 4370045",
        "050 437 0045",
        "050.437.0045",
        "050/4370045",
        "504370045",
        "٠٥٠٤٣٧٠٠٤٥",
        "۰۵۰۴۳۷۰۰۴۵",
        "０５０－４３７－００４５",
        "＋９７２５０４３７００４５",
        "\u202a+972 50-437-0045\u202c",
        "\u200f050\u00a0437\u20110045\u200e",
        "\u2066\ufeff0504370045\u2069",
        "050־437־0045",
        "972504370045+",
        "++972504370045",
        "'0504370045",
        "’0504370045",
        '"0504370045"',
        '="0504370045"',
        " 0504370045 \r\n",
        "0504370045,",
        "tel:+972-50-437-0045",
        "tel:0504370045;phone-context=+972",
        "whatsapp:+972504370045",
        "https://wa.me/972504370045",
        "wa.me/972504370045?text=hi%20there%201234567",
        "http://wa.me/+972-50-437-0045",
        "https://api.whatsapp.com/send?phone=972504370045&text=hello",
        "https://api.whatsapp.com/send/?phone=%2B972504370045&text&type=phone_number",
        "whatsapp://send?phone=972504370045",
        "wa.me/0504370045",
        "Mobile: 050-437-0045",
        "נייד: 050-437-0045",
        "טל' 050-437-0045",
        "هاتف 050-437-0045",
    ],
)
def test_pasted_forms_mean_the_same_number(raw: str) -> None:
    assert parse(raw, "IL").e164 == BRIEF


@pytest.mark.parametrize(
    "raw",
    [
        "972504370045.0",
        "972504370045.00",
        "504370045.0",
        "5.04370045E8",
        "9.72504370045e+11",
        "972,504,370,045",
    ],
)
def test_a_number_that_a_spreadsheet_turned_into_a_quantity_is_read_exactly(raw: str) -> None:
    assert parse(raw, "IL").e164 == BRIEF


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("9.72504E+11", "last digits are lost"),
        ("5.04E8", "last digits are lost"),
        ("972504370045.5", "decimal fraction"),
        ("-4369995", "negative number"),
    ],
)
def test_a_number_that_a_spreadsheet_destroyed_is_refused(raw: str, reason: str) -> None:
    assert reason in refusal(raw).message


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "no number"),
        (" \u200f ", "no number"),
        ("abc", "not a phone number"),
        ("½", "not a phone number"),
        ("\x00", "not a phone number"),
        ("050\x004370045", "something besides"),
        ("12", "Too short"),
        ("050437004", "Too short: it has 8 digits after +972, and a mobile number of IL has 9"),
        ("05043700456", "Too long: it has 10 digits after +972"),
        ("9725043700451", "Too long: it has 10 digits after +972"),
        ("050437004505043700450504370045", "Too long"),
        ("0604370045", "No number of IL (+972) begins like this"),
        ("312345678", "No number of IL (+972) begins like this"),
        ("+999504370045", "No country has the calling code"),
        ("+0504370045", "no country code begins with 0"),
        ("000504370045", "no country code begins with 0"),
        ("050-4370045 ext. 12", "extension"),
        ("050-4370045x12", "extension"),
        ("050-4370045#12", "extension"),
        ("03-5550000 שלוחה 4", "extension"),
        ("tel:+972504370045;ext=12", "extension"),
        ("0504370045 / 0520000000", "two numbers"),
        ("050-4370045/6", "two numbers"),
        ("0504370045, 0520000000", "two numbers"),
        ("0504370045; 0520000000", "two numbers"),
        ("0504370045\n0520000000", "two numbers"),
        ("0504370045 או 0520000000", "two numbers"),
        ("0504370045 0520000000", "two numbers"),
        ("050-437-0045 052-000-0000", "two numbers"),
        ("+972504370045+972520000000", "two numbers"),
        ("050-4370045 (mother)", "something besides the number"),
        ("050-437-00O5", "something besides the number"),
        ("*2700", "service code"),
        ("#31#0504370045", "service code"),
        ("guest@example.com", "e-mail"),
        ("https://wa.me/message/ABCDEFG1234567", "does not contain a phone number"),
        ("0123412345678", "particular carrier"),
        ("0" * 5000, "holds 5000 characters"),
    ],
)
def test_what_is_not_exactly_one_possible_number_is_refused_with_the_reason_and_a_hint(
    raw: str, reason: str
) -> None:
    error = refusal(raw)
    assert reason in error.message
    assert error.hint


def test_the_words_of_a_refusal_never_repeat_the_number() -> None:
    for raw in ("05043700456", "+999504370045", "050-4370045 ext 12", "0504370045 0520000000"):
        error = refusal(raw)
        assert not re.search(r"\d{5}", error.message + error.hint)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("03-555-0000", LineKind.FIXED),
        ("1-800-123-456", LineKind.TOLL_FREE),
        ("072-234-5678", LineKind.VOIP),
        ("+80012345678", LineKind.TOLL_FREE),
    ],
)
def test_a_line_that_is_not_mobile_is_a_warning_and_not_a_refusal(raw: str, kind: LineKind) -> None:
    phone = parse(raw, "IL")
    assert phone.kind is kind
    assert phone.warnings == (Caution.NOT_MOBILE,)


def test_a_mobile_number_in_a_block_not_known_to_be_in_use_is_a_warning() -> None:
    assert parse("050-123-4567", "IL").warnings == (Caution.UNKNOWN_RANGE,)


@pytest.mark.parametrize(
    "raw", ["+44 7700 900123", "+1 555 555 0123", "+1 (212) 555-0123", "+33 6 39 98 01 23"]
)
def test_numbers_reserved_for_fiction_are_taken_and_said_to_be_so(raw: str) -> None:
    assert Caution.FICTION in parse(raw, "IL").warnings


def test_the_default_region_decides_what_a_local_number_means() -> None:
    assert parse("07700 900123", "GB").e164 == "+447700900123"
    assert parse("(212) 555-0123", "us").e164 == "+12125550123"
    assert parse("011 44 7700 900123", "US").e164 == "+447700900123"
    assert parse("00972504370045", "US").e164 == BRIEF


def test_a_number_abroad_that_lost_its_plus_is_read_with_a_warning() -> None:
    phone = parse("447700900123", "IL")
    assert phone.e164 == "+447700900123"
    assert Caution.COUNTRY_ASSUMED in phone.warnings
    zero = parse("0972504370045", "IL")
    assert zero.e164 == BRIEF
    assert zero.warnings == (Caution.ZERO_BEFORE_COUNTRY,)


def test_a_local_number_gone_wrong_never_turns_into_a_foreign_one() -> None:
    # Ten digits, one too many: with a plus it would be a number in Honduras.
    assert "Too long" in refusal("5043700456").message


def test_an_unknown_region_is_the_callers_mistake_and_not_the_numbers() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("0504370045", "XX")
    assert not isinstance(caught.value, PhoneRefused)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5511987654321", "+551187654321"),
        ("+5215512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),
    ],
)
def test_a_phone_that_meta_knows_by_two_numbers_is_found_by_either(one: str, other: str) -> None:
    assert aliases(E164(one)) == aliases(E164(other)) == {one, other}


def test_an_old_form_is_kept_as_it_is_given_and_said_to_be_old() -> None:
    for raw in ("+551187654321", "+5215512345678"):
        phone = parse(raw, "IL")
        assert phone.e164 == raw
        assert phone.warnings == (Caution.OLD_FORM,)


def test_other_phones_have_no_alias() -> None:
    assert aliases(E164(BRIEF)) == {BRIEF}
    assert aliases(E164("+551133334444")) == {"+551133334444"}


def test_a_wa_id_is_the_number_without_its_plus() -> None:
    assert from_wa_id("972504370045") == from_wa_id("+972504370045") == BRIEF


def test_a_mask_shows_country_and_last_four_digits() -> None:
    assert mask("+972504370045") == "+972•••••0045"
    assert mask("972504370045") == "+972•••••0045"
    assert mask("+12125550123") == "+1••••••0123"
    assert mask("+2904123") == "+290•••3"


@pytest.mark.parametrize("text", ["", "+", "US.13491208655302741918", "050-437-0045", "0504370045", "9" * 40])
def test_what_is_not_a_number_vanishes_whole_behind_the_mask(text: str) -> None:
    assert mask(text) == "•••"


@given(st.from_regex(r"\+?[1-9][0-9]{6,14}", fullmatch=True))
def test_a_mask_reveals_at_most_the_country_code_and_four_digits(number: str) -> None:
    masked = mask(number)
    shown = sum(map(str.isdigit, masked))
    assert masked.count("•") >= 3
    assert shown <= 3 + 4
    assert len(masked.removeprefix("+")) == len(number.removeprefix("+"))


SCRAPS = st.sampled_from(
    (
        *(
            "050",
            "4370045",
            "+972",
            "972",
            "0",
            "00",
            "(0)",
            "1",
            "٠",
            "５",
            "+",
            "-",
            " ",
            "/",
            ",",
            ";",
            "\n",
        ),
        *(
            "ext",
            "x",
            "#",
            "*",
            "E",
            "e+11",
            "E8",
            ".0",
            "tel:",
            "wa.me/",
            "?phone=",
            "\u200f",
            "\x00",
            "'",
            '="',
        ),
    )
)


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet=string.digits + "+-() ./,;xE#*", max_size=40),
        st.lists(SCRAPS, max_size=8).map("".join),
    ),
    st.sampled_from(["IL", "US", "GB", "BR", "IT", "AU"]),
)
def test_any_text_is_one_number_or_a_refusal_and_a_number_read_again_is_itself(raw: str, region: str) -> None:
    try:
        phone = parse(raw, region)
    except PhoneRefused:
        return
    assert re.fullmatch(r"\+[1-9][0-9]{4,16}", phone.e164)
    assert parse(phone.e164, "IL").e164 == phone.e164
    assert parse(phone.e164, "US").e164 == phone.e164


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_a_real_number_of_any_country_is_read_in_its_international_and_its_national_form(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    international = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert parse(e164, "IL").e164 == e164
    assert parse(international, "IL").e164 == e164
    assert parse(national, region).e164 == e164


@given(st.from_regex(r"\+(5[245]|972|1|44)[0-9]{8,11}", fullmatch=True))
def test_being_an_alias_is_mutual(number: str) -> None:
    for other in aliases(E164(number)):
        assert number in aliases(other)


def refusal(raw: str) -> PhoneRefused:
    with pytest.raises(PhoneRefused) as caught:
        parse(raw, "IL")
    return caught.value
