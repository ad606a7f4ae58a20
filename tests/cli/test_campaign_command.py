"""`invy campaign`: a whole list, each guest once, with everybody who was left out named."""

import json
import os
import signal
import subprocess

import pytest

from tests.cli.shell import IMAGE, INVY, Shell
from tests.flows.world import World, simulator

PICTURE = ("--param", f"invitation_image_url={IMAGE}")
SEND = ("campaign", "send", "wedding", "hina_invitation")
LIST = (
    "name,phone,invitation_image_url\n"
    f"איילה חורב,0504370045,{IMAGE}\n"
    f"Emma,+447700900101,{IMAGE}\n"
    "Without a picture,+447700900102,\n"
)
EVERYBODY = "name,phone\n" + "".join(f"Guest {n},+4477009{n:05}\n" for n in range(200, 240))


def test_every_guest_is_invited_once_and_who_is_left_out_is_named_with_the_reason(
    shell_on_both: Shell, meta: World
) -> None:
    shell = shell_on_both.ready().talking_to(meta)
    shell.guests(LIST)
    first = shell.run(*SEND)
    assert first.exit_code == 6
    assert "2 invitations queued; 0 guests already invited; 1 guest left out." in first.stderr
    assert "1 guest left out: Parameter 'invitation_image_url'" in first.stdout
    assert "+447700900102  Without a picture" in first.stdout
    assert "2 messages in this campaign: 2 sent." in first.stdout

    shell.guests(LIST.replace("Without a picture,+447700900102,", f"Without a picture,+447700900102,{IMAGE}"))
    second = shell.run(*SEND)
    assert second.exit_code == 0
    assert "1 invitation queued; 2 guests already invited; 0 guests left out." in second.stderr
    third = shell.json(*SEND, "--json")
    assert (third["new"], third["already"], third["left_out"], third["ended"]) == (0, 3, [], "gone")
    assert third["counts"]["sent"] == 3


def test_every_request_that_meta_received_is_one_of_ours_and_each_guest_got_one(
    shell: Shell, meta: World
) -> None:
    shell.ready().talking_to(meta).guests(EVERYBODY)
    before = len(meta.messages())
    told = shell.json(*SEND, *PICTURE, "--json")
    assert (told["new"], told["counts"]["sent"]) == (40, 40)
    received = meta.messages()[before:]
    ours = {each["wamid"] for each in shell.json("messages", "--limit", "0", "--json")["messages"]}
    assert {each["wamid"] for each in received} == ours
    assert len({each["to"] for each in received}) == 40


def test_a_dry_run_writes_nothing_needs_no_token_and_prints_the_first_requests(shell: Shell) -> None:
    shell.ready().guests(LIST)
    result = shell.run(*SEND, "--dry-run", "--show", "2")
    assert result.exit_code == 6
    assert "2 guests would be invited; 0 guests already are; 1 guest left out." in result.stderr
    assert "+447700900102  Without a picture" in result.stderr
    bodies = [json.loads(line) for line in result.stdout.splitlines()]
    assert [body["to"] for body in bodies] == ["+972504370045", "+447700900101"]
    told = shell.json(*SEND, "--dry-run", "--json", code=6)
    assert (told["new"], told["left_out_count"], len(told["requests"])) == (2, 1, 1)
    assert shell.json("messages", "--json")["messages"] == []


