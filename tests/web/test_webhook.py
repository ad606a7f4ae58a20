"""The webhook: what is answered, what is kept, and that nothing answered 200 is lost."""

import json
from pathlib import Path

import pytest

from invy.domain.journal import Outcome
from invy.web.webhook import CHALLENGE_BYTES
from tests.web.asgi import Client
from tests.web.stand import (
    OLD_SECRET,
    SECRET,
    VERIFY_TOKEN,
    WEBHOOK,
    Stand,
    settings,
    signed,
    standing,
    status_update,
    until,
)

HANDSHAKE = f"{WEBHOOK}?hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge="
LIMIT = 16_777_216


async def test_the_handshake_of_the_brief_is_answered_with_the_challenge(sqlite_stand: Stand) -> None:
    answered = await sqlite_stand.client.get(HANDSHAKE + "test123")

    assert (answered.status, answered.text) == (200, "test123")
    assert answered.headers["content-type"].startswith("text/plain")
    assert answered.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        ("1158201444", b"1158201444"),
        ("%D7%A9%D7%9C%D7%95%D7%9D", "שלום".encode()),
        ("%FF%00%0D%0AX-Evil:1", b"\xff\x00\r\nX-Evil:1"),
        ("%3Cscript%3E", b"<script>"),
    ],
)
async def test_a_challenge_comes_back_byte_for_byte_and_only_in_the_body(
    sqlite_stand: Stand, sent: str, echoed: bytes
) -> None:
    answered = await sqlite_stand.client.get(HANDSHAKE + sent)

    assert (answered.status, answered.body) == (200, echoed)
    assert "x-evil" not in answered.headers


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe",
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}",
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=",
        f"hub.mode=unsubscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1",
        f"hub.verify_token={VERIFY_TOKEN}&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=%D7%A9&hub.challenge=1",
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}x&hub.challenge=1",
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1",
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1&hub.challenge=2",
        f"hub.mode=subscribe&hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1",
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge={'1' * (CHALLENGE_BYTES + 1)}",
        f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1{'&a=b' * 100}",
    ],
)
async def test_any_other_handshake_is_refused(sqlite_stand: Stand, query: str) -> None:
    assert (await sqlite_stand.client.get(f"{WEBHOOK}?{query}")).status == 403


async def test_without_a_verify_token_no_handshake_succeeds(sqlite_url: str, tmp_path: Path) -> None:
    known = settings(sqlite_url, tmp_path, WHATSAPP_VERIFY_TOKEN="")
    async with standing(known, insecure_local=True) as stand:
        query = "hub.mode=subscribe&hub.verify_token=&hub.challenge=1"
        assert (await stand.client.get(f"{WEBHOOK}?{query}")).status == 403


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_not_allowed(sqlite_stand: Stand, method: str) -> None:
    answered = await sqlite_stand.client.call(method, WEBHOOK)

    assert answered.status == 405
    assert answered.headers["allow"] == "GET, POST"


async def test_a_signed_update_is_durable_when_it_is_answered(stand: Stand) -> None:
    body = status_update("wamid.A")

    answered = await stand.deliver(body)

    assert (answered.status, answered.body, answered.headers["content-length"]) == (200, b"", "0")
    assert len(answered.body) < 20
    assert await stand.journalled() == [body]
    assert stand.counted("accepted") == 1


async def test_t9_a_missing_signature_is_refused(stand: Stand) -> None:
    answered = await stand.deliver(status_update("wamid.A"), headers={})

    assert answered.status == 401
    assert await stand.journalled() == []
    assert stand.counted("unsigned") == 1


async def test_a_forged_signature_is_refused(stand: Stand) -> None:
    body = status_update("wamid.A")

    answered = await stand.deliver(body, signed(body, "a-secret-of-somebody-else-entirely"))

    assert answered.status == 403
    assert await stand.journalled() == []
    assert stand.counted("bad_signature") == 1


async def test_t10_a_body_written_anew_by_a_proxy_is_refused_and_sampled(stand: Stand) -> None:
    """The doctor can tell from the sample: the same content, other bytes."""
    original = status_update("wamid.A")
    rewritten = json.dumps(json.loads(original), indent=2).encode()

    answered = await stand.deliver(rewritten, signed(original))

    assert answered.status == 403
    assert await stand.journalled() == []

    async def sampled() -> bool:
        return bool(await stand.samples())

    await until(sampled)
    assert await stand.samples() == [("wrong", rewritten)]


@pytest.mark.parametrize("header", ["", "sha256=", "sha256=zz", "sha1=" + "0" * 40, "sha256=" + "é" * 64])
async def test_a_malformed_signature_is_refused(sqlite_stand: Stand, header: str) -> None:
    body = status_update("wamid.A")

    answered = await sqlite_stand.deliver(body, {"X-Hub-Signature-256": header})

    assert answered.status in {401, 403}
    assert await sqlite_stand.journalled() == []


async def test_two_signatures_are_none_even_when_one_is_right(sqlite_stand: Stand) -> None:
    body = status_update("wamid.A")
    right = signed(body)["X-Hub-Signature-256"]
    headers = [("X-Hub-Signature-256", "sha256=" + "0" * 64), ("X-Hub-Signature-256", right)]

    answered = await sqlite_stand.client.call("POST", WEBHOOK, [body], headers)

    assert answered.status == 403


