"""What guests do to the business: write, press a button, stop marketing. Each is told by webhook."""

from collections.abc import Callable

from invy.simulator.catalogue import Catalogue
from invy.simulator.guest import Guest, Written
from invy.simulator.herald import Herald
from invy.simulator.ledger import Message
from invy.simulator.limits import Limits
from invy.simulator.news import Sender
from invy.simulator.rendering import buttons_of
from invy.simulator.wire import new_wamid


class Inbox:
    def __init__(
        self,
        herald: Herald,
        catalogue: Catalogue,
        limits: Limits,
        now: Callable[[], float],
        stamp: Callable[[float], int],
    ) -> None:
        self._herald = herald
        self._catalogue = catalogue
        self._limits = limits
        self._now = now
        self.stamp = stamp

    def write(self, sender: Sender, guest: Guest, text: str, *, context: str = "") -> Written:
        """A text, alone or in answer to one of our messages."""
        return self._arrive(
            sender, guest, Written(new_wamid(guest.wa_id), self._now(), "text", text, context=context)
        )

    def press(
        self, sender: Sender, guest: Guest, message: Message, index: int, *, with_context: bool = True
    ) -> Written | None:
        """A quick reply of a template; None when there is no such button. Meta sometimes leaves the context out."""
        buttons = buttons_of(message, self._catalogue.get(message.template, message.language))
        quick = [each for each in buttons if each.kind == "QUICK_REPLY"]
        if not 0 <= index < len(quick):
            return None
        context = message.wamid if with_context else ""
        written = Written(
            new_wamid(guest.wa_id), self._now(), "button", quick[index].text, quick[index].payload, context
        )
        return self._arrive(sender, guest, written)

    def _arrive(self, sender: Sender, guest: Guest, written: Written) -> Written:
        guest.written = (*guest.written, written)
        guest.wrote_at = written.at
        self._limits.count_inbound(sender.phone_number_id)
        self._herald.tell_inbound(sender, guest, written, stamp=self.stamp(written.at))
        return written

    def stop(self, sender: Sender, guest: Guest) -> None:
        """WhatsApp's own "stop" button: marketing messages fail with 131050 from now on."""
        guest.opted_out = True
        self._herald.tell_preference(sender, guest, stop=True, stamp=self.stamp(self._now()))

    def resume(self, sender: Sender, guest: Guest) -> None:
        guest.opted_out = False
        self._herald.tell_preference(sender, guest, stop=False, stamp=self.stamp(self._now()))
