"""`invy doctor`: its report, its document, its exit code, the test message, the watch and the file for Meta's support."""

import json
import signal
import subprocess
import zipfile
from pathlib import Path

import pytest

from invy.cli.doctor import doctor
from invy.engine.doctor.finding import Mark
from invy.engine.doctor.section import Section
from tests import making
from tests.cli import history
from tests.cli.shell import INVY, Shell
from tests.flows.world import World

PARAMS = (
    "--param",
    "contact_name=Ayala",
    "--param",
    "event_id=w",
    "--param",
    "invitation_image_url=https://x.example/i.jpg",
)


def test_without_any_setting_it_says_what_to_do_first_and_ends_with_6(shell: Shell) -> None:
    result = shell.run("doctor")
    assert result.exit_code == 6
    assert "✗ WHATSAPP_ACCESS_TOKEN is not set." in result.stdout
    assert "Do now: Run: invy db upgrade" in result.stdout
    assert "✓ All 4 written forms" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("✗ ")


def test_settings_that_cannot_be_read_are_a_finding_and_not_an_error(shell: Shell) -> None:
    result = shell.run("doctor", env={"INVY_PROT": "8000"})
    assert result.exit_code == 6
    assert "did you mean INVY_PORT?" in result.stdout


def test_json_is_one_document_in_both_languages(shell: Shell) -> None:
    found = shell.json("doctor", "--json", code=6)
    assert set(found) == {"at", "healthy", "marks", "findings"}
    assert found["healthy"] is False
    assert set(found["marks"]) == {mark.value for mark in Mark}
    assert {each["section"] for each in found["findings"]} == {each.value for each in Section} - {"trial"}
    for each in found["findings"]:
        assert set(each) == {"section", "key", "mark", "about", "seen", "means", "todo", "rows"}
        assert set(each["seen"]) == {"en", "he"}
    version = next(each for each in found["findings"] if each["key"].startswith("version."))
    assert {"VERSION", "RELEASED", "UNTIL", "STATE"} == set(version["rows"][0])


def test_in_hebrew_headings_and_sentences_are_hebrew(shell: Shell) -> None:
    told = shell.run("doctor", "--lang", "he").stdout
    assert "הגדרות" in told
    assert "WHATSAPP_ACCESS_TOKEN לא מוגדר." in told
    assert "מה לעשות: להריץ: invy db upgrade" in told


def test_with_a_simulator_and_a_service_everything_is_looked_at(shell: Shell, meta: World) -> None:
    there = shell.ready().talking_to(meta)
    with there.serving(meta):
        found = there.json("doctor", "--json", code=0)
    assert found["healthy"] is True
    assert found["marks"]["ok"] > 20
    assert "subscription.ours" in {each["key"] for each in found["findings"]}
    for secret in (meta.access_token, meta.app_secret, meta.verify_token):
        assert secret not in json.dumps(found)


def test_strict_counts_warnings_too(shell: Shell, meta: World) -> None:
    there = shell.ready().talking_to(meta)
    with there.serving(meta):
        assert there.run("doctor", "--strict").exit_code == 6


def test_details_show_the_tables_of_what_is_fine(shell: Shell) -> None:
    assert "AS WRITTEN" not in shell.run("doctor").stdout
    assert "AS WRITTEN" in shell.run("doctor", "--details").stdout


def test_a_test_message_is_followed_to_delivered(shell: Shell, meta: World) -> None:
    there = shell.ready().talking_to(meta)
    with there.serving(meta):
        result = there.run("doctor", "--send-test", "+447700900150", *PARAMS, "--timeout", "30")
    assert result.exit_code == 0, result.output
    assert "Test message" in result.stdout
    assert "✓ The test message was delivered" in result.stdout
    assert "Test message: " in result.stderr


def test_the_file_for_support_has_the_webhooks_about_the_message_and_no_number(
    shell: Shell, meta: World
) -> None:
    there = shell.ready().talking_to(meta)
    with there.serving(meta):
        assert there.run("doctor", "--send-test", "+447700900151", *PARAMS, "--timeout", "30").exit_code == 0
    [message] = there.json("messages", "--json")["messages"]
    there.json("doctor", "--evidence", message["wamid"], "--output", "case.zip", "--json")
    found = unpacked(there.folder / "case.zip")
    told = json.loads(found["webhooks.json"])
    statuses = [
        status["status"]
        for each in told
        for status in each["body"]["entry"][0]["changes"][0]["value"]["statuses"]
        if status["id"] == message["wamid"]
    ]
    assert "delivered" in statuses
    whole = "".join(found.values())
    assert "447700900151" not in whole
    assert "Ayala" not in whole


def test_in_hebrew_a_test_message_is_followed_in_hebrew(shell: Shell, meta: World) -> None:
    there = shell.ready().talking_to(meta)
    order = ("doctor", "--send-test", "+447700900150", *PARAMS, "--lang", "he")
    told = there.run(*order).stderr
    assert "אין שירות שפועל על מסד הנתונים הזה" in told
    assert "הודעת ניסיון: נשלחה" in told
    assert "Test message" not in told


def test_a_test_message_that_fails_ends_with_6_and_metas_reason(shell: Shell, meta: World) -> None:
    there = shell.ready().talking_to(meta)
    with there.serving(meta):
        result = there.run("doctor", "--send-test", "+447700900156", *PARAMS, "--timeout", "30")
    assert result.exit_code == 6
    assert "Meta's reason: 131026" in result.stdout


