"""The access token and the app it belongs to: valid, until when, for what, for whom; and whether the app secret is right."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from invy.engine.doctor.asking import ask, ask_as_app, shortened, unread
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta import token_facts
from invy.meta.catalogue import Text
from invy.meta.catalogue_words import duration
from invy.meta.graph_reply import Unread, Why
from invy.meta.token_facts import MANAGEMENT, MESSAGING, TokenFacts

SOON: Final = timedelta(days=14)
WHAT: Final = Text(en="The access token", he="מפתח הגישה")
APP: Final = Text(en="The app", he="האפליקציה")

_SECRET_CODES: Final = frozenset({1, 101, 190})
"""Meta's answers to an app token that is none: 101 and 190 mostly, 1 for a malformed one."""


async def app(subject: Subject) -> Sequence[Finding]:
    """Whether Meta knows the app id with each app secret: with a wrong one, every webhook would be refused."""
    assert subject.meta is not None
    known = subject.settings
    findings: list[Finding] = []
    right = 0
    for position, secret in enumerate(known.app_secrets, start=1):
        about = f"WHATSAPP_APP_SECRET {position}"
        answer = await ask_as_app(subject.meta, f"{known.app_id}/subscriptions", f"{known.app_id}|{secret}")
        if isinstance(answer, Unread) and _is_about_the_token(answer):
            findings.append(found(Section.TOKEN, "token.secret_wrong", about=about, position=position))
        elif isinstance(answer, Unread):
            findings.append(unread(Section.TOKEN, APP, answer, about=about))
        elif not answer.is_list("data"):
            findings.append(unread(Section.TOKEN, APP, Unread(Why.SHAPE), about=about))
        else:
            right += 1
            findings.append(found(Section.TOKEN, "token.secret_right", about=about))
    if right:
        # One that is right is enough; the others are from before or after a change.
        return [_outlived(each) if each.key == "token.secret_wrong" else each for each in findings]
    return findings


def _is_about_the_token(answer: Unread) -> bool:
    return answer.why is Why.REFUSED and answer.code in _SECRET_CODES


def _outlived(finding: Finding) -> Finding:
    position = finding.about.rpartition(" ")[2]
    return found(Section.TOKEN, "token.secret_outlived", about=finding.about, position=position)


async def token(subject: Subject) -> Sequence[Finding]:
    """What Meta says of the access token: it is asked about itself, and the app where Meta does not let it."""
    meta, known = subject.meta, subject.settings
    assert meta is not None
    assert known.access_token is not None
    reply = await ask(meta, "debug_token", input_token=known.access_token)
    for secret in known.app_secrets if known.app_id else ():
        if not isinstance(reply, Unread):
            break
        reply = await ask_as_app(
            meta, "debug_token", f"{known.app_id}|{secret}", input_token=known.access_token
        )
    if isinstance(reply, Unread):
        return [unread(Section.TOKEN, WHAT, reply)]
    facts = token_facts.read(reply)
    if facts is None or (facts.is_valid is None and facts.error is None):
        return [unread(Section.TOKEN, WHAT, Unread(Why.SHAPE))]
    subject.chart.app_id = facts.app_id
    if facts.is_valid is False:
        return [_invalid(subject, facts)]
    return [*_life(subject, facts), *_permissions(facts), *_assets(subject, facts)]


def _invalid(subject: Subject, facts: TokenFacts) -> Finding:
    message = shortened(facts.error or "")
    expired = facts.error_subcode == 463 or "expired" in message.lower()  # noqa: PLR2004 - Meta's subcode for expiry
    key = "token.expired" if expired else "token.invalid"
    return found(Section.TOKEN, key, message=message, number=subject.settings.phone_number_id or "")


def _life(subject: Subject, facts: TokenFacts) -> list[Finding]:
    now = subject.clock()
    findings = []
    if facts.expires_at is not None:
        left = facts.expires_at - now
        if left <= timedelta(0):
            since = f"{facts.expires_at:%Y-%m-%d %H:%M} UTC"
            number = subject.settings.phone_number_id or ""
            return [found(Section.TOKEN, "token.expired", message=since, number=number)]
        key = "token.expires" if left > SOON else "token.expires_soon"
        at = f"{facts.expires_at:%Y-%m-%d %H:%M} UTC"
        findings.append(found(Section.TOKEN, key, at=at, left=duration(int(left.total_seconds()))))
    elif facts.tells_expiry:
        findings.append(
            found(Section.TOKEN, "token.lasting", application=facts.application or facts.app_id or "?")
        )
    else:
        findings.append(found(Section.TOKEN, "token.valid"))
    if facts.kind == "USER":
        findings.append(found(Section.TOKEN, "token.personal", about="kind"))
    data = facts.data_access_expires_at
    if data is not None and data - now <= SOON:
        findings.append(found(Section.TOKEN, "token.data_access", about="data", at=f"{data:%Y-%m-%d}"))
    return findings


def _permissions(facts: TokenFacts) -> list[Finding]:
    missing = [scope for scope in (MESSAGING, MANAGEMENT) if scope not in facts.scopes]
    if not missing:
        return [found(Section.TOKEN, "token.scopes", about="scopes")]
    keys = {MESSAGING: "token.no_messaging", MANAGEMENT: "token.no_management"}
    return [found(Section.TOKEN, keys[scope], about=scope) for scope in missing]


def _assets(subject: Subject, facts: TokenFacts) -> list[Finding]:
    known = subject.settings
    findings = []
    account = known.business_account_id
    limited = {scope: ids for scope, ids in facts.targets.items() if scope in (MESSAGING, MANAGEMENT)}
    if account is not None and limited:
        lacking = sorted(scope for scope, ids in limited.items() if account not in ids)
        key = "token.not_for_account" if lacking else "token.for_account"
        findings.append(
            found(Section.TOKEN, key, about="account", account=account, scopes=", ".join(lacking))
        )
    if known.app_id is not None and facts.app_id is not None and facts.app_id != known.app_id:
        findings.append(
            found(Section.TOKEN, "token.other_app", about="app", theirs=facts.app_id, ours=known.app_id)
        )
    return findings
