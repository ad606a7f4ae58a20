"""Where the reference on Meta's interface is, when this machine has it. Tests that need it say so when it is absent."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


REFERENCE = Path(os.environ.get("INVY_META_REFERENCE", _ROOT.parent / "shared" / "meta"))


def reference() -> Path:
    """The folder with the contract and the sample payloads; skips the calling test when there is none."""
    if not REFERENCE.is_dir():
        pytest.skip("the reference on Meta's interface is not on this machine (set INVY_META_REFERENCE)")
    return REFERENCE
