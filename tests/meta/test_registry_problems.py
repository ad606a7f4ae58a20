"""What is wrong in a file of templates is told with the file, the template, the key and the fix; all of it at once."""

import re

import pytest

from invy.domain.errors import TemplateInvalid
from invy.meta.registry import load, problems


def only(text: str) -> str:
    """The one problem of an entry that is good but for `text`."""
    found = [
        str(problem) for problem in problems('[t]\nmeta_name = "t"\nlanguage_code = "en"\n' + text, "f.toml")
    ]
    assert len(found) == 1, found
    return found[0]


def buttons(*texts: str) -> str:
    return "\n".join(f"[[t.buttons]]\n{text}" for text in texts)


def test_all_problems_of_all_templates_are_told_together() -> None:
    text = """
    [a]
    meta_name = "Hina Invitation"
    language_code = "he-IL"
    [b]
    meta_name = "b"
    header_type = "IMAGE"
    footer = 7
    """

    with pytest.raises(TemplateInvalid) as caught:
        load(text, "my/templates.toml")

    assert str(caught.value).splitlines() == [
        "my/templates.toml has 5 problems; no template of it can be used until they are mended:",
        (
            "  my/templates.toml: [a] meta_name has other characters than a to z, 0 to 9 and the underscore."
            " Did you mean hina_invitation? Copy the name from WhatsApp Manager."
        ),
        (
            "  my/templates.toml: [a] language_code is 'he-IL', which is not a language code as Meta writes it."
            " Did you mean he_IL? Use the code of the approved template, such as he, en or en_US;"
            " en and en_US are two languages."
        ),
        (
            "  my/templates.toml: [b] language_code is missing: a template is found by name and language."
            ' Add a line such as language_code = "he".'
        ),
        (
            "  my/templates.toml: [b] header_handle_key is missing: every message must bring the image of its header."
            ' Add a line such as header_handle_key = "invitation_image_url".'
        ),
        (
            "  my/templates.toml: [b] footer is a number where a text is expected."
            ' Put it in quotes: footer = "…".'
        ),
    ]
    assert "my/templates.toml" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ('header_handel_key = "x"', "header_handel_key", "header_handle_key"),
        ('body_parms = ["x"]', "body_parms", "body_params"),
        ('buton_url = "x"', "buton_url", "button_url"),
        ('Footer = "x"', "Footer", "footer"),
    ],
)
def test_a_misspelt_key_is_answered_with_the_one_that_was_meant(text: str, key: str, meant: str) -> None:
    assert only(text).startswith(f"f.toml: [t] {key} is not a key of a template. Did you mean {meant}? ")


