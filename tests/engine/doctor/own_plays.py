"""What the doctor finds wrong that no simulator of Meta brings about: our own side, and the network below HTTP."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from invy.domain.errors import ConfigurationError
from invy.engine.doctor import phones
from invy.engine.doctor.examine import Check, examine
from invy.engine.doctor.finding import Finding
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.gateway.image import ImageFetcher
from invy.store import schema
from invy.store.database import Database
from invy.store.journal import JournalStore
from tests.certificates import certificate
from tests.engine.doctor.clinic import clinic, listening
from tests.engine.doctor.patients import examined, patient, settings
from tests.making import T0

Play = Callable[[Path], Awaitable[list[Finding]]]


async def _without(name: str, folder: Path) -> list[Finding]:
    return await examined(settings(folder, **{name: ""}), Section.SETTINGS)


async def _unreadable_settings(_folder: Path) -> list[Finding]:
    return await examined(ConfigurationError("INVY_PROT is no setting."), Section.SETTINGS)


async def _another_numbering_plan(folder: Path) -> list[Finding]:
    """As if the phone number library had changed its mind about Israel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phones, "FORMS_MEAN", "+972500000000")
        return await examined(settings(folder), Section.PHONES)


async def _templates(content: str, folder: Path) -> list[Finding]:
    given = settings(folder)
    (folder / "templates.toml").write_text(content, encoding="utf-8")
    return await examined(given, Section.REGISTRY)


async def _no_templates(folder: Path) -> list[Finding]:
    given = settings(folder)
    (folder / "templates.toml").unlink()
    return await examined(given, Section.REGISTRY)


async def _database(folder: Path, *statements: str, upgraded: bool = True) -> list[Finding]:
    given = settings(folder)
    database = Database.open(given.database_url)
    if upgraded:
        await schema.upgrade(database)
    async with database.write() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await database.close()
    return await examined(given, Section.DATABASE, Section.EVIDENCE)


async def _no_database(folder: Path) -> list[Finding]:
    return await examined(settings(folder), Section.DATABASE)


async def _damaged_database(folder: Path) -> list[Finding]:
    (folder / "invy.db").write_bytes(b"this is no database at all" * 100)
    return await examined(settings(folder), Section.DATABASE)


def _at_version(version: str) -> Play:
    return lambda folder: _database(folder, f"UPDATE alembic_version SET version_num = '{version}'")


async def _applying_stands_still(folder: Path) -> list[Finding]:
    database = Database.open(settings(folder).database_url)
    await schema.upgrade(database)
    store = JournalStore(database)
    await store.append([(T0, b"{}")] * 100)
    await store.close()
    await database.close()
    return await examined(settings(folder), Section.DATABASE, Section.EVIDENCE)


async def _defect(folder: Path) -> list[Finding]:
    async def broken(_subject: Subject) -> Sequence[Finding]:
        raise ZeroDivisionError

    async with patient(settings(folder)) as subject:
        return [finding async for finding in examine([Check(Section.TOKEN, broken)], subject)]


def _on(day: datetime, version: str) -> Play:
    async def play(folder: Path) -> list[Finding]:
        given = settings(folder, WHATSAPP_API_VERSION=version)
        return await examined(given, Section.VERSION, clock=lambda: day)

    return play


async def _public_url(url: str, folder: Path, **more: str) -> list[Finding]:
    return await examined(settings(folder, INVY_PUBLIC_URL=url, **more), Section.WEBHOOK)


async def _another_service(folder: Path, *, insecure_local: bool = False, **theirs: str) -> list[Finding]:
    """The service runs with other settings than the doctor."""
    async with clinic(settings(folder, **theirs), send=False, insecure_local=insecure_local) as there:
        mine = settings(folder, INVY_PUBLIC_URL=there.url)
        return await examined(mine, Section.DATABASE, Section.WEBHOOK)


async def _cannot_store(folder: Path) -> list[Finding]:
    """The service's database has lost the table of the journal; the doctor's has not."""
    theirs = settings(folder, INVY_DATABASE_URL=f"sqlite:///{folder / 'theirs.db'}")
    mine = Database.open(settings(folder).database_url)
    await schema.upgrade(mine)
    await mine.close()
    async with clinic(theirs, send=False) as there:
        async with there.house.database.write() as connection:
            await connection.execute(text("DROP TABLE journal"))
        given = settings(folder, INVY_PUBLIC_URL=there.url)
        return await examined(given, Section.DATABASE, Section.WEBHOOK)


