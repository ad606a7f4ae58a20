"""How log lines look, in both formats, ours and uvicorn's."""

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn

from invy.app import logs
from invy.app.settings import LogFormat, LogLevel, load
from invy.domain.errors import ConfigurationError

WAMID = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAERgSQzI4QkE1RkQ5MzFFNTY1RTEwAA=="
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
log = structlog.stdlib.get_logger("invy.example")


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    logs.configure(LogFormat.HUMAN, LogLevel.INFO, None)
    root.setLevel(level)


def human(level: LogLevel = LogLevel.INFO, **more: Any) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(LogFormat.HUMAN, level, stream, **more)
    return stream


def machine() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    return stream


def test_a_status_update_is_the_line_that_the_brief_greps_for() -> None:
    stream = human()
    logs.webhook_status(WAMID, "delivered", message="01936f3a")

    pattern = rf"{TIME} INFO    \[WhatsApp Webhook\] Status update: wamid={re.escape(WAMID)}, status=delivered message=01936f3a\n"
    assert re.fullmatch(pattern, stream.getvalue())


def test_in_json_a_status_update_is_plain_keys() -> None:
    stream = machine()
    logs.webhook_status(WAMID, "failed", error_code=131026)
    line = json.loads(stream.getvalue())

    assert re.fullmatch(TIME, line.pop("time"))
    assert line == {
        "level": "info", "logger": "invy.webhook", "event": "webhook.status",
        "wamid": WAMID, "status": "failed", "error_code": 131026,
    }  # fmt: skip


def test_the_event_name_alone_makes_the_line_whoever_logs_it() -> None:
    stream = human()
    log.info("webhook.status", status="read", wamid=WAMID)

    assert f"[WhatsApp Webhook] Status update: wamid={WAMID}, status=read" in stream.getvalue()


def test_a_line_for_people_has_the_time_the_level_the_place_the_event_and_its_keys() -> None:
    stream = human()
    log.warning("batch.applied", statuses=12, lag_s=0.25, who="two words", empty="")

    pattern = (
        rf'{TIME} WARNING invy\.example: batch\.applied statuses=12 lag_s=0\.25 who="two words" empty=""\n'
    )
    assert re.fullmatch(pattern, stream.getvalue())


@pytest.mark.parametrize(
    "evil", ["x\n2026-11-23 [WhatsApp Webhook] forged", "x\r\x1b[2J", "x\u202eeuqib", "x\u2028y"]
)
@pytest.mark.parametrize("log_format", list(LogFormat))
def test_no_value_can_forge_a_line_or_disguise_one(evil: str, log_format: LogFormat) -> None:
    stream = io.StringIO()
    logs.configure(log_format, LogLevel.INFO, stream)
    logs.webhook_status(evil, evil, detail=evil)
    log.info(evil, other=evil)
    logging.getLogger("other").info("%s", evil)

    text = stream.getvalue()
    assert text.count("\n") == 3
    if log_format is LogFormat.HUMAN:
        assert len(text.splitlines()) == 3
        assert not set(text) & set("\r\x1b\u202e\u2028")


def test_numbers_and_secrets_are_masked_in_our_lines_in_others_and_in_tracebacks() -> None:
    stream = human(secrets=["quiet-otter-paints"])
    log.info("send.accepted", to_phone="+447700900123", note="quiet-otter-paints")
    logging.getLogger("some.library").warning("calling +447700900123 with %s", "quiet-otter-paints")
    try:
        int("+447700900123 quiet-otter-paints")
    except ValueError:
        log.exception("send.failed")
        logging.getLogger("some.library").exception("failed")

    text = stream.getvalue()
    assert text.count("Traceback") == 2
    assert text.count("invalid literal for int() with base 10: '+44••••••0123 [secret]'") == 2
    assert "7700" not in text
    assert "otter" not in text


def test_what_leaves_our_loggers_is_masked_already_whoever_else_listens(
    caplog: pytest.LogCaptureFixture,
) -> None:
    human()
    with caplog.at_level(logging.INFO):
        log.info("send.accepted +447700900123", to_phone="+447700900124")

    assert "7700" not in str([vars(record) for record in caplog.records])


def test_a_traceback_stands_below_its_line_in_both_formats() -> None:
    stream = human()
    try:
        dict[str, int]()["gone"]
    except KeyError:
        log.exception("apply.failed", batch=3)
        lines = stream.getvalue().splitlines()
        stream = machine()
        log.exception("apply.failed", batch=3)

    assert lines[0].endswith("invy.example: apply.failed batch=3")
    assert all(line.startswith("    ") for line in lines[1:])
    assert "KeyError: 'gone'" in lines[-1]
    document = json.loads(stream.getvalue())
    assert document["batch"] == 3
    assert "KeyError: 'gone'" in document["exception"]


def test_keys_that_are_taken_do_not_overwrite_the_line_s_own() -> None:
    stream = machine()
    log.info("x", level="tier", time=3, message="m", name="n", args="a")
    document = json.loads(stream.getvalue())

    assert (document["event"], document["level"], document["level_"], document["time_"]) == (
        "x",
        "info",
        "tier",
        3,
    )
    assert (document["message"], document["name"], document["args"]) == ("m", "n", "a")


