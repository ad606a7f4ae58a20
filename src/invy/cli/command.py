"""A command that takes no argument twice in silence: of two `--event`, which one was meant is not ours to guess."""

from collections import Counter
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption


class Command(TyperCommand):
    """Refuses an option that takes one value and was given twice."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        for parameter, times in Counter(order).items():
            if times > 1 and isinstance(parameter, TyperOption) and _takes_one(parameter):
                raise typer.BadParameter("it was given twice; keep one", ctx=ctx, param=parameter)
        return super().parse_args(ctx, args)


def _takes_one(option: Any) -> bool:
    return not (option.multiple or option.count or option.is_flag)
