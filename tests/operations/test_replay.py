import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from invy.app import proof
from invy.domain.difference import ABSENT, Difference, Left
from invy.domain.evidence import Attempt, Decision, Phase, Receipt, Settlement, Source, Told
from invy.domain.failure import Failure
from invy.domain.journal import Outcome
from invy.domain.state import State
from invy.store.database import Database
from invy.store.overview import Overview
from invy.store.tables import (
    evidence,
    inbound,
    journal,
    messages,
    notices,
    opt_outs,
    other_wamids,
    user_opt_outs,
    user_phones,
)
from tests.making import at, message_id
from tests.operations.living import (
    Living,
    Quiet,
    audited,
    body,
    button,
    columns,
    preference,
    replayed,
    status,
    statuses,
    wamid,
)

WORDS = ["sent", "delivered", "read", "played", "failed", "warning", ""]

numbers = st.integers(1, 4)  # message 4 is one that we never made
moments = st.integers(0, 40).map(float)
any_status = st.builds(
    status,
    numbers,
    st.sampled_from(WORDS),
    moments,
    opaque=st.booleans(),
    code=st.none() | st.sampled_from([131026, 131049, 131047]),
    twin=st.sampled_from(["", "", "!", "~"]),
    user=st.booleans(),
)
broken_items: st.SearchStrategy[Any] = st.sampled_from(
    [None, 7, {}, {"id": 1}, {"id": "wamid.1", "status": []}]
)
bodies = st.one_of(
    st.lists(any_status | broken_items, min_size=1, max_size=4).map(lambda made: body(statuses=made)),
    st.builds(button, numbers, moments, context=st.booleans()).map(lambda made: body(messages=[made])),
    st.builds(preference, st.sampled_from(["stop", "resume"]), moments, user=st.none() | numbers).map(
        lambda made: body("user_preferences", user_preferences=[made])
    ),
    st.sampled_from(
        [b"", b"{", b"\xff", body("message_template_status_update", event="PAUSED"), b"[]", b"null"]
    ),
)
attempts = st.builds(
    lambda n, number, phase, moment, code: Told(
        Attempt(
            number,
            phase,
            at(moment),
            wamid=wamid(n) if phase is Phase.ACCEPTED else None,
            failure=Failure(code) if phase is Phase.REFUSED else None,
        ),
        message_id=message_id(n),
        wamid=wamid(n) if phase is Phase.ACCEPTED else None,
    ),
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from([phase for phase in Phase if phase is not Phase.NONE]),
    moments,
    st.sampled_from([None, 131026]),
)
settlements = st.builds(
    lambda n, decision, moment: Told(Settlement(decision, at(moment), "me"), message_id=message_id(n)),
    st.integers(1, 3),
    st.sampled_from(Decision),
    moments,
)
history = st.builds(
    lambda n, twin, word, moment, state: Told(
        Receipt(wamid(n, twin), word, at(moment), at(500), source=Source.HISTORY, webhook_update_state=state),
        wamid=wamid(n, twin),
    ),
    numbers,
    st.sampled_from(["", "~"]),
    st.sampled_from(WORDS),
    moments,
    st.sampled_from([None, "FAILED", "DELIVERED"]),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), bodies, st.integers(100, 110)),
        st.tuples(st.just("tell"), st.one_of(attempts, settlements, history)),
        st.tuples(st.just("apply")),
    ),
    max_size=14,
)


async def play(living: Living, played: list[Any]) -> None:
    await living.begin()
    for name, *given_ in played:
        if name == "hear":
            await living.hear(given_[0], heard=given_[1], apply=False)
        elif name == "tell":
            await living.tell(*given_)
        else:
            await living.apply()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(played=steps)
async def test_replay_gives_identical_rows_for_anything_that_was_told(
    living: Living, tmp_path: Path, played: list[Any]
) -> None:
    """Whatever came, in whatever order, with or without an applier in between: a replay finds nothing to change."""
    await play(living, played)
    before = await living.rows()
    done, found = await replayed(living.database, tmp_path)
    assert found == []
    assert await audited(living.database) == []
    assert (done.differences, await living.rows()) == (0, before)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(played=steps, harm=st.lists(st.integers(0, 13), min_size=1, max_size=4))
