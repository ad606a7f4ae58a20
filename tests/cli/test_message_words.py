"""What was decided here is never told as a word of Meta's, and what Invy did is never told as a person's doing."""

from datetime import UTC, datetime

from invy.cli.message_page import _source
from invy.cli.message_words import in_words
from invy.domain.evidence import Decision, Settlement
from invy.domain.failure import Failure
from invy.domain.fold import of
from invy.domain.message import stopped_by_guest

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_a_decision_made_here_is_not_told_as_metas_words() -> None:
    for decision in (stopped_by_guest(NOW), Settlement(Decision.NOT_SENT, NOW, "dana", "asked her")):
        failed = of(decision).failed
        assert failed is not None
        assert [heading for heading, _ in in_words(failed.failure)] == ["Decided here"]
    assert in_words(Failure(None, details="Message undeliverable")) == [
        ("Meta said", "Message undeliverable")
    ]


def test_what_invy_settled_because_the_guest_asked_is_not_told_as_a_persons_doing() -> None:
    assert _source(stopped_by_guest(NOW)) == "Invy"
    assert _source(Settlement(Decision.NOT_SENT, NOW, "dana", None)) == "a person"
