"""What Meta's notices tell of a template, of a number and of the account, newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from invy.diagnose.health import Ability
from invy.diagnose.notices import Told, account_ability, number_quality, template_status
from invy.domain.notice import Notice

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def template(word: str, language: str | None = "he") -> Notice:
    return Notice("message_template_status_update", NOW, NOW, "hina_invitation", language, word)


def account(word: str, reason: str | None = None, raw: object = None) -> Notice:
    written = msgspec.json.encode({"field": "account_update", "value": raw or {}})
    return Notice("account_update", NOW, NOW, "102290000000001", word=word, reason=reason, raw=written)


def number(word: str) -> Notice:
    return Notice("phone_number_quality_update", NOW, NOW, "15550100", word=word)


def able(notices: Sequence[Notice], now: datetime = NOW) -> str | None:
    told = account_ability(notices, now)
    return None if told is None else told.word


def restriction(kind: str, until: datetime) -> Notice:
    restrictions = [{"restriction_type": kind, "expiration": int(until.timestamp())}]
    return account("ACCOUNT_RESTRICTION", kind, {"restriction_info": restrictions})


def test_the_newest_word_on_a_template_counts() -> None:
    assert template_status([template("APPROVED"), template("PAUSED")], "he") == Told("APPROVED", NOW)
    assert template_status([], "he") is None


@pytest.mark.parametrize("word", ["REINSTATED", "unarchived"])
def test_a_template_that_is_back_is_approved(word: str) -> None:
    assert template_status([template(word)], "he") == Told("APPROVED", NOW)


def test_another_language_is_another_template() -> None:
    told = [template("PAUSED", "en_US"), template("APPROVED", "en-US"), template("DISABLED", None)]
    assert template_status(told, "en_US") == Told("PAUSED", NOW)
    assert template_status(told, "he") == Told("DISABLED", NOW)


def test_a_number_is_red_from_its_flag_until_the_flag_is_taken_back() -> None:
    flagged, limit, unflagged = (number(word) for word in ("FLAGGED", "THROUGHPUT_UPGRADE", "UNFLAGGED"))
    assert number_quality([limit, flagged]) == Told("RED", NOW)
    assert number_quality([unflagged, limit, flagged]) == Told(None, NOW)
    assert number_quality([limit]) is None


@pytest.mark.parametrize(
    ("said", "dated"),
    [
        (timedelta(days=9), timedelta(0)),  # never after it was heard
        (timedelta(seconds=-30), timedelta(0)),  # at once, between two clocks
        (timedelta(hours=-3), timedelta(hours=-3)),  # repeated by Meta after an outage of ours
    ],
)
def test_a_notice_is_dated_by_our_clock_unless_it_came_late(said: timedelta, dated: timedelta) -> None:
    told = account_ability([Notice("account_update", NOW + said, NOW, word="ACCOUNT_DELETED")], NOW)
    assert told is not None
    assert told.at == NOW + dated


@pytest.mark.parametrize(
    ("reason", "ability"),
    [
        ("DISABLE", Ability.BLOCKED),
        ("SCHEDULE_FOR_DISABLE", Ability.LIMITED),
        ("REINSTATE", Ability.AVAILABLE),
    ],
)
def test_a_ban_and_its_end_are_known(reason: str, ability: Ability) -> None:
    assert able([account("DISABLED_UPDATE", reason)]) is ability


def test_a_restriction_lasts_until_its_time() -> None:
    running = restriction("RESTRICTED_BIZ_INITIATED_MESSAGING", NOW + timedelta(hours=1))
    assert account_ability([running], NOW) == Told(
        Ability.BLOCKED, NOW, "account_update RESTRICTED_BIZ_INITIATED_MESSAGING"
    )
    assert account_ability([running], NOW + timedelta(hours=2)) is None
    adding = restriction("RESTRICTED_ADD_PHONE_NUMBER_ACTION", NOW + timedelta(hours=1))
    assert able([adding]) is Ability.LIMITED


def test_notices_that_say_nothing_about_sending_are_passed_over() -> None:
    told = [account("PARTNER_ADDED"), account("DISABLED_UPDATE", "NEW_WORD"), account("ACCOUNT_DELETED")]
    assert able(told) is Ability.BLOCKED
    assert account_ability(told[:2], NOW) is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"no json", b"[]", b'{"value": null}', b'{"value": {"restriction_info": {"a": 1}}}'],
)
def test_a_restriction_that_cannot_be_read_claims_nothing(raw: bytes) -> None:
    notice = Notice("account_update", NOW, NOW, word="ACCOUNT_RESTRICTION", raw=raw)
    assert account_ability([notice], NOW) is None
