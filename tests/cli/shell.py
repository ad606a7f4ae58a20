"""The command line in a folder of its own: in this process for most tests, as the installed program where it matters."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from invy.cli.program import app
from invy.meta import registry
from tests.flows.world import World

INVY = str(Path(sys.executable).with_name("invy"))
IMAGE = "https://example.com/invitation.jpg"


@dataclass
class Shell:
    """A folder, the settings in the environment, and ways to run `invy` there."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *args: str, data: bytes | None = None, env: Mapping[str, str] | None = None) -> Result:
        """In this process."""
        wiped = {name: None for name in os.environ if name.startswith(("INVY_", "WHATSAPP_"))}
        chosen = (
            wiped | {"COLUMNS": "200", "TERMINAL_WIDTH": "200", "NO_COLOR": "1"} | self.env | dict(env or {})
        )
        return CliRunner().invoke(app, list(args), input=data, env=chosen, prog_name="invy")

    def json(self, *args: str, code: int = 0) -> Any:
        """One JSON document on stdout, whatever was said on stderr."""
        result = self.run(*args)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of a process in this folder."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("INVY_", "WHATSAPP_"))
        }
        return kept | {"COLUMNS": "200"} | self.env | more

    def spawn(self, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
        """As the installed program."""
        return subprocess.run(
            [INVY, *args],
            cwd=self.folder,
            env=self.environ(**more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ready(self) -> "Shell":
        """With a database that is up to date and the sample template file."""
        assert self.run("db", "upgrade").exit_code == 0
        (self.folder / "templates.toml").write_text(registry.sample(), encoding="utf-8")
        return self

    def talking_to(self, world: World) -> "Shell":
        """With the credentials of a running simulator."""
        url = self.env["INVY_DATABASE_URL"]
        self.env |= world.environment(url, self.folder / "templates.toml") | {"INVY_SEND_RATE": "1000"}
        return self

    def guests(self, text: str, event: str = "wedding") -> Result:
        """Import a list that is written in the test."""
        (self.folder / "guests.csv").write_text(text, encoding="utf-8")
        return self.run("guests", "import", "guests.csv", "--event", event)

    @contextmanager
    def serving(self, world: World, *options: str) -> Iterator[None]:
        """A service beside us, to which the simulator sends its webhooks."""
        log = (self.folder / "serve.log").open("wb")
        process = subprocess.Popen(
            [INVY, "serve", "--port", "0", "--json", *options],
            cwd=self.folder,
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (self.folder / "serve.log").read_text()
            world.call_back(json.loads(line)["webhook"])
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)
            if process.stdout is not None:
                process.stdout.close()
            log.close()
