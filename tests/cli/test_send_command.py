"""`invy send` against the simulator: what Meta answers becomes words, JSON and an exit code."""

import json
import os
import signal
import subprocess

import pytest

from tests.cli.shell import IMAGE, INVY, Shell
from tests.flows.world import World, simulator

PARAMS = (
    "--param",
    "contact_name=איילה חורב",
    "--param",
    f"invitation_image_url={IMAGE}",
    "--event-id",
    "e-1",
)
SEND = ("send", "hina_invitation")


def request_of(text: str) -> dict[str, object]:
    body: dict[str, object] = json.loads(text)
    assert body.pop("biz_opaque_callback_data")
    return body


def test_a_dry_run_prints_exactly_the_brief_s_request_and_needs_no_token_and_no_database(
    shell: Shell,
) -> None:
    assert shell.run("templates", "init").exit_code == 0
    result = shell.run(*SEND, "0504370045", *PARAMS, "--dry-run")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert request_of(result.stdout) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+972504370045",
        "type": "template",
        "template": {
            "name": "hina_invitation",
            "language": {"code": "he"},
            "components": [
                {"type": "header", "parameters": [{"type": "image", "image": {"link": IMAGE}}]},
                {"type": "body", "parameters": [{"type": "text", "text": "איילה חורב"}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": "e-1"}],
                },
            ],
        },
    }
    assert not (shell.folder / "invy.db").exists()


def test_what_a_dry_run_prints_is_what_the_simulator_receives(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta)
    shown = request_of(shell.run(*SEND, "+12025550111", *PARAMS, "--dry-run").stdout)
    assert shell.run(*SEND, "+12025550111", *PARAMS).exit_code == 0
    [received] = [each for each in meta.messages() if each["to"].lstrip("+") == "12025550111"]
    assert shell.json("messages", "--json")["messages"][0]["wamid"] == received["wamid"]
    assert shown["to"] == "+12025550111"


def test_an_accepted_message_ends_with_0_and_says_that_this_is_not_delivery(
    shell_on_both: Shell, meta: World
) -> None:
    shell = shell_on_both.ready().talking_to(meta)
    result = shell.run(*SEND, "0504370045", *PARAMS)
    assert result.exit_code == 0
    assert "+972504370045: Meta accepted the message. That is not delivery yet." in result.stdout
    told = shell.json(*SEND, "0504370045", *PARAMS, "--guest-id", "g-9", "--json")
    assert told["status"] == "sent"
    assert told["message_id"] == told["wamid"]
    assert told["wamid"].startswith("wamid.")
    assert (told["event_id"], told["guest_id"], told["to"]) == ("e-1", "g-9", "+972504370045")
    assert told["delivered_at"] is None


def test_a_refusal_ends_with_5_and_explains_itself_from_the_catalogue(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta)
    result = shell.run(*SEND, "+447700900197", *PARAMS)
    assert result.exit_code == 5
    assert "Meta refused the message: 135000" in result.stdout
    assert "What to do: " in result.stdout
    assert "Whose side: " in result.stdout
    told = shell.run(*SEND, "+447700900197", *PARAMS, "--json")
    assert told.exit_code == 5
    document = json.loads(told.stdout)
    assert document["status"] == "failed"
    assert document["failure"]["code"] == 135000
    assert "What to do: " in told.stderr


def test_when_meta_asks_to_slow_down_the_command_stays_and_tries_again(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta)
    assert shell.run(*SEND, "+447700900190", *PARAMS).exit_code == 0
    [message] = shell.json("messages", "--json")["messages"]
    phases = [fact["phase"] for fact in shell.json("message", message["id"], "--json")["evidence"]]
    assert phases == ["started", "deferred", "started", "accepted"]


