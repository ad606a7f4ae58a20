"""`make setup` on machines that are not ready for it: it says what is missing and what to do, and touches nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "cat", "cksum", "sed", "env", "rm", "flock", "mkdir", "touch")


class Machine:
    """A copy of the project's set-up files beside a PATH that holds only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "a checkout of חתונה"
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.programs / tool).symlink_to(found)
        for name in ("scripts/setup", "pyproject.toml", "uv.lock", "requirements"):
            target = self.project / name
            target.parent.mkdir(parents=True, exist_ok=True)
            source = ROOT / name
            shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)

    def program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def python(self, name: str, version: str, *, has_venv: bool) -> None:
        """A Python that answers the four questions the set-up asks, and writes down what it is told to do."""
        minor = int(version.split(".")[1])
        self.program(
            name,
            f"""case "$*" in
                *'print("%d.%d"'*) echo {version} ;;
                *version_info*) exit {int(minor < 11)} ;;
                *_base_executable*) echo {self.programs / name} ;;
                *ensurepip*) exit {int(not has_venv)} ;;
                --version) echo Python {version}.0 ;;
                "-m venv .venv") mkdir -p .venv/bin; cat "$0" >.venv/bin/python; exec /bin/chmod +x .venv/bin/python ;;
                *) echo "$*" >>"{self.project}/asked" ;;
            esac""",
        )

    def set_up(self, level: str = "dev", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.project / "scripts" / "setup", level],
            env={"PATH": str(self.programs), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        path = self.project / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_python_it_names_what_to_install(machine: Machine) -> None:
    run = machine.set_up()
    assert run.returncode == 1
    assert "Python 3.11 or newer" in run.stderr
    assert "apt-get install python3 python3-venv" in run.stderr
    assert not (machine.project / ".venv").exists()


def test_an_old_python_is_named_and_refused(machine: Machine) -> None:
    machine.python("python3", "3.9", has_venv=True)
    run = machine.set_up()
    assert run.returncode == 1
    assert "python3 is 3.9" in run.stderr


def test_a_python_without_venv_names_the_debian_package(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=False)
    run = machine.set_up()
    assert run.returncode == 1
    assert "apt-get install python3.11-venv" in run.stderr


def test_a_newer_python_is_found_beside_an_old_one(machine: Machine) -> None:
    machine.python("python3", "3.9", has_venv=True)
    machine.python("python3.12", "3.12", has_venv=True)
    run = machine.set_up()
    assert run.returncode == 0, run.stderr
    assert "Python 3.12.0" in run.stdout


def test_the_python_named_by_the_user_is_the_only_one_considered(machine: Machine) -> None:
    machine.python("python3", "3.12", has_venv=True)
    run = machine.set_up(PYTHON="python9")
    assert run.returncode == 1
    assert "looked for: python9" in run.stderr


def test_without_uv_pip_installs_from_hashes_and_the_second_run_does_nothing(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=True)
    assert machine.set_up().returncode == 0
    installs = [line for line in machine.asked if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes -r requirements/dev.txt" in installs[0]
    assert "--no-deps --no-build-isolation --no-index --editable ." in installs[1]
    before = machine.asked
    second = machine.set_up()
    assert "up to date" in second.stdout
    assert machine.asked == before


def test_a_demo_does_not_take_the_test_tools_away(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=True)
    machine.set_up("dev")
    with (machine.project / "requirements" / "dev.txt").open("a") as lock:
        lock.write("# changed\n")
    machine.set_up("runtime")
    assert [line for line in machine.asked if "requirements/" in line][-1].endswith("requirements/dev.txt")


def test_tests_after_a_demo_add_to_the_environment(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=True)
    machine.set_up("runtime")
    run = machine.set_up("dev")
    assert "making .venv" not in run.stdout
    assert [line for line in machine.asked if "requirements/" in line][-1].endswith("requirements/dev.txt")


def test_a_moved_checkout_is_set_up_anew(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=True)
    machine.set_up()
    machine.project = machine.project.rename(machine.project.with_name("moved"))
    assert "making .venv" in machine.set_up().stdout


def test_a_changed_lock_is_installed(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=True)
    machine.set_up()
    with (machine.project / "uv.lock").open("a") as lock:
        lock.write("\n")
    assert "installing" in machine.set_up().stdout


def test_uv_is_used_when_it_is_there_and_left_aside_when_told(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=True)
    machine.program("uv", f'mkdir -p .venv/bin; echo "uv $*" >>"{machine.project}/asked"')
    assert machine.set_up().returncode == 0
    assert machine.asked[0].startswith("uv sync --frozen")
    assert machine.set_up(UV="").returncode == 0
    assert "pip install" in machine.asked[-1]


def test_a_failed_installation_is_not_taken_for_a_finished_one(machine: Machine) -> None:
    machine.python("python3", "3.11", has_venv=True)
    machine.program("uv", "exit 3")
    first = machine.set_up()
    assert first.returncode == 1
    assert "make setup UV=" in first.stderr
    assert "up to date" not in machine.set_up().stdout