def test_a_dry_run_after_a_run_tells_who_already_is_invited(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests(LIST)
    shell.run(*SEND)
    told = shell.json(*SEND, *PICTURE, "--dry-run", "--json")
    assert (told["new"], told["already"], told["left_out_count"]) == (1, 2, 0)


def test_refusals_are_counted_by_reason_and_end_with_6(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests("name,phone\nA,+447700900197\nB,+447700900101\nC,+447700900171\n")
    result = shell.run(*SEND, *PICTURE)
    assert result.exit_code == 6
    assert "3 messages in this campaign: 1 unconfirmed, 1 sent, 1 failed." in result.stdout
    assert "1 failed: 135000" in result.stdout
    assert "1 unconfirmed: " in result.stdout


def test_an_expired_token_holds_everybody_and_marks_nobody_as_failed(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests(EVERYBODY)
    good = shell.env["WHATSAPP_ACCESS_TOKEN"]
    shell.env |= {"WHATSAPP_ACCESS_TOKEN": "EAAexpired", "INVY_SEND_CONCURRENCY": "3"}
    result = shell.run(*SEND, *PICTURE)
    assert result.exit_code == 75
    assert "40 queued" in result.stdout
    assert f"invy resume sender {meta.phone_number_id}" in result.stderr

    shell.env["WHATSAPP_ACCESS_TOKEN"] = good
    assert shell.run("resume", "sender").exit_code == 0
    again = shell.json(*SEND, *PICTURE, "--json")
    assert (again["new"], again["already"], again["counts"]["sent"]) == (0, 40, 40)


def test_a_campaign_that_is_held_by_hand_stays_queued_until_it_is_resumed(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests(LIST)
    shell.run(*SEND)
    held = shell.run("campaign", "hold", "wedding", "hina_invitation", "--reason", "The date has changed")
    assert held.exit_code == 0
    shell.guests(LIST.replace("+447700900102,", f"+447700900102,{IMAGE}"))
    waiting = shell.run(*SEND)
    assert waiting.exit_code == 75
    assert "1 queued" in waiting.stdout
    assert "Held: The date has changed." in waiting.stderr
    assert (
        shell.json("holds", "--json")["holds"][0]["resume"] == "invy resume campaign wedding hina_invitation"
    )
    assert "goes on" in shell.run("campaign", "resume", "wedding", "hina_invitation").stdout
    assert "was not held" in shell.run("resume", "campaign", "wedding", "hina_invitation").stdout
    assert shell.run(*SEND).exit_code == 0
    assert shell.run("holds").stdout.strip() == "Nothing is held."


def test_a_hold_of_one_campaign_does_not_stop_another(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests(LIST)
    shell.run(*SEND)
    shell.run("campaign", "hold", "wedding", "hina_invitation")
    shell.guests("name,phone\nEmma,+447700900101\n", event="party")
    assert shell.run("campaign", "send", "party", "hina_invitation", *PICTURE).exit_code == 0


def test_sending_one_campaign_leaves_what_others_have_queued(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests(LIST)
    shell.env["WHATSAPP_API_BASE_URL"] = "http://127.0.0.1:9"
    shell.run("send", "hina_invitation", "+447700900103", *PICTURE, "--param", "contact_name=x",
              "--event-id", "e", "--timeout", "0")  # fmt: skip
    shell.talking_to(meta)
    shell.run(*SEND)
    states = {each["to"]: each["status"] for each in shell.json("messages", "--json")["messages"]}
    assert states == {"+447700900103": "queued", "+972504370045": "sent", "+447700900101": "sent"}


@pytest.mark.slow
def test_with_a_service_the_command_returns_at_once_and_wait_stays_for_the_receipts(
    shell_on_both: Shell,
) -> None:
    shell = shell_on_both.ready()
    with simulator("--speed", "2000", "--no-pair", "--rate", "0") as world:
        shell.talking_to(world)
        shell.guests("name,phone\nA,+447700900150\nB,+447700900151\nC,+447700900156\n")
        with shell.serving(world):
            at_once = shell.json(*SEND, *PICTURE, "--json")
            assert at_once["ended"] == "left_to_service"
            settled = shell.json(*SEND, *PICTURE, "--wait", "--timeout", "60", "--json", code=6)
            assert (settled["new"], settled["already"]) == (0, 3)
            assert {state: n for state, n in settled["counts"].items() if n} == {
                "failed": 1,
                "delivered": 1,
                "read": 1,
            }
        status = shell.json("status", "wedding", "--json")
        [funnel] = status["templates"]
        assert funnel["funnel"] == {
            "guests": 3, "queued": 3, "sent": 3, "delivered": 2, "read": 1, "answered": 0,
        }  # fmt: skip
        assert [(each["state"], each["code"], each["count"]) for each in funnel["unreached"]] == [
            ("failed", 131026, 1)
        ]


def test_those_to_whom_meta_could_not_deliver_are_invited_again_once_the_cause_is_mended(
    shell_on_both: Shell,
) -> None:
    shell, guest = shell_on_both.ready(), "+447700900161"  # whose picture cannot be fetched
    again = "invy campaign send wedding hina_invitation --again 131053"
    with simulator("--speed", "2000", "--no-pair", "--rate", "0") as world:
        shell.talking_to(world).guests(f"name,phone\nA,{guest}\nB,+447700900151\n")
        with shell.serving(world):
            first = shell.json(*SEND, *PICTURE, "--wait", "--json", code=6)
            assert first["undelivered"] == [{"code": 131053, "count": 1}]
            told = shell.run(*SEND, *PICTURE)  # by itself it invites nobody again
            assert (
                f"1 guest can be invited again after 131053, once what is wrong has been changed: {again}"
                in (told.stderr)
            )
            assert "The service that is running" not in told.stderr  # for there is nothing to send
            failed = shell.json("messages", "--status", "failed", "--json")["messages"][0]["id"]
            assert again in shell.run("why", failed).stdout

            world.ask("/_simulator/fates", {"to": guest, "fate": "read"})
            second = shell.json(*SEND, *PICTURE, "--again", "131053", "--wait", "--json")
            assert (second["new"], second["already"], second["undelivered"]) == (1, 1, [])
            assert {state: n for state, n in second["counts"].items() if n} == {"delivered": 1, "read": 1}
            assert again not in shell.run("why", failed).stdout  # it has been sent again


@pytest.mark.parametrize(
    ("code", "words"), [("131050", "it would fail as before"), ("1" * 30, "No error of Meta's")]
)
def test_nobody_is_invited_again_after_what_cannot_change(shell: Shell, code: str, words: str) -> None:
    shell.env |= {"WHATSAPP_PHONE_NUMBER_ID": "106540361906780"}
    shell.ready().guests(EVERYBODY)
    result = shell.run(*SEND, *PICTURE, "--again", code, "--dry-run")
    assert (result.exit_code, words in result.stderr) == (2, True)


def test_waiting_for_receipts_that_nobody_can_hear_writes_nothing_and_ends_with_75(
    shell: Shell, meta: World
) -> None:
    shell.ready().talking_to(meta).guests(LIST)
    result = shell.run(*SEND, "--wait")
    assert result.exit_code == 75
    assert shell.json("messages", "--json")["messages"] == []


def test_ctrl_c_in_the_middle_loses_nothing_and_the_same_command_goes_on(shell: Shell, meta: World) -> None:
    shell.ready().talking_to(meta).guests(EVERYBODY)
    with subprocess.Popen(
        [INVY, *SEND, *PICTURE, "--json"],
        cwd=shell.folder,
        env=shell.environ(INVY_SEND_RATE="8"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not any(each["status"] == "sent" for each in shell.json("messages", "--json")["messages"]):
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    counts = json.loads(out)["counts"]
    assert counts["sent"] > 0
    assert counts["queued"] > 0
    assert counts["sent"] + counts["queued"] == 40
    again = shell.json(*SEND, *PICTURE, "--json")
    assert again["counts"]["sent"] == 40


def test_the_same_command_two_at_once_invites_nobody_twice(shell_on_both: Shell, meta: World) -> None:
    shell = shell_on_both.ready().talking_to(meta)
    shell.guests(EVERYBODY)
    before = len(meta.messages())
    both = [
        subprocess.Popen(
            [INVY, *SEND, *PICTURE, "--json"],
            cwd=shell.folder,
            env=shell.environ(INVY_SEND_RATE="40"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(each["new"] for each in told) == 40
    assert [each["counts"]["sent"] for each in told] == [40, 40]
    received = [each["to"] for each in meta.messages()[before:]]
    assert len(received) == len(set(received)) == 40


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("campaign", "send", "weding", "hina_invitation"), 4, "Did you mean 'wedding'?"),
        (("campaign", "send", "wedding", "hina"), 4, "There is no template 'hina'"),
        ((*SEND, "--param", "x"), 2, "name=value"),
        ((*SEND, "--param", "x=1", "--param", "x=2"), 2, "given twice"),
        (("campaign", "hold", "wedding", "hina_invitation"), 4, "was never sent"),
        (("campaign", "resume", "nowhere", "hina_invitation"), 4, "There is no event 'nowhere'"),
        (("campaign", "send", "wedding"), 2, "TEMPLATE_KEY"),
    ],
)
def test_what_does_not_exist_is_told_before_anything_is_written(
    shell: Shell, meta: World, arguments: tuple[str, ...], code: int, words: str
) -> None:
    shell.ready().talking_to(meta).guests(LIST)
    result = shell.run(*arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""


def test_an_event_without_guests_says_how_to_import_them(shell: Shell) -> None:
    result = shell.ready().run("campaign", "send", "wedding", "hina_invitation", "--dry-run")
    assert result.exit_code == 4
    assert "invy guests import FILE --event wedding" in result.stderr
