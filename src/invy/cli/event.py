"""An event as it is named on the command line."""

import difflib
from typing import TYPE_CHECKING

from invy.domain.errors import NotFound
from invy.domain.ids import LONGEST_EVENT_ID, EventId

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.domain.guest import Event


async def known(house: "House", text: str) -> "Event":
    """The event of that id.

    Raises:
        NotFound: with the nearest id there is.
    """
    event_id = EventId(text.strip())
    found = await house.guests.event(event_id)
    if found is not None:
        return found
    raise await missing(house, event_id)


async def missing(house: "House", event_id: EventId) -> NotFound:
    """What to say of an event that is not there."""
    there = [event.id for event in await house.guests.events()]
    near = difflib.get_close_matches(event_id, there, n=1)
    if near:
        hint = f"Did you mean {near[0]!r}?"
    elif there:
        hint = f"There are: {', '.join(there[-5:])}."
    else:
        hint = f"Make it by importing its guests: invy guests import FILE --event {event_id}"
    return NotFound(f"There is no event {event_id[:LONGEST_EVENT_ID]!r}.", hint=hint)
