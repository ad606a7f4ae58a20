"""A command that guesses at nothing it was given: not at which of two `--event` was meant, not at bytes that are no text."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption


class Command(TyperCommand):
    """Refuses an option that takes one value and was given twice, and a value that is not text."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        for parameter, times in Counter(order).items():
            if times > 1 and isinstance(parameter, TyperOption) and _takes_one(parameter):
                raise typer.BadParameter("it was given twice; keep one", ctx=ctx, param=parameter)
        rest = super().parse_args(ctx, args)
        parameters: list[Any] = list(self.params)
        for parameter in parameters:
            # A file may have any name; what is looked up or stored must be text.
            if not _is_text(ctx.params.get(parameter.name)) and not _names_a_file(parameter):
                raise typer.BadParameter(
                    "it is not valid text: the terminal or the shell that typed it is not set to UTF-8",
                    ctx=ctx,
                    param=parameter,
                )
        return rest


def _takes_one(option: Any) -> bool:
    return not (option.multiple or option.count or option.is_flag)


def _names_a_file(parameter: Any) -> bool:
    return "file" in (parameter.name, (parameter.metavar or "").lower())


def _is_text(value: object) -> bool:
    """Whether there is no byte in it that could not be read; Python hands those on as lone surrogates."""
    if isinstance(value, str):
        return not any("\ud800" <= mark <= "\udfff" for mark in value)
    return not isinstance(value, Iterable) or all(map(_is_text, value))
