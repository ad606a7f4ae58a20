import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from invy.domain.errors import MetaRefused, TryLater
from invy.domain.evidence import Receipt, Source
from invy.domain.hold import Hold
from invy.domain.silence import Learnt
from invy.domain.state import State
from invy.engine import reconcile
from invy.engine.reconcile import Asked, Reconciler
from invy.meta.graph_reply import GraphReply
from invy.meta.history import Refusal
from invy.store.overview import Overview
from invy.store.silence import SilenceStore
from tests.making import SENDER, at, message_id
from tests.operations.living import Living, audited, replayed, status, statuses, wamid
from tests.operations.test_history import event, refused, reply

NOT_ALLOWED = refused(403, 200, 1349174)


@dataclass
class Meta:
    """Meta as far as message_history goes: an answer for each wamid, and a record of what was asked."""

    answers: dict[str, GraphReply] = field(default_factory=dict)
    otherwise: GraphReply = field(default_factory=lambda: refused(422, 100))
    asked: list[str] = field(default_factory=list)

    async def get(self, path: str, params: Mapping[str, str]) -> GraphReply:
        assert path == f"{SENDER}/message_history"
        self.asked.append(params["message_id"])
        return self.answers.get(params["message_id"], self.otherwise)


@dataclass
class Noted:
    """What the log was told."""

    troubles: list[str] = field(default_factory=list)
    learnt: list[Learnt] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)

    def trouble(self, where: str, error: Exception) -> None:
        self.troubles.append(f"{where}: {type(error).__name__}")

    def reconciled(self, learnt: Learnt) -> None:
        self.learnt.append(learnt)

    def held(self, hold: Hold) -> None:
        self.holds.append(hold)


class Office:
    """A reconciler over a living database; the clock stands where it is put."""

    def __init__(self, living: Living, *, per_hour: int = reconcile.PER_HOUR) -> None:
        self.living = living
        self.meta = Meta()
        self.log = Noted()
        self.now = at(3600)
        self.pauses: list[float] = []
        self.reconciler = Reconciler(
            SilenceStore(living.database),
            self.meta,
            self._clock,
            self.log,
            pause=self._pause,
            per_hour=per_hour,
        )

    def _clock(self) -> datetime:
        return self.now

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)

    async def round(self, later: timedelta = timedelta()) -> Asked:
        self.now += later
        return await self.reconciler.round()

    async def state(self, n: int) -> State:
        found = await Overview(self.living.database).find(message_id(n))
        assert found is not None
        return found.state


@pytest.fixture
async def office(living: Living) -> Office:
    """Messages 1 to 3 were accepted an hour ago and nothing was heard of them."""
    await living.accepted(1, 2, 3)
    return Office(living)


async def test_what_meta_knows_becomes_evidence_and_state(office: Office) -> None:
    office.meta.answers[wamid(1)] = reply(
        event("SENT", 3, webhook_update_state="FAILED"), event("DELIVERED", 9, webhook_update_state="FAILED")
    )
    asked = await office.round()
    assert (asked.learnt, asked.moved, asked.untold, asked.unknown) == (3, 1, 1, 2)
    assert await office.state(1) is State.DELIVERED
    timeline = await Overview(office.living.database).timeline(message_id(1))
    last = timeline[-1][1]
    assert isinstance(last, Receipt)
    assert (last.source, last.webhook_update_state, last.at) == (Source.HISTORY, "FAILED", at(9))
    assert await audited(office.living.database) == []


async def test_history_is_no_webhook_and_survives_a_replay(office: Office, tmp_path: Path) -> None:
    office.meta.answers[wamid(1)] = reply(event("READ", 9))
    await office.round()
    message = await Overview(office.living.database).find(message_id(1))
    assert message is not None
    assert message.folded.first_receipt_at is None
    before = await office.living.rows()
    await replayed(office.living.database, tmp_path, mend=True)
    assert await office.living.rows() == before


async def test_the_same_answer_twice_is_stored_once_and_a_changed_one_beside_it(office: Office) -> None:
    office.meta.answers[wamid(1)] = reply(event("SENT", 3, webhook_update_state="RETRYING"))
    await office.round()
    await office.round(timedelta(hours=7))
    office.meta.answers[wamid(1)] = reply(event("SENT", 3, webhook_update_state="FAILED"))
    await office.round(timedelta(hours=7))
    timeline = await Overview(office.living.database).timeline(message_id(1))
    states = [fact.webhook_update_state for _, fact in timeline if isinstance(fact, Receipt)]
    assert states == ["RETRYING", "FAILED"]


async def test_only_what_is_silent_for_long_is_asked_about_and_not_again_at_once(office: Office) -> None:
    await office.living.hear(statuses(status(2, "sent", 5), status(3, "delivered", 6)))
    office.now = at(60)
    await office.round()
    assert office.meta.asked == []
    office.now = at(3600)
    await office.round()
    await office.round(timedelta(hours=1))
    assert office.meta.asked == [wamid(1)]
    await office.round(timedelta(hours=6))
    assert office.meta.asked == [wamid(1)] * 2
    await office.round(timedelta(days=31))
    assert office.meta.asked == [wamid(1)] * 2