def test_a_misspelt_key_of_a_button_is_too() -> None:
    told = only(buttons('type = "URL"\nurl = "https://x.example/"\ntxt = "Open"'))

    assert "[t] button 1, txt is not a key of a button. Did you mean text?" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('header_type = "IMGE"', "header_type is 'IMGE', which is not known here. Did you mean IMAGE?"),
        ('header_handle_key = "x"', "header_handle_key is given, and header_type is missing"),
        ('header_type = "IMAGE"\nheader_link_key = "a"\nheader_id_key = "b"', "header_id_key is given beside header_link_key"),
        ('header_type = "IMAGE"\nheader_link_key = "a"\nheader_filename = "b"', "header_filename does not belong to a header of type IMAGE"),
        ('header_type = "LOCATION"\nheader_latitude_key = "a"', "header_longitude_key is missing"),
        ('header_type = "TEXT"\nheader_text = "{{1}} {{2}}"\nheader_param_key = "a"', "header_text has 2 variables"),
        ('header_type = "TEXT"\nheader_text = "Hi {{1}}"', "header_param_key is missing: header_text has a variable"),
        ('header_type = "TEXT"\nheader_text = "Hi"\nheader_param_key = "a"', "header_text has no variable"),
        ('header_type = "TEXT"\nheader_text = "Hi {{name}}"\nheader_param_key = "a"', "header_text has a named variable"),
        ('header_type = "TEXT"\nheader_param_key = "a"\nheader_param_name = "b"', "variables are positional"),
        (f'header_type = "TEXT"\nheader_text = "{"x" * 61}"', "header_text has 61 characters where at most 60"),
        (f'header_type = "TEXT"\nheader_text = "{{{{1}}}}{"x" * 60}"\nheader_param_key = "a"', "header_text has 65 characters"),
        ('parameter_format = "named"\nheader_type = "TEXT"\nheader_param_key = "Couple"', "header_param_name would be 'Couple'"),
        ('header_type = "TEXT"\nheader_text = "{{1}"', "header_text has double braces that are no variable"),
        ('header_type = "DOCUMENT"\nheader_id_key = "a"\nheader_filename = "b"\nheader_filename_key = "c"', "header_filename_key is given beside header_filename"),
        ('header_type = "IMAGE"\nheader_link_key = " a"', "header_link_key begins or ends with a space"),
        ('header_type = "IMAGE"\nheader_link_key = "a{b}"', "header_link_key has braces"),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_is_explained(text: str, words: str) -> None:
    assert words in only(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('body_params = "contact_name"', "body_params is not a list"),
        ('body_params = ["a", 3]', "body_params, item 2, is not the name of a parameter"),
        ('body_params = ["a", ""]', "body_params, item 2, is not the name of a parameter"),
        ('body_params = { Guest = "a" }', "body_params.Guest is not a name that a variable can have"),
        ('parameter_format = "named"\nbody_params = ["contact name"]', "body_params, item 1, is not a name"),
        ('parameter_format = "positional"\nbody_params = { guest = "a" }', "parameter_format is positional"),
        ('parameter_format = "name"', "parameter_format is 'name', which is not known here. Did you mean NAMED?"),
        ('body = "Hi {{1}} and {{2}}"\nbody_params = ["a"]', "body has the variables {{1}}, {{2}}, and body_params stands for {{1}}"),
        ('body = "Hi"\nbody_params = ["a"]', "body has the variables none"),
        ('body = "Hi {{name}}"\nbody_params = ["a"]', "body has the variables {{name}}, and body_params stands for {{1}} (positional)"),
        (f'body = "{"x" * 1025}"', "body has 1025 characters where at most 1024"),
        (f'footer = "{"x" * 61}"', "footer has 61 characters where at most 60"),
        ('footer = "   "', "footer has only spaces in it"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_is_explained(text: str, words: str) -> None:
    assert words in only(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('button_url = "https://x.example/"', "button_type is missing"),
        ('button_type = "URL"', "button_url is missing"),
        ('button_type = "URL"\nbutton_url = "https://x.example/{{1}}"', "button_param_key is missing"),
        ('button_type = "URL"\nbutton_url = "https://x.example/"\nbutton_param_key = "a"', "button_url has no variable at its end"),
        ('button_type = "URL"\nbutton_url = "https://x.example/{{1}}/rsvp"\nbutton_param_key = "a"', "button_url has its variable elsewhere"),
        ('button_type = "URL"\nbutton_url = "https://x.example/{{1}}{{2}}"\nbutton_param_key = "a"', "button_url has more braces than one variable"),
        ('button_type = "URL"\nbutton_url = "x.example/{{1}}"\nbutton_param_key = "a"', "button_url is not a full web address"),
        ('button_type = "URL"\nbutton_url = "{{1}}"\nbutton_param_key = "a"', "button_url is not a full web address"),
        (f'button_type = "URL"\nbutton_url = "https://x.example/{"x" * 2000}"', "button_url has 2018 characters"),
        ('button_type = "LINK"', "button_type is 'LINK', which is not known here."),
        ('button_type = "COPY_CODE"', "button_param_key is missing: Meta needs the code"),
        ('button_type = "COPY_CODE"\nbutton_param_key = "a"\nbutton_url = "x"', "button_url does not belong to a button of type COPY_CODE"),
        ('button_type = "FLOW"\n[[t.buttons]]\ntype = "FLOW"', "button_type is given beside a list of buttons"),
        ('buttons = "URL"', "buttons is not a list of tables"),
        ("buttons = [1]", "buttons is not a list of tables"),
        (buttons('type = "FLOW"\nindex = 10'), "button 1, index is not a whole number from 0 to 9"),
        (buttons('type = "FLOW"\nindex = true'), "button 1, index is not a whole number"),
        (buttons('type = "FLOW"', 'type = "FLOW"\nindex = 0'), "buttons has 2 buttons with index 0"),
        (buttons(*['type = "QUICK_REPLY"'] * 11), "buttons has 11 buttons"),
        (buttons(*['type = "URL"\nurl = "https://x.example/"'] * 3), "buttons has 3 link buttons"),
        (buttons(*['type = "PHONE_NUMBER"'] * 2), "buttons has 2 phone buttons"),
        (buttons(*['type = "COPY_CODE"\nparam_key = "a"'] * 2), "buttons has 2 copy-code buttons"),
        (buttons('type = "QUICK_REPLY"', 'type = "FLOW"', 'type = "QUICK_REPLY"'), "buttons mixes quick replies"),
        (buttons(f'type = "FLOW"\ntext = "{"x" * 26}"'), "button 1, text has 26 characters"),
        (buttons('type = "QUICK_REPLY"\npayload = "a"\nparam_key = "b"'), "button 1, param_key is given beside payload"),
        (buttons('type = "QUICK_REPLY"\npayload = "a:{{b}"'), "button 1, payload has double braces"),
        (buttons(f'type = "QUICK_REPLY"\npayload = "{"x" * 129}"'), "button 1, payload has 129 characters"),
        (buttons('type = "FLOW"\ndata = "x"'), "button 1, data is not a table"),
        (buttons('type = "FLOW"\ndata = { who = 1 }'), "button 1, data.who is a number where a text is expected"),
        (buttons(f'type = "QUICK_REPLY"\npayload = "{"x" * 128}{{{{a}}}}"'), "leaves no room for the parameter 'a'"),
    ],
)  # fmt: skip
def test_buttons_that_cannot_be_are_explained(text: str, words: str) -> None:
    assert words in only(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("defaults = 3", "defaults is not a table"),
        ('body_params = ["hall"]\n[t.defaults]\nhal = "x"', "defaults.hal is not a parameter of this template. Its parameters are: hall."),
        ('body_params = ["hall"]\n[t.defaults]\nhall = 4', "defaults.hall is a number where a text is expected"),
        ('body_params = ["hall"]\n[t.defaults]\nhall = "a\\nb"', "defaults.hall has a line break at position 2 (it is used for {{1}} of the body)"),
        ('header_type = "IMAGE"\nheader_link_key = "i"\n[t.defaults]\ni = "i.jpg"', "defaults.i is not an http or https link"),
    ],
)  # fmt: skip
def test_a_default_that_could_not_be_sent_is_explained(text: str, words: str) -> None:
    assert words in only(text)


