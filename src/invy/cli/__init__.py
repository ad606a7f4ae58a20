"""Floor 5, a face: the `invy` command. Words and options in; tables, JSON, CSV and exit codes out. Decides nothing itself."""


def main() -> None:
    """The console script: runs the command that the arguments name and ends the process with its exit code."""
    import sys

    from typer.main import get_command

    from invy.cli.program import app

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name must not break a terminal that lacks its letters
    get_command(app).main(prog_name="invy")
