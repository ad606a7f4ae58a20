"""What Invy counts, as Prometheus reads it."""

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from invy.app.metrics import SEND_OUTCOMES, STATUS_WORDS, WEBHOOK_RESULTS, Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    """`name{label}` to value."""
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        sample.name
        + "".join(f"{{{word}}}" for key, word in sample.labels.items() if key != "le"): sample.value
        for family in families
        for sample in family.samples
        if sample.labels.get("le", "+Inf") == "+Inf"
    }


def test_every_word_is_there_at_zero_before_anything_happened() -> None:
    found = samples(Metrics("1.2.3"))

    for name, words in (
        ("invy_webhooks_received_total", WEBHOOK_RESULTS),
        ("invy_statuses_applied_total", STATUS_WORDS),
        ("invy_sends_total", SEND_OUTCOMES),
    ):
        assert {found[f"{name}{{{word}}}"] for word in (*words, "other")} == {0.0}
    assert found["invy_info{1.2.3}"] == 1.0
    assert found["process_resident_memory_bytes"] > 0


def test_what_is_counted_is_rendered() -> None:
    metrics = Metrics("1")
    metrics.webhook_received("accepted")
    metrics.webhook_received("bad_signature")
    metrics.statuses_applied("delivered", 3)
    metrics.orphans_seen(2)
    metrics.orphans_waiting(1)
    metrics.send_finished("unsure", 30.0)
    metrics.outbox_depth(7)
    metrics.apply_lag(0.004)
    metrics.journal_batch(64)
    found = samples(metrics)

    assert found["invy_webhooks_received_total{accepted}"] == 1
    assert found["invy_webhooks_received_total{bad_signature}"] == 1
    assert found["invy_statuses_applied_total{delivered}"] == 3
    assert found["invy_orphans_seen_total"] == 2
    assert found["invy_orphans_waiting"] == 1
    assert found["invy_sends_total{unsure}"] == 1
    assert found["invy_send_seconds_sum"] == 30.0
    assert found["invy_outbox_depth"] == 7
    assert found["invy_apply_lag_seconds_count"] == 1
    assert found["invy_journal_batch_size_sum"] == 64


@pytest.mark.parametrize("word", ["deleted", "", 'x"\n', "other"])
def test_words_from_outside_cannot_make_new_series(word: str) -> None:
    metrics = Metrics("1")
    before = set(samples(metrics))
    metrics.statuses_applied(word, 2)
    metrics.webhook_received(word)
    metrics.send_finished(word, 0.1)
    found = samples(metrics)

    assert set(found) == before
    assert found["invy_statuses_applied_total{other}"] == 2
    assert found["invy_statuses_unknown_total"] == 2


def test_two_instances_share_nothing_and_the_global_registry_is_left_alone() -> None:
    one, other = Metrics("1"), Metrics("1")
    one.outbox_depth(5)

    assert samples(other)["invy_outbox_depth"] == 0
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith("invy")]
