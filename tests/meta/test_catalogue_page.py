"""The published page of error codes says what the catalogue says."""

from pathlib import Path

from invy.meta.catalogue import all_rows
from invy.meta.catalogue_page import COMMAND, markdown

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_in_the_docs_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(all_rows()), f"run: {COMMAND}"


def test_every_row_stands_on_the_page_with_its_remedy_in_both_languages() -> None:
    page = markdown(all_rows())
    for row in all_rows():
        assert f"### {row.label} {row.title}" in page
        assert row.todo.en in page
        assert row.todo.he in page


def test_every_link_of_the_index_leads_to_its_entry() -> None:
    page = markdown(all_rows())
    for row in all_rows():
        anchor = f"code-{row.label.replace('/', '-')}"
        assert page.count(f'<a id="{anchor}"></a>') == 1
        assert page.count(f"(#{anchor})") == 1
