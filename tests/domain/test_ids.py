import os
from uuid import UUID

from invy.domain.ids import new_id
from tests.making import at


def test_ids_are_uuids_of_version_7_and_sort_by_time() -> None:
    made = [new_id(at(n), os.urandom) for n in range(50)]
    assert made == sorted(made)
    assert {UUID(each).version for each in made} == {7}
    assert {UUID(each).variant for each in made} == {"specified in RFC 4122"}


def test_the_same_time_and_randomness_give_the_same_id() -> None:
    assert new_id(at(1), bytes) == new_id(at(1), bytes)
    assert new_id(at(1), lambda n: b"\xff" * n) != new_id(at(1), bytes)