async def test_one_question_a_second(office: Office) -> None:
    await office.round()
    assert office.pauses == [reconcile.GAP_S] * 2


async def test_the_budget_of_an_hour_holds_for_all_processes_together(living: Living) -> None:
    await living.begin(12)
    await living.accepted(*range(1, 13))
    one, other = Office(living, per_hour=5), Office(living, per_hour=5)
    assert (await one.round()).learnt == 5
    spent = await other.round()
    assert (spent.learnt, spent.spent) == (0, True)
    assert (await other.round(timedelta(minutes=61))).learnt == 5
    assert len(set(one.meta.asked) | set(other.meta.asked)) == 10


async def test_no_permission_is_said_once_and_asking_rests_for_a_day(office: Office) -> None:
    office.meta.otherwise = NOT_ALLOWED
    asked = await office.round()
    assert isinstance(asked.error, MetaRefused)
    assert "Nothing is lost" in asked.error.hint
    for _ in range(5):
        await office.round(timedelta(hours=4))
    assert office.meta.asked == [wamid(1)]
    await office.round(timedelta(hours=10))
    assert len(office.meta.asked) == 2
    assert office.log.troubles == ["reconcile: MetaRefused"]


async def test_permission_that_is_given_later_is_used_by_itself(office: Office) -> None:
    office.meta.otherwise = NOT_ALLOWED
    await office.round()
    office.meta.otherwise = refused(422, 100)
    office.meta.answers[wamid(1)] = reply(event("DELIVERED", 9))
    await office.round(timedelta(hours=25))
    assert await office.state(1) is State.DELIVERED


@pytest.mark.parametrize(
    ("answer", "refusal", "kind"),
    [(refused(429, 4), Refusal.SLOW_DOWN, TryLater), (refused(401, 190), Refusal.TOKEN, MetaRefused)],
)
async def test_after_a_refusal_asking_rests_for_an_hour_and_what_was_learnt_stays(
    office: Office, answer: GraphReply, refusal: Refusal, kind: type[Exception]
) -> None:
    office.meta.answers = {wamid(1): reply(event("READ", 9)), wamid(2): answer}
    asked = await office.round()
    assert (asked.learnt, asked.refusal, type(asked.error)) == (1, refusal, kind)
    assert await office.state(1) is State.READ
    assert office.meta.asked == [wamid(1), wamid(2)]
    await office.round(timedelta(minutes=30))
    assert len(office.meta.asked) == 2
    await office.round(timedelta(minutes=40))
    assert office.meta.asked[2] == wamid(2)


TROUBLE = [
    GraphReply(None, note="No answer"),
    GraphReply(500, b"<html>"),
    GraphReply(200, b'{"data": "none"}'),
]


@pytest.mark.parametrize("answer", TROUBLE)
async def test_trouble_with_one_message_keeps_nobody_from_asking_about_the_others(
    office: Office, answer: GraphReply
) -> None:
    office.meta.answers = {wamid(1): answer, wamid(2): reply(event("READ", 9), wamid=wamid(2))}
    asked = await office.round()
    assert (asked.learnt, asked.refusal, type(asked.error)) == (2, Refusal.TROUBLE, TryLater)
    assert await office.state(2) is State.READ
    assert office.meta.asked == [wamid(1), wamid(2), wamid(3)]


async def test_trouble_with_every_message_is_not_asked_for_again_and_again(living: Living) -> None:
    await living.begin(12)
    await living.accepted(*range(1, 13))
    office = Office(living)
    office.meta.otherwise = GraphReply(500, b"<html>")
    asked = await office.round()
    assert (asked.learnt, len(office.meta.asked)) == (0, reconcile.TROUBLE_AT_MOST)
    await office.round(timedelta(minutes=30))
    assert len(office.meta.asked) == reconcile.TROUBLE_AT_MOST


@pytest.mark.parametrize("answer", [NOT_ALLOWED, refused(429, 4), *TROUBLE])
async def test_a_question_that_meta_did_not_answer_is_asked_again_as_soon_as_anybody_may(
    office: Office, answer: GraphReply
) -> None:
    office.meta.otherwise = answer
    await office.round()
    office.meta.answers = {wamid(n): reply(event("READ", 9), wamid=wamid(n)) for n in (1, 2, 3)}
    others = Office(office.living)  # a person, whose process knows of no rest
    others.meta.answers, others.now = office.meta.answers, office.now + timedelta(minutes=1)
    assert (await others.round()).moved == 3


async def test_an_answer_in_json_of_another_shape_moves_nothing(office: Office) -> None:
    office.meta.otherwise = GraphReply(200, json.dumps({"data": [1, {"events": 3}]}).encode())
    asked = await office.round()
    assert (asked.learnt, asked.moved, asked.unknown) == (3, 0, 3)


async def test_closing_ends_after_the_question_at_hand(office: Office) -> None:
    office.reconciler.close()
    assert (await office.round()).learnt == 0
    await office.reconciler.run()
