"""`/healthz`, `/readyz` and `/metrics`."""

import asyncio
from datetime import timedelta

import pytest

from invy.domain import self_test
from invy.domain.hold import Hold, Scope
from invy.store import schema
from invy.web.readiness import LAG, Probe
from tests.web.asgi import Client
from tests.web.stand import Stand, status_update, until
from tests.web.test_api_access import assert_problem


async def test_the_process_says_that_it_lives(sqlite_stand: Stand) -> None:
    answered = await sqlite_stand.client.get("/healthz")

    assert (answered.status, answered.json) == (200, {"alive": True})


async def test_a_running_service_is_ready_and_tells_what_it_has_heard(stand: Stand) -> None:
    await stand.deliver(status_update("wamid.A"))
    await stand.applied()

    answered = await stand.client.get("/readyz")

    assert answered.status == 200
    shown = answered.json
    assert (shown["ready"], shown["reasons"], shown["journal_waiting"]) == (True, [], 0)
    assert shown["last_webhook_at"].endswith("Z")
    assert all(shown["parts"].values())


async def test_our_own_self_test_is_no_webhook_of_metas(stand: Stand) -> None:
    await stand.house.journal.append([(stand.house.clock(), self_test.body("ab" * 16))])
    await stand.applied()

    answered = await stand.client.get("/readyz")

    assert (answered.status, answered.json["last_webhook_at"]) == (200, None)


async def test_a_hold_is_told_and_does_not_make_it_unready(stand: Stand) -> None:
    await stand.house.holds.place(Hold(Scope.SENDER, "106540000000001", "token", stand.house.clock(), 190))

    answered = await stand.client.get("/readyz")

    assert answered.status == 200
    assert [(each["scope"], each["code"]) for each in answered.json["holds"]] == [("sender", 190)]
    assert "106540000000001" not in answered.text


async def test_a_part_that_has_ended_makes_it_unready(stand: Stand) -> None:
    stand.service.applier.close()

    async def ended() -> bool:
        return not stand.service.parts()["apply"]

    await until(ended)

    answered = await stand.client.get("/readyz")

    assert answered.status == 503
    assert "'apply'" in answered.json["reasons"][0]


async def test_webhooks_that_nobody_applies_make_it_unready(stand: Stand) -> None:
    stand.service.applier.close()
    while stand.service.parts()["apply"]:
        await asyncio.sleep(0)
    old = stand.house.clock() - LAG - timedelta(seconds=1)
    await stand.house.journal.append([(old, b"{}")])

    answered = await stand.client.get("/readyz")

    assert answered.status == 503
    assert any("wait to be applied" in reason for reason in answered.json["reasons"])
    assert answered.json["journal_waiting"] == 1


async def test_a_database_that_is_behind_makes_it_unready(stand: Stand) -> None:
    async with stand.house.database.write() as connection:
        await connection.exec_driver_sql("DELETE FROM alembic_version")

    answered = await stand.client.get("/readyz")

    assert answered.status == 503
    assert any("invy db upgrade" in reason for reason in answered.json["reasons"])
    assert (await schema.state(stand.house.database)).current is None


async def test_however_many_ask_the_database_is_looked_at_once_in_a_second(sqlite_stand: Stand) -> None:
    now = 100.0
    probe = Probe(sqlite_stand.house, sqlite_stand.service, lambda: now)

    first = await probe.look()
    assert await probe.look() is first
    now += 1
    assert await probe.look() is not first


async def test_metrics_are_for_this_machine_and_for_those_with_a_token(sqlite_stand: Stand) -> None:
    near, far = Client(sqlite_stand.app, address="127.0.0.1"), sqlite_stand.client

    answered = await near.get("/metrics")

    assert answered.status == 200
    assert answered.headers["content-type"].startswith("text/plain")
    assert "invy_webhooks_received_total" in answered.text
    assert (await Client(sqlite_stand.app, address="::1").get("/metrics")).status == 200
    assert_problem(await far.get("/metrics"), 401, "unauthorized")
    assert (await (await sqlite_stand.caller()).get("/metrics")).status == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_what_a_proxy_on_this_machine_passes_on_is_not_from_this_machine(
    sqlite_stand: Stand, header: str
) -> None:
    near = Client(sqlite_stand.app, address="127.0.0.1")

    assert_problem(await near.get("/metrics", {header: "198.51.100.7"}), 401, "unauthorized")
