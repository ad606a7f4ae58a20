"""How messages are getting on while we look: a bar per stage on a terminal, a line now and then anywhere else."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from invy.cli.output import STYLES
from invy.domain.state import State

LINE_EVERY_S: Final = 10.0

_STAGES: Final[Mapping[State, tuple[State, ...]]] = {
    State.QUEUED: (State.QUEUED, State.SENDING),
    State.SENT: (State.SENT, State.DELIVERED, State.READ),
    State.DELIVERED: (State.DELIVERED, State.READ),
    State.READ: (State.READ,),
    State.FAILED: (State.FAILED,),
    State.UNCONFIRMED: (State.UNCONFIRMED,),
}
"""Which states a stage counts: what is read has been delivered and sent."""


def stages(counts: Mapping[State, int]) -> dict[State, int]:
    """How many messages have come to each stage; `queued` are those still to go."""
    return {stage: sum(counts.get(state, 0) for state in states) for stage, states in _STAGES.items()}


class Bars:
    """A context in which `update` shows the counts on stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(file=sys.stderr, stderr=True, highlight=False)
        self._live = self._console.is_terminal and not quiet
        self._quiet = quiet
        self._told_at = time.monotonic()
        self._told: dict[State, int] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            console=self._console,
            disable=not self._live,
        )
        self._tasks: dict[State, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, counts: Mapping[State, int]) -> None:
        shown, total = stages(counts), sum(counts.values())
        if not self._live:
            self._say(shown, total)
            return
        for stage, number in shown.items():
            if stage is State.UNCONFIRMED and not number and stage not in self._tasks:
                continue  # a rare stage has no bar until something is in it
            if stage not in self._tasks:
                style = STYLES[stage]
                self._tasks[stage] = self._progress.add_task(f"[{style}]{stage}[/{style}]", total=total)
            self._progress.update(self._tasks[stage], completed=number, total=total)

    def say(self, sentence: str) -> None:
        """A line above the bars."""
        if not self._quiet:
            self._console.print(sentence, style="yellow", soft_wrap=True)

    def _say(self, shown: dict[State, int], total: int) -> None:
        now = time.monotonic()
        if self._quiet or shown == self._told or now - self._told_at < LINE_EVERY_S:
            return
        self._told, self._told_at = shown, now
        words = ", ".join(f"{number:,} {stage}" for stage, number in shown.items() if number)
        self._console.print(f"{total:,} messages: {words}")
