"""What a person can do with a guest's phone: on the handset page, or from a test through `/_simulator/guests/…`."""

from enum import StrEnum

import msgspec

from invy.simulator.fate import Status
from invy.simulator.guest import Guest
from invy.simulator.ledger import Message
from invy.simulator.news import Sender
from invy.simulator.world import World


class Deed(StrEnum):
    READ = "read"
    PRESS = "press"
    WRITE = "write"
    OFFLINE = "offline"
    ONLINE = "online"
    BLOCK = "block"
    UNBLOCK = "unblock"
    STOP = "stop"
    RESUME = "resume"
    RENAME = "rename"


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`wamid` names the message (empty: the latest); `button` counts the quick replies from 0."""

    do: Deed
    wamid: str = ""
    button: int = 0
    text: str = ""
    context: bool = True


class Impossible(ValueError):
    """This phone cannot do that now; the message says why."""


def do(world: World, wa_id: str, wish: Wish) -> Guest:
    """Do it. Raises Impossible."""
    guest = world.guests.of(wa_id)
    match wish.do:
        case Deed.OFFLINE:
            guest.online = False
        case Deed.ONLINE:
            world.journey.resume(guest)
        case Deed.BLOCK:
            guest.blocks_us = True
        case Deed.UNBLOCK:
            guest.blocks_us = False
        case Deed.STOP:
            world.inbox.stop(world.sender, guest)
        case Deed.RESUME:
            world.inbox.resume(world.sender, guest)
        case Deed.RENAME:
            guest.name = wish.text
        case Deed.READ | Deed.PRESS | Deed.WRITE:
            _use(world, guest, wish)
    return guest


def _use(world: World, guest: Guest, wish: Wish) -> None:
    if not guest.online:
        raise Impossible("The phone is off. Switch it on first.")
    if guest.blocks_us:
        raise Impossible("This guest has blocked the business. Unblock it first.")
    message = _message(world, guest, wish.wamid)
    sender = world.senders[message.phone_number_id] if message else world.sender
    if wish.do is Deed.WRITE:
        if not wish.text:
            raise Impossible("There is nothing to send: `text` is empty.")
        context = message.wamid if message and wish.context and wish.wamid else ""
        world.inbox.write(sender, guest, wish.text, context=context)
        return
    if message is None:
        raise Impossible("There is no message on this phone.")
    if message.final_status is Status.FAILED:
        raise Impossible("This message has failed: it never came to this phone.")
    world.journey.read(message, guest, sender)
    if wish.do is Deed.PRESS and not _press(world, guest, sender, message, wish):
        raise Impossible(f"The message has no quick reply {wish.button}.")


def _press(world: World, guest: Guest, sender: Sender, message: Message, wish: Wish) -> bool:
    return world.inbox.press(sender, guest, message, wish.button, with_context=wish.context) is not None


def _message(world: World, guest: Guest, wamid: str) -> Message | None:
    messages = world.ledger.to(guest.wa_id)
    if wamid:
        found = next((each for each in messages if each.wamid == wamid), None)
        if found is None:
            raise Impossible(f"There is no message {wamid} on this phone.")
        return found
    return messages[-1] if messages else None
