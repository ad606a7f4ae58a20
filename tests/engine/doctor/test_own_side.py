"""What the doctor finds on our own side, without any network: settings, phone forms, templates, database, version."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from invy.domain.errors import ConfigurationError, StoreUnavailable
from invy.engine.doctor.finding import Mark
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Chart, Shape
from invy.store import schema
from invy.store.database import Database
from tests.engine.doctor.patients import SECRET, TOKEN, VERIFY, bad, by_key, examined, keys, settings


async def test_complete_settings_have_no_complaint_but_for_the_missing_public_url(tmp_path: Path) -> None:
    findings = await examined(settings(tmp_path), Section.SETTINGS)
    assert {each.key for each in findings if each.mark is not Mark.OK} == {"settings.no_public_url"}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("WHATSAPP_ACCESS_TOKEN", "settings.no_token"),
        ("WHATSAPP_PHONE_NUMBER_ID", "settings.no_number"),
        ("WHATSAPP_VERIFY_TOKEN", "settings.no_verify_token"),
        ("WHATSAPP_APP_SECRET", "settings.no_app_secret"),
    ],
)
async def test_a_missing_credential_is_a_failure_that_names_it(tmp_path: Path, name: str, key: str) -> None:
    findings = await examined(settings(tmp_path, **{name: ""}), Section.SETTINGS)
    assert bad(findings) == {key}
    assert name in by_key(findings, key).seen.en
    assert name in by_key(findings, key).todo.he


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", "settings.no_account"),
        ("WHATSAPP_APP_ID", "settings.no_app"),
        ("INVY_PUBLIC_URL", "settings.no_public_url"),
    ],
)
async def test_what_only_the_doctor_needs_is_a_warning(tmp_path: Path, name: str, key: str) -> None:
    given = {"INVY_PUBLIC_URL": "https://invy.example.com"} | {name: ""}
    findings = await examined(settings(tmp_path, **given), Section.SETTINGS)
    assert [each.key for each in findings if each.mark is not Mark.OK] == [key]
    assert by_key(findings, key).mark is Mark.WARNING


async def test_two_app_secrets_are_told_as_two(tmp_path: Path) -> None:
    findings = await examined(
        settings(tmp_path, WHATSAPP_APP_SECRET=f"{SECRET},{'d' * 32}"), Section.SETTINGS
    )
    assert "2 of them" in by_key(findings, "settings.several_secrets").seen.en


async def test_settings_that_cannot_be_read_are_told_and_what_needs_them_is_skipped_because_of_that() -> None:
    error = ConfigurationError("INVY_PROT is no setting.", hint="Did you mean INVY_PORT?")
    findings = await examined(error)
    first = by_key(findings, "settings.invalid")
    assert first.seen.en == "The settings cannot be read: INVY_PROT is no setting."
    assert first.todo.en == "Did you mean INVY_PORT?"
    skipped = [each for each in findings if each.mark is Mark.SKIPPED]
    assert {each.section for each in skipped} >= {Section.REGISTRY, Section.DATABASE, Section.VERSION}
    assert all("INVY_PROT" in each.seen.en for each in skipped)
    assert by_key(findings, "phones.good").mark is Mark.OK


async def test_no_secret_is_in_any_finding(tmp_path: Path) -> None:
    for each in await examined(settings(tmp_path)):
        for secret in (TOKEN, SECRET, VERIFY):
            assert secret not in repr(each)


async def test_the_four_forms_of_the_brief_lead_to_one_number(tmp_path: Path) -> None:
    finding = by_key(await examined(settings(tmp_path), Section.PHONES), "phones.good")
    assert {row[0] for row in finding.rows[1:]} == {
        "0504370045",
        "050-437-0045",
        "+972504370045",
        "972504370045",
    }
    assert {row[1] for row in finding.rows[1:]} == {"+972504370045"}


async def test_another_region_is_told_with_what_it_makes_of_a_local_number(tmp_path: Path) -> None:
    findings = await examined(settings(tmp_path, INVY_DEFAULT_REGION="GB"), Section.PHONES)
    assert "dialled in GB" in by_key(findings, "phones.region").seen.en


async def test_each_template_is_listed_with_what_every_guest_needs(tmp_path: Path) -> None:
    finding = by_key(await examined(settings(tmp_path), Section.REGISTRY), "registry.entry")
    assert finding.seen.en == (
        "hina_invitation: hina_invitation in he. Every guest needs: invitation_image_url, contact_name, event_id."
    )


async def test_a_template_without_parameters_says_so(tmp_path: Path) -> None:
    (tmp_path / "templates.toml").write_text('[hello]\nmeta_name = "hello_world"\nlanguage_code = "en_US"\n')
    findings = await examined(settings(tmp_path), Section.REGISTRY)
    assert "It needs no parameter" in by_key(findings, "registry.entry_complete").seen.en


async def test_a_broken_template_file_is_told_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "templates.toml").write_text('[hello]\nmeta_name = "Hello World"\n')
    finding = by_key(await examined(settings(tmp_path), Section.REGISTRY), "registry.unusable")
    assert "meta_name" in finding.seen.en
    assert "language_code" in finding.seen.en
    assert finding.mark is Mark.FAILED


async def test_a_missing_or_an_empty_template_file_is_a_failure(tmp_path: Path) -> None:
    given = settings(tmp_path)
    (tmp_path / "templates.toml").write_text("")
    assert keys(await examined(given, Section.REGISTRY)) == {"registry.empty"}
    (tmp_path / "templates.toml").unlink()
    assert keys(await examined(given, Section.REGISTRY)) == {"registry.no_file"}


async def test_looking_for_a_database_does_not_make_one(tmp_path: Path) -> None:
    file = tmp_path / "new" / "invy.db"
    findings = await examined(settings(tmp_path, INVY_DATABASE_URL=f"sqlite:///{file}"), Section.DATABASE)
    assert keys(findings) == {"database.none"}
    assert not file.parent.exists()


async def test_a_database_of_the_newest_shape_is_fine_and_an_empty_one_is_not(
    tmp_path: Path, database_url: str
) -> None:
    given = settings(tmp_path, INVY_DATABASE_URL=database_url)
    database = Database.open(database_url)
    async with database.read():
        pass
    assert keys(await examined(given, Section.DATABASE)) == {"database.empty"}
    await schema.upgrade(database)
    await database.close()
    finding = by_key(await examined(given, Section.DATABASE), "database.current")
    assert schema.head() in finding.seen.en


class Standing:
    """A database port that tells one thing."""

    def __init__(self, shape: Shape | Exception) -> None:
        self._shape = shape

    async def shape(self) -> Shape:
        if isinstance(self._shape, Exception):
            raise self._shape
        return self._shape


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        (Shape("db", exists=True, current="0001", head="0002"), "database.behind"),
        (Shape("db", exists=True, current="0009", head="0002", current_is_known=False), "database.ahead"),
        (StoreUnavailable("disk full"), "database.away"),
    ],
)
async def test_a_database_that_cannot_be_used_says_why(
    tmp_path: Path, shape: Shape | Exception, key: str
) -> None:
    findings = await examined(settings(tmp_path), Section.DATABASE, database=Standing(shape))
    assert bad(findings) == {key}


@pytest.mark.parametrize(
    ("asked", "day", "key", "mark"),
    [
        ("v25.0", datetime(2026, 11, 23, tzinfo=UTC), "version.current", Mark.OK),
        ("v25.0", datetime(2028, 7, 1, tzinfo=UTC), "version.expiring", Mark.WARNING),
        ("v20.0", datetime(2026, 11, 23, tzinfo=UTC), "version.expired", Mark.FAILED),
        ("v99.0", datetime(2026, 11, 23, tzinfo=UTC), "version.unknown", Mark.WARNING),
    ],
)
async def test_the_version_is_judged_by_the_day_and_shown_with_the_table(
    tmp_path: Path, asked: str, day: datetime, key: str, mark: Mark
) -> None:
    given = settings(tmp_path, WHATSAPP_API_VERSION=asked)
    finding = by_key(await examined(given, Section.VERSION, clock=lambda: day), key)
    assert finding.mark is mark
    assert asked in finding.seen.he
    assert ("v20.0 *" if asked == "v20.0" else "v20.0", "2024-05-21", "2026-09-24", "expired") in finding.rows


async def test_a_version_that_was_silently_replaced_is_told(tmp_path: Path) -> None:
    chart = replace(Chart(), served_version="v21.0")
    findings = await examined(settings(tmp_path, WHATSAPP_API_VERSION="v25.0"), Section.VERSION, chart=chart)
    assert by_key(findings, "version.served_another").mark is Mark.WARNING