async def test_replay_rebuilds_what_was_damaged(
    living: Living, tmp_path: Path, played: list[Any], harm: list[int]
) -> None:
    await play(living, played)
    await living.apply()
    before = stable(await living.rows())
    for kind in harm:
        await damage(living.database, kind)
    done, _ = await replayed(living.database, tmp_path, mend=True)
    assert done.left == 0
    assert stable(await living.rows()) == before
    assert (await replayed(living.database, tmp_path))[1] == []
    assert await audited(living.database) == []


async def damage(database: Database, kind: int) -> None:
    """Lose or falsify what the journal can bring again. A status that was queued stays queued: see below."""
    brought = evidence.c.journal_id.is_not(None)
    harm = [
        delete(evidence).where(brought),
        update(messages).values(read_at=None, delivered_at=at(7), error_title="false", wamid=None),
        update(evidence).where(brought).values(message_id=None),
        delete(inbound),
        delete(notices),
        update(journal).values(outcome=Outcome.PARTLY.value, note="false"),
        delete(opt_outs),
        delete(user_opt_outs),
        delete(other_wamids),
        delete(user_phones),
        update(evidence).where(brought).values(fact=b"\x00"),
        update(evidence).where(brought).values(wamid="false", opaque="false"),
        update(evidence).where(brought).values(word="false", at=at(7), kind="reply"),
        update(notices).values(fact=b"{}"),
    ][kind]
    async with database.write() as connection:
        await connection.execute(harm)


