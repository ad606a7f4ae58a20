"""Webhook bodies taken the whole way: kept in the journal, read, and applied."""

from invy.engine.hand import Hand
from invy.engine.replay import Unobserved
from invy.meta import webhook
from invy.store.batch import ApplyStore
from invy.store.database import Database
from invy.store.journal import JournalStore
from tests.making import at

HEARD_AT = at(1000)


async def hear(database: Database, *bodies: bytes) -> None:
    """Apply these bodies together, as one that came while others waited."""
    journal = JournalStore(database)
    await journal.append([(HEARD_AT, body) for body in bodies])
    hand = Hand(ApplyStore(database), webhook.read, lambda: at(1001), Unobserved())
    while await hand.step():
        pass
    await journal.close()
