"""The wheel holds everything the package needs at run time: code, templates, migrations, assets, samples."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "invy"


def build(kind: str, source: Path, target: Path) -> Path:
    """Build one archive with the locked backend."""
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with the locked backend, without isolation and without a network."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def files_in(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".DS_Store"
    }


def test_every_file_of_the_package_is_in_the_wheel(unpacked: Path) -> None:
    missing = files_in(PACKAGE) - files_in(unpacked / "invy")
    assert not missing, f"left out of the wheel, perhaps by a line in .gitignore: {sorted(missing)}"


def test_nothing_else_is_in_the_wheel(unpacked: Path) -> None:
    (metadata,) = unpacked.glob("invy-*.dist-info")
    assert {path.name for path in unpacked.iterdir()} == {"invy", metadata.name}
    assert files_in(unpacked / "invy") <= files_in(PACKAGE)


def test_the_wheel_carries_its_licence_its_types_and_its_command(unpacked: Path) -> None:
    (metadata,) = unpacked.glob("invy-*.dist-info")
    assert (metadata / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert (unpacked / "invy" / "py.typed").exists()
    assert "invy = invy.cli:main" in (metadata / "entry_points.txt").read_text()


def test_the_wheel_works_without_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    """Every module of the unpacked wheel imports, and none of them comes from the source tree."""
    program = f"""
import importlib, pkgutil, sys
sys.path.insert(0, {str(unpacked)!r})
import invy
assert invy.__file__.startswith({str(unpacked)!r}), invy.__file__
for module in pkgutil.walk_packages(invy.__path__, "invy."):
    if not module.name.endswith("__main__") and ".migrations" not in module.name:
        importlib.import_module(module.name)
files = [getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith("invy.")]
strangers = [file for file in files if file and not file.startswith({str(unpacked)!r})]
assert not strangers, strangers
"""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("INVY_", "WHATSAPP_"))
    }
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_the_source_archive_builds_the_same_wheel(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    archive = build("sdist", ROOT, tmp_path / "sdist")
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(tmp_path / "source")], check=True)
    (source,) = (tmp_path / "source").iterdir()
    with zipfile.ZipFile(build("wheel", source, tmp_path / "wheel")) as again:
        again.extractall(tmp_path / "again")
    assert files_in(tmp_path / "again") == files_in(unpacked)
    for needed in ("Makefile", "uv.lock", "requirements/dev.txt", "scripts/setup", "tests/conftest.py"):
        assert (source / needed).exists(), f"{needed} is missing: the archive could not test itself"


def test_the_wheel_is_named_for_its_version(wheel: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert wheel.name == f"invy-{version}-py3-none-any.whl"
