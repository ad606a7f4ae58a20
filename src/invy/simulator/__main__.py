"""`python -m invy.simulator`."""

import typer

from invy.simulator.command import simulator

if __name__ == "__main__":
    typer.run(simulator)
