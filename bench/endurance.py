"""Whether memory stays flat when there are a million messages: every command that reads all of them, as a process.

    python -m bench.endurance --messages 1000000 --save

Fills a database by bulk SQL (`bench.filling`), runs each command on a tenth of the messages and then on all of them,
measures its peak memory and its time, and writes docs/endurance.md. Needs about 30 GB of disk for a million messages on
SQLite, gives way to other work, and leaves nothing behind.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "endurance.md"
SAID = "## What the figures say"
INVY = str(Path(sys.executable).with_name("invy"))


@dataclass(frozen=True)
class Command:
    """A command line as a user types it. `{backup}` and `{archive}` are the files that earlier ones have made."""

    words: str
    code: int = 0
    postgres: bool = False
    large: bool = False
    """Looks at the messages alone, and is quick enough for ten million of them."""

    def arguments(self, folder: Path) -> list[str]:
        named = {"{backup}": str(folder / "backup.db"), "{archive}": str(folder / "backup.invy")}
        return [named.get(word, word) for word in self.words.split()]

    @property
    def shown(self) -> str:
        return "invy " + self.words.replace("{backup}", "backup.db").replace("{archive}", "backup.invy")


COMMANDS = (
    Command("status wedding", postgres=True, large=True),
    Command("messages", postgres=True, large=True),
    Command("messages --event wedding", postgres=True, large=True),
    Command("messages --event wedding --status failed,sent", postgres=True, large=True),
    Command("messages --limit 0 --csv"),
    Command("unconfirmed", large=True),
    Command("reconcile --limit 3", large=True),
    Command("reconcile --event wedding --limit 3", large=True),
    Command("audit", postgres=True),
    Command("backup {backup}"),
    Command("backup --portable {archive}"),
    Command("journal replay --check"),
    Command("restore {backup} --dry-run"),
    Command("restore {archive} --dry-run"),
)


@dataclass(frozen=True)
class Measured:
    peak_mib: float
    seconds: float


def measured(arguments: Sequence[str], env: Mapping[str, str], folder: Path) -> tuple[int, Measured]:
    """Run a process to its end. Its peak memory is at least ours, so this process must stay small."""
    began = time.monotonic()
    with (folder / "talk.txt").open("wb") as talk:
        process = subprocess.Popen(
            [INVY, *arguments], cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=talk, stderr=talk
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, Measured(used.ru_maxrss / 1024, time.monotonic() - began)


@contextmanager
def simulated_meta() -> Iterator[dict[str, str]]:
    """Settings for a simulated Meta, which knows none of the messages."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invy.simulator", "--json", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield {
            "WHATSAPP_API_BASE_URL": told["base_url"],
            "WHATSAPP_ACCESS_TOKEN": told["access_token"],
            "WHATSAPP_PHONE_NUMBER_ID": told["phone_number_id"],
            "WHATSAPP_APP_SECRET": told["app_secret"],
            "WHATSAPP_VERIFY_TOKEN": told["verify_token"],
        }
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def postgres() -> Iterator[str]:
    from tests.postgres import running_server

    with running_server() as server:
        yield server.url()


