import pytest
from hypothesis import given
from hypothesis import strategies as st

from invy.meta.signature import Verdict, sign, verify

# RFC 4231, test case 2: an authority other than our own code.
KEY, DATA = b"Jefe", b"what do ya want for nothing?"
DIGEST = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_the_signature_is_hmac_sha256_of_the_raw_bytes() -> None:
    assert sign(DATA, KEY) == f"sha256={DIGEST}"
    assert verify(DATA, f"sha256={DIGEST}", [KEY]) is Verdict.OK
    assert verify(DATA, f"sha256={DIGEST.upper()}", ["Jefe"]) is Verdict.OK


def test_while_a_secret_is_being_changed_both_are_good() -> None:
    assert verify(b"x", sign(b"x", "old"), ["new", "old"]) is Verdict.OK
    assert verify(b"x", sign(b"x", "new"), ["new", "old"]) is Verdict.OK
    assert verify(b"x", sign(b"x", "older"), ["new", "old"]) is Verdict.WRONG


@pytest.mark.parametrize("header", [None, "", "  "])
def test_no_signature_is_missing(header: str | None) -> None:
    assert verify(b"x", header, ["s"]) is Verdict.MISSING


@pytest.mark.parametrize(
    "header",
    ["sha256=", "sha256=abc", "sha1=" + "0" * 64, "0" * 64, "sha256=" + "g" * 64, "sha256=" + "é" * 64],
)
def test_another_form_is_malformed(header: str) -> None:
    assert verify(b"x", header, ["s"]) is Verdict.MALFORMED


def test_a_body_written_again_by_a_proxy_does_not_match() -> None:
    original = rb'{"text":"\u05e9\u05dc\u05d5\u05dd","url":"https:\/\/example.com"}'
    rewritten = '{"text":"שלום","url":"https://example.com"}'.encode()
    assert verify(rewritten, sign(original, "s"), ["s"]) is Verdict.WRONG


def test_without_a_secret_nothing_is_good() -> None:
    assert verify(b"x", sign(b"x", ""), []) is Verdict.WRONG


@given(st.binary(), st.text(), st.binary(min_size=1))
def test_any_header_is_judged_and_never_raises(body: bytes, header: str, secret: bytes) -> None:
    assert verify(body, header, [secret]) in set(Verdict)
    assert verify(body, sign(body, secret), [b"other", secret]) is Verdict.OK
