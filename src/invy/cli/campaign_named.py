"""A campaign as it is named on the command line: by its event and template."""

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
    try:
        return await house.campaign_store.started(EventId(event.strip()), template_key)
    except NotFound:
        await events.known(
            house, event
        )  # raises, with a hint of its own, when it is the event that is not there
        raise
