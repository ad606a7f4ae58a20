"""The one way evidence enters the database: stored, joined to its message, folded, and the row brought to the fold.

Receipts, replies, outcomes of our own attempts and settlements all pass here, so the promise "the written state is the
fold of the stored evidence" has one place to be kept. The caller owns the transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from invy.domain.evidence import Evidence, Receipt, Told
from invy.domain.fold import Folded, of
from invy.domain.hold import Hold
from invy.domain.ids import MessageId, Wamid
from invy.domain.inbound import Preference
from invy.domain.phone import E164
from invy.store import consequences, user_ids
from invy.store import evidence as evidence_rows
from invy.store import messages as message_rows
from invy.store.consequences import Failed
from invy.store.database import Database
from invy.store.messages import Reference, Resolved
from invy.store.user_ids import Pair


@dataclass(slots=True)
class Telling:
    """What a telling changed: messages with their fold before and after, and what found no message."""

    before: dict[MessageId, Folded] = field(default_factory=dict)
    after: dict[MessageId, Folded] = field(default_factory=dict)
    meant: dict[Reference, MessageId] = field(default_factory=dict)
    orphans: list[Told] = field(default_factory=list)
    named: dict[Wamid, MessageId] = field(default_factory=dict)
    """Wamids that were not known before to be these messages'."""
    phones: dict[MessageId, E164] = field(default_factory=dict)
    users: set[tuple[str, E164]] = field(default_factory=set)
    """User ids that receipts named, with the number their message went to."""
    others: set[tuple[Wamid, MessageId]] = field(default_factory=set)
    """Wamids beside the one in the row."""
    failed: list[Failed] = field(default_factory=list)
    """Receipts that say why messages failed."""
    holds: list[Hold] = field(default_factory=list)
    """Placed because of such a failure."""
    reached: set[str] = field(default_factory=set)
    """User ids that got a word or a number. Another transaction may have written the other half, unseen by this one."""
    codes_known: dict[MessageId, Collection[int | None]] = field(default_factory=dict)
    """With which codes messages of `failed` had failed before, as far as it matters; see `consequences.codes_known`."""

    @classmethod
    def about(cls, resolved: Resolved) -> "Telling":
        return cls(resolved.folds, dict(resolved.folds), resolved.meant, phones=resolved.phones)

    def join(self, message_id: MessageId, fact: Evidence) -> None:
        """Fold one fact in."""
        known = self.after[message_id]
        new = of(fact)
        self.after[message_id] = known.join(new)
        if new.wamid is not None and new.wamid != known.wamid:
            self.named[new.wamid] = message_id
            if known.wamid is not None:
                self.others.add((max(new.wamid, known.wamid), message_id))
        if type(fact) is Receipt:
            if fact.user_id is not None:
                self.users.add((fact.user_id, self.phones[message_id]))
            if fact.failure is not None:
                self.failed.append(Failed(message_id, fact, fact.failure, self.phones[message_id]))

    def also_about(self, resolved: Resolved) -> None:
        """Further messages turned out to be meant."""
        for message_id in resolved.folds.keys() - self.after.keys():
            self.before[message_id] = self.after[message_id] = resolved.folds[message_id]
            self.phones[message_id] = resolved.phones[message_id]


def _reference(told: Told) -> Reference:
    return (told.wamid, told.opaque if told.message_id is None else told.message_id)


async def tell(
    connection: AsyncConnection,
    database: Database,
    facts: Sequence[Told],
    *,
    pairs: Collection[Pair] = (),
    preferences: Sequence[Preference] = (),
) -> Telling:
    """Store these facts and bring every message they are about to its fold. Telling a fact again changes nothing.

    `pairs` and `preferences` are what the same webhooks say of guests: written together with what the facts say of them.
    """
    facts = [evidence_rows.storable(told) for told in facts]
    references = [_reference(told) for told in facts]
    telling = Telling.about(await message_rows.resolve(connection, database, references))
    telling.users.update(pairs)
    joined: list[tuple[Told, MessageId]] = []
    for told, reference in zip(facts, references, strict=True):
        message_id = telling.meant.get(reference)
        if message_id is None:
            telling.orphans.append(told)
        else:
            joined.append((told, message_id))
            telling.join(message_id, told.fact)
    await _ask_codes(connection, telling)
    await evidence_rows.add(connection, database, joined)
    await _wait(connection, database, telling)
    await _give_orphans(connection, database, telling, telling.named)
    await _write(connection, database, telling, preferences)
    return telling


