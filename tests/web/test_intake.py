"""Bodies on their way in: bounded in size, in time and in number."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope

from invy.web.intake import BodyRefused, Intake, SenderGone

SCOPE: Scope = {"type": "http", "headers": []}


def script(*messages: Message) -> Receive:
    """A client that sends these and then nothing more, for ever."""
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_that_stops_coming_is_given_up() -> None:
    with pytest.raises(BodyRefused) as refused:
        await Intake(100, patience_s=0.02).read(SCOPE, script(piece(b"a")))

    assert refused.value.status == 408


async def test_unfinished_bodies_are_bounded_together_and_their_room_is_given_back() -> None:
    intake = Intake(100, held_bytes=150)
    go_on = asyncio.Event()

    async def slow() -> Message:
        if not go_on.is_set():
            await go_on.wait()
            return piece(b"", more=False)
        raise AssertionError

    def first_then_slow() -> Receive:
        begun = False

        async def receive() -> Message:
            nonlocal begun
            if not begun:
                begun = True
                return piece(b"x" * 100)
            return await slow()

        return receive

    waiting = asyncio.create_task(intake.read(SCOPE, first_then_slow()))
    await asyncio.sleep(0)
    with pytest.raises(BodyRefused) as refused:
        await intake.read(SCOPE, script(piece(b"y" * 100)))
    go_on.set()

    assert refused.value.status == 503
    assert await waiting == b"x" * 100
    assert await intake.read(SCOPE, script(piece(b"y" * 100), piece(b"", more=False))) == b"y" * 100


async def test_a_disconnect_is_told_apart_from_an_end() -> None:
    with pytest.raises(SenderGone):
        await Intake(100).read(SCOPE, script(piece(b"a"), {"type": "http.disconnect"}))


@pytest.mark.parametrize("length", [b"", b"-1", b"1e9", b"x", "٣".encode()])
async def test_a_length_that_is_no_number_is_not_believed(length: bytes) -> None:
    scope: Scope = {"type": "http", "headers": [(b"content-length", length)]}

    assert await Intake(3).read(scope, script(piece(b"abc", more=False))) == b"abc"


async def test_a_body_that_is_being_read_is_given_up_sooner_when_told_to_hurry() -> None:
    intake = Intake(100, patience_s=3600)
    waiting = asyncio.create_task(intake.read(SCOPE, script(piece(b"a"))))
    await asyncio.sleep(0)

    intake.hurry(0.01)

    with pytest.raises(BodyRefused) as refused:
        await waiting
    assert refused.value.status == 408
