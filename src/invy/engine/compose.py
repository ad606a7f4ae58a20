"""From a template, a number and parameters to a message that is ready to be written down. Nothing is stored here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from invy.domain.guest import Guest
from invy.domain.ids import CampaignId, GuestId, MessageId, SenderId, TemplateKey, new_id
from invy.domain.ids import event_id as as_event_id
from invy.domain.message import Draft, once_key
from invy.domain.phone import E164
from invy.engine.ports import Clock
from invy.meta import payload
from invy.meta.registry import Registry


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes drafts for one sender."""

    registry: Registry
    sender_id: SenderId
    clock: Clock
    randomness: Callable[[int], bytes]

    def draft(
        self,
        template_key: str,
        to: E164,
        params: Mapping[str, object],
        *,
        event_id: str | None = None,
        guest_id: str | None = None,
        campaign_id: CampaignId | None = None,
        retry_of: MessageId | None = None,
        once: bool = False,
    ) -> Draft:
        """A message with its exact request. `event_id` and `guest_id` may also fill the template, unless given there.

        With `once`, the number gets this template for this event only once, however often a draft is made.

        Raises:
            NotFound: no such template.
            InvalidInput: no event can have that id.
            ParameterRefused: a parameter is missing or Meta would refuse it.
        """
        template = self.registry.get(template_key)
        now = self.clock()
        message_id = MessageId(new_id(now, self.randomness))
        event = as_event_id(event_id) if event_id is not None else None
        context = {"event_id": event, "guest_id": guest_id}
        filled = {name: value for name, value in context.items() if value is not None} | dict(params)
        return Draft(
            id=message_id,
            to=to,
            template_key=TemplateKey(template_key),
            template_name=template.name,
            template_language=template.language,
            sender_id=self.sender_id,
            payload=payload.build(template, to, filled, opaque=message_id),
            created_at=now,
            event_id=event,
            guest_id=GuestId(guest_id) if guest_id is not None else None,
            campaign_id=campaign_id,
            retry_of=retry_of,
            once_key=once_key(event, TemplateKey(template_key), to) if once and event is not None else None,
        )

    def for_guest(
        self,
        template_key: str,
        guest: Guest,
        common: Mapping[str, str],
        *,
        campaign_id: CampaignId | None,
    ) -> Draft:
        """The invitation of one guest: the guest's own columns before the campaign's common parameters.

        `name`, `contact_name` and `phone` come from the guest list unless a column or parameter says otherwise.

        Raises:
            NotFound: no such template.
            ParameterRefused: this guest lacks a parameter, or it is ill-formed.
        """
        own = {"name": guest.name, "contact_name": guest.name, "phone": guest.phone}
        return self.draft(
            template_key,
            guest.phone,
            own | dict(common) | dict(guest.params),
            event_id=guest.event_id,
            guest_id=guest.id,
            campaign_id=campaign_id,
            once=True,
        )
