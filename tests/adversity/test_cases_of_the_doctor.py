"""Cases seen to fail in well-known systems that `invy doctor` must name: run as a command, against a living service."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from invy.store import schema
from invy.store.database import Database
from tests.adversity.crash_site import Site, site
from tests.flows.world import World, simulator


@pytest.fixture
def own_world() -> Iterator[World]:
    """A simulated Meta to spoil."""
    with simulator("--seed", "16", "--speed", "60") as started:
        yield started


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path, own_world: World) -> AsyncIterator[Site]:
    database = Database.open(sqlite_url)
    await schema.upgrade(database)
    await database.close()
    with site(own_world, sqlite_url, tmp_path, rate=10) as made:
        made.start("service")
        made.subscribe()
        yield made


def doctor(place: Site, public_url: str = "") -> dict[str, dict[str, Any]]:
    """Its findings that are not fine, by key."""
    url = public_url or f"http://127.0.0.1:{place.port}"
    done = subprocess.run(
        [sys.executable, "-m", "invy.cli", "doctor", "--json"],
        env={**place.environ, "INVY_PUBLIC_URL": url},
        cwd=place.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 6}, done.stderr
    found = json.loads(done.stdout)["findings"]
    return {each["key"]: each for each in found if each["mark"] == "failed"}


def test_t16_an_account_that_is_not_subscribed_to_our_app_is_named(place: Site) -> None:
    assert "subscription.none" not in doctor(place)
    place.world.ask("/_simulator/incidents", {"do": "unsubscribe-app"})

    found = doctor(place)["subscription.none"]

    assert place.world.business_account_id in found["todo"]["en"]


def test_t16_an_override_that_diverts_our_webhooks_is_named_with_where_they_go(place: Site) -> None:
    elsewhere = "https://another-provider.example/hook"
    place.world.ask("/_simulator/incidents", {"do": "override-callback", "url": elsewhere})

    found = doctor(place)["subscription.account_override"]

    assert elsewhere in found["seen"]["en"]


def test_t11_a_template_that_was_edited_at_meta_is_named_with_the_difference(place: Site) -> None:
    place.world.ask("/_simulator/incidents", {"do": "edit-template", "template": "hina_invitation"})

    found = doctor(place)["templates.differs"]

    assert "hina_invitation" in json.dumps(found)
    assert "2 at Meta" in json.dumps(found)


def test_t10_a_proxy_that_writes_bodies_anew_is_named_as_the_reason_for_refused_signatures(
    place: Site,
) -> None:
    with rewriting_proxy(place.port) as url:
        found = doctor(place, url)

    assert "webhook.rewritten" in found


@contextmanager
def rewriting_proxy(port: int) -> Iterator[str]:
    """Hands everything on, and writes JSON anew on the way: the same content in other bytes."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._hand_on(None)

        def do_POST(self) -> None:
            given = self.rfile.read(int(self.headers["Content-Length"]))
            self._hand_on(json.dumps(json.loads(given), indent=1).encode())

        def _hand_on(self, body: bytes | None) -> None:
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            kept = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            said = answer.read()
            connection.close()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
