"""The real browser for the glass tests: found on the machine, never downloaded.

Without one, a glass test is skipped on a laptop and fails in CI, where a silent skip would prove nothing.
"""

import os
import shutil
from typing import NoReturn

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# A page served from loopback is all the browser may ask for: it makes no calls of its own.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def browser_program() -> str:
    """The browser's path: `INVY_TEST_BROWSER`, else the first of `NAMES` on PATH."""
    chosen = os.environ.get("INVY_TEST_BROWSER")
    names = (chosen,) if chosen else NAMES
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        without_browser(
            f"no browser found (looked for {', '.join(names)}); "
            "install Chromium (on Debian: apt-get install chromium) or set INVY_TEST_BROWSER to its path"
        )
    return found


def without_browser(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
