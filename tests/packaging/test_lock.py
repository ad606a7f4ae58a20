"""pyproject.toml, uv.lock and requirements/*.txt say the same: what is tested is what is installed, with uv or without."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
ADVICE = "run `make lock` and commit what it writes"
EXPORTS = {
    "runtime": "build",
    "dev": "dev",
}  # requirements/*.txt, and the group added to what the service needs

Locked = dict[str, Any]


@pytest.fixture(scope="module")
def project() -> Mapping[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def packages() -> Mapping[str, Locked]:
    """Every locked package by its name."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    return {package["name"]: package for package in lock["package"]}


def asked_for(lines: Iterable[object], groups: Mapping[str, list[object]]) -> set[str]:
    """Requirements in one spelling, with included groups spelled out."""
    asked = set()
    for line in lines:
        if isinstance(line, dict):
            asked |= asked_for(groups[line["include-group"]], groups)
        else:
            need = Requirement(str(line))
            asked.add(f"{canonicalize_name(need.name)} {sorted(need.extras)} {need.specifier} {need.marker}")
    return asked


def locked_needs(entries: Iterable[Locked]) -> set[str]:
    return asked_for(
        (
            f"{entry['name']}[{','.join(entry.get('extras', ()))}]{entry.get('specifier', '')}"
            + (f"; {entry['marker']}" if "marker" in entry else "")
            for entry in entries
        ),
        {},
    )


def closure(packages: Mapping[str, Locked], needs: Iterable[Locked]) -> set[str]:
    """The names of everything that `needs` bring with them."""
    found: set[tuple[str, str]] = set()
    waiting = list(needs)
    while waiting:
        need = waiting.pop()
        for part in ("", *need.get("extra", ())):
            if (need["name"], part) in found:
                continue
            found.add((need["name"], part))
            package = packages[need["name"]]
            waiting += (
                package.get("optional-dependencies", {})[part] if part else package.get("dependencies", [])
            )
    return {name for name, _ in found}


def exported(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """One requirements file: name → version and hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    pins = {}
    for line in text.splitlines():
        match = re.match(r"(\S+)==(\S+)", line)
        assert match, f"requirements/{name}.txt holds something that is not a pin: {line[:80]}"
        pins[match[1]] = (match[2], frozenset(re.findall(r"--hash=(\S+)", line)))
    return pins


def test_the_lock_was_made_from_this_project(
    project: Mapping[str, Any], packages: Mapping[str, Locked]
) -> None:
    stated = packages["invy"]["metadata"]
    assert locked_needs(stated["requires-dist"]) == asked_for(project["project"]["dependencies"], {}), ADVICE
    groups = project["dependency-groups"]
    assert set(stated["requires-dev"]) == set(groups), ADVICE
    for name, lines in groups.items():
        assert locked_needs(stated["requires-dev"][name]) == asked_for(lines, groups), f"{name}: {ADVICE}"


@pytest.mark.parametrize("name", EXPORTS)
def test_requirements_hold_what_the_lock_holds(name: str, packages: Mapping[str, Locked]) -> None:
    invy = packages["invy"]
    needs = [*invy["dependencies"], *invy["dev-dependencies"][EXPORTS[name]]]
    pins = exported(name)
    assert set(pins) == closure(packages, needs), ADVICE
    for package, (version, hashes) in pins.items():
        locked = packages[package]
        files = [*locked.get("wheels", []), *([locked["sdist"]] if "sdist" in locked else [])]
        assert version == locked["version"], f"{package}: {ADVICE}"
        assert hashes == {file["hash"] for file in files}, f"{package}: {ADVICE}"


@pytest.mark.parametrize("name", EXPORTS)
def test_requirements_name_no_place(name: str) -> None:
    """Where packages come from is each machine's own business."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-|/|\.|#)(?!-hash)", text, flags=re.MULTILINE)


def test_the_python_asked_for_is_the_same_everywhere(project: Mapping[str, Any]) -> None:
    lowest = project["project"]["requires-python"].removeprefix(">=")
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    assert lock["requires-python"] == f">={lowest}"
    assert project["tool"]["mypy"]["python_version"] == lowest
    assert project["tool"]["ruff"]["target-version"] == f"py{lowest.replace('.', '')}"
    numbers = tuple(int(part) for part in lowest.split("."))
    assert f"sys.version_info < {numbers}" in (ROOT / "scripts" / "setup").read_text()
