"""What docs/templates.md says about the file of templates is true."""

import json
import re
from pathlib import Path

import pytest

from invy.domain.template import required_parameters
from invy.meta.button_entry import BUTTON_KEYS
from invy.meta.entry import KEYS
from invy.meta.payload import build
from invy.meta.registry import load

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
# A value that is right wherever the page's examples put a parameter of that name.
VALUES = {
    "invitation_image_url": "https://invy.example/i.jpg",
    "image": "1339522734477770",
    "film_id": "1339522734477770",
    "map_url": "https://invy.example/map.pdf",
    "gift_code": "GIFT30",
}


@pytest.mark.parametrize("text", EXAMPLES, ids=[example.split("]")[0].strip("[") for example in EXAMPLES])
def test_every_example_loads_and_can_be_sent(text: str) -> None:
    registry = load(text, "docs/templates.md")

    assert len(registry) == 1
    for key in registry:
        entry = registry.get(key)
        params = {name: VALUES.get(name, "value") for name in required_parameters(entry)}
        assert json.loads(build(entry, "+447700900123", params, "m1"))["template"]["name"] == entry.name


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10


def rows(heading: str) -> set[str]:
    table = PAGE.split(heading, 1)[1].split("\n\n", 2)[1]
    return set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))


def test_every_key_of_an_entry_has_its_row() -> None:
    assert rows("## Every key") == set(KEYS)


def test_every_key_of_a_button_has_its_row() -> None:
    assert rows("In `[[key.buttons]]`, one table for each button:") == set(BUTTON_KEYS)


def test_the_messages_shown_are_the_messages_given() -> None:
    shown = re.findall(r"^  (templates\.toml: .*) …$", PAGE, flags=re.MULTILINE)
    text = '[rsvp]\nmeta_name = "rsvp"\nlanguage_code = "he-IL"\nheader_handel_key = "x"'
    with pytest.raises(Exception, match="2 problems") as caught:
        load(text, "templates.toml")

    assert len(shown) == 2
    assert all(line in str(caught.value) for line in shown)