def test_a_template_that_meta_does_not_have_is_held_and_names_the_command_that_goes_on(
    shell: Shell, meta: World
) -> None:
    shell.ready().talking_to(meta)
    (shell.folder / "templates.toml").write_text(
        '[gone]\nmeta_name = "never_approved"\nlanguage_code = "he"\n', encoding="utf-8"
    )
    result = shell.run("send", "gone", "0504370045")
    assert result.exit_code == 5
    assert "Meta refused the message: 132001" in result.stdout
    assert "still queued" in result.stdout
    assert "invy resume template gone" in result.stdout
    [message] = shell.json("messages", "--json")["messages"]
    assert f"invy cancel {message['id']}" in result.stdout


def test_a_message_that_finds_its_template_held_was_not_refused_itself(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta)
    (shell.folder / "templates.toml").write_text(
        '[gone]\nmeta_name = "never_approved"\nlanguage_code = "he"\n', encoding="utf-8"
    )
    assert shell.run("send", "gone", "0504370045").exit_code == 5
    second = shell.run("send", "gone", "+447700900194")
    assert second.exit_code == 75
    assert "still queued: the template is held" in second.stdout
    assert "refused" not in second.stdout


def test_a_bad_token_holds_the_sender_and_leaves_the_message_queued_with_75(
    shell: Shell, meta: World
) -> None:
    shell.ready().talking_to(meta)
    shell.env["WHATSAPP_ACCESS_TOKEN"] = "EAAwrong"
    result = shell.run(*SEND, "0504370045", *PARAMS)
    assert result.exit_code == 75
    assert "still queued: the sender is held" in result.stdout
    assert "do not send it again" in result.stdout
    assert f"invy resume sender {meta.phone_number_id}" in result.stdout
    held = shell.json("holds", "--json")["holds"]
    assert [(hold["scope"], hold["code"]) for hold in held] == [("sender", 190)]


def test_nobody_at_the_other_end_leaves_the_message_queued_with_75(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta)
    shell.env["WHATSAPP_API_BASE_URL"] = "http://127.0.0.1:9"
    result = shell.run(*SEND, "0504370045", *PARAMS, "--timeout", "0")
    assert result.exit_code == 75
    assert "could not leave in the time given" in result.stdout
    assert shell.json("messages", "--json")["messages"][0]["status"] == "queued"


def test_an_unknown_outcome_is_unconfirmed_and_ends_with_6(shell: Shell, meta: World) -> None:
    result = shell.ready().talking_to(meta).run(*SEND, "+447700900171", *PARAMS)
    assert result.exit_code == 6
    assert "it is not known whether Meta took the message" in result.stdout
    assert "Do not send it again" in result.stdout


@pytest.mark.parametrize("goal", ["delivered", "read"])
def test_waiting_for_a_delivery_that_nobody_can_hear_sends_nothing_and_ends_with_75(
    shell: Shell, meta: World, goal: str
) -> None:
    shell.ready().talking_to(meta)
    result = shell.run(*SEND, "0504370045", *PARAMS, "--wait", goal)
    assert result.exit_code == 75
    assert "Nothing was sent: no service is running" in result.stderr
    assert shell.json("messages", "--json")["messages"] == []


def test_waiting_until_it_is_sent_needs_no_service(shell: Shell, meta: World) -> None:
    assert shell.ready().talking_to(meta).run(*SEND, "0504370045", *PARAMS, "--wait", "sent").exit_code == 0


@pytest.mark.slow
def test_with_a_service_its_sender_sends_and_its_webhook_hears(shell_on_both: Shell) -> None:
    shell = shell_on_both.ready()
    with simulator("--speed", "600", "--no-pair", "--rate", "0") as world:
        shell.talking_to(world)
        with shell.serving(world):
            delivered = shell.json(*SEND, "+447700900151", *PARAMS, "--wait", "delivered", "--json")
            assert delivered["status"] == "delivered"
            assert delivered["delivered_at"].endswith("Z")
            read = shell.run(*SEND, "+447700900150", *PARAMS, "--wait", "read")
            assert (read.exit_code, "read." in read.stdout) == (0, True)
            failed = shell.run(*SEND, "+447700900156", *PARAMS, "--wait", "delivered")
            assert failed.exit_code == 5
            assert "Meta reports that the message was not delivered: 131026" in failed.stdout
            blocked = shell.run(*SEND, "+447700900152", *PARAMS, "--wait", "delivered", "--timeout", "2")
            assert blocked.exit_code == 6
            assert "It was not delivered within 2 seconds." in blocked.stderr