async def _wait(connection: AsyncConnection, database: Database, telling: Telling) -> None:
    """Store what found no message. What another transaction has adopted meanwhile is about that message after all."""
    adopted = await evidence_rows.add_orphans(connection, database, telling.orphans)
    if not adopted:
        return
    telling.also_about(
        await message_rows.resolve(connection, database, [(None, owner) for _, owner in adopted])
    )
    for told, owner in adopted:
        telling.orphans.remove(told)
        telling.join(owner, told.fact)
    await _ask_codes(connection, telling)


async def adopt(connection: AsyncConnection, database: Database, wamids: Sequence[Wamid]) -> Telling:
    """Join orphans of these wamids to their messages, where those are known by now.

    On PostgreSQL a receipt and the reply that names its message may be stored by two transactions that do not see each
    other. Each side calls this after its own commit; whichever commits later finds what the other wrote.
    """
    asked = [(wamid, None) for wamid in wamids]
    telling = Telling.about(await message_rows.resolve(connection, database, asked))
    known = {wamid: message_id for (wamid, _), message_id in telling.meant.items() if wamid is not None}
    await _give_orphans(connection, database, telling, known)
    await _write(connection, database, telling)
    return telling


async def adopt_known(connection: AsyncConnection, database: Database) -> tuple[int, list[Hold]]:
    """Join orphans whose messages are known, by wamid or by our id: whoever stored them died before looking again.

    Returns how many there were, and the holds that follow.
    """
    pairs = await evidence_rows.orphans_known(connection, evidence_rows.CHUNK)
    asked = [(None, message_id) for _, message_id in pairs]
    telling = Telling.about(await message_rows.resolve(connection, database, asked))
    hearings = await evidence_rows.orphans(connection, database, [row_id for row_id, _ in pairs])
    adopted = [(row_id, message_id) for row_id, message_id in pairs if row_id in hearings]
    for row_id, message_id in adopted:
        for fact in hearings[row_id]:
            telling.join(message_id, fact)
    await _ask_codes(connection, telling)
    await evidence_rows.adopt(connection, adopted)
    await _give_orphans(connection, database, telling, telling.named)
    await _write(connection, database, telling)
    return len(pairs), telling.holds


async def _give_orphans(
    connection: AsyncConnection, database: Database, telling: Telling, named: Mapping[Wamid, MessageId]
) -> None:
    """What waited for these wamids belongs to their messages. Such a fact names no further wamid."""
    if not named:
        return
    adopted: list[tuple[int, MessageId]] = []
    for row_id, wamid, hearings in await evidence_rows.orphans_of(connection, database, list(named)):
        for fact in hearings:
            telling.join(named[wamid], fact)
        adopted.append((row_id, named[wamid]))
    await _ask_codes(connection, telling)
    await evidence_rows.adopt(connection, adopted)


async def _ask_codes(connection: AsyncConnection, telling: Telling) -> None:
    """Note with which codes messages had failed before: called before facts are stored or given to them."""
    new = [each for each in telling.failed if each.message_id not in telling.codes_known]
    if new:
        telling.codes_known.update(await consequences.codes_known(connection, new))


async def _write(
    connection: AsyncConnection, database: Database, telling: Telling, preferences: Sequence[Preference] = ()
) -> None:
    await message_rows.write(connection, database, telling.before, telling.after)
    if telling.others:
        await message_rows.also_named(connection, database, telling.others)
    words = [*preferences, *consequences.stops(telling.failed)]
    if telling.users or words:
        telling.reached = await user_ids.write(connection, database, telling.users, words)
    if telling.codes_known:
        telling.holds = await consequences.rest(connection, database, telling.failed, telling.codes_known)
