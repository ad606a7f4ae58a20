"""The page on the simulator names everything the simulator has, and begins with what it has not."""

import re
import tomllib
from pathlib import Path

import pytest

from invy.simulator.actions import Deed
from invy.simulator.chaos import Quirk
from invy.simulator.command import simulator
from invy.simulator.door import Spoilt
from invy.simulator.fate import MIXES, Ending, Reaction
from invy.simulator.gallery import PICTURES
from invy.simulator.incident import INCIDENTS
from invy.simulator.magic import MAGIC
from invy.simulator.oddity import Oddity
from invy.simulator.retelling import About
from invy.simulator.scenario import IncidentRule, load_scenario, read_scenario, shipped

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"
TEXT = PAGE.read_text("utf-8")


def test_it_begins_with_what_is_not_simulated() -> None:
    assert re.findall(r"^## (.+)$", TEXT, re.MULTILINE)[0] == "What it does not simulate"


@pytest.mark.parametrize("suffix", MAGIC)
def test_a_magic_suffix_is_documented_with_its_codes(suffix: str) -> None:
    fate = MAGIC[suffix]
    row = re.search(rf"^\| `{suffix}` \| `{fate.name}` \| (.+) \|$", TEXT, re.MULTILINE)
    assert row is not None
    codes = {str(each.code) for each in fate.steps if each.code} | (
        {str(fate.refusal)} if fate.refusal else set()
    )
    assert codes <= set(re.findall(r"\d+", row[1]))


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_shipped_scenario_is_documented_in_its_own_words(name: str) -> None:
    assert f"| `{name}` | {load_scenario(name).description} |" in TEXT


@pytest.mark.parametrize(
    "word",
    [
        *INCIDENTS,
        *Quirk,
        *Deed,
        *MIXES,
        *Reaction,
        *About,
        *IncidentRule.__struct_fields__,
        *(each for each in Ending if each.value not in {"read", "delivered"}),
    ],
)
def test_a_word_of_a_scenario_is_documented(word: str) -> None:
    assert re.search(rf"\b{re.escape(str(word))}\b", TEXT)


@pytest.mark.parametrize("word", [*Oddity, *Spoilt])
def test_every_way_to_go_wrong_has_its_row(word: str) -> None:
    assert re.search(rf"^\| (`[a-z-]+`, )*`{word}`(, `[a-z-]+`)* \| .+ \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_documented_with_what_meta_makes_of_it(name: str) -> None:
    picture = PICTURES[name]
    assert f"| `{name}` | {picture.shows} | {'takes it' if picture.meta_takes else '131053'} |" in TEXT


def test_every_option_is_documented() -> None:
    for name in simulator.__annotations__:
        option = {"as_json": "json"}.get(name, name).replace("_", "-")
        assert name == "return" or f"`--{option}`" in TEXT, option


def test_the_example_of_a_scenario_is_one() -> None:
    example = TEXT.partition("```toml\n")[2].partition("```")[0]
    assert read_scenario(example, source="the example").incident[0].do in INCIDENTS
    assert set(tomllib.loads(example)) >= {"limits", "pacing", "chaos", "replies", "incident", "mix"}