@pytest.mark.parametrize(
    ("code", "meant"),
    [("HE", "he"), ("en-US", "en_US"), ("en_us", "en_US"), ("iw", "he"), ("EN_us", "en_US")],
)
def test_a_language_code_in_another_form_is_answered_with_meta_s(code: str, meant: str) -> None:
    (told,) = problems(f'[t]\nmeta_name = "t"\nlanguage_code = "{code}"', "f.toml")

    assert f"Did you mean {meant}?" in str(told)


@pytest.mark.parametrize("code", ["Hebrew", "_IL", "he_ISR", "12", "עברית"])
def test_what_is_no_language_code_is_refused_without_a_guess_at_nonsense(code: str) -> None:
    (told,) = problems(f'[t]\nmeta_name = "t"\nlanguage_code = "{code}"', "f.toml")

    assert "not a language code" in str(told)
    assert "Did you mean" not in str(told)


@pytest.mark.parametrize("code", ["he", "en", "en_US", "pt_BR", "fil", "zh_CN"])
def test_meta_s_language_codes_are_taken(code: str) -> None:
    assert not problems(f'[t]\nmeta_name = "t"\nlanguage_code = "{code}"', "f.toml")


def test_a_name_may_have_512_characters() -> None:
    assert not problems(f'[t]\nmeta_name = "{"n" * 512}"\nlanguage_code = "he"', "f.toml")
    (told,) = problems(f'[t]\nmeta_name = "{"n" * 513}"\nlanguage_code = "he"', "f.toml")
    assert "has 513 characters where Meta allows 512" in str(told)


def test_a_line_outside_of_any_template_is_told() -> None:
    (told,) = problems('meta_name = "x"', "f.toml")

    assert str(told) == (
        "f.toml: meta_name stands outside of any template."
        " Put it below a line with the template's key, such as [hina_invitation]."
    )


def test_one_key_in_both_forms_is_told() -> None:
    entry = 'meta_name = "t"\nlanguage_code = "he"\n'
    (told,) = problems(f"[t]\n{entry}[templates.t]\n{entry}", "f.toml")

    assert "[t] is there twice, as [t] and as [templates.t]" in str(told)


def test_a_key_that_cannot_be_typed_is_told() -> None:
    (told,) = problems('["hina invitation"]\nmeta_name = "t"\nlanguage_code = "he"', "f.toml")

    assert "[hina invitation] is not a key that can be used" in str(told)


@pytest.mark.parametrize(
    ("text", "place", "fix"),
    [
        ('[a]\nmeta_name: "x"', "line 2, column 10", "= instead of a colon"),
        ('[a]\n"meta_name": "x",', "line 2, column 12", "= instead of a colon"),
        ("[a]\nmeta_name = “x”", "line 2, column 13", "curly quotes"),
        ('[a]\nmeta_name = "x",\n', "line 2, column 16", "comma"),
        ("[a]\nlanguage_code = he", "line 2, column 17", "in quotes"),
        ("[a]\nlanguage_code =\n", "line 2, column 16", "value after the ="),
        ('[a]\nbody = "a\\d"', "line 2", "backslash"),
        ('{"hina_invitation": {"meta_name": "x"}}', "line 1, column 1", "JSON or Python"),
        ('[a]\nbody = "x"\nbody = "y"', "line 3", "twice; keep one"),
        ("[a]\n[b]\n[a]\n", "line 3", "twice; keep one"),
        ('[a]\nbody = "x', "line 2", "must be closed"),
        ("a = " + "[" * 5000, "f.toml", "three levels"),
        ("a = " + "9" * 5000, "f.toml, line 1", ""),
    ],
)  # fmt: skip
def test_text_that_is_no_toml_is_told_with_its_line_and_the_likely_fix(
    text: str, place: str, fix: str
) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        load(text, "f.toml")

    assert place in str(caught.value)
    assert fix in str(caught.value)
    assert re.match(r"f\.toml has 1 problem;", str(caught.value))
