"""How fast receipts are taken, side by side with the tutorial pattern, pywa and bare uvicorn. Run: `make bench`.

Same machine, same load, one go. Each contestant is one process; the load comes from this one over loopback, 64
connections, one request at a time on each. A first run tells how many requests each contestant answers in the time that
was asked for, so that all of them are measured for as long. Every round runs every contestant once, on a fresh database,
so that what else the machine does falls on all of them; the table shows medians over the rounds.
"""

import argparse
import asyncio
import math
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import uvloop
from sqlalchemy import func, select, text

from bench import bodies, load
from invy.store import schema
from invy.store.database import Database
from invy.store.outbox import Outbox
from invy.store.tables import journal, messages
from tests.making import chunks, draft
from tests.postgres import running_server

CONNECTIONS = 64
BODIES = 2000
"""Different webhooks for who only takes them."""

SAID = "## What the figures say"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Contestant:
    key: str
    name: str
    module: str
    arguments: tuple[str, ...] = ()
    stores: bool = True
    folds: bool = False
    slow: bool = False

    @property
    def finds(self) -> bool:
        """Whether it looks for the message that a status is about."""
        return self.folds or self.slow


CONTESTANTS = (
    Contestant("bare", "bare uvicorn (answers, stores nothing)", "bench.servers.bare", stores=False),
    Contestant("empty", "the same, answering without a body", "bench.servers.bare", ("empty",), stores=False),
    Contestant("a", "tutorial: SELECT, UPDATE, commit per status", "bench.servers.tutorial", slow=True),
    Contestant("b", "pywa, empty handler (stores nothing)", "bench.servers.pywa_empty", stores=False),
    Contestant("c", "Invy, durable before the answer", "bench.servers.invy_webhook", ("receive",)),
    Contestant("d", "Invy, end to end until folded", "bench.servers.invy_webhook", ("apply",), folds=True),
    Contestant(
        "e",
        "the same, with a log line per status",
        "bench.servers.invy_webhook",
        ("apply", "log"),
        folds=True,
    ),
)


@dataclass(frozen=True)
class Measured:
    requests_per_s: float
    statuses_per_s: float
    p99_ms: float


