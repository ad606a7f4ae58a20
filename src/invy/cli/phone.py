"""`invy phone NUMBER…`: what becomes of each written form of a number, without sending anything.

The default region is a parameter: the main program hands it in (Click's `default_map`), nothing is read from outside.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text

from invy.cli import output
from invy.domain.errors import InvalidInput, PhoneRefused
from invy.domain.phone import Phone, parse

REFUSED = 2
"""The exit code when any number, or the region, cannot be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One number as given, and what became of it: exactly one of `phone` and `refusal`."""

    given: str
    phone: Phone | None = None
    refusal: PhoneRefused | None = None


def phone(
    numbers: Annotated[
        list[str], typer.Argument(help="Numbers in any form; put -- before one that begins with -.")
    ],
    region: Annotated[
        str, typer.Option("--region", help="Country in which numbers without a country code are dialled.")
    ] = "IL",
    *,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON document: numbers[] of given, e164, region, kind, warnings, reason, hint.",
        ),
    ] = False,
) -> None:
    """Show what becomes of each number: its E.164 form, or the reason it is refused. Exit 2 if any is."""
    try:
        answers = [ask(number, region) for number in numbers]
    except InvalidInput as error:
        typer.echo(f"Error: {error.message}.\nWhat to do: {error.hint}.", err=True)
        raise typer.Exit(REFUSED) from None
    if as_json:
        document = {"region": region.upper(), "numbers": [_as_json(answer) for answer in answers]}
        output.json_document(document)
    else:
        _print_table(answers)
    if any(answer.refusal for answer in answers):
        raise typer.Exit(REFUSED)


def ask(number: str, region: str) -> Answer:
    """What becomes of one number. Raises InvalidInput when the region does not exist."""
    try:
        return Answer(number, phone=parse(number, region))
    except PhoneRefused as refusal:
        return Answer(number, refusal=refusal)


def _as_json(answer: Answer) -> dict[str, object]:
    found, refusal = answer.phone, answer.refusal
    return {
        "given": answer.given,
        "e164": found.e164 if found else None,
        "region": found.region if found else None,
        "kind": found.kind.value if found else None,
        "warnings": [{"code": caution.name.lower(), "text": caution.value} for caution in found.warnings]
        if found
        else [],
        "reason": refusal.message if refusal else None,
        "hint": refusal.hint if refusal else None,
    }


def _print_table(answers: Iterable[Answer]) -> None:
    table = output.table("AS GIVEN", "E.164", "COUNTRY", "KIND", "REMARK", wrap=["REMARK"])
    for answer in answers:
        given = Text(_visible(answer.given))
        if answer.phone is not None:
            found = answer.phone
            remark = Text(". ".join(found.warnings), style="yellow")
            table.add_row(given, Text(found.e164), Text(found.region), Text(found.kind), remark)
        elif answer.refusal is not None:
            refusal = answer.refusal
            table.add_row(
                given, Text("refused", style="red"), "-", "-", Text(f"{refusal.message}. {refusal.hint}.")
            )
    output.out().print(table)


def _visible(text: str) -> str:
    """The text on one line, without marks that could move or recolour what stands beside it in a terminal."""
    kept = (" " if unicodedata.category(mark) in {"Cc", "Zl", "Zp"} else mark for mark in text)
    shown = "".join(mark for mark in kept if unicodedata.category(mark) != "Cf")
    return shown if len(shown) <= 40 else shown[:39] + "…"  # noqa: PLR2004 - a table cell, not a limit of ours
