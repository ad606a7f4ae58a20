"""The two processes of the demo, the simulator and the service: started on loopback, told of each other, stopped.

Nothing of the user's own account is passed on: the service gets the simulator's credentials only, and runs in a folder
that has no `.env`, so a demo can never reach Meta.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from invy.domain.errors import InvyError

START_S = 60.0
STOP_S = 15.0


class Credentials(msgspec.Struct, frozen=True):
    """What the simulator prints when it is ready."""

    base_url: str
    phone_number_id: str
    business_account_id: str
    app_id: str
    app_secret: str
    access_token: str
    verify_token: str
    display_phone_number: str


class Serving(msgspec.Struct, frozen=True):
    """What the service prints when it is ready."""

    url: str


def environment(credentials: Credentials, database_url: str, folder: Path, log_file: Path) -> dict[str, str]:
    """The settings of the demo's service: this machine's environment without any setting of the user's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WHATSAPP_", "INVY_"))}
    return kept | {
        "WHATSAPP_ACCESS_TOKEN": credentials.access_token,
        "WHATSAPP_PHONE_NUMBER_ID": credentials.phone_number_id,
        "WHATSAPP_BUSINESS_ACCOUNT_ID": credentials.business_account_id,
        "WHATSAPP_APP_ID": credentials.app_id,
        "WHATSAPP_APP_SECRET": credentials.app_secret,
        "WHATSAPP_VERIFY_TOKEN": credentials.verify_token,
        "WHATSAPP_API_BASE_URL": credentials.base_url,
        "INVY_DATABASE_URL": database_url,
        "INVY_TEMPLATES_FILE": str(folder / "templates.toml"),
        "INVY_LOG_FILE": str(log_file),
    }


@asynccontextmanager
async def started(
    name: str, arguments: Sequence[str], *, env: Mapping[str, str], folder: Path, talk: Path
) -> AsyncIterator[bytes]:
    """Run `python -m …` until the block ends; gives the first line it prints. Its talk goes to the file `talk`.

    Raises:
        InvyError: it ended, or said nothing, before it was ready.
    """
    with talk.open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            env=dict(env),
            cwd=folder,
            # Ctrl-C is for the demo, which then stops its processes in order.
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            try:
                async with asyncio.timeout(START_S):
                    line = await process.stdout.readline()
            except TimeoutError:
                line = b""
            if not line:
                raise InvyError(f"The {name} did not start.", hint=f"What it said is in {talk}.")
            yield line
        finally:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


class Witness:
    """The simulator, asked over HTTP what it was told and what it did."""

    def __init__(self, session: aiohttp.ClientSession, credentials: Credentials) -> None:
        self._session = session
        self._credentials = credentials

    async def call_back(self, url: str) -> None:
        """Have webhooks sent to this address; the simulator verifies it as Meta does."""
        it = self._credentials
        await self._ask(
            f"/v25.0/{it.app_id}/subscriptions",
            {
                "object": "whatsapp_business_account",
                "callback_url": url,
                "verify_token": it.verify_token,
                "fields": "messages",
            },
        )

    async def settle(self) -> None:
        """Let its virtual time pass until nothing more is due for any phone."""
        await self._ask("/_simulator/clock", {"settle": True})

    async def settled(self) -> bool:
        return bool((await self._ask("/_simulator/state"))["settled"])

    async def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._ask("/_simulator/messages"))["messages"]
        return found

    async def _ask(self, path: str, body: object | None = None) -> dict[str, Any]:
        it = self._credentials
        headers = {"Authorization": f"Bearer {it.app_id}|{it.app_secret}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        method = "GET" if body is None else "POST"
        async with self._session.request(method, it.base_url + path, data=data, headers=headers) as response:
            answer: dict[str, Any] = json.loads(await response.read())
            if response.status != 200:  # noqa: PLR2004 - HTTP OK
                raise InvyError(f"The simulator answered {response.status} to {path}: {answer}")
            return answer
