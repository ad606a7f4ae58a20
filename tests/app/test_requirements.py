"""What must be set before messages are sent and webhooks are received."""

import pytest

from invy.app.settings import Settings, load
from invy.domain.errors import ConfigurationError

SENDING = {"WHATSAPP_ACCESS_TOKEN": "EAAG" + "b" * 40, "WHATSAPP_PHONE_NUMBER_ID": "106540000000001"}
RECEIVING = {"WHATSAPP_APP_SECRET": "0a" * 16, "WHATSAPP_VERIFY_TOKEN": "quiet-otter-paints"}


def receiving_refusal(settings: Settings, *, insecure_local: bool, host: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        settings.require_receiving(insecure_local=insecure_local, host=host)
    return caught.value


def test_with_everything_set_both_are_satisfied_on_any_address() -> None:
    settings = load(SENDING | RECEIVING, None)

    settings.require_sending()
    settings.require_receiving(insecure_local=False, host="0.0.0.0")
    settings.require_receiving(insecure_local=True, host="0.0.0.0")


def test_sending_names_all_that_is_missing_and_where_to_find_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({}, None).require_sending()

    assert "WHATSAPP_ACCESS_TOKEN: Meta's business settings" in str(caught.value)
    assert "WHATSAPP_PHONE_NUMBER_ID: Meta's app dashboard > WhatsApp > API Setup" in str(caught.value)
    assert "config show" in caught.value.hint


def test_sending_does_not_ask_for_what_is_there() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({"WHATSAPP_ACCESS_TOKEN": "EAAG" + "b" * 40}, None).require_sending()

    assert "WHATSAPP_ACCESS_TOKEN" not in str(caught.value)


def test_a_misspelt_credential_is_pointed_out_when_the_right_one_is_missing() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({"WHATSAPP_ACESS_TOKEN": "x"}, None).require_sending()

    assert "WHATSAPP_ACESS_TOKEN (environment)" in str(caught.value)


@pytest.mark.parametrize("missing", sorted(RECEIVING))
def test_the_service_refuses_to_start_without_its_secret_or_its_verify_token(missing: str) -> None:
    settings = load({name: value for name, value in RECEIVING.items() if name != missing}, None)
    error = receiving_refusal(settings, insecure_local=False, host="127.0.0.1")

    assert missing in str(error)
    assert "forge" in str(error)
    assert "--insecure-local" in error.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"])
def test_insecure_local_goes_without_on_a_loopback_address(host: str) -> None:
    load({}, None).require_receiving(insecure_local=True, host=host)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "",
        "192.168.1.5",
        "invy.example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
    ],
)
def test_insecure_local_does_not_help_anywhere_else(host: str) -> None:
    error = receiving_refusal(load({}, None), insecure_local=True, host=host)

    assert "--insecure-local does not help" in str(error)
