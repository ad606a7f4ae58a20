"""Our own webhook, tried from outside as Meta uses it: the handshake, then a signed body that must reach the journal.

The body is marked, has no entries and changes nothing. When it is refused, the sample that the service keeps of refused
bodies tells a wrong secret (our bytes, unchanged) from a proxy that rewrites (our nonce in other bytes).
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from invy.domain import self_test
from invy.domain.pulse import Refused
from invy.engine.doctor.asking import shortened, without_query
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Configured, Subject
from invy.meta.graph_reply import GraphReply, Trouble
from invy.meta.signature import sign

LOOK_EVERY_S: Final = 0.25
LOOKS: Final = 10
"""A refused body is sampled behind the answer's back, so it may take a moment."""

_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_REFUSALS: Final = frozenset({401, 403})
_TROUBLE_KEYS: Final = {
    Trouble.UNREACHABLE: "webhook.unreachable",
    Trouble.TIMEOUT: "webhook.no_answer",
    Trouble.CERTIFICATE: "webhook.certificate",
    Trouble.BROKEN: "webhook.broken",
}
_LOCAL_NAMES: Final = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_STATUS_KEYS: Final = {404: "webhook.not_found", 405: "webhook.not_found"}


async def challenge(subject: Subject) -> Sequence[Finding]:
    """Meta's handshake through the public address; with a wrong token it must be refused."""
    known, outside = subject.settings, subject.outside
    assert outside is not None
    assert known.webhook_url is not None
    assert known.verify_token is not None
    if not _can_be_public(known):
        return [found(Section.WEBHOOK, "webhook.local", about="handshake", url=known.webhook_url)]
    word = subject.nonce()
    reply = await outside.challenge(known.webhook_url, known.verify_token, word)
    if reply.status != _OK:
        key = "webhook.wrong_token" if _is_ours(reply) else _key(reply)
        return [_found(key, subject, reply, about="handshake")]
    if reply.body != word.encode():
        return [_found("webhook.wrong_echo", subject, reply, about="handshake")]
    wrong = await outside.challenge(known.webhook_url, subject.nonce(), word)
    if wrong.status == _OK and wrong.body == word.encode():
        return [_found("webhook.any_token", subject, wrong, about="handshake")]
    return [_found("webhook.handshake", subject, reply, about="handshake")]


async def posted(subject: Subject) -> Sequence[Finding]:
    """A signed body through the public address, looked for in the journal; then one without a signature."""
    if not subject.self_test:
        return [found(Section.WEBHOOK, "webhook.left_out", about="self-test")]
    known, outside = subject.settings, subject.outside
    assert outside is not None
    assert known.webhook_url is not None
    assert subject.pulse is not None
    body = self_test.body(subject.nonce())
    began = subject.clock()
    before = await subject.pulse.newest_entry()
    reply = await outside.post(known.webhook_url, body, sign(body, known.app_secrets[0]))
    if reply.status == _OK:
        key = "webhook.stored" if await subject.pulse.heard(body, after=before) else "webhook.not_journalled"
        return [_found(key, subject, reply, about="self-test"), *await _unsigned(subject, before)]
    if reply.status in _REFUSALS:
        return [_found(await _why_refused(subject, body, began), subject, reply, about="self-test")]
    key = "webhook.not_stored" if _is_ours(reply) else _key(reply)
    return [_found(key, subject, reply, about="self-test")]


async def _unsigned(subject: Subject, before: int) -> list[Finding]:
    """A body that nobody signed must be turned away. One that somebody else answered for never reached us."""
    assert subject.outside is not None
    assert subject.pulse is not None
    assert subject.settings.webhook_url is not None
    body = self_test.body(subject.nonce())
    reply = await subject.outside.post(subject.settings.webhook_url, body, None)
    if reply.status != _OK:
        return [_found("webhook.unsigned_refused", subject, reply, about="unsigned")]
    if await subject.pulse.heard(body, after=before):
        return [_found("webhook.unsigned_accepted", subject, reply, about="unsigned")]
    return []


async def _why_refused(subject: Subject, body: bytes, began: datetime) -> str:
    assert subject.pulse is not None
    for _ in range(LOOKS):
        # The service's clock is ours, but for rounding: both write to one database.
        for sample in await subject.pulse.refused(since=began - timedelta(seconds=1)):
            if self_test.nonce_of(sample.sample) == self_test.nonce_of(body):
                return _difference(sample, body)
        await subject.pause(LOOK_EVERY_S)
    return "webhook.refused_unseen"


def _difference(sample: Refused, body: bytes) -> str:
    if sample.reason == "missing":
        return "webhook.stripped"
    return "webhook.secret_differs" if sample.sample == body else "webhook.rewritten"


def _can_be_public(known: Configured) -> bool:
    """Whether Meta could reach the address. Where Meta itself is on this machine, a simulator, it can."""
    public, meta = (urlsplit(each).hostname or "" for each in (known.public_url or "", known.api_base_url))
    return _is_local(meta) or not _is_local(public)


def _is_local(host: str) -> bool:
    """Judged by the name alone; no name is looked up."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(_LOCAL_NAMES)


def _is_ours(reply: GraphReply) -> bool:
    """Whether the refusal is in the words of Invy's own webhook, so that it was reached."""
    return reply.body in _OUR_WORDS


_OUR_WORDS: Final = frozenset(
    {b"This is not the handshake that was agreed on.\n", b"not stored; send it again\n"}
)


def _key(reply: GraphReply) -> str:
    if reply.status is None:
        return _TROUBLE_KEYS[reply.trouble or Trouble.BROKEN]
    if reply.status in _REDIRECTS:
        return "webhook.redirects"
    return _STATUS_KEYS.get(reply.status, "webhook.status")


def _found(key: str, subject: Subject, reply: GraphReply, *, about: str) -> Finding:
    return found(
        Section.WEBHOOK,
        key,
        about=about,
        url=subject.settings.webhook_url or "",
        status=reply.status or 0,
        note=reply.note or "-",
        there=shortened(without_query(reply.headers.get("location", "-"))),
        answer=shortened(reply.body[:120].decode("utf-8", "replace")) or "-",
        server=reply.headers.get("server", "-"),
    )
