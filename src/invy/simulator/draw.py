"""Chance that can be repeated: a number drawn depends on the seed and on what it is drawn for, on nothing else.

No shared generator, so neither the order in which messages arrive nor their timing changes anybody's fate.
"""

from hashlib import blake2b


def draw(seed: int, *names: str | int) -> float:
    """A number in [0, 1), the same for the same names."""
    text = "\x1f".join(map(str, (seed, *names))).encode()
    return int.from_bytes(blake2b(text, digest_size=7).digest(), "big") / 2**56


class Draws:
    """Several draws for one thing at the price of one hash: `chance(0)` … `chance(7)`."""

    __slots__ = ("_bits",)

    def __init__(self, seed: int, *names: str | int) -> None:
        text = "\x1f".join(map(str, (seed, *names))).encode()
        self._bits = blake2b(text, digest_size=64).digest()

    def chance(self, index: int) -> float:
        return int.from_bytes(self._bits[index * 8 : index * 8 + 7], "big") / 2**56