TODAY: Final = datetime(2026, 11, 23, tzinfo=UTC)

OWN_SIDE: Final[Mapping[str, Play]] = {
    "settings.invalid": _unreadable_settings,
    "settings.no_token": partial(_without, "WHATSAPP_ACCESS_TOKEN"),
    "settings.no_number": partial(_without, "WHATSAPP_PHONE_NUMBER_ID"),
    "settings.no_verify_token": partial(_without, "WHATSAPP_VERIFY_TOKEN"),
    "settings.no_app_secret": partial(_without, "WHATSAPP_APP_SECRET"),
    "settings.no_account": partial(_without, "WHATSAPP_BUSINESS_ACCOUNT_ID"),
    "settings.no_app": partial(_without, "WHATSAPP_APP_ID"),
    "settings.no_public_url": partial(_without, "INVY_PUBLIC_URL"),
    "phones.wrong": _another_numbering_plan,
    "registry.no_file": _no_templates,
    "registry.unusable": partial(_templates, '[hello]\nmeta_name = "Hello World"\n'),
    "registry.empty": partial(_templates, ""),
    "database.none": _no_database,
    "database.empty": partial(_database, upgraded=False),
    "database.behind": _at_version("0001"),
    "database.ahead": _at_version("9999"),
    "database.away": _damaged_database,
    "evidence.waiting": _applying_stands_still,
    "general.broke": _defect,
    "version.expiring": _on(datetime(2028, 7, 1, tzinfo=UTC), "v25.0"),
    "version.expired": _on(TODAY, "v20.0"),
    "version.unknown": _on(TODAY, "v99.0"),
    "webhook.local": partial(
        _public_url, "http://localhost:8000", WHATSAPP_API_BASE_URL="https://graph.facebook.com"
    ),
    "webhook.wrong_token": partial(_another_service, WHATSAPP_VERIFY_TOKEN="another-word"),
    "webhook.secret_differs": partial(_another_service, WHATSAPP_APP_SECRET="9" * 32),
    "webhook.not_stored": _cannot_store,
    "webhook.unsigned_accepted": partial(_another_service, WHATSAPP_APP_SECRET="", insecure_local=True),
}
"""What is wrong on our own side, brought about by our own state."""


async def _nobody_at_meta(folder: Path) -> list[Finding]:
    return await examined(settings(folder, WHATSAPP_API_BASE_URL="http://127.0.0.1:9"), Section.CLOCK)


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Never called: the connection ends before."""


async def _unvouched_webhook(folder: Path) -> list[Finding]:
    async with listening(_nobody, certificate=certificate("127.0.0.1", folder)) as url:
        return await _public_url(url, folder)


async def _unvouched_picture(folder: Path) -> list[Finding]:
    async with listening(_nobody, certificate=certificate("127.0.0.1", folder)) as url:
        return await _picture(folder, f"{url}/a.jpg")


async def _unknown_name(folder: Path) -> list[Finding]:
    async def no_such_name(_host: str) -> Sequence[str]:
        raise OSError("Name or service not known")

    return await _picture(folder, "https://nowhere.example/a.jpg", lookup=no_such_name)


async def _picture(folder: Path, link: str, **how: Any) -> list[Finding]:
    eyes = ImageFetcher(allowed=lambda _: True, **how)
    return await examined(settings(folder), Section.IMAGES, images=eyes, image_urls=(link,))


BELOW_HTTP: Final[Mapping[str, tuple[str, Play]]] = {
    "general.unreachable": ("nobody listens where the simulator would answer", _nobody_at_meta),
    "webhook.unreachable": (
        "nobody listens where the simulator's door would answer",
        partial(_public_url, "http://127.0.0.1:9"),
    ),
    "webhook.certificate": ("the simulator's door speaks plain HTTP", _unvouched_webhook),
    "images.certificate": ("the simulator's pictures come by plain HTTP", _unvouched_picture),
    "images.no_such_host": ("the simulator is no name server", _unknown_name),
}
"""What a simulator cannot bring about in principle, with the reason, by the smallest means there are."""
