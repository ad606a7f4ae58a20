"""`POST /{phone-number-id}/messages`: the answer to a send, and everything that can go wrong with it on the way."""

import asyncio
from contextlib import suppress

from invy.simulator.chaos import Quirk
from invy.simulator.draw import draw
from invy.simulator.exchange import BROKEN, Answer, refused
from invy.simulator.ledger import Message
from invy.simulator.order import ReadReceipt
from invy.simulator.refusal import Refusal
from invy.simulator.wire import JSON_TYPE, encode
from invy.simulator.world import Reception, Trouble, World

# A callback that does not answer must not block a send for longer than this.
_EARLY_AT_MOST_S = 0.25
_EDGE_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"


async def post_message(world: World, number_id: str, body: bytes) -> Answer:
    """Meta's answer to a send. Raises Refusal."""
    try:
        reception = world.send(number_id, body)
    except Trouble as trouble:
        world.ledger.troubles[trouble.quirk.value] += 1
        return BROKEN if trouble.quirk is Quirk.RESET else _server_error(trouble.share)
    if isinstance(reception, ReadReceipt):
        return Answer.of({"success": True})
    low, high = world.scenario.latency_ms
    if high:
        share = draw(world.seed, "latency", reception.message.wa_id, reception.message.nth)
        await asyncio.sleep((low + (high - low) * share) / 1000)
    if reception.early:
        with suppress(TimeoutError):
            await asyncio.wait_for(world.postman.quiet(), _EARLY_AT_MOST_S)
    if reception.quirks:
        return await _spoiled(world, reception)
    return sent(reception.message)


async def _spoiled(world: World, reception: Reception) -> Answer:
    for quirk in reception.quirks:
        world.ledger.troubles[quirk.value] += 1
    if Quirk.SLOW_REPLY in reception.quirks:
        await asyncio.sleep(world.chaos.rules.slow_reply_s)
    if Quirk.LOST_REPLY in reception.quirks:
        return BROKEN
    if Quirk.ERROR_AFTER in reception.quirks:
        message = reception.message
        return _server_error(world.chaos.share(Quirk.ERROR_AFTER, message.wa_id, message.nth))
    return sent(reception.message)


def _server_error(share: float) -> Answer:
    """One of the 5xx that Meta and its edge are known to give; none says whether the message was accepted."""
    kinds = (Refusal(131000), Refusal(131016), Refusal(2), Refusal(1), None)
    chosen = kinds[int(share * len(kinds))]
    if chosen is None:
        return Answer(502, _EDGE_PAGE, {"content-type": "text/html; charset=utf-8"})
    return refused(chosen)


def sent(message: Message) -> Answer:
    """The success body of a send: accepted, which is not delivered."""
    contact = {"input": message.dialled}
    if message.by_user_id:
        contact["user_id"] = message.user_id
    else:
        contact["wa_id"] = message.wa_id
    told: dict[str, str] = {"id": message.wamid}
    if message.kind == "template":
        told["message_status"] = "held_for_quality_assessment" if message.held else "accepted"
    body = encode({"messaging_product": "whatsapp", "contacts": [contact], "messages": [told]})
    return Answer(200, body, {"content-type": JSON_TYPE})
