"""Floor 5, a face: the `invy` command. Words and options in; tables, JSON, CSV and exit codes out. Decides nothing itself."""


def main() -> None:
    """The console script: runs the command that the arguments name and ends the process with its exit code."""
    from invy.cli.program import program

    program().main(prog_name="invy")
