"""Arbitrary evidence, as wild as Meta and the network can make it."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from invy.domain.evidence import Attempt, Decision, Evidence, Phase, Receipt, Reply, Settlement, Source
from invy.domain.failure import Failure
from invy.domain.ids import Wamid

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
times = st.integers(0, 500).map(lambda s: START + timedelta(seconds=s))
wamids = st.sampled_from([Wamid("wamid.A"), Wamid("wamid.B")])
words = st.sampled_from(["sent", "delivered", "read", "played", "failed", "warning", "deleted", "", "READ"])
failures = st.builds(
    Failure,
    code=st.none() | st.sampled_from([131026, 131049, 0]),
    title=st.none() | st.text(max_size=3),
    details=st.none() | st.text(max_size=3),
)
attempts = st.builds(
    Attempt,
    number=st.integers(1, 3),
    phase=st.sampled_from(Phase),
    at=times,
    wamid=st.none() | wamids,
    failure=st.none() | failures,
    message_status=st.none() | st.just("accepted"),
    wa_id=st.none() | st.just("447700900123"),
)
receipts = st.builds(
    Receipt,
    wamid=st.none() | wamids,
    status=words,
    at=st.none() | times,
    heard_at=times,
    failure=st.none() | failures,
    source=st.sampled_from(Source),
)
replies = st.builds(Reply, wamid=wamids, at=times, heard_at=times, kind=st.just("button"))
settlements = st.builds(Settlement, decision=st.sampled_from(Decision), at=times, by=st.just("me"))
evidence: st.SearchStrategy[Evidence] = st.one_of(attempts, receipts, replies, settlements)
