"""The latest word about a phone counts, whichever of its numbers it came under. On both databases."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import select

from invy.diagnose.finding import Finding
from invy.domain.ids import EventId
from invy.domain.phone import E164, aliases
from invy.domain.phone_alias import other_form
from invy.engine.why import Why
from invy.store import opt_outs
from invy.store.database import Database
from invy.store.guests import GuestStore
from invy.store.outbox import Outbox
from invy.store.situations import Situations
from invy.store.tables import messages
from tests.making import at, chunks, draft, message_id, phone
from tests.meta.webhook_bodies import body
from tests.store.hearing import hear

PAIRS = [
    (E164("+5511987654321"), E164("+551187654321")),
    (E164("+525512345678"), E164("+5215512345678")),
    (E164("+541112345678"), E164("+5491112345678")),
]


class Word(NamedTuple):
    """A stop or a resume, told about a number at a second."""

    number: E164
    seconds: int
    said: str


async def tell(database: Database, *words: Word, together: bool = False) -> None:
    items = [
        {"wa_id": number[1:], "value": said, "timestamp": int(at(seconds).timestamp())}
        for number, seconds, said in words
    ]
    values = [items] if together else [[item] for item in items]
    for value in values:
        await hear(database, body({"user_preferences": value}, field="user_preferences"))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
async def test_a_guest_who_stopped_under_one_number_resumes_under_the_other(
    database: Database, pair: tuple[E164, E164], turned: bool
) -> None:
    one, other = reversed(pair) if turned else pair
    await Outbox(database).enqueue(chunks([replace(draft(0), to=one), replace(draft(1), to=other)]))
    guests, situations = GuestStore(database), Situations(database)

    async def opted_out_at() -> list[object]:
        cases = [await situations.of(message_id(n), at(100)) for n in (0, 1)]
        return [each and each.situation.guest.opted_out_at for each in cases]

    await tell(database, Word(one, 10, "stop"))
    assert await guests.opted_out([one, other]) == {one, other}
    assert await opted_out_at() == [at(10), at(10)]
    await tell(database, Word(other, 20, "resume"))
    assert await guests.opted_out([one, other]) == set()
    assert await opted_out_at() == [None, None]
    await tell(database, Word(other, 30, "stop"))
    assert await guests.opted_out([one]) == {one}
    assert await opted_out_at() == [at(30), at(30)]


@pytest.mark.parametrize("seed", range(3))
async def test_the_latest_word_counts_and_of_two_in_one_second_the_stop(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)
    numbers = [*(number for pair in PAIRS for number in pair), phone(1), phone(2)]
    words = [
        Word(chance.choice(numbers), chance.randrange(8), chance.choice(["stop", "resume"]))
        for _ in range(14)
    ]
    await tell(database, *words)
    expected: set[E164] = set()
    for number in numbers:
        about = [(each.seconds, each.said == "stop") for each in words if each.number in aliases(number)]
        if about and max(about)[1]:
            expected.add(number)
    assert await GuestStore(database).opted_out(numbers) == expected


async def test_a_database_finds_every_stop_that_may_count_under_the_other_number(database: Database) -> None:
    chance = random.Random(7)
    starts = ["+5511", "+55119", "+52", "+521", "+54", "+549", "+4477009", "+1212555"]
    dialled = [E164(chance.choice(starts) + str(chance.randrange(10**7, 10**10))) for _ in range(300)]
    dialled += [number for pair in PAIRS for number in pair]
    numbers = [number for number in dialled if len(number) <= 16]
    with_two = {number for number in numbers if other_form(number) is not None}
    assert len(with_two) > 50
    drafts = [replace(draft(n), to=number) for n, number in enumerate(numbers)]
    await Outbox(database).enqueue(chunks(drafts))
    words = [Word(other_form(number) or number, 10, "stop") for number in numbers]
    await tell(database, *words, together=True)
    async with database.read() as connection:
        marked = await connection.execute(
            select(messages.c.to_phone).where(opt_outs.perhaps(messages.c.to_phone))
        )
        assert {row.to_phone for row in marked} >= set(numbers)


async def test_messages_to_other_numbers_are_not_taken_for_stopped(database: Database) -> None:
    await Outbox(database).enqueue(chunks([draft(1), draft(2)]))
    await tell(database, Word(phone(1), 10, "stop"))
    async with database.read() as connection:
        marked = await connection.execute(
            select(messages.c.to_phone).where(opt_outs.perhaps(messages.c.to_phone))
        )
        assert [row.to_phone for row in marked] == [phone(1)]


async def test_waiting_messages_to_a_guest_who_stopped_under_the_other_number_are_counted_as_such(
    database: Database,
) -> None:
    dialled, known_as = PAIRS[0]
    await Outbox(database).enqueue(chunks([replace(draft(0), to=dialled), draft(1), draft(2)]))
    await tell(database, Word(known_as, 10, "stop"))
    why = Why(Situations(database), lambda: at(0) + timedelta(hours=1), "IL")
    [waiting] = await why.groups(EventId("wedding"))
    assert {group.finding: group.count for group in waiting.groups}[Finding.OPTED_OUT_WAITING] == 1