def test_without_a_service_the_test_message_is_sent_and_that_is_said(shell: Shell, meta: World) -> None:
    result = shell.ready().talking_to(meta).run("doctor", "--send-test", "+447700900151", *PARAMS)
    assert "No service runs on this database" in result.stderr
    assert "Accepted is not delivered" in result.stdout


def test_without_a_database_the_test_message_is_left_out_because(shell: Shell, meta: World) -> None:
    there = shell.talking_to(meta)
    (there.folder / "templates.toml").write_text('[hello]\nmeta_name = "hello"\nlanguage_code = "en"\n')
    result = there.run("doctor", "--send-test", "+447700900151")
    assert result.exit_code == 6
    assert "– Not looked at, because: There is no database yet" in result.stdout.rpartition("Test message")[2]


def test_a_test_message_needs_no_webhook_settings_and_is_not_tried_with_a_token_that_is_refused(
    shell: Shell, meta: World
) -> None:
    there = shell.ready().talking_to(meta)
    order = ("doctor", "--send-test", "+447700900151", *PARAMS)
    without = there.run(*order, env={"WHATSAPP_VERIFY_TOKEN": ""})
    assert "Meta accepted the test message" in without.stdout
    refused = there.run(*order, env={"WHATSAPP_ACCESS_TOKEN": "EAA" + "x" * 40})
    assert (
        "Not looked at, because: The access token is not valid"
        in refused.stdout.rpartition("Test message")[2]
    )
    assert there.json("holds", "--json")["holds"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--send-test", "12"), "Too short"),
        (("--send-test", "abc"), "After --send-test give one number"),
        (("--send-test", "+447700900151"), "needs invitation_image_url, contact_name, event_id"),
        (("--template", "hina_invitation"), "belong to a test message"),
        (("--send-test", "+447700900151", "--watch"), "sent once"),
        (("--output", "x.zip"), "belongs to --evidence"),
        (("--every", "1"), "5"),
        (("--send-test", "+447700900151", "--param", "x"), "name=value"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(
    shell: Shell, options: tuple[str, ...], words: str
) -> None:
    result = shell.ready().run("doctor", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_a_template_that_is_not_there_ends_with_4(shell: Shell) -> None:
    assert shell.ready().run("doctor", "--send-test", "+447700900151", "--template", "hina").exit_code == 4


def test_the_watch_reports_what_changes(shell: Shell) -> None:
    there = shell.ready()
    (there.folder / "templates.toml").rename(there.folder / "elsewhere.toml")
    process = subprocess.Popen(
        [INVY, "doctor", "--watch", "--every", "5", "--json"],
        cwd=there.folder,
        env=there.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert "registry.no_file" in {each["key"] for each in first["fresh"]}
        (there.folder / "elsewhere.toml").rename(there.folder / "templates.toml")
        second = json.loads(process.stdout.readline())
        assert {each["key"] for each in second["fresh"]} == {"registry.entry"}
        assert {each["key"] for each in second["gone"]} == {"registry.no_file"}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()
    assert process.returncode == 130


@pytest.fixture
def past(shell_on_both: Shell) -> Shell:
    history.live_through(shell_on_both.ready().env["INVY_DATABASE_URL"])
    return shell_on_both


def unpacked(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_evidence_of_a_message_is_written_to_one_file(past: Shell) -> None:
    result = past.run("doctor", "--evidence", making.message_id(history.REFUSED_N))
    assert result.exit_code == 0, result.output
    file = past.folder / result.stdout.strip()
    found = unpacked(file)
    assert set(found) == {"README.txt", "message.json", "evidence.json", "request.json", "webhooks.json"}
    assert "AxTr1" in found["README.txt"], "the trace id is what Meta asks for first"
    assert "132000" in found["README.txt"]
    whole = "".join(found.values())
    assert making.phone(history.REFUSED_N) not in whole
    assert making.phone(history.REFUSED_N)[1:] not in whole


def test_in_hebrew_it_is_said_in_hebrew_for_whom_the_file_is(past: Shell) -> None:
    told = past.run("doctor", "--evidence", making.message_id(history.REFUSED_N), "--lang", "he")
    assert "רק עבור התמיכה של מטא" in told.stderr
    assert "support only" not in told.output


def test_a_message_is_found_by_wamid_and_the_answer_of_a_guest_is_not_in_the_file(past: Shell) -> None:
    told = past.json(
        "doctor", "--evidence", history.wamid(history.ANSWERED), "--output", "case.zip", "--json"
    )
    assert told["file"] == "case.zip"
    evidence = unpacked(past.folder / "case.zip")["evidence.json"]
    assert "אגיע" not in evidence
    assert "(5 characters)" in evidence


def test_a_file_is_never_overwritten_and_an_unknown_message_ends_with_4(past: Shell) -> None:
    (past.folder / "case.zip").write_text("mine")
    kept = past.run("doctor", "--evidence", history.wamid(history.READ), "--output", "case.zip")
    assert kept.exit_code == 2
    assert (past.folder / "case.zip").read_text() == "mine"
    assert past.run("doctor", "--evidence", "wamid.nobody").exit_code == 4


def test_the_page_explains_every_option_and_every_section() -> None:
    from inspect import signature

    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    names = {"file": "--output", "as_json": "--json"}
    for name in signature(doctor).parameters:
        assert names.get(name, "--" + name.replace("_", "-")) in page
    from invy.engine.doctor.checks import CHECKS
    from invy.engine.doctor.finding import titles

    for section in Section:
        limit = sum(check.timeout_s for check in CHECKS if check.section is section)
        stated = f"{limit:g} s" if limit else "`--timeout`"
        assert f"| {titles()[section].en} | {stated} |" in page
