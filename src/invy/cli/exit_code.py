"""The exit codes of every command: a promise to scripts, documented in docs/cli.md. Only ever added to."""

from enum import IntEnum

from invy.domain.errors import (
    ConfigurationError,
    EvidenceDamaged,
    InvalidInput,
    InvyError,
    MetaRefused,
    NotFound,
    TemplateInvalid,
    TryLater,
)


class ExitCode(IntEnum):
    OK = 0  # done, and nothing to add
    UNEXPECTED = 1  # a defect, ours or of the machine
    USAGE = 2  # what was typed or handed in cannot be used; nothing was done
    CONFIGURATION = 3  # a setting, the template file or the database's shape
    NOT_FOUND = 4  # nothing by that name or id
    REFUSED = 5  # Meta refused the message or reported that it was not delivered
    FINDINGS = 6  # finished, and there is something to look at
    NOT_WRITTEN = (
        74  # a disk has no room for what was to be written (sysexits.h: EX_IOERR); the work may be done
    )
    TRY_LATER = 75  # could not be done now (sysexits.h: EX_TEMPFAIL)
    INTERRUPTED = 130  # Ctrl-C, SIGTERM, or the terminal was closed (SIGHUP)
    PIPE_CLOSED = 141  # the reader of our output went away, as with `| head`


# The first that fits counts, so the special stands before the general.
_CODES: tuple[tuple[type[InvyError], ExitCode], ...] = (
    (TemplateInvalid, ExitCode.CONFIGURATION),
    (InvalidInput, ExitCode.USAGE),
    (NotFound, ExitCode.NOT_FOUND),
    (ConfigurationError, ExitCode.CONFIGURATION),
    (EvidenceDamaged, ExitCode.FINDINGS),
    (MetaRefused, ExitCode.REFUSED),
    (TryLater, ExitCode.TRY_LATER),
)


def of(error: InvyError) -> ExitCode:
    """The code under which an error of ours ends a command."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.UNEXPECTED)
