"""Logging: structlog events travel through stdlib logging, so that our lines and uvicorn's look alike.

Everything is masked before a record leaves us (ours) or is written (others'). `configure` is called once at the
start of a process; calling it again replaces what the first call set. Any module may log with
`structlog.stdlib.get_logger(__name__)`: an event name, then keys.
"""

import logging
import sys
from collections.abc import Collection
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from invy.app import log_line
from invy.app.log_line import WEBHOOK_STATUS, Line
from invy.app.redaction import Redactor
from invy.app.settings import LogFormat, LogLevel, Settings
from invy.domain.errors import ConfigurationError

UVICORN: Final[dict[str, Any]] = {"log_config": None, "access_log": False}
"""Arguments for `uvicorn.Config`: it shall not lay its own handlers, nor write a line per webhook."""

# Others that tell every operation (with its SQL, with its parameters) at their usual levels.
_QUIET: Final = ("uvicorn.access", "alembic", "aiosqlite", "asyncio", "sqlalchemy", "aiohttp.access")
_KEYS: Final = "invy_keys"
_EVENT: Final = "invy_event"


class EventLogger(structlog.stdlib.BoundLogger):
    """A stdlib-bound logger whose two frequent levels cost next to nothing when they are not wanted."""

    def debug(self, event: str | None = None, *args: Any, **kw: Any) -> Any:
        return super().debug(event, *args, **kw) if self._logger.isEnabledFor(logging.DEBUG) else None

    def info(self, event: str | None = None, *args: Any, **kw: Any) -> Any:
        return super().info(event, *args, **kw) if self._logger.isEnabledFor(logging.INFO) else None


class _Formatter(logging.Formatter):
    def __init__(self, log_format: LogFormat, redactor: Redactor) -> None:
        super().__init__()
        self._write = log_line.as_json if log_format is LogFormat.JSON else log_line.human
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        keys = getattr(record, _KEYS, None)
        trace = self._redactor.text(self.formatException(record.exc_info)) if record.exc_info else ""
        if record.stack_info:
            trace = f"{trace}\n{self._redactor.text(record.stack_info)}".lstrip("\n")
        event = record.getMessage() if keys is not None else self._redactor.text(record.getMessage().strip())
        # uvicorn calls its general logger "error", also when all is well.
        name = "uvicorn" if record.name == "uvicorn.error" else record.name
        return self._write(Line(record.created, record.levelname, name, event, keys or {}, trace))


# structlog's loggers keep a reference to this list once used, so a second `configure` changes it in place.
_chain: Final[list[Processor]] = []
_handlers: Final[list[logging.Handler]] = []


def configure(
    log_format: LogFormat,
    level: LogLevel,
    stream: TextIO | None,
    file: Path | None = None,
    *,
    secrets: Collection[str] = (),
) -> None:
    """Write events of `level` and above to `stream` and `file`, either of which may be None.

    `secrets` are values that must never be written. Raises ConfigurationError when `file` cannot be opened.
    """
    redactor = Redactor(secrets)
    handlers: list[logging.Handler] = [] if stream is None else [logging.StreamHandler(stream)]
    if file is not None:
        handlers.append(_opened(file))
    root = logging.getLogger()
    for old in _handlers:
        root.removeHandler(old)
        old.close()
    _handlers[:] = handlers
    for handler in handlers:
        handler.setFormatter(_Formatter(log_format, redactor))
        root.addHandler(handler)
    root.setLevel(level.value.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    _route(redactor, _hand_over)


def route(*, secrets: Collection[str] = ()) -> None:
    """For Invy inside another program: its events reach that program's stdlib logging, masked; no handler is touched.

    A record's message is the line that our own log would have; for a formatter that wants the parts, the event and its
    keys are on the record as `invy_event` and `invy_keys`.
    """
    _route(Redactor(secrets), _hand_over_told)


def _route(redactor: Redactor, hand_over: Processor) -> None:
    _chain[:] = [structlog.contextvars.merge_contextvars, _Masking(redactor), hand_over]
    structlog.configure(
        processors=_chain,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=EventLogger,
        cache_logger_on_first_use=True,
    )


def configure_from(settings: Settings, stream: TextIO | None = None) -> None:
    """`configure` as the settings say, to standard error unless another stream is given."""
    configure(
        settings.log_format,
        settings.log_level,
        sys.stderr if stream is None else stream,
        settings.log_file,
        secrets=settings.secret_values(),
    )


def webhook_status(wamid: str, status: str, **keys: Any) -> None:
    """The line per status update that the brief greps for. Cheap when `info` is not logged."""
    if _webhook_logger.isEnabledFor(logging.INFO):
        _webhook.info(WEBHOOK_STATUS, wamid=wamid, status=status, **keys)


_webhook_logger: Final = logging.getLogger("invy.webhook")
_webhook: Final[structlog.stdlib.BoundLogger] = structlog.stdlib.get_logger("invy.webhook")


class _Masking:
    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
        kept = {key: event_dict.pop(key) for key in ("exc_info", "stack_info") if key in event_dict}
        event = self._redactor.text(str(event_dict.pop("event", "")))
        return {**self._redactor.keys(event_dict), **kept, "event": event}


def _hand_over(
    _logger: WrappedLogger, _method: str, event_dict: EventDict
) -> tuple[tuple[str], dict[str, Any]]:
    """Arguments for the stdlib logger. The keys travel as one attribute, so that none can clash with a record's."""
    event = event_dict.pop("event")
    passed = {key: event_dict.pop(key) for key in ("exc_info", "stack_info") if key in event_dict}
    return (event,), {**passed, "extra": {_KEYS: event_dict}}


def _hand_over_told(
    logger: WrappedLogger, method: str, event_dict: EventDict
) -> tuple[tuple[str], dict[str, Any]]:
    """The same for another program's handlers, which write the message and know nothing of our keys."""
    (event,), arguments = _hand_over(logger, method, event_dict)
    arguments["extra"][_EVENT] = event
    return (log_line.told(event, arguments["extra"][_KEYS]),), arguments


def _opened(file: Path) -> logging.Handler:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return WatchedFileHandler(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError(
            f"INVY_LOG_FILE: the log file {file} cannot be opened: {reason}.",
            hint="Name a file in a folder that Invy may write to, or leave INVY_LOG_FILE unset.",
        ) from error