def test_ctrl_c_while_meta_thinks_waits_for_its_answer_and_records_it(shell: Shell) -> None:
    with simulator("--latency", "1500", "--no-pair", "--rate", "0") as world:
        shell.ready().talking_to(world)
        with subprocess.Popen(
            [INVY, *SEND, "0504370045", *PARAMS, "--json"],
            cwd=shell.folder,
            env=shell.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while not any(
                each["status"] == "sending" for each in shell.json("messages", "--json")["messages"]
            ):
                os.sched_yield()
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        assert json.loads(out)["status"] == "sent"
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("send", "hina_invitaton", "0504370045"), 4, "Did you mean 'hina_invitation'?"),
        ((*SEND, "12"), 2, "Too short"),
        ((*SEND, "abc"), 2, "not a phone number"),
        ((*SEND, "0504370045"), 2, "is missing"),
        ((*SEND, "0504370045", "--param", "contact_name"), 2, "not of the form name=value"),
        ((*SEND, "0504370045", "--param", "=x"), 2, "not of the form name=value"),
        ((*SEND, "0504370045", "--param", "a=1", "--param", "a=2"), 2, "--param a is given twice"),
        ((*SEND, "0504370045", *PARAMS[2:], "--param", "contact_name=a\nb"), 2, "contact_name"),
        ((*SEND, "0504370045", *PARAMS, "--wait", "tomorrow"), 2, "--wait"),
        ((*SEND, "0504370045", *PARAMS, "--timeout", "-1"), 2, "--timeout"),
        ((*SEND, "0504370045", *PARAMS[:4], "--event-id", "wed\u200fding"), 2, "the id of an event"),
        ((*SEND, "0504370045", *PARAMS[:4], "--event-id", " "), 2, "the id of an event"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is_written(
    shell: Shell, meta: World, arguments: tuple[str, ...], code: int, words: str
) -> None:
    shell.ready().talking_to(meta)
    result = shell.run(*arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""
    assert shell.json("messages", "--json")["messages"] == []


def test_a_parameter_that_fills_nothing_is_pointed_out(shell: Shell) -> None:
    shell.run("templates", "init")
    result = shell.run(*SEND, "0504370045", *PARAMS, "--param", "contact_nam=x", "--dry-run")
    assert result.exit_code == 0
    assert "does nothing with --param contact_nam. Did you mean 'contact_name'?" in result.stderr


def test_sending_without_credentials_is_a_configuration_error_that_says_where_they_are_found(
    shell: Shell,
) -> None:
    result = shell.ready().run(*SEND, "0504370045", *PARAMS)
    assert result.exit_code == 3
    assert "WHATSAPP_ACCESS_TOKEN" in result.stderr
    assert "WHATSAPP_PHONE_NUMBER_ID" in result.stderr


def test_a_broken_template_file_is_a_configuration_error(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta)
    (shell.folder / "templates.toml").write_text("[x\n")
    assert shell.run(*SEND, "0504370045", *PARAMS).exit_code == 3
    (shell.folder / "templates.toml").unlink()
    missing = shell.run(*SEND, "0504370045", *PARAMS)
    assert missing.exit_code == 3
    assert "invy templates init" in missing.stderr


def test_a_guest_who_has_stopped_marketing_is_refused_unless_forced(shell: Shell, meta: World) -> None:
    import sqlite3

    shell.ready().talking_to(meta)
    with sqlite3.connect(shell.folder / "invy.db") as connection:
        connection.execute(
            "INSERT INTO opt_outs (phone, stopped, at) VALUES ('+972504370045', 1, '2026-11-01 00:00:00.000000')"
        )
    connection.close()
    refused = shell.run(*SEND, "0504370045", *PARAMS)
    assert refused.exit_code == 2
    assert "Whose side: the guest's" in refused.stderr
    assert shell.run(*SEND, "0504370045", *PARAMS, "--force").exit_code == 0
