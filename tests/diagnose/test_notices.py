"""What Meta's notices tell of a template and of the account, newest first."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from invy.diagnose.health import Ability
from invy.diagnose.notices import account_ability, template_status
from invy.domain.notice import Notice

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def template(word: str, language: str | None = "he") -> Notice:
    return Notice("message_template_status_update", NOW, NOW, "hina_invitation", language, word)


def account(word: str, reason: str | None = None, raw: object = None) -> Notice:
    written = msgspec.json.encode({"field": "account_update", "value": raw or {}})
    return Notice("account_update", NOW, NOW, "102290000000001", word=word, reason=reason, raw=written)


def restriction(kind: str, until: datetime) -> Notice:
    restrictions = [{"restriction_type": kind, "expiration": int(until.timestamp())}]
    return account("ACCOUNT_RESTRICTION", kind, {"restriction_info": restrictions})


def test_the_newest_word_on_a_template_counts() -> None:
    assert template_status([template("APPROVED"), template("PAUSED")], "he") == "APPROVED"
    assert template_status([], "he") is None


def test_another_language_is_another_template() -> None:
    told = [template("PAUSED", "en_US"), template("APPROVED", "en-US"), template("DISABLED", None)]
    assert template_status(told, "en_US") == "PAUSED"
    assert template_status(told, "he") == "DISABLED"


@pytest.mark.parametrize(
    ("reason", "ability"),
    [
        ("DISABLE", Ability.BLOCKED),
        ("SCHEDULE_FOR_DISABLE", Ability.LIMITED),
        ("REINSTATE", Ability.AVAILABLE),
    ],
)
def test_a_ban_and_its_end_are_known(reason: str, ability: Ability) -> None:
    assert account_ability([account("DISABLED_UPDATE", reason)], NOW)[0] is ability


def test_a_restriction_lasts_until_its_time() -> None:
    running = restriction("RESTRICTED_BIZ_INITIATED_MESSAGING", NOW + timedelta(hours=1))
    assert account_ability([running], NOW) == (
        Ability.BLOCKED,
        "account_update RESTRICTED_BIZ_INITIATED_MESSAGING",
    )
    assert account_ability([running], NOW + timedelta(hours=2)) == (None, None)
    adding = restriction("RESTRICTED_ADD_PHONE_NUMBER_ACTION", NOW + timedelta(hours=1))
    assert account_ability([adding], NOW)[0] is Ability.LIMITED


def test_notices_that_say_nothing_about_sending_are_passed_over() -> None:
    told = [account("PARTNER_ADDED"), account("DISABLED_UPDATE", "NEW_WORD"), account("ACCOUNT_DELETED")]
    assert account_ability(told, NOW)[0] is Ability.BLOCKED
    assert account_ability(told[:2], NOW) == (None, None)


@pytest.mark.parametrize(
    "raw",
    [b"", b"no json", b"[]", b'{"value": null}', b'{"value": {"restriction_info": {"a": 1}}}'],
)
def test_a_restriction_that_cannot_be_read_claims_nothing(raw: bytes) -> None:
    notice = Notice("account_update", NOW, NOW, word="ACCOUNT_RESTRICTION", raw=raw)
    assert account_ability([notice], NOW) == (None, None)
