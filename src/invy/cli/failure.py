"""How a command that could not do its work says so: one message on stderr, what to do now, and whose side it is on."""

import logging
import sys
import traceback
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING

import typer

from invy.cli import cell
from invy.cli.context import options
from invy.domain.errors import InvyError

if TYPE_CHECKING:
    from rich.console import Console


def tell(error: InvyError) -> None:
    """An error of ours, in words."""
    from rich.text import Text

    from invy.meta.catalogue_words import SIDE

    console = _stderr()
    console.print(Text.assemble(("Error: ", "bold red"), _shown(error.message)))
    if error.hint:
        console.print(Text.assemble(("What to do: ", "bold"), _shown(error.hint)))
    console.print(Text.assemble(("Whose side: ", "bold"), SIDE[error.side].en))
    if options().traceback:
        traceback.print_exc()


def tell_usage(error: typer.TyperException) -> None:
    """What was typed cannot be used. Help that was shown because nothing was typed needs no second word."""
    from rich.text import Text

    message = error.format_message().strip()
    if not message:
        return
    console = _stderr()
    command = getattr(getattr(error, "ctx", None), "command_path", "invy")
    console.print(Text.assemble(("Error: ", "bold red"), _shown(message)))
    console.print(Text.assemble(("What to do: ", "bold"), f"See {command} --help"))


def tell_unexpected(error: Exception) -> None:
    """A defect: what it was in one line, and where its traceback is."""
    from rich.text import Text

    if logging.getLogger().handlers:
        logging.getLogger("invy.cli").error("command.broke", exc_info=error)
    name = type(error).__name__
    about = str(error).strip().splitlines()
    console = _stderr()
    console.print(Text.assemble(("Unexpected error: ", "bold red"), f"{name}: {about[0]}" if about else name))
    if options().traceback:
        traceback.print_exc()
        return
    file = _log_file()
    where = f"The traceback is in the log, {file}. " if file else ""
    console.print(
        Text.assemble(
            ("What to do: ", "bold"),
            f"{where}Run the same again as `invy --traceback …` to see it here, and report it as a defect of Invy.",
        )
    )


def tell_no_room(error: Exception, *, output: bool) -> None:
    """A disk of the user's is full: no defect. `output` when it is the one that standard output goes to."""
    from rich.text import Text

    console = _stderr()
    what = "What was to be printed could not be written" if output else "Something could not be written"
    why = (getattr(error, "strerror", None) or str(error)).lower()
    console.print(Text.assemble(("Error: ", "bold red"), f"{what}: {why}."))
    todo = "Make room on that disk. The work itself may be done: look before you run the same again."
    console.print(Text.assemble(("What to do: ", "bold"), todo))
    console.print(Text.assemble(("Whose side: ", "bold"), "ours: the machine that this runs on"))
    if options().traceback:
        traceback.print_exc()


def say(sentence: str) -> None:
    """A calm line on stderr."""
    typer.echo(sentence, err=True)


def _shown(text: str) -> str:
    """What was typed may be repeated in it: nothing that could move or recolour the terminal, line by line."""
    return "\n".join(map(cell.visible, text.split("\n")))


def _stderr() -> "Console":
    from rich.console import Console

    return Console(file=sys.stderr, stderr=True, highlight=False, soft_wrap=True)


def _log_file() -> str:
    """The log that this process writes to, if it got as far as opening one."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, WatchedFileHandler):
            return handler.baseFilename
    return ""
