"""Floor 5, a face: the `invy` command. Words and options in; tables, JSON, CSV and exit codes out. Decides nothing itself."""


def main() -> None:
    """The console script: runs the command that the arguments name and ends the process with its exit code."""
    import os
    import sys
    from pathlib import Path

    from typer.main import get_command

    from invy.cli.program import app

    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # whoever started us closed it: nothing comes in, nobody listens
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for as long as we run
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name must not break a terminal that lacks its letters
    get_command(app).main(prog_name="invy")
