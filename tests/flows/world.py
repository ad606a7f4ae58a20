"""The simulator as a process of its own, and how tests ask it what really happened."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from invy.app.settings import Settings, load


@dataclass(frozen=True)
class World:
    """A running simulator: its credentials, and the witness's record."""

    base_url: str
    phone_number_id: str
    business_account_id: str
    app_id: str
    app_secret: str
    access_token: str
    verify_token: str

    def ask(self, path: str, body: object | None = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(
            self.base_url + path,
            data=data,
            method=method or ("POST" if data is not None else "GET"),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.app_id}|{self.app_secret}",
            },
        )
        with urlopen(request, timeout=10) as response:
            return json.loads(response.read())

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/_simulator/messages")["messages"]
        return found

    def settle(self) -> None:
        """Let virtual time pass until nothing more is due."""
        self.ask("/_simulator/clock", {"settle": True})

    def call_back(self, url: str) -> None:
        self.ask(
            f"/v25.0/{self.app_id}/subscriptions",
            {
                "object": "whatsapp_business_account",
                "callback_url": url,
                "verify_token": self.verify_token,
                "fields": "messages",
            },
        )

    def environment(self, database_url: str, templates: Path) -> dict[str, str]:
        return {
            "WHATSAPP_ACCESS_TOKEN": self.access_token,
            "WHATSAPP_PHONE_NUMBER_ID": self.phone_number_id,
            "WHATSAPP_BUSINESS_ACCOUNT_ID": self.business_account_id,
            "WHATSAPP_APP_ID": self.app_id,
            "WHATSAPP_APP_SECRET": self.app_secret,
            "WHATSAPP_VERIFY_TOKEN": self.verify_token,
            "WHATSAPP_API_BASE_URL": self.base_url,
            "INVY_DATABASE_URL": database_url,
            "INVY_TEMPLATES_FILE": str(templates),
        }

    def settings(self, database_url: str, templates: Path, **more: str) -> Settings:
        return load(self.environment(database_url, templates) | more, None)


@contextmanager
def simulator(*arguments: str) -> Iterator[World]:
    """Start the simulator on a free port; stop it when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invy.simulator", "--json", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield World(**{name: told[name] for name in World.__dataclass_fields__})
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()
