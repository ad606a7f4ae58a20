"""`/whatsapp/webhook`: Meta's handshake and Meta's updates, as a plain ASGI callable.

The order is the promise: cap the size, check the signature on the raw bytes, make them durable, only then answer 200.
Nothing is parsed here, so nothing in a body can break it. Answers: 200, 401, 403, 405, 408, 413, 503; never 500.
"""

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import structlog
from starlette.types import Receive, Scope, Send

from invy.app.house import House
from invy.app.settings import Settings
from invy.domain.errors import StoreUnavailable
from invy.meta.signature import Verdict, verify
from invy.web.answer import Answer, text
from invy.web.intake import BodyRefused, Intake, SenderGone
from invy.web.refusals import Refusals

CHALLENGE_BYTES: Final = 1024
"""Meta's challenge is a number of ten digits; nobody needs more echoed."""

_QUERY_FIELDS: Final = 16
_SIGNATURE: Final = b"x-hub-signature-256"
_RETRY_S: Final = b"5"

# For Meta, which reads the number only. Without a body it is one write to the socket and one packet instead of two,
# which is a seventh of all that a webhook costs.
_STORED: Final = Answer(200, ((b"content-length", b"0"),), b"")
_NOT_STORED: Final = text(503, "not stored; send it again\n", (b"retry-after", _RETRY_S))
_NOT_SUBSCRIBED: Final = text(403, "This is not the handshake that was agreed on.\n")
_METHODS: Final = text(405, "GET verifies, POST delivers.\n", (b"allow", b"GET, POST"))
_REFUSED: Final = {
    Verdict.MISSING: ("unsigned", text(401, "The header X-Hub-Signature-256 is missing.\n")),
    Verdict.MALFORMED: ("bad_signature", text(403, "The header X-Hub-Signature-256 is not a signature.\n")),
    Verdict.WRONG: ("bad_signature", text(403, "The signature does not fit the body.\n")),
}

_log = structlog.stdlib.get_logger("invy.webhook")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a caller must know. Without `secrets` every signature is refused, unless `unsigned` says otherwise."""

    verify_token: bytes | None
    secrets: tuple[bytes, ...]
    unsigned: bool = False

    def __repr__(self) -> str:
        return f"Keys(secrets={len(self.secrets)}, unsigned={self.unsigned})"


def keys(settings: Settings, *, insecure_local: bool) -> Keys:
    """Signatures are waived only where that was asked for and there is no secret to check them with."""
    token = settings.verify_token
    return Keys(
        verify_token=token.get_secret_value().encode() if token else None,
        secrets=tuple(secret.get_secret_value().encode() for secret in settings.app_secrets),
        unsigned=insecure_local and not settings.app_secrets,
    )


class Webhook:
    """Answers Meta. `store` returns when a body is durable, or raises StoreUnavailable."""

    def __init__(
        self,
        house: House,
        store: Callable[[bytes], Awaitable[None]],
        known: Keys,
    ) -> None:
        self._store = store
        self._keys = known
        self._refusals = Refusals(house.journal, house.observer, house.clock, time.monotonic)
        self._count = house.observer.webhook_received
        self._intake = Intake(house.settings.webhook_max_bytes)
        if known.unsigned:
            _log.warning(
                "webhook.unsigned_accepted",
                note="without WHATSAPP_APP_SECRET anyone on this machine can forge receipts",
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            answer = await self._deliver(scope, receive)
        elif scope["method"] == "GET":
            answer = self._verify(scope["query_string"])
        else:
            answer = _METHODS
        if answer is not None:
            await answer.send(send)

    def hurry(self) -> None:
        """The process is about to stop: whoever is still sending a body has a second to end."""
        self._intake.hurry(1.0)

    async def settle(self) -> None:
        """Finish what was left to do behind an answer."""
        await self._refusals.settle()

    def _verify(self, query: bytes) -> Answer:
        """The handshake. Bytes stay bytes (as latin-1), so that the challenge goes back exactly as it came."""
        try:
            fields = parse_qsl(
                query.decode("latin-1"),
                keep_blank_values=True,
                encoding="latin-1",
                max_num_fields=_QUERY_FIELDS,
            )
        except ValueError:
            fields = []
        mode, token, challenge = (
            _only(name, fields) for name in ("hub.mode", "hub.verify_token", "hub.challenge")
        )
        expected = self._keys.verify_token
        known = hmac.compare_digest(token or b"", expected or b"") and bool(expected)
        if not known or mode != b"subscribe" or not challenge or len(challenge) > CHALLENGE_BYTES:
            self._refusals.note("handshake")
            return _NOT_SUBSCRIBED
        _log.info("webhook.verified")
        return text(200, challenge)

    async def _deliver(self, scope: Scope, receive: Receive) -> Answer | None:
        try:
            body = await self._intake.read(scope, receive)
        except SenderGone:
            self._count("cut_off")
            return None
        except BodyRefused as refused:
            self._count(refused.word)
            self._refusals.note(refused.word)
            more = ((b"retry-after", _RETRY_S),) if refused.status == 503 else ()  # noqa: PLR2004 - HTTP's own number
            return text(refused.status, refused.sentence + "\n", *more)
        if not self._keys.unsigned:
            verdict = verify(body, _signature(scope), self._keys.secrets)
            if verdict is not Verdict.OK:
                result, answer = _REFUSED[verdict]
                self._count(result)
                self._refusals.note(verdict.name.lower(), body)
                return answer
        return await self._keep(body)

    async def _keep(self, body: bytes) -> Answer:
        try:
            await self._store(body)
        except StoreUnavailable as error:
            self._count("not_stored")
            self._refusals.note("not_stored")
            _log.debug("webhook.not_stored", error=error.message)
            return _NOT_STORED
        except Exception:  # noqa: BLE001 - a defect of ours must not lose an update: Meta sends it again
            self._count("not_stored")
            _log.exception("webhook.not_stored")
            return _NOT_STORED
        self._count("accepted")
        return _STORED


def _only(name: str, fields: list[tuple[str, str]]) -> bytes | None:
    """The value of a field that is there exactly once."""
    found = [value for field, value in fields if field == name]
    return found[0].encode("latin-1") if len(found) == 1 else None


def _signature(scope: Scope) -> str | None:
    """The signature header; two of them are one that cannot be right."""
    found: bytes | None = None
    for name, value in scope["headers"]:
        if name == _SIGNATURE:
            found = value if found is None else found + b", " + value
    return None if found is None else found.decode("latin-1")
