"""The published page of verdicts says what the findings say."""

from pathlib import Path

from invy.diagnose.finding import Finding, entries
from invy.diagnose.page import COMMAND, markdown

PAGE = Path(__file__).parents[2] / "docs" / "why.md"


def test_the_page_in_the_docs_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), f"run: {COMMAND}"


def test_every_finding_stands_on_the_page_once_in_both_languages() -> None:
    page = markdown()
    for finding in Finding:
        [line] = [each for each in page.splitlines() if each.startswith(f"| `{finding.value}` |")]
        headline = entries()[finding].headline
        assert headline.en.replace("{code}", "…") in line
        assert headline.he.replace("{code}", "…") in line
        assert "{" not in line
