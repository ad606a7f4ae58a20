"""A list of messages as a table, JSON or CSV."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rich.text import Text

from invy.app.house import House
from invy.cli import cell, moment, output
from invy.cli import event as events
from invy.cli.message_words import document, in_short
from invy.domain.ids import EventId, GuestId
from invy.domain.message import Message
from invy.domain.phone import parse
from invy.domain.state import State
from invy.store.overview import Filter

PAGE: Final = 500
ROOMY: Final = 130
"""Characters across for all columns."""

_COLUMNS: Final = (
    "id",
    "wamid",
    "to",
    "status",
    "template_key",
    "template_language",
    "event_id",
    "guest_id",
    "created_at",
    "sent_at",
    "delivered_at",
    "read_at",
    "replied_at",
    "failed_at",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages, in the user's words. `limit` 0 is all."""

    event: str | None
    states: frozenset[State]
    since: str | None
    to: str | None
    limit: int


async def show(house: House, wanted: Wanted, *, as_json: bool, as_csv: bool) -> None:
    which = await _filter(house, wanted)
    found = _found(house, which, wanted.limit)
    if as_json:
        await output.json_list("messages", _documents(found), {})
    elif as_csv:
        await _csv(house, found)
    else:
        await _table(house, which, found)


async def _filter(house: House, wanted: Wanted) -> Filter:
    event_id = None
    if wanted.event is not None:
        event_id = EventId(wanted.event.strip())
        known = await house.guests.event(event_id) or await house.overview.page(Filter(event_id), limit=1)
        if not known:
            raise await events.missing(house, event_id)
    return Filter(
        event_id=event_id,
        states=wanted.states,
        since=moment.read(wanted.since, house.clock()) if wanted.since is not None else None,
        to=parse(wanted.to, house.settings.default_region).e164 if wanted.to is not None else None,
    )


async def _found(house: House, which: Filter, limit: int) -> AsyncIterator[list[Message]]:
    """Page by page, so that ten million take no more room than one page."""
    after, left = None, limit or None
    while True:
        size = PAGE if left is None else min(PAGE, left)
        page = await house.overview.page(which, after=after, limit=size)
        if page:
            yield page
        if left is not None:
            left -= len(page)
        if len(page) < size or left == 0:
            return
        after = page[-1].id


async def _documents(pages: AsyncIterator[list[Message]]) -> AsyncIterator[Mapping[str, Any]]:
    async for page in pages:
        for message in page:
            yield document(message)


async def _names(house: House, page: list[Message]) -> dict[GuestId, str]:
    return await house.guests.named(sorted({each.guest_id for each in page if each.guest_id}))


async def _csv(house: House, pages: AsyncIterator[list[Message]]) -> None:
    file = output.CsvFile([*_COLUMNS, "guest_name", "error_code", "error_title", "error_details"])
    async for page in pages:
        names = await _names(house, page)
        for message in page:
            row = document(message)
            failure = row["failure"] or {}
            file.write(
                [
                    *(row[column] for column in _COLUMNS),
                    names.get(message.guest_id) if message.guest_id else None,
                    *(failure.get(part) for part in ("code", "title", "details")),
                ]
            )


async def _table(house: House, which: Filter, pages: AsyncIterator[list[Message]]) -> None:
    zone = cell.zone_of(house.clock())
    columns = _columns(zone, roomy=output.out().width >= ROOMY)
    shown, last = 0, None
    async for page in pages:
        names = await _names(house, page)
        table = output.table(*columns, wrap=["WHY"], cut=["GUEST"])
        table.show_header = not shown
        for message in page:
            name = names.get(message.guest_id, "") if message.guest_id else ""
            table.add_row(*(make(message, name) for make in columns.values()))
        shown, last = shown + len(page), page[-1].id
        output.out().print(table)
    if last is None:
        output.say("There are no such messages.")
        return
    # Counting ten million messages would take longer than showing the newest hundred.
    more = await house.overview.page(which, after=last, limit=1)
    rest = "; there are older ones, and --limit 0 shows all" if more else ""
    output.say(f"{cell.count(shown, 'message')}{rest}. One in full: invy message ID")


def _columns(zone: str, *, roomy: bool) -> dict[str, Callable[[Message, str], Text]]:
    """What each column shows of a message and its guest's name. A narrow terminal gets what leads to the rest."""
    columns: dict[str, Callable[[Message, str], Text]] = {
        f"MADE ({zone})": lambda message, _: Text(cell.local(message.created_at, zone)),
        "STATE": lambda message, _: output.state(message.state),
        "TO": lambda message, _: Text(message.to),
        "GUEST": lambda _, name: output.name(name),
        "TEMPLATE": lambda message, _: Text(message.template_key),
        "WHY": lambda message, _: Text(_why(message)),
        "ID": lambda message, _: Text(message.id),
    }
    return columns if roomy else {name: columns[name] for name in ("STATE", "TO", "GUEST", "ID")}


def _why(message: Message) -> str:
    failed = message.folded.failed
    return cell.visible(in_short(failed.failure)) if failed else ""
