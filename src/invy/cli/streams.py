"""Standard input, output and error as the commands may count on them: always there, never broken by a letter they lack.

Talk is worth less than the work it is about: what cannot be written to standard error is dropped, and the work goes on.
Data is worth more: what cannot be written to standard output ends the command, and the exit code says so.
"""

import codecs
import contextlib
import errno
import io
import os
import sys
from pathlib import Path
from typing import Final

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


_LOOKALIKE: Final = "invy.lookalike"
_INSTEAD: Final = (
    {"✓": "+", "✗": "x", "–": "-", "—": "-", "…": "...", "→": "->", "•": "*", "’": "'", "“": '"', "”": '"'}
    | dict.fromkeys("█▏▎▍▌▋▊▉", "#")
    | dict.fromkeys("\u2066\u2067\u2068\u2069\u200e\u200f", "")
)


class _Data(io.TextIOWrapper):
    """Standard output; remembers that it could not be written, for whoever tells the user."""

    broken = False

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            self.broken = True
            raise

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self.broken = True
            raise


class _Talk(io.TextIOWrapper):
    """Standard error; a full disk or a reader that went away stops nothing."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def prepare() -> None:
    """For the whole process, before anything is said."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # whoever started us closed it: nothing comes in, nobody listens
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for as long as we run
    codecs.register_error(_LOOKALIKE, _lookalike)  # a name must not break a terminal that lacks its letters
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _rewrapped(sys.stdout, _Data)
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr is sys.__stderr__:
        sys.stderr = _rewrapped(sys.stderr, _Talk)


def _lookalike(error: UnicodeError) -> tuple[str, int]:
    """What stands for a character that the terminal lacks: a sign much like it, or else the escape of its number."""
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    told = (_INSTEAD.get(mark, mark.encode("ascii", "backslashreplace").decode()) for mark in missing)
    return "".join(told), error.end


def _rewrapped(stream: io.TextIOWrapper, kind: type[io.TextIOWrapper]) -> io.TextIOWrapper:
    return kind(
        stream.buffer,
        encoding=stream.encoding,
        errors=_LOOKALIKE,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def out_of_room(error: BaseException) -> bool:
    """Whether that was a disk with no room left, or the limit of how large a file may grow."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def terminal_is_gone(error: BaseException) -> bool:
    """Whether standard output was a terminal that somebody closed (SIGHUP comes first, and may have been waited out)."""
    return isinstance(error, OSError) and error.errno == errno.EIO and output_is_broken()


def output_is_broken() -> bool:
    """Whether it was standard output that could not be written."""
    return isinstance(sys.stdout, _Data) and sys.stdout.broken


def discard_output() -> None:
    """What is still buffered has no reader or no room; Python would complain about it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        return  # not a real file, as in a test
    finally:
        os.close(nowhere)
