"""What was heard from Meta of late: the last webhook, silence where there should be reports, and what stands open."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from invy.domain import self_test
from invy.domain.errors import StoreUnavailable
from invy.domain.pulse import OpenEnds, Refused
from invy.engine.doctor import silence
from invy.engine.doctor.finding import Finding, Mark, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Configured, PulsePort, Subject
from invy.meta.catalogue import Text
from invy.meta.catalogue_words import duration
from invy.meta.webhook_spelling import Spelling, spelling

LATELY: Final = timedelta(hours=24)
_NEVER: Final = Text(en="never", he="מעולם לא")
_SOME_WAITING: Final = 100

SEVERAL: Final = 2
"""So many bodies of Meta's turned away, and none taken since, are a fault of ours; while webhooks are silent one is
enough. Else one may be anybody's: whoever knows the address can post to it, and Meta's own would come again."""


async def heard(subject: Subject) -> Sequence[Finding]:
    """The heartbeat. Asks the database only, by indexes only: the service repeats it by itself."""
    assert subject.pulse is not None
    now = subject.clock()
    try:
        last = await subject.pulse.last_genuine()
        [heartbeat] = await _heard(subject.pulse, now, last)
        sampled = await subject.pulse.refused(since=now - LATELY)
        enough = 1 if heartbeat.key == "evidence.silent" else SEVERAL
        refused = _refused(_sorted(subject.settings, sampled, last, enough), now, last)
        if heartbeat.key != "evidence.silent" and any(each.mark is Mark.FAILED for each in refused):
            # They came, and were turned away: that the last one taken was well says nothing of now.
            return refused
        return [heartbeat, *refused]
    except StoreUnavailable as error:
        return [found(Section.EVIDENCE, "database.away", problem=error.message)]


async def open_ends(subject: Subject) -> Sequence[Finding]:
    """What has not come to its end."""
    assert subject.pulse is not None
    try:
        return _open_ends(await subject.pulse.open_ends())
    except StoreUnavailable as error:
        return [found(Section.EVIDENCE, "database.away", problem=error.message)]


async def _heard(pulse: PulsePort, now: datetime, last: datetime | None) -> list[Finding]:
    receipt = await pulse.last_receipt()
    since, until = silence.window(now, receipt)
    silent = silence.judge(now, receipt, await pulse.unanswered(since=since, until=until))
    if silent is not None:
        return [
            found(
                Section.EVIDENCE,
                "evidence.silent",
                about="heard",
                count=silent.unanswered,
                since=_ago(now, silent.since),
                receipt=_ago(now, receipt),
                last=_ago(now, last),
            )
        ]
    if last is None:
        return [found(Section.EVIDENCE, "evidence.nothing_yet", about="heard")]
    return [found(Section.EVIDENCE, "evidence.heard", about="heard", last=_ago(now, last))]


def _open_ends(ends: OpenEnds) -> list[Finding]:
    counted = (
        ("orphans", ends.orphans, 1),
        ("unconfirmed", ends.unconfirmed, 1),
        ("unreadable", ends.unreadable, 1),
        ("waiting", ends.waiting, _SOME_WAITING),
    )
    return [
        found(Section.EVIDENCE, f"evidence.{name}", about=name, count=count)
        for name, count, some in counted
        if count >= some
    ]


def _sorted(
    known: Configured, sampled: Sequence[Refused], last: datetime | None, enough: int
) -> Mapping[Spelling, Sequence[Refused]]:
    """The bodies that were turned away, by what they are; our own self-tests do not count.

    A body counts as Meta's when it looks so, names our number or account as Meta does, nothing genuine was taken since,
    and there are `enough` of its kind. Everything else is a stranger's.
    """
    ours = [f'"{each}"'.encode() for each in (known.phone_number_id, known.business_account_id) if each]
    found: dict[Spelling, list[Refused]] = {each: [] for each in Spelling}
    for body in sampled:
        if self_test.nonce_of(body.sample) is not None:
            continue
        named = not ours or any(name in body.sample for name in ours)
        late = last is None or body.at > last
        found[spelling(body.sample) if named and late else Spelling.FOREIGN].append(body)
    if sum(len(those) for spelt, those in found.items() if spelt is not Spelling.FOREIGN) < enough:
        return {Spelling.FOREIGN: [body for those in found.values() for body in those]}
    return found


def _refused(
    bodies: Mapping[Spelling, Sequence[Refused]], now: datetime, taken: datetime | None
) -> list[Finding]:
    findings = []
    for spelt, key in _REFUSED_KEYS.items():
        those = bodies.get(spelt, ())
        unsigned = spelt is not Spelling.FOREIGN and all(each.reason == "missing" for each in those)
        if those:
            findings.append(
                found(
                    Section.EVIDENCE,
                    "evidence.refused_unsigned" if unsigned else key,
                    about=f"refused {spelt.value}",
                    count=len(those),
                    last=_ago(now, max(each.at for each in those)),
                    taken=_ago(now, taken),
                )
            )
    return findings


_REFUSED_KEYS: Final = {
    Spelling.AS_META_WRITES: "evidence.refused_secret",
    Spelling.REWRITTEN: "evidence.refused_rewritten",
    Spelling.FOREIGN: "evidence.refused_foreign",
}


def _ago(now: datetime, at: datetime | None) -> Text:
    if at is None:
        return _NEVER
    span = duration(max(1, int((now - at).total_seconds())))
    return Text(en=f"{span.en} ago", he=f"לפני {span.he}")
