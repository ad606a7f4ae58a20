import os
from uuid import UUID

import pytest

from invy.domain.errors import InvalidInput
from invy.domain.ids import event_id, new_id
from tests.making import at


def test_ids_are_uuids_of_version_7_and_sort_by_time() -> None:
    made = [new_id(at(n), os.urandom) for n in range(50)]
    assert made == sorted(made)
    assert {UUID(each).version for each in made} == {7}
    assert {UUID(each).variant for each in made} == {"specified in RFC 4122"}


def test_the_same_time_and_randomness_give_the_same_id() -> None:
    assert new_id(at(1), bytes) == new_id(at(1), bytes)
    assert new_id(at(1), lambda n: b"\xff" * n) != new_id(at(1), bytes)


@pytest.mark.parametrize(
    "text", ["noa-and-amit", "החתונה של נועה", "f3122a7d-1d7c-4cc1-955d-1c6b7358bd25", "x" * 200]
)
def test_an_event_may_have_any_id_that_can_be_seen(text: str) -> None:
    assert event_id(text) == text


def test_blanks_around_the_id_of_an_event_are_no_part_of_it() -> None:
    assert event_id(" wedding\t") == "wedding"


@pytest.mark.parametrize(
    "text",
    ["", "  ", "x" * 201, "a\nb", "a\x00b", "wed\u200fding", "\u202ewedding", "wed\u200bding", "\ud800"],
)
def test_no_event_has_an_id_that_nobody_could_see_or_type_again(text: str) -> None:
    with pytest.raises(InvalidInput, match="id of an event"):
        event_id(text)
