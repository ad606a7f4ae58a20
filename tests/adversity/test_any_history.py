"""Any history of the real store: whatever happens in whatever order, the rows are the fold of their evidence.

Hypothesis invents histories: messages are written, leased, answered, deferred, lost and expired; receipts come in any
order, again, split, by wamid, by our id or by both; work is held and released. After every step the promises hold.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from invy.app import proof
from invy.domain.difference import Difference
from invy.domain.evidence import Attempt, Phase, Receipt, Told
from invy.domain.failure import Failure
from invy.domain.hold import Hold, Scope
from invy.domain.ids import MessageId, Wamid
from invy.domain.message import Posted
from invy.domain.state import State
from invy.store import schema, telling
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.holds import HoldStore
from invy.store.outbox import Outbox
from invy.store.tables import messages, metadata
from tests.databases import PostgresDatabases
from tests.making import SENDER, at, chunks, draft, message_id

NUMBERS = st.integers(1, 5)
WORDS = st.sampled_from(["sent", "delivered", "read", "failed", "played", "mystery"])
LEASE_S = 60.0


class AnyHistory(RuleBasedStateMachine):
    database: Database
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.written: set[int] = set()
        self.under_way: dict[MessageId, int] = {}
        self.deferred: set[MessageId] = set()
        self.leased: set[MessageId] = set()
        self.held: set[Scope] = set()
        self.seen: dict[MessageId, State] = {}
        self.told: list[Told] = []

    def do(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        async def empty() -> None:
            async with self.database.write() as connection:
                for table in metadata.sorted_tables:
                    await connection.execute(delete(table))

        self.do(empty())
        self.outbox = Outbox(self.database)
        self.holds = HoldStore(self.database)

    @rule(numbers=st.sets(NUMBERS, min_size=1))
    def enqueue(self, numbers: set[int]) -> None:
        new = sorted(numbers - self.written)
        self.do(self.outbox.enqueue(chunks([draft(n) for n in new])))
        self.written |= set(new)

    @rule(seconds=st.sampled_from([0.5, 5.0, LEASE_S + 1]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(limit=st.integers(1, 3))
    def lease(self, limit: int) -> None:
        lease = self.do(
            self.outbox.lease(SENDER, now=at(self.now), limit=limit, rate=1000, owner="me", lease_s=LEASE_S)
        )
        for each in lease.messages:
            assert not self.held, "what is held was leased"
            assert each.id not in self.leased or each.id in self.deferred, "leased twice without a deferral"
            self.deferred.discard(each.id)
            self.leased.add(each.id)
            self.under_way[each.id] = each.attempt

    @precondition(lambda self: self.under_way)
    @rule(
        data=st.data(),
        phase=st.sampled_from([Phase.ACCEPTED, Phase.REFUSED, Phase.DEFERRED, Phase.UNSURE]),
        adopting=st.booleans(),
    )
    def outcome(self, data: st.DataObject, phase: Phase, *, adopting: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.under_way)))
        number = self.under_way.pop(name)
        wamid = wamid_of(name) if phase is Phase.ACCEPTED else None
        failure = Failure(131008, "Required parameter is missing") if phase is Phase.REFUSED else None
        if phase is Phase.DEFERRED:
            self.deferred.add(name)
        self.do(
            self.outbox.record(
                [Posted(name, Attempt(number, phase, at(self.now), wamid=wamid, failure=failure))]
            )
        )
        if wamid is not None and adopting:
            self.do(self.outbox.adopt([wamid]))

    @rule()
    def leases_run_out(self) -> None:
        self.do(self.outbox.expire(at(self.now)))

    @rule(
        given=st.lists(
            st.tuples(
                NUMBERS,
                WORDS,
                st.integers(0, 3),
                st.sampled_from(["wamid", "our id", "both"]),
                st.sampled_from(["", "", "!", "~"]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def receipts(self, given: list[tuple[int, str, int, str, str]]) -> None:
        facts = [self.receipt(*each) for each in given]
        self.told.extend(facts)
        self.tell(facts)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def receipts_again(self, data: st.DataObject) -> None:
        again = data.draw(st.lists(st.sampled_from(self.told), min_size=1, max_size=3))
        self.tell(again)

    @rule()
    def sweep(self) -> None:
        async def all_known() -> None:
            while (await ApplyStore(self.database).adopt_known())[0]:
                pass

        self.do(all_known())

    @rule(scope=st.sampled_from([Scope.SENDER, Scope.TEMPLATE]))
    def hold(self, scope: Scope) -> None:
        self.held.add(scope)
        subject = SENDER if scope is Scope.SENDER else "t"
        self.do(self.holds.place(Hold(scope, subject, "because", at(self.now))))

    @precondition(lambda self: self.held)
    @rule()
    def release(self) -> None:
        for scope in self.held:
            subject = SENDER if scope is Scope.SENDER else "t"
            assert self.do(self.holds.release(scope, subject, at(self.now)))
        self.held.clear()

    @invariant()
    def the_rows_are_the_fold_of_their_evidence(self) -> None:
        found: list[Difference] = []
        self.do(proof.audit(self.database, found.append, lambda _: None))
        # An orphan of a message that became known waits for the sweep only where its teller had died.
        assert [each for each in found if each.table != "evidence"] == []

    @invariant()
    def no_state_moves_backwards(self) -> None:
        for name, state in self.do(states(self.database)).items():
            before = self.seen.get(name, State.QUEUED)
            meant = (before, state) == (State.SENDING, State.QUEUED) and name in self.deferred
            assert state.rank >= before.rank or meant, (name, before, state)
            self.seen[name] = state

    def teardown(self) -> None:
        """In the end nobody waits whose message is known."""
        if not hasattr(self, "outbox"):
            return
        self.sweep()
        found: list[Difference] = []
        self.do(proof.audit(self.database, found.append, lambda _: None))
        assert found == []

    def receipt(self, n: int, word: str, moment: int, named: str, twin: str) -> Told:
        """`twin`: Meta accepted the request twice, and this is about the other wamid."""
        if n not in self.written:
            named = "wamid"  # our id is durable here before anybody else can know it
        wamid = wamid_of(message_id(n), twin) if named != "our id" else None
        opaque = message_id(n) if named != "wamid" else None
        failure = Failure(131026, "Message undeliverable") if word == "failed" else None
        fact = Receipt(wamid, word, at(10.0 + moment), at(self.now + 100), opaque, failure)
        return Told(fact, wamid=wamid, opaque=opaque)

    def tell(self, facts: list[Told]) -> None:
        async def telling_them() -> None:
            async with self.database.write() as connection:
                await telling.tell(connection, self.database, facts)

        self.do(telling_them())


def wamid_of(name: MessageId, twin: str = "") -> Wamid:
    return Wamid(f"wamid.{twin}{name}")


async def states(database: Database) -> dict[MessageId, State]:
    async with database.read() as connection:
        rows = await connection.execute(select(messages.c.id, messages.c.status))
        return {row.id: State(row.status) for row in rows}


@contextmanager
def machine(url: str) -> Iterator[type[AnyHistory]]:
    with asyncio.Runner() as runner:
        database = Database.open(url)
        runner.run(schema.upgrade(database))

        class OnThisDatabase(AnyHistory):
            pass

        OnThisDatabase.database, OnThisDatabase.runner = database, runner
        yield OnThisDatabase
        runner.run(database.close())


def holds(url: str, examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with machine(url) as kind:
        run_state_machine_as_test(kind, settings=chosen)


@pytest.mark.slow
def test_any_history_keeps_the_promises_on_sqlite(sqlite_url: str) -> None:
    holds(sqlite_url, 50)


@pytest.mark.slow
def test_any_history_keeps_the_promises_on_postgresql(postgres_databases: PostgresDatabases) -> None:
    url = postgres_databases.create()
    try:
        holds(url, 25)
    finally:
        postgres_databases.drop(url)
