"""`invy explain`: what a code of Meta's means and what to do about it. Needs no setting, no database, no network."""

import re
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text as Styled

from invy.cli import output
from invy.cli.right_to_left import on_terminal
from invy.meta.catalogue import Channel, Lang, Row, Text, all_rows, lookup
from invy.meta.catalogue_page import markdown as page
from invy.meta.catalogue_words import CHANNEL, EFFECT, OUTCOME, SIDE, resend, source, title

_INDENT = (0, 0, 0, 2)
_CODE = re.compile(r"#?(?P<code>\d{1,10})(?:/(?P<subcode>\d{1,10}))?", re.ASCII)

_TODO = Text(en="What to do", he="מה לעשות")
_WHOSE = Text(en="Whose side", he="אצל מי הבעיה")
_WHERE = Text(en="Shows up", he="איפה זה מופיע")
_RESEND = Text(en="Send again?", he="לשלוח שוב?")
_THEN = Text(en="Then", he="ומה אז")
_NOTE = Text(en="Note", he="הערה")
_SOURCE = Text(en="Source", he="מקור")


def explain(
    codes: Annotated[
        list[str] | None,
        typer.Argument(help="Codes such as 131026, or with a subcode 100/33.", metavar="CODE..."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every code in the catalogue.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON array, both languages.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="A page in Markdown (docs/errors.md).")
    ] = False,
    lang: Annotated[Lang, typer.Option("--lang", help="The language to explain in.")] = Lang.EN,
) -> None:
    """Explain error codes of Meta's: what happened, whose side it is on, whether to send again, what to do."""
    if not codes and not all_:
        raise typer.BadParameter("give at least one code, for example 131026, or --all", param_hint="CODE")
    rows = list(all_rows()) if all_ else [_row(code) for code in codes or ()]
    if json_:
        output.json_document([as_json(row) for row in rows])
    elif markdown:
        output.utf8()
        sys.stdout.write(page(rows))
    else:
        console = output.out()
        for row in rows:
            _show(console, row, lang)


def as_json(row: Row) -> dict[str, Any]:
    """The declared form of one row for programs; fields may be added, never changed."""
    return {
        "code": row.code,
        "subcode": row.subcode,
        "until": row.until,
        "known": row.known,
        "title": row.title,
        "meaning": {"en": row.meaning.en, "he": row.meaning.he},
        "side": row.side.value,
        "channel": row.channel.value,
        "retry": row.retry.value,
        "earliest_s": row.earliest_s,
        "outcome": row.outcome.value,
        "return_to_queue": row.return_to_queue,
        "effect": row.effect.value,
        "todo": {"en": row.todo.en, "he": row.todo.he},
        "note": {"en": row.note, "he": row.note_he},
        "source": row.source,
        "as_of": row.as_of.isoformat(),
    }


def _row(given: str) -> Row:
    named = next((row for row in all_rows() if row.label == given), None)
    if named is not None:
        return named
    match = _CODE.fullmatch(given.strip())
    if match is None:
        raise typer.BadParameter(
            f"“{given}” is not an error code; write the number, such as 131026, or code/subcode, such as 100/33",
            param_hint="CODE",
        )
    subcode = match["subcode"]
    return lookup(int(match["code"]), int(subcode) if subcode else None)


def _show(console: Console, row: Row, lang: Lang) -> None:
    console.print(Styled.assemble((row.label, "bold cyan"), "  ", (on_terminal(title(row, lang)), "bold")))
    console.print(Padding(Styled(on_terminal(row.meaning.say(lang))), _INDENT, expand=False))
    for name, value in _lines(row, lang):
        line = Styled.assemble((f"{on_terminal(name.say(lang))}: ", "bold"), on_terminal(value))
        console.print(Padding(line, _INDENT, expand=False))
    console.print()


def _lines(row: Row, lang: Lang) -> Iterator[tuple[Text, str]]:
    yield _TODO, row.todo.say(lang)
    yield _WHOSE, SIDE[row.side].say(lang)
    yield _WHERE, CHANNEL[row.channel].say(lang)
    yield _RESEND, resend(row).say(lang)
    if row.known and row.channel not in (Channel.INBOUND, Channel.MANAGEMENT):
        yield _THEN, f"{OUTCOME[row.outcome].say(lang)}; {EFFECT[row.effect].say(lang)}"
    if remark := row.remark(lang):
        yield _NOTE, remark
    yield _SOURCE, f"{source(row, lang)}, {row.as_of.isoformat()}"
