import asyncio
import gc
import weakref
from collections.abc import Sequence

import pytest

from invy.domain.errors import StoreUnavailable
from invy.engine.group import GroupCommit


class Disk:
    """A store that can be slow, away, or unable to hold one particular item."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.away = False

    async def write(self, items: Sequence[str]) -> None:
        await self.gate.wait()
        if self.away:
            raise StoreUnavailable("away")
        if "poison" in items:
            raise ValueError("poison")
        self.groups.append(list(items))

    @property
    def held(self) -> list[str]:
        return sorted(item for group in self.groups for item in group)


async def everything(group: GroupCommit[str], items: Sequence[str]) -> list[BaseException | None]:
    return await asyncio.gather(*(group.add(item) for item in items), return_exceptions=True)


async def test_callers_that_come_together_share_a_commit() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_weight=1000)
    writer = asyncio.create_task(group.run())
    disk.gate.clear()
    first = group.add("first")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = asyncio.create_task(everything(group, [f"{n:02d}" for n in range(50)]))
    await asyncio.sleep(0)
    assert not first.done()
    disk.gate.set()
    assert await rest == [None] * 50
    await first
    assert len(disk.groups) == 2
    group.close()
    await writer


async def test_nobody_is_answered_before_the_commit() -> None:
    disk = Disk()
    disk.gate.clear()
    group = GroupCommit(disk.write, max_weight=1000)
    writer = asyncio.create_task(group.run())
    waiting = group.add("x")
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    disk.gate.set()
    await waiting
    group.close()
    await writer


async def test_when_the_store_is_away_each_caller_is_told_and_the_writer_lives_on() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_weight=1000)
    writer = asyncio.create_task(group.run())
    disk.away = True
    answers = await everything(group, ["a", "b"])
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    disk.away = False
    await group.add("c")
    assert disk.held == ["c"]
    group.close()
    await writer


async def test_one_bad_item_does_not_hurt_its_neighbours() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_weight=1000)
    writer = asyncio.create_task(group.run())
    answers = await everything(group, ["a", "poison", "b"])
    assert [type(answer) for answer in answers] == [type(None), ValueError, type(None)]
    assert disk.held == ["a", "b"]
    group.close()
    await writer


async def test_too_much_waiting_is_turned_away_at_once_and_memory_is_bounded() -> None:
    disk = Disk()
    disk.gate.clear()
    group = GroupCommit(disk.write, max_weight=10)
    writer = asyncio.create_task(group.run())
    waiting = [group.add(f"{n}", weight=5) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await group.add("too much", weight=1)
    disk.gate.set()
    await asyncio.gather(*waiting)
    await group.add("room again", weight=10)
    group.close()
    await writer


async def test_closing_stores_what_waits_and_takes_no_more() -> None:
    disk = Disk()
    disk.gate.clear()
    group = GroupCommit(disk.write, max_weight=1000)
    writer = asyncio.create_task(group.run())
    waiting = group.add("last")
    await asyncio.sleep(0)
    group.close()
    with pytest.raises(StoreUnavailable):
        await group.add("late")
    disk.gate.set()
    await writer
    await waiting
    assert disk.held == ["last"]


async def test_a_caller_who_has_given_up_does_not_stop_the_others() -> None:
    disk = Disk()
    disk.gate.clear()
    group = GroupCommit(disk.write, max_weight=1000)
    writer = asyncio.create_task(group.run())
    impatient = group.add("impatient")
    patient = group.add("patient")
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    disk.gate.set()
    await patient
    assert "patient" in disk.held
    group.close()
    await writer


async def test_groups_are_bounded() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_group=10, max_weight=1000)
    writer = asyncio.create_task(group.run())
    await everything(group, [f"{n:02d}" for n in range(35)])
    assert max(len(items) for items in disk.groups) == 10
    assert len(disk.held) == 35
    group.close()
    await writer


async def test_nothing_is_held_in_memory_while_nothing_is_asked() -> None:
    class Body:
        """Something that can be looked for."""

    async def write(_: Sequence[Body]) -> None:
        return

    group = GroupCommit(write, max_weight=1000)
    writer = asyncio.create_task(group.run())
    body = Body()
    held = weakref.ref(body)
    await group.add(body)
    del body
    await asyncio.sleep(0)
    gc.collect()
    assert held() is None
    group.close()
    await writer
