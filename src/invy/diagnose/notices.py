"""What Meta's notices tell of the health of a template and of the account. Notices come newest first."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from invy.diagnose.health import Ability
from invy.domain.notice import Notice

TEMPLATE_STATUS: Final = "message_template_status_update"
ACCOUNT: Final = "account_update"

# Meta's account_update page, 2026-03: the words of `event` that end or limit sending, and those that say it goes on.
_BANS: Final[Mapping[str, Ability]] = {
    "DISABLE": Ability.BLOCKED,
    "SCHEDULE_FOR_DISABLE": Ability.LIMITED,
    "REINSTATE": Ability.AVAILABLE,
}
_BARRED: Final = ("RESTRICTED_BIZ_INITIATED_MESSAGING", "RESTRICTED_ALL")
"""Restrictions under which no invitation can leave; the others concern adding numbers and answering."""


def template_status(notices: Sequence[Notice], language: str) -> str | None:
    """Meta's last word on a template in this language; a notice that names no language counts for each."""
    wanted = _plain(language)
    told = (each for each in notices if each.language is None or _plain(each.language) == wanted)
    return next((each.word.upper() for each in told if each.word), None)


def account_ability(notices: Sequence[Notice], now: datetime) -> tuple[Ability | None, str | None]:
    """Whether the account may send, as Meta last said, and its reason. (None, None): it has never said anything."""
    for notice in notices:
        match notice.word:
            case "DISABLED_UPDATE" if (notice.reason or "") in _BANS:
                return _BANS[notice.reason or ""], f"account_update {notice.reason}"
            case "ACCOUNT_DELETED":
                return Ability.BLOCKED, "account_update ACCOUNT_DELETED"
            case "ACCOUNT_RESTRICTION":
                return _restricted(notice, now)
    return None, None


def _restricted(notice: Notice, now: datetime) -> tuple[Ability | None, str | None]:
    """A restriction is over when its time is; one without a time lasts until Meta says something else."""
    kinds = [
        str(each.get("restriction_type"))
        for each in _restrictions(notice.raw)
        if not _over(each.get("expiration"), now)
    ]
    if not kinds:
        return None, None
    barred = any(kind in _BARRED for kind in kinds)
    return Ability.BLOCKED if barred else Ability.LIMITED, "account_update " + ", ".join(kinds)


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


def _plain(language: str) -> str:
    return language.replace("-", "_").casefold()
