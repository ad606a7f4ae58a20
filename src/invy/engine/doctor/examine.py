"""The examination: every check in its order, each within its time; what stands on broken ground is skipped and says why."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from invy.engine.doctor.finding import Finding, Mark, found
from invy.engine.doctor.section import Foundation, Section
from invy.engine.doctor.subject import Subject

Run = Callable[[Subject], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    """`needs` must hold before it runs; when it cannot be carried out, what it `lays` does not hold."""

    section: Section
    run: Run
    needs: tuple[Foundation, ...] = ()
    lays: tuple[Foundation, ...] = ()
    timeout_s: float = 5.0


async def examine(checks: Iterable[Check], subject: Subject) -> AsyncIterator[Finding]:
    """All findings, in order, as they are made. Never raises for anything a check does."""
    broken: dict[Foundation, Finding] = {}
    skipped: set[tuple[Section, Finding]] = set()
    for check in checks:
        cause = next((broken[need] for need in check.needs if need in broken), None)
        if cause is not None:
            for foundation in check.lays:
                broken.setdefault(foundation, cause)
            if (check.section, cause) not in skipped:
                skipped.add((check.section, cause))
                yield found(check.section, "general.skipped", because=cause.seen)
            continue
        for finding in await _carried_out(check, subject):
            for foundation in finding.breaks:
                broken.setdefault(foundation, finding)
            yield finding


async def _carried_out(check: Check, subject: Subject) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(check.timeout_s):
            return await check.run(subject)
    except TimeoutError:
        seconds = f"{check.timeout_s:g}"
        finding = found(check.section, "general.slow", breaks=check.lays, seconds=seconds)
    except Exception as error:  # noqa: BLE001 - one broken check must not silence the others
        # Only the kind of the error: its text may hold anything, a secret too.
        finding = found(check.section, "general.broke", breaks=check.lays, error=type(error).__name__)
    # Where others stand on it, not knowing is as bad as knowing the worst: they are not looked at.
    return [replace(finding, mark=Mark.FAILED) if check.lays else finding]


def worst(findings: Iterable[Finding]) -> Mark:
    """The gravest mark among them; ok when there is none."""
    order = list(Mark)
    return max((finding.mark for finding in findings), key=order.index, default=Mark.OK)