def endure(
    url: str, count: int, commands: Sequence[Command], folder: Path, *, bare: bool
) -> dict[str, Measured]:
    """Fill a new database, run the commands on it; say at once what does not end as it should."""
    say(f"{count:,} messages: filling")
    found: dict[str, Measured] = {}
    with simulated_meta() as meta:
        filling = ["--fill", url, "--sender", meta["WHATSAPP_PHONE_NUMBER_ID"], "--messages", str(count)]
        filling += ["--bare"] if bare else []
        subprocess.run([sys.executable, "-m", "bench.endurance", *filling], cwd=ROOT, check=True)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("INVY_", "WHATSAPP_"))
        }
        env = (
            kept
            | meta
            | {"INVY_DATABASE_URL": url, "INVY_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT / "src")}
        )
        for command in commands:
            code, result = measured(command.arguments(folder), env, folder)
            found[command.words] = result
            say(f"{count:,} {command.shown}: {result.peak_mib:.0f} MiB, {result.seconds:.1f} s")
            if code != command.code:
                talk = (folder / "talk.txt").read_text(errors="replace")[-2000:]
                message = f"{command.shown} ended with {code}:\n{talk}"
                raise RuntimeError(message)
    return found


def on_sqlite(count: int, commands: Sequence[Command], *, bare: bool = False) -> dict[str, Measured]:
    with tempfile.TemporaryDirectory(prefix="invy-endurance-") as folder:
        return endure(f"sqlite:///{folder}/invy.db", count, commands, Path(folder), bare=bare)


def on_postgres(count: int, commands: Sequence[Command], *, bare: bool = False) -> dict[str, Measured]:
    with tempfile.TemporaryDirectory(prefix="invy-endurance-") as folder, postgres() as url:
        return endure(url, count, commands, Path(folder), bare=bare)


def table(
    sizes: Sequence[int], results: Sequence[Mapping[str, Measured]], commands: Sequence[Command]
) -> str:
    """Peaks and times side by side; the ratio of the peaks at the first two sizes is what must stay near 1."""
    heads = [f"{size:,}" for size in sizes]
    lines = [
        "| command | "
        + " | ".join(f"MiB at {head}" for head in heads)
        + " | ratio | "
        + " | ".join(f"s at {head}" for head in heads)
        + " |",
        "| --- |" + " ---: |" * (2 * len(sizes) + 1),
    ]
    for command in commands:
        row = [result.get(command.words) for result in results]
        peaks = [f"{each.peak_mib:,.0f}" if each else "" for each in row]
        seconds = [f"{each.seconds:,.1f}" if each else "" for each in row]
        there = [each.peak_mib for each in row if each]
        ratio = f"{there[1] / there[0]:.2f}" if len(there) > 1 else ""
        lines.append(f"| `{command.shown}` | " + " | ".join([*peaks, ratio, *seconds]) + " |")
    return "\n".join(lines)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def page(tables: dict[str, str], how: str) -> str:
    """The figures anew; those of a database that was left out, and what a person has said of them, are kept."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else f"{SAID}\n"
    figures, _, said = before.partition(SAID)
    kept = dict(section.strip().split("\n\n", 1) for section in figures.split("\n## ")[1:])
    about = (
        "Peak memory and time of the commands that read every message, each a process of its own. Messages have been sent,\n"
        "delivered and read: five facts and three webhooks each. Seconds depend on the machine, and on what else it does;\n"
        f"what counts is that memory does not grow with the messages. Made by\n"
        f"`{how}`, Python {platform.python_version()}, {platform.machine()}."
    )
    sections = [f"## {name}\n\n{each}" for name, each in (kept | tables).items()]
    return "\n\n".join(["# Endurance", about, *sections]) + f"\n\n{SAID}{said}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=100_000, help="how many at the larger size")
    parser.add_argument(
        "--large", type=int, default=0, help="commands that look at messages alone at this size, too"
    )
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database only")
    parser.add_argument("--save", action="store_true", help="write docs/endurance.md")
    parser.add_argument("--fill", metavar="URL", help="only fill this database")
    parser.add_argument("--sender", default="106540000000001", help="as if sent from this phone number id")
    parser.add_argument(
        "--bare", action="store_true", help="fill in messages only, without facts and webhooks"
    )
    given = parser.parse_args()
    if given.fill:
        from bench.filling import fill

        fill(given.fill, given.messages, given.sender, only_messages=given.bare)
        return
    os.nice(15)
    places = (("sqlite", "SQLite", on_sqlite), ("postgresql", "PostgreSQL", on_postgres))
    tables: dict[str, str] = {}
    for key, name, run in places:
        if given.only not in (None, key):
            continue
        commands = [each for each in COMMANDS if key == "sqlite" or each.postgres]
        sizes = [given.messages // 10, given.messages]
        results = [run(size, commands) for size in sizes]
        if given.large:
            sizes.append(given.large)
            results.append(run(given.large, [each for each in commands if each.large], bare=True))
        tables[name] = table(sizes, results, commands)
        print(f"\n{name}\n\n{tables[name]}", flush=True)
    if given.save:
        large = f" --large {given.large}" if given.large else ""
        PAGE.write_text(
            page(tables, f"python -m bench.endurance --messages {given.messages}{large} --save"),
            encoding="utf-8",
        )


if __name__ == "__main__":
    if shutil.disk_usage(tempfile.gettempdir()).free < 10 * 2**30:
        sys.exit("Less than 10 GB are free.")
    main()