def stable(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """All rows without what a rebuilding may give anew: row numbers and the moment of applying."""
    told = (
        "whatsapp_messages",
        "evidence",
        "inbound_messages",
        "notices",
        "opt_outs",
        "user_opt_outs",
        "user_phones",
        "other_wamids",
        "journal",
    )
    dropped = {
        "evidence": ("id", "fact"),
        "notices": ("id", "fact"),
        "journal": ("applied_at",),
        "whatsapp_messages": ("lease_until",),  # a message that is being sent gets one if it has none
    }
    return {
        name: sorted(
            ({key: row[key] for key in row if key not in dropped.get(name, ())} for row in rows[name]),
            key=repr,
        )
        for name in told
    }


async def test_checking_names_the_difference_and_changes_nothing(living: Living, tmp_path: Path) -> None:
    await living.accepted(1)
    await living.hear(statuses(status(1, "delivered", 20)))
    async with living.database.write() as connection:
        await connection.execute(
            update(messages).where(messages.c.id == message_id(1)).values(status="sent", delivered_at=None)
        )
    before = await living.rows()
    done, found = await replayed(living.database, tmp_path)
    assert columns(found) == {
        ("whatsapp_messages", message_id(1), "status"),
        ("whatsapp_messages", message_id(1), "delivered_at"),
    }
    assert Difference("whatsapp_messages", message_id(1), "status", "sent", "delivered") in found
    assert (done.checked, done.differences) == (1, 2)
    assert await living.rows() == before


async def test_what_was_never_in_the_journal_is_kept(living: Living, tmp_path: Path) -> None:
    """Our own attempts, a person's decision and Meta's history have no raw bytes to be read again."""
    await living.unsure(1)
    await living.tell(
        Told(Settlement(Decision.SENT, at(99), "dana", "she told me"), message_id=message_id(1)),
        Told(Receipt(wamid(2), "delivered", at(7), at(90), source=Source.HISTORY), wamid=wamid(2)),
    )
    await living.accepted(2)
    before = await living.rows()
    done, _ = await replayed(living.database, tmp_path, mend=True)
    assert (done.differences, await living.rows()) == (0, before)


async def test_evidence_stays_when_its_raw_bytes_are_gone(living: Living, tmp_path: Path) -> None:
    await living.accepted(1)
    await living.hear(statuses(status(1, "read", 20)), body(messages=[button(1, 30)]))
    async with living.database.write() as connection:
        await connection.execute(delete(journal))
    before = await living.rows()
    done, found = await replayed(living.database, tmp_path, mend=True)
    assert (found, done.checked) == ([], 0)
    assert await living.rows() == before


async def test_evidence_that_no_raw_bytes_support_is_taken_out(living: Living, tmp_path: Path) -> None:
    await living.accepted(1)
    await living.hear(statuses(status(1, "sent", 5)))
    forged = Receipt(wamid(1), "read", at(9), at(10))
    async with living.database.read() as connection:
        entry = (await connection.execute(select(journal.c.id))).scalar_one()
    await living.tell(Told(forged, wamid=wamid(1), journal_id=entry))
    assert await audited(living.database) == []
    _, found = await replayed(living.database, tmp_path, mend=True)
    assert ("evidence", ABSENT) in {(each.table, each.folded) for each in found}
    message = await Overview(living.database).find(message_id(1))
    assert message is not None
    assert message.state is State.SENT


async def test_a_message_that_may_have_been_sent_is_never_put_back_into_the_queue(
    living: Living, tmp_path: Path
) -> None:
    """Its attempts were lost: by the evidence it was never sent, and sending it on that ground could be the second time."""
    await living.accepted(1)
    async with living.database.write() as connection:
        await connection.execute(delete(evidence).where(evidence.c.message_id == message_id(1)))
    done, found = await replayed(living.database, tmp_path, mend=True)
    assert not any(each.mendable for each in found)
    assert done.left == done.differences > 0
    message = await Overview(living.database).find(message_id(1))
    assert message is not None
    assert message.state is State.SENT


async def test_a_message_that_stands_in_its_first_attempt_again_will_be_moved_on(
    living: Living, tmp_path: Path
) -> None:
    await living.accepted(1)
    async with living.database.write() as connection:
        await connection.execute(delete(evidence).where(evidence.c.word == "accepted"))
    await replayed(living.database, tmp_path, mend=True)
    assert await living.outbox.expire(at(100)) == [message_id(1)]


async def test_two_messages_that_swapped_their_wamids_get_their_own_back(
    living: Living, tmp_path: Path
) -> None:
    await living.accepted(1, 2)
    before = await living.rows()
    async with living.database.write() as connection:
        for n, false in ((1, "tmp"), (2, wamid(1)), (1, wamid(2))):
            await connection.execute(
                update(messages).where(messages.c.id == message_id(n)).values(wamid=false)
            )
    await replayed(living.database, tmp_path, mend=True)
    assert await living.rows() == before


async def test_what_waits_to_be_read_is_left_to_the_applier(living: Living, tmp_path: Path) -> None:
    await living.accepted(1)
    await living.hear(statuses(status(1, "read", 20)), apply=False)
    done, found = await replayed(living.database, tmp_path, mend=True)
    assert (done.checked, found) == (0, [])
    assert await living.journal.waiting() == 1


async def test_an_interrupted_replay_has_changed_nothing(living: Living, tmp_path: Path) -> None:
    await living.accepted(1, 2)
    await living.hear(statuses(status(1, "read", 20), status(2, "read", 20)))
    async with living.database.write() as connection:
        await connection.execute(update(messages).values(read_at=None))
        await connection.execute(delete(evidence).where(evidence.c.word == "read"))
    before = await living.rows()

    def stop(found: object) -> None:
        if "read_at" in repr(found):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await proof.replay(
            living.database, tmp_path, mend=True, clock=lambda: at(0), found=stop, progress=Quiet()
        )
    assert await living.rows() == before
    assert list(tmp_path.glob("invy-scratch-*")) == []


async def test_the_later_word_of_another_source_about_an_opt_out_stands(
    living: Living, tmp_path: Path
) -> None:
    await living.hear(body("user_preferences", user_preferences=[preference("stop", 10)]))
    async with living.database.write() as connection:
        await connection.execute(update(opt_outs).values(stopped=False, at=at(50), detail="told us by phone"))
    _, found = await replayed(living.database, tmp_path)
    assert found == []
    async with living.database.write() as connection:
        await connection.execute(update(opt_outs).values(at=at(5)))
    _, found = await replayed(living.database, tmp_path, mend=True)
    assert {each.column for each in found} == {"stopped", "at"}


async def test_an_answer_to_a_stranger_is_not_taken_for_one_to_a_message_told_of_beside_it(
    living: Living, tmp_path: Path
) -> None:
    """It names no wamid, and the other message has none yet."""
    await living.hear(body(messages=[button(9, 0, context=False)]), statuses(status(1, "sent", 0)))
    message = await Overview(living.database).find(message_id(1))
    assert message is not None
    assert (message.state, message.folded.replied_at) == (State.SENT, None)
    assert (await replayed(living.database, tmp_path))[1] == []


def falsified(fact: bytes, member: str, value: object) -> bytes:
    return json.dumps(json.loads(fact) | {member: value}).encode()


@pytest.mark.parametrize(
    ("column", "member", "value"),
    [
        ("wamid", None, "wamid.false"),
        ("opaque", None, "false"),
        ("kind", None, "reply"),
        ("word", None, "read"),
        ("at", None, at(7)),
        ("fact", "status", "read"),
        ("fact", "at", "2026-11-01T12:00:07Z"),
        ("fact", "recipient", "447700900199"),
        ("fact", None, b"\x00"),
    ],
)
async def test_evidence_that_was_changed_is_found_and_mended(
    living: Living, tmp_path: Path, column: str, member: str | None, value: Any
) -> None:
    await living.accepted(1)
    await living.hear(statuses(status(1, "delivered", 20)), statuses(status(9, "sent", 3, opaque=False)))
    before = await living.rows()
    for word in ("delivered", "sent"):  # one of a message, one that waits for its own
        this = evidence.c.word == word
        async with living.database.write() as connection:
            fact = (await connection.execute(select(evidence.c.fact).where(this))).scalar_one()
            false = value if member is None else falsified(fact, member, value)
            await connection.execute(update(evidence).where(this).values({column: false}))
        _, found = await replayed(living.database, tmp_path)
        assert column in {each.column for each in found if each.table == "evidence"}
        assert not any("447700900" in f"{each.written}{each.folded}" for each in found)
        done, _ = await replayed(living.database, tmp_path, mend=True)
        assert (done.differences > 0, done.left) == (True, 0)
        assert await living.rows() == before
    assert await audited(living.database) == []


async def test_a_notice_that_was_changed_is_found_and_mended(living: Living, tmp_path: Path) -> None:
    await living.hear(body("message_template_status_update", event="PAUSED", message_template_name="t"))
    before = await living.rows()
    for false in (b"{}", None):
        async with living.database.write() as connection:
            fact = (await connection.execute(select(notices.c.fact))).scalar_one()
            values = {"fact": falsified(fact, "word", "APPROVED") if false is None else false}
            await connection.execute(update(notices).values(values))
        _, found = await replayed(living.database, tmp_path, mend=True)
        assert [(each.table, each.column) for each in found] == [("notices", "fact")]
        assert await living.rows() == before


async def test_only_the_moment_of_hearing_may_differ_between_two_facts(
    living: Living, tmp_path: Path
) -> None:
    await living.hear(statuses(status(1, "delivered", 20)))
    async with living.database.write() as connection:
        fact = (await connection.execute(select(evidence.c.fact))).scalar_one()
        await connection.execute(
            update(evidence).values(fact=falsified(fact, "heard_at", "2026-11-01T13:00:00Z"))
        )
    assert (await replayed(living.database, tmp_path))[1] == []


@pytest.mark.parametrize("harm", ["fact", "phase", "word", "at"])
async def test_what_no_webhook_brought_is_not_mended_and_not_believed_where_it_was_changed(
    living: Living, tmp_path: Path, harm: str
) -> None:
    """Nothing else knows that Meta accepted it: the row stands, and receipts by its wamid stay with it."""
    await living.accepted(1)
    await living.hear(statuses(status(1, "delivered", 20, opaque=False)))
    this = evidence.c.word == "accepted"
    before = (await living.rows())["whatsapp_messages"]
    async with living.database.write() as connection:
        fact = (await connection.execute(select(evidence.c.fact).where(this))).scalar_one()
        harms: dict[str, dict[str, Any]] = {
            "fact": {"fact": b"\x00"},
            "phase": {"fact": falsified(fact, "phase", int(Phase.REFUSED))},
            "word": {"word": "refused"},
            "at": {"at": at(7)},
        }
        await connection.execute(update(evidence).where(this).values(harms[harm]))
    done, found = await replayed(living.database, tmp_path, mend=True)
    assert {each.left for each in found} >= {Left.NO_SOURCE}
    assert not any(each.mendable for each in found)
    assert done.left == done.differences > 0
    assert (await living.rows())["whatsapp_messages"] == before


async def test_a_row_that_the_database_refuses_costs_only_itself(living: Living, tmp_path: Path) -> None:
    await living.accepted(1, 2)
    await living.hear(
        body("account_alerts", alert_type="ONE"),
        body("account_alerts", alert_type="TWO"),
        statuses(status(1, "read", 30), status(2, "delivered", 20)),
    )
    before = stable(await living.rows())
    async with living.database.write() as connection:
        await connection.execute(delete(notices))
        await connection.execute(delete(evidence).where(evidence.c.journal_id.is_not(None)))
        await connection.execute(text("CREATE UNIQUE INDEX narrow ON notices (field)"))
    done, found = await replayed(living.database, tmp_path, mend=True)
    assert [each.table for each in found if each.left is Left.REFUSED] == ["notices"]
    assert (done.left, dict(done.reasons)) == (1, {Left.REFUSED: 1})
    after = stable(await living.rows())
    assert len(after.pop("notices")) == 1
    before.pop("notices")
    assert after == before


async def test_a_message_equals_the_evidence_that_could_be_written(living: Living, tmp_path: Path) -> None:
    """Of two reports one is refused: what the other says counts, and an audit finds nothing."""
    await living.accepted(1)
    await living.hear(statuses(status(1, "delivered", 20)), statuses(status(1, "delivered", 10)))
    async with living.database.write() as connection:
        await connection.execute(delete(evidence).where(evidence.c.word == "delivered"))
        await connection.execute(update(messages).values(delivered_at=None))
        await connection.execute(text("CREATE UNIQUE INDEX narrow ON evidence (message_id, word)"))
    done, found = await replayed(living.database, tmp_path, mend=True)
    assert done.left > 0
    assert [each.column for each in found if each.table == "evidence" and not each.mendable] == ["*"]
    message = await Overview(living.database).find(message_id(1))
    assert message is not None
    assert (message.state, message.folded.delivered_at) == (State.DELIVERED, at(20))
    assert await audited(living.database) == []


async def test_the_earlier_webhook_gives_the_words_whichever_was_read_first(
    living: Living, tmp_path: Path
) -> None:
    """Two hands may read two tellings of one fact in either order; only one of them names the guest."""
    await living.accepted(1)
    bodies = [statuses(status(1, "read", 20, user=user)) for user in (False, True)]
    async with living.database.write() as connection:
        await connection.execute(
            insert(journal),
            [
                {"received_at": at(100), "body": each, "outcome": outcome}
                for each, outcome in zip(bodies, (1, 0), strict=True)
            ],
        )
    await living.apply()
    async with living.database.write() as connection:
        await connection.execute(update(journal).where(journal.c.applied_at.is_(None)).values(outcome=0))
    await living.apply()
    assert (await replayed(living.database, tmp_path))[1] == []
