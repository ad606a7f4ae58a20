"""The watch that the service keeps: an alarm when webhooks go silent while messages are in flight, over when they speak."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

from structlog.testing import capture_logs

from invy.app import checkup
from invy.app.house import House
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.vigil import Vigil
from invy.engine.doctor.watch import Changes
from invy.store import schema
from invy.store.database import Database
from tests.engine.doctor.clinic import clinic
from tests.engine.doctor.patients import keys, settings
from tests.engine.doctor.test_silence import sent, tell
from tests.making import at, receipt


async def test_silence_raises_an_alarm_once_and_a_report_ends_it(tmp_path: Path, database_url: str) -> None:
    database = Database.open(database_url)
    await schema.upgrade(database)
    now = at(0)

    def clock() -> datetime:
        return now

    house = House(settings(tmp_path, INVY_DATABASE_URL=database_url), database, clock=clock)
    vigil = checkup.vigil(house)
    await sent(database, 1, 2, 3)
    await vigil.step()
    assert not list(vigil.alarms)
    now = at(300)
    await vigil.step()
    assert keys(list(vigil.alarms)) == {"evidence.silent"}
    await tell(database, receipt("wamid.2", "delivered", 310))
    now = at(320)
    await vigil.step()
    assert not list(vigil.alarms)
    await database.close()


async def test_what_changes_is_told_and_what_stays_is_not() -> None:
    silent = found(Section.EVIDENCE, "evidence.orphans", about="orphans", count=1)
    more = found(Section.EVIDENCE, "evidence.orphans", about="orphans", count=2)
    fine = found(Section.EVIDENCE, "evidence.heard", about="heard", last="now")
    looks: list[list[Finding]] = [[fine], [silent], [more], [fine]]
    told: list[Changes] = []

    async def look() -> list[Finding]:
        return looks.pop(0)

    vigil = Vigil(look, told.append)
    for _ in range(4):
        await vigil.step()
    assert [([each.key for each in one.fresh], [each.key for each in one.gone]) for one in told] == [
        (["evidence.orphans"], []),
        ([], ["evidence.orphans"]),
    ]


async def test_it_looks_until_it_is_closed() -> None:
    looked = asyncio.Event()

    async def look() -> list[Finding]:
        looked.set()
        return []

    vigil = Vigil(look, lambda _: None, every_s=3600)
    task = asyncio.create_task(vigil.run())
    await looked.wait()
    vigil.close()
    await asyncio.wait_for(task, 5)


async def test_the_running_service_shows_the_alarm_and_writes_it_into_its_log(
    tmp_path: Path, sqlite_url: str
) -> None:
    given = settings(tmp_path, INVY_DATABASE_URL=sqlite_url)
    async with clinic(given, send=False) as there:
        begun = datetime.now(at(0).tzinfo) - timedelta(minutes=10)
        await sent(there.house.database, 1, 2, 3, seconds=(begun - at(0)).total_seconds())
        with capture_logs() as lines:
            await there.service.vigil.step()
        assert there.service.parts()["watch"]
        with await asyncio.to_thread(urlopen, there.url + "/readyz") as response:
            shown = json.loads(response.read())
    assert shown["ready"] is True, "webhooks could be received, if they came"
    assert [each["finding"] for each in shown["alarms"]] == ["evidence.silent"]
    assert "any report: 3," in shown["alarms"][0]["seen"]
    [line] = [each for each in lines if each["event"] == "doctor.alarm"]
    assert (line["log_level"], line["finding"]) == ("error", "evidence.silent")
