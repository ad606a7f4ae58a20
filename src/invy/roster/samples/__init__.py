"""A guest list to try Invy with: three alphabets, some wrong numbers, some guests listed twice. No number is anyone's."""

from importlib.resources import files
from typing import Final

NAME: Final = "guests.csv"


def guests() -> bytes:
    """The sample list as it stands in the file."""
    return files(__name__).joinpath(NAME).read_bytes()
