"""A campaign as it is named on the command line: by its event and template."""

import difflib
from typing import TYPE_CHECKING

from invy.cli import event as events
from invy.domain.errors import NotFound
from invy.domain.ids import EventId

if TYPE_CHECKING:
    from invy.app.house import House
    from invy.domain.campaign import Campaign


async def named(house: "House", event: str, template_key: str) -> "Campaign":
    """The campaign that was started for this event with this template.

    Raises:
        NotFound: there is no such event, or this template was never sent to its guests.
    """
    event_id = EventId(event.strip())
    started = {found.template_key: found for found in await house.campaign_store.of_event(event_id)}
    for key, found in started.items():
        if key == template_key:
            return found
    await events.known(house, event)
    near = difflib.get_close_matches(template_key, started, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Started there: {', '.join(started) or 'none yet'}."
    raise NotFound(f"The template {template_key!r} was never sent to the guests of {event_id!r}.", hint=hint)
