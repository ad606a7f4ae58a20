"""What settings are accepted, where they come from, and how wrong ones are reported."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from invy.app.origin import OriginKind
from invy.app.settings import LogFormat, LogLevel, Settings, catalogue, load
from invy.domain.errors import ConfigurationError

TOKEN = "EAAG" + "b" * 40


def refusal(environ: Mapping[str, str], dotenv: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(environ, dotenv)
    assert caught.value.hint
    return str(caught.value)


def test_nothing_at_all_is_needed_to_load() -> None:
    settings = load({}, None)

    assert settings.api_version == "v25.0"
    assert settings.api_base_url == "https://graph.facebook.com"
    assert settings.default_region == "IL"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.send_rate == 80
    assert settings.webhook_max_bytes == 16_777_216
    assert settings.access_token is None
    assert all(origin.kind is OriginKind.DEFAULT for origin in settings.origins.values())


def test_the_names_of_the_brief_are_read_as_they_stand() -> None:
    settings = load(
        {
            "WHATSAPP_ACCESS_TOKEN": TOKEN,
            "WHATSAPP_PHONE_NUMBER_ID": "106540000000001",
            "WHATSAPP_API_VERSION": "v24.0",
            "WHATSAPP_VERIFY_TOKEN": "quiet-otter-paints",
        },
        None,
    )

    assert settings.access_token is not None
    assert settings.access_token.get_secret_value() == TOKEN
    assert settings.phone_number_id == "106540000000001"
    assert settings.api_version == "v24.0"
    assert settings.verify_token is not None
    assert settings.verify_token.get_secret_value() == "quiet-otter-paints"


def test_the_process_environment_plays_no_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("INVY_PORT=9001\n")
    for name in ("INVY_PORT", "PORT", "port"):
        monkeypatch.setenv(name, "9000")

    assert load({}, None).port == 8000


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        load({}, None).port = 1


def test_the_default_database_is_a_file_in_the_data_directory() -> None:
    assert load({}, None).database_url == "sqlite:///invy-data/invy.db"
    assert load({"INVY_DATA_DIR": "/var/lib/invy"}, None).database_url == "sqlite:////var/lib/invy/invy.db"


def test_the_environment_wins_over_the_file_and_every_value_knows_its_origin(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("# ports\n\nINVY_PORT=8001\nINVY_HOST=127.0.0.2\n")
    settings = load({"INVY_PORT": "8002"}, dotenv)

    assert (settings.port, settings.host) == (8002, "127.0.0.2")
    assert settings.origins["INVY_PORT"].kind is OriginKind.ENVIRONMENT
    assert settings.origins["INVY_HOST"].place == f"{dotenv} line 4"
    assert settings.origins["INVY_LOG_FILE"].kind is OriginKind.DEFAULT


def test_an_empty_value_counts_as_not_set_even_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("INVY_PORT=8001\nINVY_HOST=\nINVY_PUBLIC_URL=''\n")
    settings = load({"INVY_PORT": "", "INVY_LOG_LEVEL": "  "}, dotenv)

    assert (settings.port, settings.host, settings.public_url) == (8001, "127.0.0.1", None)
    assert settings.log_level is LogLevel.INFO


def test_words_of_a_closed_set_may_be_written_in_any_case() -> None:
    settings = load(
        {"INVY_LOG_FORMAT": "JSON", "INVY_LOG_LEVEL": "Warning", "INVY_DEFAULT_REGION": "gb"}, None
    )

    assert settings.log_format is LogFormat.JSON
    assert settings.log_level is LogLevel.WARNING
    assert settings.default_region == "GB"


def test_several_app_secrets_are_separated_by_commas() -> None:
    secrets = load({"WHATSAPP_APP_SECRET": "newnewnewnew, oldoldoldold,"}, None).app_secrets

    assert [secret.get_secret_value() for secret in secrets] == ["newnewnewnew", "oldoldoldold"]


def test_the_slash_at_the_end_of_an_address_is_dropped() -> None:
    assert (
        load({"INVY_PUBLIC_URL": "https://invy.example.com/"}, None).public_url == "https://invy.example.com"
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"])
def test_plain_http_is_accepted_on_this_machine(url: str) -> None:
    assert load({"WHATSAPP_API_BASE_URL": url}, None).api_base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///guests.db",
        "sqlite:////srv/my data/guests.db",
        "postgresql://invy:pw@db.example.com:5432/invy",
        "postgresql://postgres:@/postgres?host=/run/postgresql",
        "postgresql:///invy",
    ],
)
def test_plain_database_urls_are_kept_as_they_are(url: str) -> None:
    assert load({"INVY_DATABASE_URL": url}, None).database_url == url


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WHATSAPP_ACCESS_TOKEN", "your_meta_access_token", "placeholder from the sample"),
        ("WHATSAPP_PHONE_NUMBER_ID", "your_phone_number_id", "placeholder from the sample"),
        ("WHATSAPP_VERIFY_TOKEN", "your_webhook_secret_token_here", "placeholder from the sample"),
        ("WHATSAPP_APP_SECRET", "changeme", "placeholder from the sample"),
        ("WHATSAPP_ACCESS_TOKEN", f'"{TOKEN}"', "quotation marks"),
        ("WHATSAPP_ACCESS_TOKEN", f"{TOKEN}\n", "a line break"),
        ("WHATSAPP_ACCESS_TOKEN", f" {TOKEN}", "a space"),
        ("WHATSAPP_ACCESS_TOKEN", f"Bearer {TOKEN}", "give the token alone"),
        ("WHATSAPP_ACCESS_TOKEN", f"{TOKEN}\u200b", "invisible"),
        ("WHATSAPP_APP_SECRET", "goodgoodgood, bad bad", "a space"),
        ("WHATSAPP_PHONE_NUMBER_ID", "+972504370045", "looks like a phone number"),
        ("WHATSAPP_PHONE_NUMBER_ID", "10654000000x", "digits only"),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", "٣٣٣٣٣٣", "digits only"),
        ("WHATSAPP_API_VERSION", "25.0", "looks like v25.0"),
        ("WHATSAPP_API_VERSION", "v25", "looks like v25.0"),
        ("WHATSAPP_API_BASE_URL", "http://graph.example.com", "https:// is needed"),
        ("WHATSAPP_API_BASE_URL", "graph.facebook.com", "beginning with https://"),
        ("INVY_PUBLIC_URL", "https://a.example/?x=1", "query"),
        ("INVY_PUBLIC_URL", "https://me:pw@a.example", "user name"),
        ("INVY_PUBLIC_URL", "https://a.example:99999", "port"),
        ("INVY_DATABASE_URL", "postgres://h/db", "write postgresql://"),
        ("INVY_DATABASE_URL", "postgresql+asyncpg://h/db", "names a driver"),
        ("INVY_DATABASE_URL", "sqlite+aiosqlite:///a.db", "names a driver"),
        ("INVY_DATABASE_URL", "sqlite://a.db", "three belong"),
        ("INVY_DATABASE_URL", "sqlite:///:memory:", "in memory is lost"),
        ("INVY_DATABASE_URL", "sqlite:///", "names no file"),
        ("INVY_DATABASE_URL", "sqlite:///a.db?mode=ro", "Invy sets its own"),
        ("INVY_DATABASE_URL", "mysql://h/db", "sqlite and postgresql"),
        ("INVY_DATABASE_URL", "postgresql://h", "names no database"),
        ("INVY_DATABASE_URL", "postgresql://u:12/34@h/db", "%2F"),
        ("INVY_DATABASE_URL", "guests.db", "sqlite:///path"),
        ("INVY_DEFAULT_REGION", "UK", "GB is meant"),
        ("INVY_DEFAULT_REGION", "Israel", "such as IL"),
        ("INVY_HOST", "http://127.0.0.1", "without http://"),
        ("INVY_HOST", "127.0.0.1:8000", "INVY_PORT"),
        ("INVY_PORT", "eight", "not a whole number"),
        ("INVY_PORT", "70000", "at most 65535"),
        ("INVY_SEND_RATE", "0", "more than 0"),
        ("INVY_SEND_RATE", "nan", "'nan'"),
        ("INVY_SEND_RATE", "1001", "at most 1000"),
        ("INVY_SEND_CONCURRENCY", "0", "at least 1"),
        ("INVY_WEBHOOK_MAX_BYTES", "1048576", "at least 3000000"),
        ("INVY_LOG_FORMAT", "xml", "'human' or 'json'"),
        ("INVY_LOG_LEVEL", "loud", "'debug'"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_its_fault_and_a_right_example(
    name: str, value: str, said: str
) -> None:
    message = refusal({name: value})

    assert f"{name} (environment)" in message
    assert said in message
    assert f"Example: {name}=" in message


def test_all_problems_are_reported_together(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("INVY_HSOT=0.0.0.0\nthis is no setting\nINVY_LOG_LEVEL=loud\n")
    message = refusal({"INVY_PORT": "eight", "WHATSAPP_ACCESS_TOKEN_FILE": str(tmp_path / "absent")}, dotenv)

    assert message.startswith("5 settings cannot be used:")
    for expected in (
        "INVY_HSOT",
        f"{dotenv} line 2",
        "INVY_LOG_LEVEL",
        "INVY_PORT",
        "WHATSAPP_ACCESS_TOKEN_FILE",
    ):
        assert expected in message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("INVY_PROT", "INVY_PORT"),
        ("invy_port", "INVY_PORT"),
        ("INVY_DATABASE", "INVY_DATABASE_URL"),
        ("INVY_ACCESS_TOKEN", "WHATSAPP_ACCESS_TOKEN"),
        ("INVY_DATABASE_URL_FIEL", "INVY_DATABASE_URL_FILE"),
    ],
)
def test_an_unknown_name_of_ours_is_an_error_that_says_what_was_meant(name: str, meant: str) -> None:
    assert f"did you mean {meant}?" in refusal({name: "1"})


def test_an_unknown_name_of_ours_far_from_any_setting_is_an_error_without_a_guess() -> None:
    assert "there is no such setting" in refusal({"INVY_QQQQQQQ": "1"})


def test_the_names_that_belong_to_the_tests_and_to_others_are_left_alone(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("STRIPE_KEY=abc\nWHATSAPP_OTHER_TOOL=1\n")

    assert (
        load({"INVY_TEST_DATABASE_URL": "x", "INVY_META_REFERENCE": "y", "PATH": "/bin"}, dotenv).port == 8000
    )


def test_a_lease_must_outlast_a_request_even_when_only_the_timeout_was_set() -> None:
    message = refusal({"INVY_SEND_TIMEOUT_S": "200"})

    assert (
        "INVY_LEASE_SECONDS (default): the value must be more than INVY_SEND_TIMEOUT_S, which is 200"
        in message
    )
    assert "Example: INVY_LEASE_SECONDS=800" in message
    assert "INVY_LEASE_SECONDS" in refusal({"INVY_SEND_TIMEOUT_S": "120"})
    assert load({"INVY_SEND_TIMEOUT_S": "200", "INVY_LEASE_SECONDS": "201"}, None).lease_seconds == 201


def test_the_example_of_every_setting_that_is_no_secret_is_a_right_value() -> None:
    for name, (_, setting) in catalogue().items():
        if not setting.secret:
            assert load({name: setting.example}, None).value_of(name) is not None


def test_the_samples_shown_for_secrets_are_refused_as_samples() -> None:
    for name, (_, setting) in catalogue().items():
        if setting.secret:
            assert "placeholder" in refusal({name: setting.example})


def test_neither_the_error_nor_the_settings_spell_out_a_secret() -> None:
    url = "postgresql://invy:hunter2hunter2@db/invy"
    shown = repr(
        load(
            {"WHATSAPP_ACCESS_TOKEN": TOKEN, "WHATSAPP_APP_SECRET": "s" * 32, "INVY_DATABASE_URL": url}, None
        )
    )
    said = refusal(
        {"WHATSAPP_ACCESS_TOKEN": f"{TOKEN} x", "INVY_DATABASE_URL": "mysql://invy:hunter2hunter2@db/invy"}
    )

    for secret in (TOKEN, "s" * 32, "hunter2"):
        assert secret not in shown
        assert secret not in said


def test_every_secret_is_handed_to_the_log_so_that_it_can_be_kept_out() -> None:
    settings = load(
        {
            "WHATSAPP_ACCESS_TOKEN": TOKEN,
            "WHATSAPP_VERIFY_TOKEN": "quiet-otter-paints",
            "WHATSAPP_APP_SECRET": "newnewnewnew,oldoldoldold",
            "INVY_DATABASE_URL": "postgresql://invy:p%40ssword@db/invy",
        },
        None,
    )

    assert set(settings.secret_values()) == {
        TOKEN, "quiet-otter-paints", "newnewnewnew", "oldoldoldold", "p%40ssword", "p@ssword",
    }  # fmt: skip


NAMES = st.sampled_from(sorted(catalogue()))


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=40), max_size=5))
@example({"INVY_DATABASE_URL": "postgresql://["})
@example({"INVY_HOST": "[:"})
@example({"INVY_DATA_DIR": "\x00"})
def test_any_text_in_any_setting_is_either_accepted_or_refused_in_words(environ: dict[str, str]) -> None:
    try:
        settings: Settings | str = load(environ, None)
    except ConfigurationError as error:
        settings = str(error)

    assert isinstance(settings, Settings) or "cannot be used" in settings
