"""Floor 5, a face: the `invy` command. Words and options in; tables, JSON, CSV and exit codes out. Decides nothing itself."""

INTERRUPTED = 130


def main() -> None:
    """The console script: runs the command that the arguments name and ends the process with its exit code."""
    try:
        from typer.main import get_command

        from invy.cli import streams
        from invy.cli.program import app

        streams.prepare()
        command = get_command(app)
    except KeyboardInterrupt:  # so early that nothing was begun
        raise SystemExit(INTERRUPTED) from None
    command.main(prog_name="invy")
