"""`invy templates`: the template file, read, checked, shown; and a commented one to start from."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invy.cli.command import Command
from invy.cli.context import log_quietly, settings
from invy.cli.exit_code import ExitCode
from invy.domain.errors import InvalidInput

if TYPE_CHECKING:
    from invy.domain.template import Template
    from invy.meta.registry import Registry

app = typer.Typer(help="Look at the templates and check them.", no_args_is_help=True)


def _registry() -> "Registry":
    from invy.app import template_file

    found = settings()
    log_quietly(found)
    return template_file.load(found)


@app.command("list", cls=Command)
def list_(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document: templates[].")] = False,
) -> None:
    """List the templates that may be sent."""
    from rich.text import Text

    from invy.cli import output

    registry = _registry()
    if as_json:
        output.json_document(
            {"file": registry.source, "templates": [_document(registry[key]) for key in registry]}
        )
        return
    table = output.table("KEY", "NAME AT META", "LANGUAGE", "NEEDS", wrap=["NEEDS"])
    for key in registry:
        template = registry[key]
        table.add_row(
            Text(key), Text(template.name), Text(template.language), Text(", ".join(_needs(template)))
        )
    output.out().print(table)
    output.say(f"From {registry.source}.", style="dim")


@app.command(cls=Command)
def show(
    template_key: Annotated[
        str, typer.Argument(metavar="TEMPLATE_KEY", help="The entry in the template file.")
    ],
    *,
    param: Annotated[
        list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Show it filled with this.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document: the template.")] = False,
) -> None:
    """Show a template: the parameters it needs and what the guest will see."""
    from rich.text import Text

    from invy.cli import output, parameters
    from invy.domain.preview import preview
    from invy.domain.template import slots

    params = parameters.read(param)
    template = _registry()[template_key]
    if as_json:
        output.json_document(_document(template) | {"preview": preview(template, params)})
        return
    output.show(f"{template_key}: {template.name} in {template.language}", style="bold")
    table = output.table(
        "PARAMETER", "FILLS", "AT MOST", "IF LEFT OUT", wrap=["FILLS", "IF LEFT OUT"], right=["AT MOST"]
    )
    for slot in slots(template):
        default = template.default(slot.key)
        table.add_row(Text(slot.key), Text(slot.place), f"{slot.limit:,}", Text(default or "refused"))
    output.out().print(table)
    output.show()
    output.show(preview(template, params))
    for sentence in parameters.strangers(template, params):
        output.say(sentence, style="yellow")


@app.command(cls=Command)
def check(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document: problems[].")] = False,
) -> None:
    """Check the template file and list everything to mend. Exit 6 if there is anything."""
    from invy.app import template_file
    from invy.cli import output
    from invy.cli.cell import count
    from invy.meta import registry

    found = settings()
    log_quietly(found)
    source, text = str(found.templates_file), template_file.text(found)
    problems = registry.problems(text, source)
    if as_json:
        output.json_document({"file": source, "problems": [str(problem) for problem in problems]})
    elif problems:
        for problem in problems:
            output.show(str(problem), style="red")
    else:
        output.show(f"{source} is good: {count(len(registry.load(text, source)), 'template')}.")
    if problems:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(cls=Command)
def init(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[PATH]", help="Where to; INVY_TEMPLATES_FILE if left out, - prints it."),
    ] = None,
) -> None:
    """Write a commented template file to start from. Never overwrites one."""
    from invy.cli import output
    from invy.meta import registry

    if path == Path("-"):
        output.utf8()
        sys.stdout.write(registry.sample())
        return
    target = path or settings().templates_file
    if target.is_dir():
        target /= "templates.toml"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(registry.sample())
    except FileExistsError:
        raise InvalidInput(
            f"There is a file {target} already; it was left as it is.",
            hint="Name another path, or move it away.",
        ) from None
    except OSError as error:
        raise InvalidInput(
            f"{target} cannot be written: {error.strerror or error}.", hint="Name a path you may write to."
        ) from None
    output.show(f"Wrote {target}.")
    output.say("Edit it, then: invy templates check")


def _needs(template: "Template") -> Iterator[str]:
    from invy.domain.template import required_parameters, slots

    required = required_parameters(template)
    yield from required
    for key in dict.fromkeys(slot.key for slot in slots(template)):
        if key not in required:
            yield f"{key} (has a default)"


def _document(template: "Template") -> dict[str, Any]:
    from invy.domain.template import required_parameters, slots

    return {
        "key": template.key,
        "name": template.name,
        "language": template.language,
        "required": list(required_parameters(template)),
        "parameters": [
            {
                "name": slot.key,
                "fills": slot.place,
                "limit": slot.limit,
                "default": template.default(slot.key),
            }
            for slot in slots(template)
        ],
    }
