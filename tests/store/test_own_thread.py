"""The journal's thread: in order, errors told to who asked, nobody left waiting."""

import asyncio
import threading

import pytest

from invy.store.own_thread import OwnThread


async def test_work_is_done_in_order_by_one_other_thread() -> None:
    thread, seen = OwnThread("x"), list[tuple[int, int]]()
    await asyncio.gather(
        *(thread.do(lambda n=n: seen.append((n, threading.get_ident()))) for n in range(100))  # type: ignore[misc]
    )
    thread.end()

    assert [n for n, _ in seen] == list(range(100))
    assert {who for _, who in seen} != {threading.get_ident()}
    assert len({who for _, who in seen}) == 1


async def test_an_error_is_told_to_who_asked_and_the_next_work_is_done() -> None:
    thread, seen = OwnThread("x"), list[str]()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await thread.do(fail)
    await thread.do(lambda: seen.append("next"))
    thread.end()

    assert seen == ["next"]


async def test_work_that_was_begun_is_ended_when_its_caller_is_cancelled() -> None:
    thread, begun, gate, seen = OwnThread("x"), threading.Event(), threading.Event(), list[str]()

    def slow() -> None:
        begun.set()
        gate.wait(10)
        seen.append("slow")

    caller = asyncio.create_task(thread.do(slow))
    await asyncio.to_thread(begun.wait, 10)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    gate.set()
    await thread.do(lambda: seen.append("next"))
    thread.end()

    assert seen == ["slow", "next"]


async def test_it_ends_and_begins_again() -> None:
    thread, seen = OwnThread("invy-test-ends"), list[str]()
    thread.end()  # never begun
    await thread.do(lambda: seen.append("once"))
    thread.end()
    assert not [each for each in threading.enumerate() if each.name == "invy-test-ends"]
    await thread.do(lambda: seen.append("again"))
    thread.end()

    assert seen == ["once", "again"]


async def test_a_thread_that_could_not_be_started_is_started_by_the_next_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    thread, seen = OwnThread("x"), list[str]()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_room)
        with pytest.raises(RuntimeError):
            await thread.do(lambda: seen.append("lost"))
        thread.end()
    async with asyncio.timeout(10):
        await thread.do(lambda: seen.append("next"))
    thread.end()

    assert seen == ["next"]


def test_a_loop_that_is_gone_does_not_end_the_thread() -> None:
    thread, begun, gate, seen = OwnThread("x"), threading.Event(), threading.Event(), list[str]()

    def slow() -> None:
        begun.set()
        gate.wait(10)

    async def leave() -> None:
        caller = asyncio.create_task(thread.do(slow))
        await asyncio.to_thread(begun.wait, 10)
        caller.cancel()

    asyncio.run(leave())
    gate.set()
    asyncio.run(thread.do(lambda: seen.append("next")))
    thread.end()

    assert seen == ["next"]
