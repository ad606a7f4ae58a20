"""The browser that glass tests are given: real, able to draw our languages, and never quietly missing in CI."""

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import browser_program

if TYPE_CHECKING:
    from playwright.async_api import Page

NOT_IN_ANY_FONT = "\U0010fffd"


@pytest.mark.glass
@pytest.mark.parametrize("text", ["שלום", "مرحبا", "Hello"])
async def test_hebrew_arabic_and_latin_are_drawn_and_not_boxed(page: "Page", text: str) -> None:
    pictures = set()
    for letter in text:
        await page.set_content(f'<meta charset="utf-8"><b style="font-size:40px">{letter}</b>')
        pictures.add(hashlib.sha256(await page.locator("b").screenshot()).hexdigest())
    await page.set_content(f'<meta charset="utf-8"><b style="font-size:40px">{NOT_IN_ANY_FONT}</b>')
    boxed = hashlib.sha256(await page.locator("b").screenshot()).hexdigest()
    assert len(pictures) == len(set(text)), "different letters look the same: a font is missing"
    assert boxed not in pictures


@pytest.mark.glass
async def test_a_page_starts_without_memories_of_the_one_before(page: "Page") -> None:
    assert await page.context.cookies() == []
    assert page.url == "about:blank"


async def test_other_async_tests_run_beside_a_browser() -> None:
    """The browser lives on a loop of its own, and leaves other tests theirs."""
    assert await asyncio.sleep(0, "undisturbed") == "undisturbed"


def test_a_missing_browser_is_a_skip_on_a_laptop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INVY_TEST_BROWSER", str(tmp_path / "none"))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="INVY_TEST_BROWSER"):
        browser_program()


def test_a_missing_browser_is_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INVY_TEST_BROWSER", str(tmp_path / "none"))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        browser_program()
