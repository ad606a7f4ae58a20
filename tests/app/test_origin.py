"""Reading `.env` and secret files: what is tolerated, what is reported, and with which line."""

from pathlib import Path

import pytest

from invy.app.origin import OriginKind
from invy.app.settings import load
from invy.domain.errors import ConfigurationError

TOKEN = "EAAG" + "b" * 40


def refusal(environ: dict[str, str], dotenv: Path | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(environ, dotenv)
    return str(caught.value)


def test_a_missing_dotenv_file_is_no_problem(tmp_path: Path) -> None:
    assert load({}, tmp_path / ".env").port == 8000


def test_quotes_remarks_export_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    text = "INVY_PORT=8001 # the port\nexport INVY_HOST='127.0.0.2'\r\nINVY_DATA_DIR=\"הזמנות של איילה\"\n"
    dotenv.write_bytes(b"\xef\xbb\xbf" + text.encode())
    settings = load({}, dotenv)

    assert (settings.port, settings.host, settings.data_dir) == (8001, "127.0.0.2", Path("הזמנות של איילה"))


def test_a_dollar_sign_in_a_secret_stays_a_dollar_sign(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("WHATSAPP_VERIFY_TOKEN=abc${HOME}$def\n")
    token = load({"HOME": "/root"}, dotenv).verify_token

    assert token is not None
    assert token.get_secret_value() == "abc${HOME}$def"


@pytest.mark.parametrize(
    "line", ["no setting here", "INVY_PORT", "INVY_HOST='127.0.0.1", "=x", "INVY_HOST 127.0.0.1"]
)
def test_a_bad_line_is_reported_by_its_number_and_its_text_is_not_repeated(tmp_path: Path, line: str) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"# one\n\n\n{line}\n")
    message = refusal({}, dotenv)

    assert f"{dotenv} line 4" in message
    assert "NAME=value" in message


def test_a_token_broken_over_two_lines_is_a_bad_line_and_not_shown(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"WHATSAPP_ACCESS_TOKEN={TOKEN[:20]}\n{TOKEN[20:]}\n")
    message = refusal({}, dotenv)

    assert f"{dotenv} line 2" in message
    assert TOKEN[20:] not in message


def test_a_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes("INVY_DATA_DIR=הזמנות".encode("cp1255"))

    assert "save it as UTF-8" in refusal({}, dotenv)


def test_a_dotenv_that_is_a_folder_says_so(tmp_path: Path) -> None:
    assert "is a directory" in refusal({}, tmp_path)


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbf" + f"  {TOKEN}\r\n".encode())
    settings = load({"WHATSAPP_ACCESS_TOKEN_FILE": str(file)}, None)

    assert settings.access_token is not None
    assert settings.access_token.get_secret_value() == TOKEN
    assert settings.origins["WHATSAPP_ACCESS_TOKEN"].kind is OriginKind.FILE
    assert settings.origins["WHATSAPP_ACCESS_TOKEN"].place == f"file {file}"


def test_app_secrets_in_a_file_may_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("newnewnewnew\r\noldoldoldold\n")
    secrets = load({"WHATSAPP_APP_SECRET_FILE": str(file)}, None).app_secrets

    assert [secret.get_secret_value() for secret in secrets] == ["newnewnewnew", "oldoldoldold"]


def test_the_database_url_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://invy:pw@db/invy\n")

    assert load({"INVY_DATABASE_URL_FILE": str(file)}, None).database_url == "postgresql://invy:pw@db/invy"


def test_a_value_and_a_file_for_the_same_secret_are_an_error_wherever_they_stand(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("WHATSAPP_VERIFY_TOKEN=quiet-otter-paints\n")
    message = refusal({"WHATSAPP_VERIFY_TOKEN_FILE": "/run/secrets/x"}, dotenv)

    assert "WHATSAPP_VERIFY_TOKEN_FILE (environment)" in message
    assert f"WHATSAPP_VERIFY_TOKEN is given as well ({dotenv} line 1)" in message
    assert "quiet-otter" not in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"a" * 70_000, "larger"),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_reported_with_its_path(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    message = refusal({"WHATSAPP_ACCESS_TOKEN_FILE": str(file)})

    assert str(file) in message
    assert said in message


def test_a_file_variant_exists_only_for_what_may_be_secret() -> None:
    assert "there is no such setting" in refusal({"INVY_PORT_FILE": "/run/port"})
