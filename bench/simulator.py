"""How fast the simulator accepts messages and tells of them. Run: `python bench/simulator.py`.

Three runs, each against a fresh simulator process on one core (pinned where the system can): sends with webhooks
off; sends as fast as they go with three webhooks each; and 1000 sends a second with three webhooks each, to see how
far the last webhook is behind. The load comes from this process on another core, over raw sockets, so that the
client is not what is measured. The CPU share is the simulator's own, as the system counts it.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 32


@dataclass
class Simulator:
    process: asyncio.subprocess.Process
    facts: dict[str, str]

    @property
    def address(self) -> tuple[str, int]:
        url = urlsplit(self.facts["base_url"])
        return str(url.hostname), int(url.port or 80)

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def send(self, number: str) -> bytes:
        body = json.dumps(
            {
                "messaging_product": "whatsapp",
                "to": number,
                "type": "template",
                "biz_opaque_callback_data": f"bench:{number}",
                "template": {
                    "name": "hina_invitation",
                    "language": {"code": "he"},
                    "components": [
                        {
                            "type": "header",
                            "parameters": [{"type": "image", "image": {"link": "https://example.org/i.jpg"}}],
                        },
                        {"type": "body", "parameters": [{"type": "text", "text": "נועה"}]},
                        {
                            "type": "button",
                            "sub_type": "url",
                            "index": "0",
                            "parameters": [{"type": "text", "text": "token"}],
                        },
                    ],
                },
            }
        ).encode()
        head = (
            f"POST /v25.0/{self.facts['phone_number_id']}/messages HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {self.facts['access_token']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def start(*options: str) -> Simulator:
    command = [sys.executable, "-m", "invy.simulator", "--json", "--rate", "0", *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    line = await process.stdout.readline()
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process.pid, {cores[0]})
    return Simulator(process, json.loads(line))


async def stop(simulator: Simulator) -> None:
    simulator.process.terminate()
    await simulator.process.wait()


class Client(asyncio.Protocol):
    """One keep-alive connection that sends the next request when the answer is there."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.requests = requests
        self.done = done
        self.accepted = 0
        self.refused = 0
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.next()

    def next(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self.transport.write(request)  # type: ignore[attr-defined] # a stream transport writes

    def data_received(self, data: bytes) -> None:
        self.rest += data
        head, mark, body = self.rest.partition(b"\r\n\r\n")
        if not mark:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        if head.startswith(b"HTTP/1.1 200"):
            self.accepted += 1
        else:
            self.refused += 1
        self.rest = body[length:]
        self.next()


class Callback(asyncio.Protocol):
    """A callback that answers every webhook at once and counts."""

    received = 0
    last_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while True:
            head, mark, body = self.rest.partition(b"\r\n\r\n")
            if not mark:
                return
            if head.startswith(b"GET"):
                challenge = head.partition(b"hub.challenge=")[2].split(b"&")[0].split(b" ")[0]
                self.answer(challenge)
                self.rest = body
                continue
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(body) < length:
                return
            Callback.received += body[:length].count(b'"status":')
            Callback.last_at = time.perf_counter()
            self.answer(b"")
            self.rest = body[length:]

    def answer(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.transport.write(head + body)  # type: ignore[attr-defined] # a stream transport writes


async def drive(simulator: Simulator, numbers: Iterator[str]) -> tuple[int, int]:
    loop = asyncio.get_running_loop()
    requests = (simulator.send(number) for number in numbers)
    dones = [loop.create_future() for _ in range(CONNECTIONS)]
    clients = []
    for done in dones:
        _, client = await loop.create_connection(partial(Client, requests, done), *simulator.address)
        clients.append(client)
    await asyncio.gather(*dones)
    return sum(each.accepted for each in clients), sum(each.refused for each in clients)


def numbers(count: int) -> Iterator[str]:
    """Numbers under the unassigned country code 999, whose magic suffix makes each message sent, delivered, read."""
    return (f"+999{each:08d}0150" for each in range(count))


async def webhooks_off(count: int) -> dict[str, object]:
    simulator = await start()
    try:
        cpu, began = simulator.cpu_s(), time.perf_counter()
        accepted, refused = await drive(simulator, numbers(count))
        took, cpu = time.perf_counter() - began, simulator.cpu_s() - cpu
        return {
            "run": "webhooks off",
            "messages": accepted,
            "refused": refused,
            "messages_per_s": round(accepted / took),
            "cpu": f"{cpu / took:.0%}",
            "messages_per_cpu_s": round(accepted / cpu),
            "memory_mb": round(simulator.memory_mb()),
        }
    finally:
        await stop(simulator)


async def with_webhooks(count: int, *, per_s: int, batch: int = 1) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    Callback.received = 0
    server = await loop.create_server(Callback, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    simulator = await start(
        "--speed",
        "10",
        "--batch",
        str(batch),
        "--callback-url",
        f"http://127.0.0.1:{port}/",
        "--verify-token",
        "bench",
    )
    try:
        cpu, began = simulator.cpu_s(), time.perf_counter()
        if per_s:
            accepted, refused = 0, 0
            slices = 20
            for position in range(count * slices // per_s):
                await asyncio.sleep(max(0.0, began + position / slices - time.perf_counter()))
                size = per_s // slices
                some = (f"+999{each:08d}0150" for each in range(position * size, (position + 1) * size))
                good, bad = await drive(simulator, some)
                accepted, refused = accepted + good, refused + bad
        else:
            accepted, refused = await drive(simulator, numbers(count))
        sent_at = time.perf_counter()
        while Callback.received < 3 * accepted and time.perf_counter() - sent_at < 120:  # noqa: ASYNC110 - counts, no event
            await asyncio.sleep(0.05)
        took, cpu = Callback.last_at - began, simulator.cpu_s() - cpu
        return {
            "run": f"three webhooks each, {f'{per_s}/s asked' if per_s else 'as fast as it goes'}, batch {batch}",
            "messages": accepted,
            "refused": refused,
            "webhooks": Callback.received,
            "messages_per_s": round(accepted / (sent_at - began if per_s else took)),
            "sending_took_s": round(sent_at - began, 2),
            "last_webhook_s": round(took, 2),
            "cpu": f"{cpu / took:.0%}",
            "messages_per_cpu_s": round(accepted / cpu),
            "memory_mb": round(simulator.memory_mb()),
        }
    finally:
        await stop(simulator)
        server.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    count = parser.parse_args().messages
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) > 1:
        os.sched_setaffinity(0, set(cores[1:]))
    for run in (
        webhooks_off(count),
        with_webhooks(count // 2, per_s=0),
        with_webhooks(count // 2, per_s=1000),
        with_webhooks(count // 2, per_s=0, batch=100),
    ):
        print(json.dumps(await run))


if __name__ == "__main__":
    asyncio.run(main())
