"""Who of an event was not reached, grouped by verdict with one next step each, and the list of guests to phone instead."""

import csv
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from rich.text import Text as Styled

from invy.app.house import House
from invy.cli import cell, output
from invy.cli.right_to_left import on_terminal
from invy.cli.verdict_words import counted, group_document
from invy.domain.errors import InvalidInput
from invy.domain.ids import EventId
from invy.engine.why import Unreached
from invy.meta.catalogue import Lang, Text

COLUMNS: Final = ("name", "phone", "reason", "verdict", "code", "message_id")

_NOT_REACHED: Final = Text(en="Not reached, {count}:", he="לא הגיעו ליעד: {count}")
_MESSAGES: Final = (Text(en="1 message", he="הודעה אחת"), Text(en="{count} messages", he="{count} הודעות"))
_COUNT: Final = Text(en="COUNT", he="כמה")
_WHY: Final = Text(en="WHY", he="למה")
_TODO: Final = Text(en="WHAT TO DO", he="מה לעשות")
_BOM: Final = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the country, and Hebrew for noise."""


def show(found: Unreached, lang: Lang) -> None:
    """The groups of one template, the largest first."""
    output.show(on_terminal(_NOT_REACHED.say(lang).format(count=counted(_MESSAGES, found.count, lang))))
    headings = [text.say(lang) for text in (_COUNT, _WHY, _TODO)]
    table = output.table(*headings, right=headings[:1], wrap=headings[1:])
    for group in found.groups:
        why = group.headline.say(lang)
        if group.label and group.label not in why:
            why = f"{why} ({group.label})"
        table.add_row(f"{group.count:,}", Styled(on_terminal(why)), Styled(on_terminal(group.todo.say(lang))))
    output.out().print(table)
    for remark in dict.fromkeys(remark for group in found.groups for remark in group.remarks):
        output.show(on_terminal(cell.visible(remark.say(lang))), style="yellow")


def documents(found: Unreached | None, lang: Lang) -> list[dict[str, Any]]:
    """The groups for programs."""
    return [group_document(group, lang) for group in found.groups] if found else []


async def export(house: House, event_id: EventId, target: str, lang: Lang) -> int:
    """Write the guests to phone instead as CSV: UTF-8 that Excel recognises, no cell a formula. How many there are.

    `target` is a path, or `-` for standard output. A file is there whole or not at all.

    Raises:
        InvalidInput: it cannot be written there.
    """
    written: set[str] = set()
    with _opened(target) as file:
        file.write(_BOM)
        sheet = csv.writer(file, lineterminator="\r\n")
        sheet.writerow(COLUMNS)
        async with aclosing(house.why.unreached(event_id)) as judged:
            async for found, verdict in judged:
                message = found.message
                if not verdict.phone_instead or message.to in written:
                    continue
                written.add(message.to)
                row = (
                    found.guest_name or "",
                    message.to,
                    verdict.headline.say(lang),
                    verdict.finding.value,
                    verdict.label or "",
                    message.id,
                )
                sheet.writerow([cell.harmless(cell.visible(text)) for text in row])
    return len(written)


@contextmanager
def _opened(target: str) -> Iterator[TextIO]:
    if target == "-":
        output.utf8()
        yield sys.stdout
        return
    path = Path(target).resolve()  # a link stays, and what it points to is replaced
    if path.exists() and not path.is_file():
        raise InvalidInput(
            f"{target} is not a file that could be replaced.", hint="Name a file, or - for standard output."
        )
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise InvalidInput(
            f"The list cannot be written to {target}: {error.strerror or error}.",
            hint="Name a file in a folder that exists and that you may write to.",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
