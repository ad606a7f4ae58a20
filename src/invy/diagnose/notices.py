"""What Meta's notices tell of the health of a template, of a number and of the account. Notices come newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from invy.diagnose.health import Ability
from invy.diagnose.sighting import plain_language
from invy.domain.notice import Notice

TEMPLATE_STATUS: Final = "message_template_status_update"
NUMBER_QUALITY: Final = "phone_number_quality_update"
ACCOUNT: Final = "account_update"

# Meta's account_update page, 2026-03: the words of `event` that end or limit sending, and those that say it goes on.
_BANS: Final[Mapping[str, Ability]] = {
    "DISABLE": Ability.BLOCKED,
    "SCHEDULE_FOR_DISABLE": Ability.LIMITED,
    "REINSTATE": Ability.AVAILABLE,
}
_BARRED: Final = ("RESTRICTED_BIZ_INITIATED_MESSAGING", "RESTRICTED_ALL")
"""Restrictions under which no invitation can leave; the others concern adding numbers and answering."""

_APPROVED_AGAIN: Final = frozenset({"REINSTATED", "UNARCHIVED"})
"""Events after which a template is what its list calls APPROVED."""

# The field tells of limits too (ONBOARDING, THROUGHPUT_UPGRADE, …); these two of its events are about quality.
_QUALITY: Final[Mapping[str, str | None]] = {"FLAGGED": "RED", "UNFLAGGED": None}


PROMPT: Final = timedelta(minutes=2)
"""What is heard within this time came at once; a difference so small may lie between two clocks."""


@dataclass(frozen=True, slots=True)
class Told:
    """Meta's last word on something, and when it was said. None takes an earlier word back."""

    word: str | None
    at: datetime
    reason: str | None = None


def template_status(notices: Sequence[Notice], language: str) -> Told | None:
    """Meta's last word on a template in this language; a notice that names no language counts for each."""
    wanted = plain_language(language)
    told = (each for each in notices if each.language is None or plain_language(each.language) == wanted)
    for notice in told:
        if notice.word:
            word = notice.word.upper()
            return Told("APPROVED" if word in _APPROVED_AGAIN else word, said_at(notice))
    return None


def number_quality(notices: Sequence[Notice]) -> Told | None:
    """Whether Meta has flagged a number for its quality, in the words of a quality rating."""
    for notice in notices:
        word = (notice.word or "").upper()
        if word in _QUALITY:
            return Told(_QUALITY[word], said_at(notice))
    return None


def account_ability(notices: Sequence[Notice], now: datetime) -> Told | None:
    """Whether the account may send, as an `Ability`, and the reason. None: Meta has never said anything that holds."""
    for notice in notices:
        match notice.word:
            case "DISABLED_UPDATE" if (notice.reason or "") in _BANS:
                return Told(_BANS[notice.reason or ""], said_at(notice), f"account_update {notice.reason}")
            case "ACCOUNT_DELETED":
                return Told(Ability.BLOCKED, said_at(notice), "account_update ACCOUNT_DELETED")
            case "ACCOUNT_RESTRICTION":
                return _restricted(notice, now)
    return None


def said_at(notice: Notice) -> datetime:
    """When it became so, to be compared with what we saw by our own clock.

    Meta tells whole seconds of its own clock, so a notice that came at once is dated by ours; a late one by Meta's.
    """
    return notice.at if notice.heard_at - notice.at > PROMPT else notice.heard_at


def _restricted(notice: Notice, now: datetime) -> Told | None:
    """A restriction is over when its time is; one without a time lasts until Meta says something else."""
    kinds = [
        str(each.get("restriction_type"))
        for each in _restrictions(notice.raw)
        if not _over(each.get("expiration"), now)
    ]
    if not kinds:
        return None
    barred = any(kind in _BARRED for kind in kinds)
    ability = Ability.BLOCKED if barred else Ability.LIMITED
    return Told(ability, said_at(notice), "account_update " + ", ".join(kinds))


def _restrictions(raw: bytes) -> list[Mapping[str, Any]]:
    try:
        found = msgspec.json.decode(raw)["value"]["restriction_info"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _over(expiration: object, now: datetime) -> bool:
    try:
        return datetime.fromtimestamp(int(str(expiration)), UTC) <= now
    except (ValueError, OverflowError, OSError):
        return False
