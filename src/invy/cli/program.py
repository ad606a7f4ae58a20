"""The program: its commands by name, each imported when it is called, and the one place where errors become exit codes."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from invy.cli import exit_code, failure, streams
from invy.cli.command import Command
from invy.cli.context import Options, options, settings, using
from invy.cli.exit_code import ExitCode
from invy.cli.interruption import BrokenOff
from invy.domain.errors import InvyError

SEND: Final = "Send"
LOOK: Final = "Look"
RUN: Final = "Run"
SET_UP: Final = "Set up"
LOOK_AFTER: Final = "Look after"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is imported when called. `source` is `module:name`, of a function or of a Typer app."""

    name: str
    source: str
    about: str
    panel: str


ENTRIES: Final = (
    Entry("guests", "invy.cli.guests:app", "Import and list the guests of an event.", SEND),
    Entry("send", "invy.cli.send:send", "Send one message to one number.", SEND),
    Entry("campaign", "invy.cli.campaign:app", "Send a template to every guest of an event.", SEND),
    Entry("cancel", "invy.cli.cancel:cancel", "Take a queued message out of the outbox.", SEND),
    Entry("holds", "invy.cli.holds:holds", "Show what rests until someone has acted, and why.", SEND),
    Entry("resume", "invy.cli.holds:app", "Let a sender, a template or a campaign go on.", SEND),
    Entry("status", "invy.cli.status:status", "How far the invitations of an event have come.", LOOK),
    Entry("why", "invy.cli.why:why", "Why a message did or did not arrive.", LOOK),
    Entry("messages", "invy.cli.messages:messages", "List messages.", LOOK),
    Entry("message", "invy.cli.messages:message", "One message with all the evidence about it.", LOOK),
    Entry("doctor", "invy.cli.doctor:doctor", "What stands between you and a guest's phone.", LOOK),
    Entry("explain", "invy.cli.explain:explain", "What an error code of Meta's means.", LOOK),
    Entry("phone", "invy.cli.phone:phone", "What becomes of a phone number.", LOOK),
    Entry("serve", "invy.cli.serve:serve", "Run the service: webhook, sender, API.", RUN),
    Entry("worker", "invy.cli.worker:worker", "Run a worker without a web server.", RUN),
    Entry("demo", "invy.cli.demo:demo", "The whole of Invy on this machine, with no account.", RUN),
    Entry("simulator", "invy.simulator.command:simulator", "Run a stand-in for Meta's Cloud API.", RUN),
    Entry("templates", "invy.cli.templates:app", "Look at the templates and check them.", SET_UP),
    Entry("config", "invy.cli.config:app", "Every setting and where it comes from.", SET_UP),
    Entry("db", "invy.cli.db:app", "Bring the database up to date.", SET_UP),
    Entry("token", "invy.cli.token:app", "Tokens for the HTTP API.", SET_UP),
    Entry("audit", "invy.cli.audit:audit", "Check every message against its evidence.", LOOK_AFTER),
    Entry(
        "unconfirmed", "invy.cli.unconfirmed:app", "Messages of unknown outcome: look, decide.", LOOK_AFTER
    ),
    Entry("reconcile", "invy.cli.reconcile:reconcile", "Ask Meta about silent messages.", LOOK_AFTER),
    Entry("backup", "invy.cli.backup:backup", "Write everything into one file.", LOOK_AFTER),
    Entry("restore", "invy.cli.backup:restore", "Put a backup into an empty database.", LOOK_AFTER),
    Entry("journal", "invy.cli.journal:app", "The raw webhooks, and reading them again.", LOOK_AFTER),
)


class Program(TyperGroup):
    """The top of the command line."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _signs()  # the names, for "did you mean"

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return [entry.name for entry in ENTRIES]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        entry = next((entry for entry in ENTRIES if entry.name == cmd_name), None)
        return None if entry is None else load(entry)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """From the table alone: nothing is imported to say what there is."""
        listing = TyperGroup(
            name=self.name, params=self.params, help=self.help, epilog=self.epilog, commands=_signs()
        )
        listing.format_help(ctx, formatter)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run and end with an exit code; no exception and no traceback leaves here."""
        del windows_expand_args
        with using(Options()):
            code = self._run(args, prog_name, complete_var, extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(
        self,
        args: Sequence[str] | None,
        prog_name: str | None,
        complete_var: str | None,
        extra: dict[str, Any],
    ) -> int:
        try:
            done = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
            if done == ExitCode.INTERRUPTED:
                failure.say("Stopped.")
        except (KeyboardInterrupt, typer.Abort):
            failure.say("Stopped.")
            done = ExitCode.INTERRUPTED
        except SystemExit as ended:
            if not isinstance(ended.__context__, BrokenPipeError):  # how Typer and Rich end then
                raise
            done = _told(ended.__context__)
        except Exception as error:  # noqa: BLE001 - the last door: told in a line, traceback on request
            done = _told(error)
        return done if isinstance(done, int) else ExitCode.OK


def load(entry: Entry) -> Any:
    """The command of an entry, imported now."""
    module, _, name = entry.source.partition(":")
    found = getattr(import_module(module), name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(entry.name, cls=Command)(found)
        return typer.main.get_command(alone)
    found._add_completion = False  # noqa: SLF001 - only the program as a whole offers it
    group = typer.main.get_command(found)
    group.name = entry.name
    return group


def _signs() -> dict[str, Any]:
    """What stands for each command in the list of commands."""
    return {
        entry.name: TyperCommand(entry.name, help=entry.about, rich_help_panel=entry.panel)
        for entry in ENTRIES
    }


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"invy {version('invy')}")
        raise typer.Exit


def _top(
    ctx: typer.Context,
    env_file: Annotated[
        Path | None, typer.Option("--env-file", help="Read settings from this file instead of .env.")
    ] = None,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="When something breaks, show the whole traceback.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Send WhatsApp invitations, and know of every guest whether theirs really arrived."""
    del version
    chosen = options()
    chosen.env_file, chosen.traceback = env_file, traceback
    if ctx.invoked_subcommand == "phone":
        ctx.default_map = {"phone": {"region": settings().default_region}}


app = typer.Typer(name="invy", cls=Program, no_args_is_help=True, add_completion=True)
app.callback()(_top)


def _told(error: Exception) -> int:
    """The exit code of a command that broke off, after the user was told why."""
    if isinstance(error, InvyError):
        failure.tell(error)
        return exit_code.of(error)
    if isinstance(error, typer.TyperException):
        failure.tell_usage(error)
        return error.exit_code
    if isinstance(error, BrokenOff):
        failure.say(str(error))
        return ExitCode.INTERRUPTED
    if isinstance(error, BrokenPipeError):
        code = ExitCode.PIPE_CLOSED
    elif streams.terminal_is_gone(error):
        code = ExitCode.INTERRUPTED
    elif streams.out_of_room(error):
        failure.tell_no_room(error, output=streams.output_is_broken())
        code = ExitCode.NOT_WRITTEN
    else:
        failure.tell_unexpected(error)
        code = ExitCode.UNEXPECTED
    streams.discard_output()  # Python would try to write it once more at exit, and fail with a code that means nothing
    return code
