"""`invy doctor`: everything between us and a guest's phone, looked at and explained. The options and the order of work."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from invy.cli.context import log_quietly, settings
from invy.cli.exit_code import ExitCode
from invy.domain.errors import ConfigurationError, InvalidInput
from invy.meta.catalogue_row import Lang

if TYPE_CHECKING:
    from invy.app.settings import Settings

EVERY_S: Final = 60.0
TRIAL_S: Final = 60.0


def doctor(
    *,
    send_test: Annotated[
        str | None,
        typer.Option(
            "--send-test", metavar="PHONE", help="Send a real message there and follow it to its end."
        ),
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", metavar="KEY", help="With --send-test: which template.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="With --send-test: fills the template."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=1, help="With --send-test: how long to follow it."),
    ] = TRIAL_S,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image", metavar="URL", help="A header image to look at besides those that are known."
        ),
    ] = None,
    no_self_test: Annotated[
        bool, typer.Option("--no-self-test", help="Post nothing through the public URL, only look.")
    ] = False,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence",
            metavar="WAMID",
            help="Write what is known of one message to a file for Meta's support, and do nothing else.",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="With --evidence: the file; a name is made otherwise."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep looking, and report what changes.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=5, help="With --watch: how often to look.")
    ] = EVERY_S,
    strict: Annotated[
        bool, typer.Option("--strict", help="A warning counts as a finding, too (exit 6).")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="Show the tables of what is fine, too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document; with --watch one line per change.")
    ] = False,
    lang: Annotated[Lang, typer.Option("--lang", help="The language of the findings.")] = Lang.EN,
) -> None:
    """Look at settings, database, Meta, templates and webhook; say of each how it is, what it means, what to do.

    Changes nothing unless asked. Ends with 0 when nothing stands in the way, with 6 when something does.
    """
    if evidence is not None:
        from invy.cli.doctor_bundle import write

        write(evidence, file, lang=lang, as_json=as_json)
        return
    if file is not None:
        raise InvalidInput("--output belongs to --evidence.", hint="Add --evidence WAMID, or leave it out.")
    from invy.cli.doctor_visit import Visit

    if send_test is None and (template is not None or param):
        raise InvalidInput(
            "--template and --param belong to a test message.",
            hint="Add --send-test PHONE, or leave them out.",
        )
    if send_test is not None and watch:
        raise InvalidInput("A test message is sent once.", hint="Leave out --watch, or --send-test.")
    found: Settings | ConfigurationError
    try:
        found = settings()
        log_quietly(found)
    except ConfigurationError as error:
        if send_test is not None:
            raise
        found = error
    visit = Visit(found, lang=lang, as_json=as_json, details=details, strict=strict)
    visit.images, visit.self_test = tuple(image or ()), not no_self_test
    if watch:
        asyncio.run(visit.watch(every))
    elif send_test is not None:
        code = asyncio.run(visit.trial(send_test, template, param, timeout))
    else:
        code = asyncio.run(visit.once())
    if not watch and code is not ExitCode.OK:
        raise typer.Exit(code)
