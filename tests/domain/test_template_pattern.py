"""Texts with variables as Meta writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.domain.pattern import Pattern


def test_variables_are_found_once_each_in_order() -> None:
    assert Pattern("{{2}} and {{ name }} and {{2}}").variables == ("2", "name")


def test_filling_leaves_unknown_variables_visible() -> None:
    assert Pattern("Dear {{1}}, at {{2}}").fill({"1": "Dana"}) == "Dear Dana, at {{2}}"


def test_a_value_that_looks_like_a_variable_is_not_filled_again() -> None:
    assert Pattern("{{1}} {{2}}").fill({"1": "{{2}}", "2": "x"}) == "{{2}} x"


@pytest.mark.parametrize("source", ["{{1}", "{{}}", "}} {{", "a {{1}} {{ b"])
def test_braces_that_are_no_variable_are_noticed(source: str) -> None:
    assert Pattern(source).has_stray_braces


@pytest.mark.parametrize("source", ["", "plain", "{1}", "{{1}}", "a {{name}} b {{2}}"])
def test_good_braces_are_left_alone(source: str) -> None:
    assert not Pattern(source).has_stray_braces


@given(st.text(alphabet="ab{}1 \n"))
def test_filling_every_variable_with_nothing_leaves_the_fixed_text(source: str) -> None:
    pattern = Pattern(source)

    assert len(pattern.fill(dict.fromkeys(pattern.variables, ""))) == pattern.literal_length
