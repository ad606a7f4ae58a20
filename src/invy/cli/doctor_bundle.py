"""`invy doctor --evidence`: one message's case as a zip file for Meta's support. Never overwrites."""

import sys
import zipfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from invy.app.checkup import configured
from invy.app.house import House
from invy.cli import output
from invy.cli.context import run
from invy.cli.right_to_left import isolated
from invy.domain.errors import InvalidInput, NotFound
from invy.engine.doctor.bundle import Case, files
from invy.meta.catalogue import Lang, Text
from invy.store.pulse import Pulse

_FOR_WHOM: Final = Text(
    en="For Meta's support only: a wamid holds the recipient's number in an encoded form.",
    he="רק עבור התמיכה של מטא: ה־wamid מכיל את מספר הנמען/ת בצורה מקודדת.",
)


def write(name: str, file: Path | None, *, lang: Lang, as_json: bool) -> None:
    """Write the bundle of a message, found by wamid or by our id, and say where.

    Raises:
        NotFound: there is no such message.
        InvalidInput: the file exists already, or cannot be written.
    """
    case = run(lambda house: _case(house, name))
    target = file or Path(f"invy-evidence-{case.message.id}.zip")
    try:
        with target.open("xb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, content in files(case).items():
                archive.writestr(zipfile.ZipInfo(inside, _stamp(case.now)), content, zipfile.ZIP_DEFLATED)
    except FileExistsError as error:
        raise InvalidInput(
            f"There is a file {target} already.", hint="Name another with --output."
        ) from error
    except OSError as error:
        raise InvalidInput(
            f"{target} cannot be written: {error.strerror}.", hint="Name another place with --output."
        ) from error
    if as_json:
        output.json_document({"file": str(target), "files": list(files(case))})
    else:
        output.show(str(target))
        output.say(isolated(_FOR_WHOM.say(lang), terminal=sys.stderr.isatty()))


async def _case(house: House, name: str) -> Case:
    message = await house.overview.find(name)
    if message is None:
        raise NotFound(
            "There is no message of that wamid or id here.", hint="List what there is with: invy messages"
        )
    return Case(
        message=message,
        evidence=await house.overview.timeline(message.id),
        payload=await house.overview.payload(message.id),
        entries=await Pulse(house.database).bodies(message.id),
        configured=configured(house.settings),
        program=version("invy"),
        now=house.clock(),
    )


def _stamp(at: datetime) -> tuple[int, int, int, int, int, int]:
    return (at.year, at.month, at.day, at.hour, at.minute, at.second)
