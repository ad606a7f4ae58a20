"""`invy serve` and `invy worker` as processes: what they say, what they answer over a socket, how they end."""

import asyncio
import gc
import io
import json
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from invy.cli.serving import run, settle_in
from invy.store import schema
from invy.store.database import Database
from tests.web.stand import ACCESS_TOKEN, SECRET, TEMPLATES, VERIFY_TOKEN, WEBHOOK, signed, status_update

INVY = (sys.executable, "-c", "from invy.cli import main; main()")
BODY = status_update("wamid.A")


def environment(database_url: str, folder: Path, **more: str) -> dict[str, str]:
    (folder / "templates.toml").write_text(TEMPLATES, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INVY_", "WHATSAPP_"))}
    ours = {
        "WHATSAPP_ACCESS_TOKEN": ACCESS_TOKEN,
        "WHATSAPP_PHONE_NUMBER_ID": "106540000000001",
        "WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN,
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_API_BASE_URL": "http://127.0.0.1:9",
        "INVY_DATABASE_URL": database_url,
        "INVY_PORT": "0",
    } | more
    return kept | {name: value for name, value in ours.items() if value}


@dataclass
class Served:
    process: Process
    url: str
    told: dict[str, object]


LIMIT = 16_777_216
"""INVY_WEBHOOK_MAX_BYTES unless told otherwise."""


async def begin(folder: Path, env: Mapping[str, str], *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *INVY, *arguments, cwd=folder, env=dict(env), stdout=PIPE, stderr=PIPE
    )


async def outcome(folder: Path, env: Mapping[str, str], *arguments: str) -> tuple[int | None, str, str]:
    """The exit code and what was said, of a command that ends by itself."""
    process = await begin(folder, env, *arguments)
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def serving(folder: Path, env: Mapping[str, str], *arguments: str) -> AsyncIterator[Served]:
    process = await begin(folder, env, "serve", "--upgrade", "--json", *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            line = await process.stdout.readline()
        if not line:
            raise AssertionError((await process.stderr.read()).decode())
        told = json.loads(line)
        yield Served(process, told["url"], told)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def stopped(served: Served, sent: signal.Signals = signal.SIGTERM, within_s: float = 10) -> int | None:
    served.process.send_signal(sent)
    async with asyncio.timeout(within_s):
        await served.process.communicate()
    return served.process.returncode


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_is_and_ends_at_once_when_told(
    database_url: str, tmp_path: Path, sent: signal.Signals
) -> None:
    async with (
        serving(tmp_path, environment(database_url, tmp_path)) as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        async with client.get("/readyz") as ready:
            assert ready.status == 200
            assert "server" not in {name.lower() for name in ready.headers}
        async with client.post(WEBHOOK, data=BODY, headers=signed(BODY)) as stored:
            assert stored.status == 200
        assert served.told["pid"] == served.process.pid
        assert served.told["port"] != 0
        assert served.told["webhook"] == served.url + WEBHOOK

        assert await stopped(served, sent) == 0


async def test_what_is_under_way_when_it_is_told_to_stop_is_finished_and_kept(
    sqlite_url: str, tmp_path: Path
) -> None:
    file = sqlite_url.removeprefix("sqlite:///")
    async with (
        serving(tmp_path, environment(sqlite_url, tmp_path)) as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        locking = sqlite3.connect(file, isolation_level=None)
        locking.execute("BEGIN IMMEDIATE")
        under_way = asyncio.create_task(client.post(WEBHOOK, data=BODY, headers=signed(BODY)))
        await asyncio.sleep(
            0.3
        )  # for the request to get there; were it late, it would be refused and the test fail
        served.process.terminate()
        await asyncio.sleep(0.3)
        locking.execute("ROLLBACK")

        async with asyncio.timeout(10):
            assert (await under_way).status == 200
            await served.process.communicate()

    assert served.process.returncode == 0
    assert locking.execute("SELECT body FROM journal").fetchall() == [(BODY,)]
    locking.close()


async def test_a_slow_client_does_not_keep_it_from_stopping(sqlite_url: str, tmp_path: Path) -> None:
    async with serving(tmp_path, environment(sqlite_url, tmp_path)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(str(served.told["port"])))
        writer.write(b"POST /whatsapp/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
        await writer.drain()
        async with aiohttp.ClientSession(served.url) as client, client.get("/healthz") as alive:
            assert alive.status == 200  # so the half request, sent before, is being read by now

        assert await stopped(served, within_s=5) == 0
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_a_body_over_the_limit_is_answered_413_over_a_real_connection_which_stays_usable(
    sqlite_url: str, tmp_path: Path
) -> None:
    body = b" " * (LIMIT + 1)
    large = io.BytesIO(body)  # aiohttp warns of large bodies in plain bytes

    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 65_536 + 1):
            yield b" " * 65_536

    async with (
        serving(tmp_path, environment(sqlite_url, tmp_path)) as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        async with client.post(WEBHOOK, data=large, headers=signed(body)) as announced:
            assert announced.status == 413
        async with client.post(WEBHOOK, data=in_pieces()) as chunked:
            assert chunked.status == 413
        async with client.post(WEBHOOK, data=BODY, headers=signed(BODY)) as stored:
            assert stored.status == 200


async def test_a_database_that_is_behind_is_refused_with_the_command_that_mends_it(
    database_url: str, tmp_path: Path
) -> None:
    env = environment(database_url, tmp_path)

    refused = await outcome(tmp_path, env, "serve")
    behind = await outcome(tmp_path, env, "db", "current", "--json")
    upgraded = await outcome(tmp_path, env, "db", "upgrade")
    again = await outcome(tmp_path, env, "db", "upgrade")
    current = await outcome(tmp_path, env, "db", "current", "--json")

    assert refused[0] == 3
    assert "invy db upgrade" in refused[2]
    assert (behind[0], json.loads(behind[1])["up_to_date"]) == (3, False)
    assert (upgraded[0], again[0]) == (0, 0)
    assert (current[0], json.loads(current[1])) == (
        0,
        {"current": schema.head(), "head": schema.head(), "up_to_date": True},
    )


@pytest.mark.parametrize(
    ("more", "arguments", "words"),
    [
        ({"WHATSAPP_APP_SECRET": ""}, (), "WHATSAPP_APP_SECRET"),
        ({"WHATSAPP_VERIFY_TOKEN": ""}, (), "WHATSAPP_VERIFY_TOKEN"),
        ({"WHATSAPP_APP_SECRET": ""}, ("--insecure-local", "--host", "0.0.0.0"), "loopback"),
        ({"WHATSAPP_ACCESS_TOKEN": ""}, (), "WHATSAPP_ACCESS_TOKEN"),
        ({}, ("--host", "203.0.113.1"), "Cannot listen"),
    ],
)
async def test_it_refuses_to_start_without_what_it_needs(
    sqlite_url: str, tmp_path: Path, more: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = await outcome(tmp_path, environment(sqlite_url, tmp_path, **more), "serve", *arguments)

    assert (code, out) == (3, "")
    assert words in err


async def test_insecure_local_takes_unsigned_updates_on_loopback_and_says_so_loudly(
    sqlite_url: str, tmp_path: Path
) -> None:
    env = environment(sqlite_url, tmp_path, WHATSAPP_APP_SECRET="")
    async with (
        serving(tmp_path, env, "--insecure-local", "--no-send") as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        async with client.post(WEBHOOK, data=BODY) as stored:
            assert stored.status == 200
        served.process.terminate()
        _, err = await served.process.communicate()

    assert b"WARNING invy.webhook: webhook.unsigned_accepted" in err
    assert b"anyone on this machine can forge receipts" in err


async def test_a_second_service_or_worker_on_one_sqlite_file_is_told_to_come_back_later(
    sqlite_url: str, tmp_path: Path
) -> None:
    env = environment(sqlite_url, tmp_path)
    async with serving(tmp_path, env) as served:
        service = await outcome(tmp_path, env, "serve")
        worker = await outcome(tmp_path, env, "worker")
        assert await stopped(served) == 0

    assert (service[0], worker[0]) == (75, 75)
    assert str(served.process.pid) in service[2]


async def test_a_worker_works_beside_a_service_on_postgresql_until_told_to_stop(
    postgresql_url: str, tmp_path: Path
) -> None:
    env = environment(postgresql_url, tmp_path)
    async with serving(tmp_path, env) as served:
        worker = await begin(tmp_path, env, "worker")
        assert worker.stderr is not None
        async with asyncio.timeout(30):
            while b"at work" not in await worker.stderr.readline():
                assert worker.returncode is None
        worker.terminate()
        async with asyncio.timeout(10):
            await worker.communicate()
        assert worker.returncode == 0
        assert await stopped(served) == 0


async def test_a_token_is_printed_once_opens_the_api_and_is_revoked_by_its_name(
    sqlite_url: str, tmp_path: Path
) -> None:
    env = environment(sqlite_url, tmp_path)
    async with (
        serving(tmp_path, env) as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        code, token, _ = await outcome(tmp_path, env, "token", "create", "crm")
        assert code == 0
        headers = {"Authorization": f"Bearer {token.strip()}"}
        async with client.get("/api/v1/messages", headers=headers) as allowed:
            assert allowed.status == 200

        taken = await outcome(tmp_path, env, "token", "create", "crm")
        listed = await outcome(tmp_path, env, "token", "list", "--json")
        revoked = await outcome(tmp_path, env, "token", "revoke", "crm")
        unknown = await outcome(tmp_path, env, "token", "revoke", "nobody")
        async with client.get("/api/v1/messages", headers=headers) as refused:
            assert refused.status == 401

    assert [taken[0], listed[0], revoked[0], unknown[0]] == [2, 0, 0, 4]
    (row,) = json.loads(listed[1])["tokens"]
    assert row["name"] == "crm"
    assert row["last_used_at"] is not None
    assert token.strip() not in listed[1]


async def test_the_curl_line_of_the_brief_works(sqlite_url: str, tmp_path: Path) -> None:
    query = f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=test123"
    async with (
        serving(tmp_path, environment(sqlite_url, tmp_path)) as served,
        aiohttp.ClientSession(served.url) as client,
        client.get(f"{WEBHOOK}?{query}") as answered,
    ):
        assert (answered.status, await answered.text()) == (200, "test123")


async def test_the_log_has_the_line_of_the_brief_for_every_status_update(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with (
        serving(tmp_path, environment(sqlite_url, tmp_path)) as served,
        aiohttp.ClientSession(served.url) as client,
    ):
        async with client.post(WEBHOOK, data=BODY, headers=signed(BODY)) as stored:
            assert stored.status == 200
        assert served.process.stderr is not None
        async with asyncio.timeout(10):
            while b"[WhatsApp Webhook]" not in (line := await served.process.stderr.readline()):
                assert line

    assert b"wamid=wamid.A" in line
    assert b"status=delivered" in line


async def test_an_unknown_name_for_a_token_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    await database.close()

    code, _, _ = await outcome(tmp_path, environment(sqlite_url, tmp_path), "token", "create", "two\nlines")

    assert code == 2


def test_a_server_runs_on_uvloop_where_there_is_one() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def look() -> None:
        loops.append(asyncio.get_running_loop())

    run(look())

    assert type(loops[0]).__module__.startswith("uvloop")


def test_what_a_server_has_loaded_is_out_of_the_garbage_collectors_rounds() -> None:
    before = gc.get_threshold()
    try:
        settle_in()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() > before
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
