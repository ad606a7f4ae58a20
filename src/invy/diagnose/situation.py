"""Everything that a verdict is given: the message's evidence, and how everything around it is doing at a moment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from invy.diagnose.health import GuestRecord, Others, Picture, Queue, SenderHealth, TemplateHealth, Webhooks
from invy.domain.evidence import Decision, Evidence, Settlement
from invy.domain.fold import Folded, fold
from invy.domain.hold import Hold
from invy.meta.catalogue import Text
from invy.meta.catalogue_words import duration

_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One piece of evidence and the id under which it is stored."""

    id: int
    fact: Evidence


@dataclass(frozen=True, slots=True)
class Situation:
    """One message at the moment `now`. All times are aware; what is not known keeps its default."""

    now: datetime
    created_at: datetime
    exhibits: tuple[Exhibit, ...] = ()
    due_at: datetime | None = None
    """Not to be sent before this."""
    earlier_tries: int = 0
    """How many messages this one is a resend of."""
    campaign_hold: Hold | None = None
    campaign: tuple[str, str] | None = None
    """The event and the template of its campaign, as the command line names it."""
    sender: SenderHealth = field(default_factory=SenderHealth)
    template: TemplateHealth = field(default_factory=TemplateHealth)
    webhooks: Webhooks = field(default_factory=Webhooks)
    others: Others = field(default_factory=Others)
    queue: Queue = field(default_factory=Queue)
    guest: GuestRecord = field(default_factory=GuestRecord)
    picture: Picture | None = None
    picture_link: str | None = None
    """The link in the stored request of a message whose picture Meta could not use, as it may be shown."""

    @property
    def folded(self) -> Folded:
        return fold(exhibit.fact for exhibit in self.exhibits)

    def ids(self, wanted: Callable[[Evidence], bool]) -> tuple[int, ...]:
        """The ids of the evidence that answers to `wanted`, each once: a fact heard twice is two exhibits of one id."""
        return tuple(dict.fromkeys(exhibit.id for exhibit in self.exhibits if wanted(exhibit.fact)))

    def facts(self) -> Iterator[Evidence]:
        return (exhibit.fact for exhibit in self.exhibits)

    def settled(self, decision: Decision) -> Settlement | None:
        """The first such decision of a person; of two at one moment always the same one."""
        made = (f for f in self.facts() if isinstance(f, Settlement) and f.decision is decision)
        return min(
            made, key=lambda settlement: (settlement.at, settlement.by, settlement.note or ""), default=None
        )

    def seconds_since(self, moment: datetime) -> int:
        """Never negative: two clocks may disagree by a little."""
        return max(0, int((self.now - moment).total_seconds()))

    def ago(self, moment: datetime) -> Text:
        return span(self.seconds_since(moment))

    def until(self, moment: datetime) -> Text:
        return span(max(0, int((moment - self.now).total_seconds())))


def span(seconds: int) -> Text:
    """A length of time for a sentence."""
    return duration(seconds) if seconds > 0 else Text(en="a moment", he="רגע")


def later(moment: datetime, seconds: int) -> datetime:
    """`moment` and so many seconds; the end of time when that lies beyond it."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return _LAST_MOMENT
