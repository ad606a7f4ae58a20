"""Of what was seen at Meta and what Meta told, the newer is believed; where webhooks go is believed for a day at most."""

from datetime import datetime, timedelta

import pytest

from invy.diagnose.health import Ability, SenderHealth, TemplateHealth, Webhooks
from invy.diagnose.notices import Told
from invy.diagnose.seen import with_ability, with_quality, with_route, with_sighting
from invy.diagnose.sighting import Address, Health, Number, Sighting, Subscription, Template
from tests.diagnose.cases import NOW, ago

OURS = Address(url="https://invy.example/whatsapp/webhook", ours=True)
OLD = Address(url="https://old.example/hook", ours=False)
UNKNOWN = Address(url="https://who.example/hook", ours=None)


def number(
    override: Address | None = None, when: datetime = NOW, quality: str | None = None
) -> Sighting[Number]:
    return Sighting("1", when, Number(override=override, quality=quality))


def account(
    override: Address | None = None, *, subscribed: bool | None = True, when: datetime = NOW
) -> Sighting[Subscription]:
    return Sighting("1", when, Subscription(account_id="2", subscribed=subscribed, override=override))


@pytest.mark.parametrize(
    ("at_number", "at_account", "goes_to"),
    [
        (None, None, None),
        (None, OLD, OLD.url),
        (None, OURS, None),
        (OLD, OURS, OLD.url),
        (OURS, OLD, None),
        (OLD, None, OLD.url),
        (UNKNOWN, OLD, None),
        (None, UNKNOWN, None),
    ],
)
def test_the_override_of_the_number_goes_before_that_of_the_account(
    at_number: Address | None, at_account: Address | None, goes_to: str | None
) -> None:
    found = with_route(Webhooks(), number(at_number), account(at_account), NOW)
    assert found.diverted_to == goes_to
    assert found.subscribed is True


def test_what_was_seen_of_the_route_is_told_with_its_moment() -> None:
    early, late = ago(hours=2), ago(hours=1)
    assert with_route(Webhooks(), number(OLD, early), account(when=late), NOW).looked_at == early
    cut = with_route(Webhooks(), number(OLD, early), account(subscribed=False, when=late), NOW)
    assert (cut.subscribed, cut.looked_at) == (False, late)


def test_where_webhooks_go_is_not_believed_after_a_day() -> None:
    stale = ago(days=1, seconds=1)
    found = with_route(Webhooks(), number(OLD, stale), account(OLD, subscribed=False, when=stale), NOW)
    assert found == Webhooks()


@pytest.mark.parametrize(("heard", "believed"), [(ago(minutes=1), False), (ago(minutes=3), True)])
def test_whoever_hears_a_report_is_not_cut_off(heard: datetime, *, believed: bool) -> None:
    seen = ago(minutes=2)
    webhooks = Webhooks(last_receipt_at=heard)
    found = with_route(webhooks, number(OLD, seen), account(subscribed=False, when=seen), NOW)
    assert (found.subscribed is False, found.diverted_to is not None) == (believed, believed)


@pytest.mark.parametrize("seen_first", [True, False])
def test_the_newer_word_on_the_ability_counts(*, seen_first: bool) -> None:
    first, second = ago(hours=2), ago(hours=1)
    seen = Sighting("1", first if seen_first else second, Health(ability=Ability.BLOCKED, reason="locked"))
    told = Told(Ability.AVAILABLE, second if seen_first else first, "account_update REINSTATE")
    found = with_ability(SenderHealth(), seen, told)
    assert found.ability is (Ability.AVAILABLE if seen_first else Ability.BLOCKED)
    assert found.ability_at == second


def test_a_quality_that_was_not_told_takes_nothing_back() -> None:
    told = Told("RED", ago(hours=2))
    assert with_quality(SenderHealth(), number(), told).quality == "RED"
    assert with_quality(SenderHealth(), number(quality="GREEN"), told).quality == "GREEN"
    assert with_quality(SenderHealth(), number(quality="RED"), None).quality_at == NOW
    assert with_quality(SenderHealth(), None, None) == SenderHealth()


def test_a_template_keeps_its_lifetime_whoever_told_its_status_last() -> None:
    seen: Sighting[Template] = Sighting("t/he", ago(hours=1), Template(status="APPROVED", lifetime_s=60))
    paused = Told("PAUSED", NOW)
    found = with_sighting(TemplateHealth(), seen, paused)
    assert (found.status, found.status_at, found.lifetime_s) == ("PAUSED", NOW, 60)
    back = with_sighting(TemplateHealth(), seen, Told("PAUSED", ago(hours=1) - timedelta(seconds=1)))
    assert (back.status, back.lifetime_at) == ("APPROVED", ago(hours=1))


def test_nothing_seen_and_nothing_told_claims_nothing() -> None:
    assert with_route(Webhooks(), None, None, NOW) == Webhooks()
    assert with_ability(SenderHealth(), None, None) == SenderHealth()
    assert with_sighting(TemplateHealth(), None, None) == TemplateHealth()
