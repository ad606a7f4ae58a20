"""Magic suffixes: the last four digits of a dialled number choose a fate, so a test can dial what it wants to see.

The range 0150 to 0199 lies inside the numbers reserved for fiction in the United Kingdom (+44 7700 900150) and the
United States (+1 202 555 0150); other numbers end in it once in two hundred times.
"""

from collections.abc import Mapping
from types import MappingProxyType

from invy.simulator.chaos import Quirk
from invy.simulator.draw import Draws
from invy.simulator.fate import DAY, Ending, Fate, Reaction, Status, Step, steps_to

_SENT = Step(Status.SENT, 0.5)
_DELIVERED = Step(Status.DELIVERED, 1.0)
_READ = Step(Status.READ, 5.0)
_ALL = (_SENT, _DELIVERED, _READ)


def _failed(code: int, after_s: float = 1.0) -> Step:
    return Step(Status.FAILED, after_s, code)


def _quirk(*quirks: Quirk) -> frozenset[Quirk]:
    return frozenset(quirks)


MAGIC: Mapping[str, Fate] = MappingProxyType(
    {
        "0150": Fate("read", _ALL),
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
        "0166": Fate("presses-first-button", _ALL, reaction=Reaction.BUTTON),
        "0167": Fate("presses-without-context", _ALL, reaction=Reaction.BUTTON_WITHOUT_CONTEXT),
        "0168": Fate("replies", _ALL, reaction=Reaction.TEXT),
        "0169": Fate("stops-marketing", _ALL, reaction=Reaction.STOP),
        "0170": Fate("slow-reply", _ALL, _quirk(Quirk.SLOW_REPLY)),
        "0171": Fate("lost-reply", _ALL, _quirk(Quirk.LOST_REPLY)),
        "0172": Fate("error-before", _ALL, _quirk(Quirk.ERROR_BEFORE)),
        "0173": Fate("error-after", _ALL, _quirk(Quirk.ERROR_AFTER)),
        "0174": Fate("reset", _ALL, _quirk(Quirk.RESET)),
        "0175": Fate("early", _ALL, _quirk(Quirk.EARLY)),
        "0176": Fate("duplicate", _ALL, _quirk(Quirk.DUPLICATE)),
        "0177": Fate("reorder", _ALL, _quirk(Quirk.REORDER)),
        "0178": Fate("delay", _ALL, _quirk(Quirk.DELAY)),
        "0179": Fate("lose", _ALL, _quirk(Quirk.LOSE)),
        "0180": Fate("bad-signature", _ALL, _quirk(Quirk.BAD_SIGNATURE)),
        "0181": Fate("forged", (_SENT,), _quirk(Quirk.FORGED)),
        "0182": Fate("missing-fields", _ALL, _quirk(Quirk.MISSING_FIELDS)),
        "0183": Fate("missing-fields-failed", (_failed(131026),), _quirk(Quirk.MISSING_FIELDS)),
        "0184": Fate("unknown-status", _ALL, _quirk(Quirk.UNKNOWN_STATUS)),
        "0185": Fate("unknown-fields", _ALL, _quirk(Quirk.UNKNOWN_FIELDS)),
        "0186": Fate("held-then-released", _ALL, held_s=600.0),
        "0187": Fate("held-then-dropped", (_failed(132015, 600.0),), held_s=0.001),
        "0188": Fate("lost-reply-and-failed", (_failed(131026),), _quirk(Quirk.LOST_REPLY)),
        "0189": Fate("hidden-number", _ALL, _quirk(Quirk.HIDDEN_NUMBER), reaction=Reaction.TEXT),
        "0190": Fate("rate-limited-once", _ALL, refusal=130429, refused_attempts=1),
        "0191": Fate("pair-limited-once", _ALL, refusal=131056, refused_attempts=1),
        "0192": Fate("spam-limited", (), refusal=131048),
        "0193": Fate("account-locked", (), refusal=131031),
        "0194": Fate("not-allowed-recipient", (), refusal=131030),
        "0195": Fate("maintenance-once", _ALL, refusal=131057, refused_attempts=1),
        "0196": Fate("policy-block", (), refusal=368),
        "0197": Fate("generic-user-error", (), refusal=135000),
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
