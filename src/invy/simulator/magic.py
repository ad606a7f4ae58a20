"""Magic suffixes: the last four digits of a dialled number choose a fate, so a test can dial what it wants to see.

The range 0150 to 0199 lies inside the numbers reserved for fiction in the United Kingdom (+44 7700 900150) and the
United States (+1 202 555 0150); other numbers end in it once in two hundred times.
"""

from collections.abc import Mapping
from types import MappingProxyType

from invy.simulator.draw import Draws
from invy.simulator.fate import DAY, Ending, Fate, Status, Step, steps_to

_SENT = Step(Status.SENT, 0.5)
_DELIVERED = Step(Status.DELIVERED, 1.0)
_READ = Step(Status.READ, 5.0)


def _failed(code: int, after_s: float = 1.0) -> Step:
    return Step(Status.FAILED, after_s, code)


MAGIC: Mapping[str, Fate] = MappingProxyType(
    {
        "0150": Fate("read", (_SENT, _DELIVERED, _READ)),
        "0151": Fate("delivered", (_SENT, _DELIVERED)),
        "0152": Fate("blocked", (_SENT,)),
        "0153": Fate("silent", ()),
        "0154": Fate(
            "read-at-once", (_SENT, Step(Status.DELIVERED, 1.0, told=False), Step(Status.READ, 0.0))
        ),
        "0155": Fate("phone-off", (_SENT, Step(Status.DELIVERED, 3 * DAY), _READ)),
        "0156": Fate("undeliverable", (_failed(131026),)),
        "0157": Fate("undeliverable-after-sent", (_SENT, _failed(131026))),
        "0158": Fate("ecosystem", (_failed(131049),)),
        "0159": Fate("experiment", (_failed(130472),)),
        "0160": Fate("opted-out", (_SENT, _failed(131050))),
        "0161": Fate("media", (_failed(131053),)),
        "0162": Fate("unknown-error", (_SENT, _failed(131000))),
        "0163": Fate("payment", (_failed(131042),)),
        "0164": Fate("locked", (_failed(131031),)),
        "0165": Fate("failed-after-delivered", (_SENT, _DELIVERED, _failed(131026))),
    }
)


def magic_fate(number: str) -> Fate | None:
    """The fate this number asks for, if it asks for one."""
    return MAGIC.get(number[-4:])


def named_fate(name: str, seed: int, number: str, nth: int) -> Fate | None:
    """A fate by its name: a magic one, or an ending of a mix."""
    for fate in MAGIC.values():
        if fate.name == name:
            return fate
    try:
        ending = Ending(name)
    except ValueError:
        return None
    return Fate(name, steps_to(ending, Draws(seed, "fate", number, nth)))
