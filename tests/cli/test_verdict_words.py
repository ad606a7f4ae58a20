"""How a verdict's lines are written for a person in each language."""

import time
from collections.abc import Iterator

import pytest

from invy.cli import cell
from invy.cli.verdict_words import SINCE, lines, resend
from invy.diagnose.verdict import verdict
from invy.meta.catalogue import Lang
from tests.diagnose.cases import NOW, accepted, ago, receipt, situation

CAPPED = verdict(situation(accepted(ago(minutes=9)), receipt("failed", ago(minutes=8), 131049)))


@pytest.fixture(
    params=[("UTC0", "UTC"), ("IST-2", "UTC+2"), ("NPT-5:45", "UTC+5:45"), ("NST3:30", "UTC-3:30")]
)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's time zone, as it is written briefly."""
    name, brief = request.param
    monkeypatch.setenv("TZ", name)
    time.tzset()
    yield brief
    monkeypatch.undo()
    time.tzset()


def test_a_moment_is_written_as_the_language_writes_it(zone: str) -> None:
    here = CAPPED.resend_not_before
    assert here is not None
    here = here.astimezone()
    written = resend(CAPPED, Lang.HE, cell.zone_of(NOW))
    assert written.endswith(f"לא לפני {here:%d.%m.%Y}, {here:%H:%M} ({zone})")
    assert f"not before {here:%Y-%m-%d %H:%M:%S} UTC" in resend(CAPPED, Lang.EN, cell.zone_of(NOW))
    since = dict(lines(CAPPED, Lang.HE, cell.zone_of(NOW)))[SINCE.say(Lang.HE)]
    assert since.startswith(("22.11.2026, ", "21.11.2026, "))