@pytest.mark.parametrize("value", ["\ud800", 10**30, float("nan"), {"a": {1, 2}}, object])
@pytest.mark.parametrize("log_format", list(LogFormat))
def test_no_value_is_too_odd_to_be_logged(value: Any, log_format: LogFormat, tmp_path: Path) -> None:
    file = tmp_path / "invy.log"
    logs.configure(log_format, LogLevel.INFO, None, file)
    log.info("odd", value=value)

    text = file.read_text(encoding="utf-8")
    assert text.count("\n") == 1
    if log_format is LogFormat.JSON:
        assert json.loads(text)["event"] == "odd"


def test_what_is_below_the_level_is_not_written_and_not_even_looked_at() -> None:
    class Expensive:
        def __str__(self) -> str:
            raise AssertionError("written although nobody wants it")

    stream = human(LogLevel.WARNING)
    log.debug("x", value=Expensive())
    log.info("x", value=Expensive())
    logs.webhook_status(WAMID, "read", value=Expensive())
    log.warning("y")

    assert stream.getvalue().splitlines()[0].endswith("invy.example: y")
    assert stream.getvalue().count("\n") == 1


def test_configuring_again_replaces_stream_level_format_and_secrets_also_for_loggers_already_used() -> None:
    first = human()
    log.info("one")
    second = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.DEBUG, second, secrets=["quiet-otter-paints"])
    log.debug("two quiet-otter-paints")

    assert first.getvalue().count("\n") == 1
    assert json.loads(second.getvalue())["event"] == "two [secret]"


def test_the_log_is_written_to_the_file_as_well_and_its_folder_is_made(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "invy.log"
    stream = human(file=file)
    log.info("הוזמנו", count=3)

    assert file.read_text(encoding="utf-8") == stream.getvalue()
    assert "הוזמנו count=3" in stream.getvalue()


def test_a_log_file_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "invy.log"
    logs.configure(LogFormat.HUMAN, LogLevel.INFO, None, file)
    log.info("before")
    file.rename(tmp_path / "invy.log.1")
    log.info("after")

    assert "after" in file.read_text(encoding="utf-8")


def test_a_log_file_that_cannot_be_opened_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"INVY_LOG_FILE.*is a directory"):
        logs.configure(LogFormat.HUMAN, LogLevel.INFO, None, tmp_path)


def test_uvicorn_s_lines_look_like_ours_and_there_is_no_line_per_request() -> None:
    stream = human()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    uvicorn.Config(app, **logs.UVICORN)
    logging.getLogger("uvicorn.error").info(
        "Started server process [%d]", 7, extra={"color_message": "\x1b[1mx"}
    )
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n")
    logging.getLogger("uvicorn.access").info(
        '%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", "/whatsapp/webhook", "1.1", 200
    )

    assert re.fullmatch(
        rf"{TIME} INFO    uvicorn: Started server process \[7\]\n{TIME} ERROR   uvicorn: Exception in ASGI application\n",
        stream.getvalue(),
    )


def test_libraries_that_tell_every_statement_stay_quiet_even_at_debug() -> None:
    stream = human(LogLevel.DEBUG)
    logging.getLogger("aiosqlite").debug("executing INSERT ... '447700900123'")
    logging.getLogger("sqlalchemy.engine.Engine").info("INSERT ... '447700900123'")

    assert stream.getvalue() == ""


def test_the_settings_decide_format_level_file_and_what_is_secret(tmp_path: Path) -> None:
    file = tmp_path / "invy.log"
    environ = {
        "INVY_LOG_FORMAT": "json",
        "INVY_LOG_LEVEL": "warning",
        "INVY_LOG_FILE": str(file),
        "WHATSAPP_VERIFY_TOKEN": "quiet-otter-paints",
    }
    stream = io.StringIO()
    logs.configure_from(load(environ, None), stream)
    log.info("unseen")
    log.warning("seen", word="quiet-otter-paints")

    assert json.loads(stream.getvalue())["word"] == "[secret]"
    assert file.read_text() == stream.getvalue()


def test_context_bound_to_a_task_is_on_every_line() -> None:
    stream = machine()
    with structlog.contextvars.bound_contextvars(request="r1", to_phone="+447700900123"):
        log.bind(sender="106540000000001").info("x")

    document = json.loads(stream.getvalue())
    assert (document["request"], document["sender"], document["to_phone"]) == (
        "r1",
        "106540000000001",
        "+44••••••0123",
    )


def test_inside_a_program_that_owns_its_logging_our_events_arrive_there_masked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    structlog.reset_defaults()
    handlers = list(logging.getLogger().handlers)
    logs.route(secrets=["quiet-otter-paints"])
    with caplog.at_level(logging.INFO):
        log.info("send.accepted quiet-otter-paints", to_phone="+447700900124")

    assert logging.getLogger().handlers == handlers
    assert caplog.messages == ["send.accepted [secret] to_phone=+44••••••0124"]
    assert "7700" not in str([vars(record) for record in caplog.records])


def test_inside_such_a_program_the_line_of_a_status_update_is_whole_and_its_parts_are_on_the_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logs.route()
    with caplog.at_level(logging.INFO):
        logs.webhook_status("wamid.A", "delivered", state="read")

    (record,) = caplog.records
    assert (
        record.getMessage() == "[WhatsApp Webhook] Status update: wamid=wamid.A, status=delivered state=read"
    )
    assert vars(record)["invy_event"] == "webhook.status"
    assert vars(record)["invy_keys"] == {"wamid": "wamid.A", "status": "delivered", "state": "read"}
