"""The numbers that Invy counts about itself, in a registry of its own, served as Prometheus text.

One `Metrics` is made per process and handed around. Label words form closed sets: any other word is counted as
`other`, so that nothing received from outside can make the number of series grow.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"

WEBHOOK_RESULTS: Final = ("accepted", "unsigned", "bad_signature", "too_large", "not_stored")
STATUS_WORDS: Final = ("sent", "delivered", "read", "played", "failed")
SEND_OUTCOMES: Final = ("accepted", "refused", "unsure")

_LAG_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)
_SEND_SECONDS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30)
_BATCH_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class _Words:
    """A counter with one label whose series all exist from the start, at zero."""

    def __init__(self, counter: Counter, words: Iterable[str]) -> None:
        self._series: Mapping[str, Counter] = {word: counter.labels(word) for word in (*words, OTHER)}

    def add(self, word: str, amount: int = 1) -> None:
        self._series.get(word, self._series[OTHER]).inc(amount)


class Metrics:
    """Counts by calling; read with `render`. Safe to call from any thread."""

    def __init__(self, version: str) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        Info("invy", "The running version.", registry=registry).info({"version": version})
        self._webhooks = _Words(
            Counter(
                "invy_webhooks_received",
                "Webhook requests, by what became of them.",
                ["result"],
                registry=registry,
            ),
            WEBHOOK_RESULTS,
        )
        self._statuses = _Words(
            Counter(
                "invy_statuses_applied",
                "Status updates applied, by Meta's word.",
                ["status"],
                registry=registry,
            ),
            STATUS_WORDS,
        )
        self._unknown = Counter(
            "invy_statuses_unknown", "Status updates with a word that Invy does not know.", registry=registry
        )
        self._orphans_seen = Counter(
            "invy_orphans_seen", "Status updates for a message that was not known yet.", registry=registry
        )
        self._orphans_waiting = Gauge(
            "invy_orphans_waiting", "Status updates that still wait for their message.", registry=registry
        )
        self._sends = _Words(
            Counter("invy_sends", "Sends, by outcome.", ["outcome"], registry=registry), SEND_OUTCOMES
        )
        self._send_seconds = Histogram(
            "invy_send_seconds",
            "How long Meta took to answer a send.",
            buckets=_SEND_SECONDS,
            registry=registry,
        )
        self._outbox = Gauge("invy_outbox_depth", "Messages that wait to be sent.", registry=registry)
        self._lag = Histogram(
            "invy_apply_lag_seconds",
            "From a webhook's arrival to its effect.",
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        self._batch = Histogram(
            "invy_journal_batch_size",
            "Webhooks made durable by one commit.",
            buckets=_BATCH_SIZES,
            registry=registry,
        )

    def webhook_received(self, result: str) -> None:
        """`result` is one of WEBHOOK_RESULTS."""
        self._webhooks.add(result)

    def statuses_applied(self, status: str, amount: int = 1) -> None:
        """Counts Meta's word; one that is not in STATUS_WORDS counts as unknown too."""
        self._statuses.add(status, amount)
        if status not in STATUS_WORDS:
            self._unknown.inc(amount)

    def orphans_seen(self, amount: int = 1) -> None:
        self._orphans_seen.inc(amount)

    def orphans_waiting(self, count: int) -> None:
        self._orphans_waiting.set(count)

    def send_finished(self, outcome: str, seconds: float) -> None:
        """`outcome` is one of SEND_OUTCOMES; `seconds` from the request's start to its answer or its end."""
        self._sends.add(outcome)
        self._send_seconds.observe(seconds)

    def outbox_depth(self, count: int) -> None:
        self._outbox.set(count)

    def apply_lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def journal_batch(self, size: int) -> None:
        self._batch.observe(size)

    def render(self) -> bytes:
        """The state of everything, as text of CONTENT_TYPE."""
        return generate_latest(self.registry)