async def test_while_the_secret_is_changed_both_are_good(sqlite_url: str, tmp_path: Path) -> None:
    known = settings(sqlite_url, tmp_path, WHATSAPP_APP_SECRET=f"{SECRET},{OLD_SECRET}")
    body = status_update("wamid.A")
    async with standing(known) as stand:
        answers = [
            await stand.deliver(body, signed(body, secret)) for secret in (SECRET, OLD_SECRET, "third")
        ]

    assert [answered.status for answered in answers] == [200, 200, 403]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'{"entry":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\x00\x01\x02",
        b'{"entry":"\x00"}',
        b'{"entry":[{"changes":[{"value":{"statuses":"\xff\xfe"}}]}]}',
        b'{"object":"whatsapp_business_account","entry":[{"changes":7}]}',
        b"\xff" * 1000,
    ],
    ids=[
        "empty",
        "no-json",
        "array",
        "null",
        "deep",
        "nul",
        "nul-in-text",
        "no-utf8",
        "other-shape",
        "noise",
    ],
)
async def test_whatever_is_signed_is_kept_and_blocks_nothing(stand: Stand, body: bytes) -> None:
    after = status_update("wamid.A")

    answers = [await stand.deliver(body), await stand.deliver(after)]
    await stand.applied()

    assert [answered.status for answered in answers] == [200, 200]
    entries = dict(await stand.entries())
    assert set(entries) == {body, after}
    assert entries[after] is Outcome.APPLIED
    assert stand.service.parts()["apply"]


async def test_invalid_utf8_with_a_valid_signature_is_journalled_and_later_marked_unreadable(
    stand: Stand,
) -> None:
    body = b'{"object":"whatsapp_business_account","entry":"\xc3\x28"}'

    assert (await stand.deliver(body)).status == 200
    await stand.applied()

    assert await stand.entries() == [(body, Outcome.UNREADABLE)]


@pytest.mark.parametrize(
    "kind", ["", "application/json", "text/plain", "application/x-www-form-urlencoded", "x"]
)
async def test_the_content_type_does_not_matter_when_the_signature_is_right(
    sqlite_stand: Stand, kind: str
) -> None:
    body = status_update("wamid.A")

    answered = await sqlite_stand.deliver(body, {**signed(body), "Content-Type": kind})

    assert answered.status == 200


async def test_a_body_over_3_mb_and_up_to_the_limit_is_journalled(stand: Stand) -> None:
    body = b" " * LIMIT

    assert (await stand.deliver(body)).status == 200
    assert await stand.journalled() == [body]


async def test_a_body_of_one_byte_over_the_limit_is_refused_although_signed(stand: Stand) -> None:
    answered = await stand.deliver(b" " * (LIMIT + 1))

    assert answered.status == 413
    assert await stand.journalled() == []
    assert stand.counted("too_large") == 1


@pytest.mark.parametrize("length", [str(LIMIT + 1), "9" * 40])
async def test_an_announced_length_over_the_limit_is_refused_before_the_body_comes(
    sqlite_stand: Stand, length: str
) -> None:
    headers = {"Content-Length": length}

    answered = await sqlite_stand.client.attempt("POST", WEBHOOK, [], headers, end="stalls")

    assert answered is not None
    assert answered.status == 413


async def test_a_body_in_pieces_is_cut_off_at_the_limit(sqlite_stand: Stand) -> None:
    pieces = [b" " * 65_536] * (LIMIT // 65_536 + 1)  # one piece too many; the client would go on for ever

    answered = await sqlite_stand.client.attempt("POST", WEBHOOK, pieces, end="stalls")

    assert answered is not None
    assert answered.status == 413


async def test_a_body_in_pieces_is_put_together(sqlite_stand: Stand) -> None:
    body = status_update("wamid.A")
    pieces = [body[start : start + 7] for start in range(0, len(body), 7)]

    answered = await sqlite_stand.client.call("POST", WEBHOOK, pieces, signed(body))

    assert answered.status == 200
    assert await sqlite_stand.journalled() == [body]


async def test_a_client_that_hangs_up_half_way_leaves_nothing(sqlite_stand: Stand) -> None:
    body = status_update("wamid.A")

    answered = await sqlite_stand.client.attempt("POST", WEBHOOK, [body[:50]], signed(body), end="gone")

    assert answered is None
    assert await sqlite_stand.journalled() == []
    assert sqlite_stand.counted("other") == 1


async def test_a_flood_of_forgeries_is_counted_and_leaves_a_bounded_sample(stand: Stand) -> None:
    body = status_update("wamid.A")
    for _ in range(300):
        assert (await stand.deliver(body, {"X-Hub-Signature-256": "sha256=" + "0" * 64})).status == 403

    assert stand.counted("bad_signature") == 300
    assert len(await stand.samples()) < 30  # one per second; this machine may be slow


async def test_insecure_local_takes_unsigned_updates_only_without_an_app_secret(
    sqlite_url: str, tmp_path: Path
) -> None:
    body = status_update("wamid.A")
    async with standing(
        settings(sqlite_url, tmp_path, WHATSAPP_APP_SECRET=""), insecure_local=True
    ) as without_secret:
        assert (await without_secret.deliver(body, headers={})).status == 200
    async with standing(settings(sqlite_url, tmp_path), insecure_local=True) as with_secret:
        assert (await with_secret.deliver(body, headers={})).status == 401


async def test_only_the_exact_path_is_the_webhook(sqlite_stand: Stand) -> None:
    body = status_update("wamid.A")
    client: Client = sqlite_stand.client

    for path in (WEBHOOK + "/", "/whatsapp", "/WhatsApp/webhook", "/x" + WEBHOOK):
        assert (await client.post(path, body, signed(body))).status == 404
    assert await sqlite_stand.journalled() == []