@contextmanager
def server(contestant: Contestant, url: str) -> Iterator[int]:
    arguments = [url, *contestant.arguments] if contestant.stores else contestant.arguments
    process = subprocess.Popen(
        [sys.executable, "-m", contestant.module, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            message = f"{contestant.name} did not start"
            raise RuntimeError(message)
        yield int(line)
    finally:
        process.terminate()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


async def prepare(url: str, count: int, contestant: Contestant) -> None:
    """A database in which every status finds its message."""
    database = Database.open(url)
    try:
        if contestant.key == "a":
            async with database.write() as connection:
                await connection.execute(
                    text(
                        "CREATE TABLE tutorial_messages (id INTEGER PRIMARY KEY, wamid TEXT UNIQUE, "
                        "status TEXT, delivered_at TIMESTAMP)"
                    )
                )
                rows = [{"id": n, "wamid": bodies.wamid(n)} for n in range(count)]
                for start in range(0, count, 5000):
                    await connection.execute(
                        text(
                            "INSERT INTO tutorial_messages (id, wamid, status) VALUES (:id, :wamid, 'sent')"
                        ),
                        rows[start : start + 5000],
                    )
            return
        await schema.upgrade(database)
        for start in range(0, count, 5000):
            await Outbox(database).enqueue(chunks([draft(n) for n in range(start, min(start + 5000, count))]))
        if count:
            async with database.write() as connection:
                await connection.execute(
                    text("UPDATE whatsapp_messages SET wamid = 'wamid.BENCH' || substr(id, 27, 10)")
                )
    finally:
        await database.close()


async def folded(url: str, requests: int) -> None:
    """Wait until every body has been applied; complain when not every message was reached.

    All were answered 200 by now, so all are in the journal. Looks by its index, so as not to take the time it measures.
    """
    database = Database.open(url)
    try:
        while True:
            async with database.read() as connection:
                waiting = await connection.execute(select(journal.c.id).where(text("outcome = 0")).limit(1))
                if waiting.first() is None:
                    break
            await asyncio.sleep(0.01)
        async with database.read() as connection:
            done = await connection.execute(
                select(func.count()).select_from(journal).where(journal.c.outcome == 1)
            )
            assert done.scalar_one() == requests
            left = await connection.execute(
                select(func.count()).select_from(messages).where(messages.c.delivered_at.is_(None))
            )
            assert left.scalar_one() == 0
    finally:
        await database.close()


def trial(contestant: Contestant, statuses: int) -> int:
    """How many requests a first run takes, which only tells how many the others need. The tutorial is slow."""
    return CONNECTIONS if contestant.slow else {1: 10_000, 100: 500}[statuses]


async def measure(contestant: Contestant, url: str, statuses: int, requests: int) -> Measured:
    """One run of so many requests. Who finds messages gets one for each status; the others get bodies again."""
    different = requests if contestant.finds else min(requests, BODIES)
    if contestant.stores:
        await prepare(url, requests * statuses if contestant.finds else 0, contestant)
    rendered = [bodies.request(bodies.body(n * statuses, statuses)) for n in range(different)]
    with server(contestant, url) as port:
        warm = [bodies.request(b'{"object":"warm","entry":[]}')] * 20
        if contestant.key not in {"a", "b"}:
            await load.drive(port, warm, 4)
        began = time.perf_counter()
        outcome = await load.drive(port, islice(cycle(rendered), requests), CONNECTIONS)
        took = outcome.seconds
        if contestant.folds:
            await folded(url, requests + len(warm))
            took = time.perf_counter() - began
    if outcome.refused:
        message = f"{contestant.name}: {outcome.refused} answers were not 200"
        raise RuntimeError(message)
    return Measured(requests / took, requests * statuses / took, outcome.percentile(0.99) * 1000)


@contextmanager
def databases(kind: str) -> Iterator[Iterator[str]]:
    """An endless supply of fresh databases of one kind."""
    with tempfile.TemporaryDirectory(prefix="invy-bench-") as folder:
        if kind == "sqlite":
            yield (f"sqlite:///{folder}/{n}.db" for n in range(10_000))
            return
        with running_server() as postgres:
            yield _fresh(postgres.url())


def _fresh(url: str) -> Iterator[str]:
    from tests.databases import PostgresDatabases

    made = PostgresDatabases(url)
    while True:
        yield made.create()


def bar(ratio: float) -> str:
    """A block for the tutorial, and one more for each doubling: tables of ratios from 1 to 1500 are read by eye."""
    return "█" * max(1, 1 + round(math.log2(ratio)))


def tell(results: dict[tuple[str, int, str], list[Measured]], rounds: int, seconds: float) -> str:
    lines = [
        "# Benchmarks",
        "",
        "How fast receipts are taken, measured side by side in one go on one machine. Ratios are what counts: the",
        "numbers themselves change with the machine and with what else it does. Made by `make bench`",
        f"(`python -m bench --rounds {rounds} --seconds {seconds:g}`): medians of {rounds} rounds, every contestant once per",
        f"round and for about {seconds:g} s, on a fresh database, {CONNECTIONS} connections over loopback, one server process",
        f"each, load from another. Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}. In the bars each",
        "block is twice the one before: a block more, twice as fast.",
        "",
    ]
    for kind in sorted({key[0] for key in results}, reverse=True):
        for statuses in (1, 100):
            plural = "status" if statuses == 1 else "statuses"
            lines += [
                f"## {'SQLite' if kind == 'sqlite' else 'PostgreSQL'}, {statuses} {plural} per webhook",
                "",
                "| | webhooks/s | statuses/s | p99 of the answer | against the tutorial | |",
                "| --- | ---: | ---: | ---: | ---: | :--- |",
            ]
            medians = {
                each.key: _median(results[kind, statuses, each.key])
                for each in CONTESTANTS
                if (kind, statuses, each.key) in results
            }
            for each in CONTESTANTS:
                it = medians[each.key]
                ratio = it.requests_per_s / medians["a"].requests_per_s
                letter = f"({each.key}) " if len(each.key) == 1 else ""
                lines.append(
                    f"| {letter}{each.name} | {it.requests_per_s:,.0f} | {it.statuses_per_s:,.0f} "
                    f"| {it.p99_ms:.1f} ms | {ratio:.1f}× | {bar(ratio)} |"
                )
            c, b, bare, empty = (medians[key].requests_per_s for key in ("c", "b", "bare", "empty"))
            lines += [
                "",
                f"c is {c / b:.1f}× b, {c / bare:.2f} of bare uvicorn and {c / empty:.2f} of it without a body.",
                "",
            ]
    return "\n".join(lines)


def _median(runs: list[Measured]) -> Measured:
    return Measured(
        statistics.median(run.requests_per_s for run in runs),
        statistics.median(run.statuses_per_s for run in runs),
        statistics.median(run.p99_ms for run in runs),
    )


def save(file: Path, page: str) -> None:
    """Put new tables before what people wrote about the old ones; whoever saves reads that again."""
    written = file.read_text(encoding="utf-8") if file.exists() else ""
    _, found, said = written.partition(SAID)
    file.write_text(f"{page.rstrip()}\n\n{found}{said}".rstrip() + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="about how long each run lasts")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--save", action="store_true", help="write docs/benchmarks.md")
    chosen = parser.parse_args()
    results: dict[tuple[str, int, str], list[Measured]] = {}
    enough: dict[tuple[str, int, str], int] = {}  # requests for a run of about that many seconds
    kinds = [chosen.only] if chosen.only else ["sqlite", "postgresql"]
    for kind in kinds:
        with databases(kind) as fresh:
            for number in range(chosen.rounds):
                for statuses in (1, 100):
                    for each in CONTESTANTS:
                        if (kind, statuses, each.key) not in enough:
                            run = uvloop.run(measure(each, next(fresh), statuses, trial(each, statuses)))
                            wanted = int(run.requests_per_s * chosen.seconds)
                            enough[kind, statuses, each.key] = max(CONNECTIONS, wanted)
                        requests = enough[kind, statuses, each.key]
                        run = uvloop.run(measure(each, next(fresh), statuses, requests))
                        results.setdefault((kind, statuses, each.key), []).append(run)
                        print(
                            f"{kind:10} round {number + 1} {statuses:3}/body {each.key:4} "
                            f"{run.requests_per_s:9,.0f} webhooks/s {run.statuses_per_s:11,.0f} statuses/s "
                            f"p99 {run.p99_ms:7.1f} ms",
                            file=sys.stderr,
                            flush=True,
                        )
    page = tell(results, chosen.rounds, chosen.seconds)
    print(page)
    if chosen.save:
        save(ROOT / "docs" / "benchmarks.md", page)


if __name__ == "__main__":
    main()
