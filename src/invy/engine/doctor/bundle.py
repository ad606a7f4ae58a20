"""What Meta's support needs to look into one message: ids, trace ids, times, bodies; without the people in them. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from invy.domain import phone
from invy.domain.evidence import Attempt, Evidence, Receipt
from invy.domain.journal import Entry
from invy.domain.message import Message
from invy.engine.doctor.masking import about_one, masked
from invy.engine.doctor.subject import Configured

_READ_ME: Final = """\
What is known of one WhatsApp message, for Meta's support.

  Message (wamid)           {wamid}
  Our own id                {id}  (sent as biz_opaque_callback_data)
  Phone number id           {phone_number_id}
  WhatsApp Business Account {account}
  App                       {app}
  Template                  {template} ({language})
  State                     {state}
  Accepted by Meta          {accepted}
  Failed                    {failed}
  Error code                {code}
  Trace ids (fbtrace_id)    {traces}
  Graph API version         {version}
  Written                   {now} by Invy {program}

message.json   the message and its times (UTC)
evidence.json  everything heard about it, in the order it was heard
request.json   the request that was posted; values of parameters are replaced by their length
webhooks.json  the webhooks about it, narrowed to this message

The bodies in webhooks.json are not the bytes that came: they are written anew, masked and without what is about other
messages. `bytes` and `sha256` are those of the body as it came, which its owner keeps.

Phone numbers, names and texts are masked; Meta's own words about an error are not. A wamid holds the recipient's number in an encoded form: give this file to
Meta's support and to nobody else. Where: Meta Business Support Home, or Direct Support of your app's dashboard.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything stored about a message. `evidence` pairs each fact with the time it was heard."""

    message: Message
    evidence: Sequence[tuple[datetime, Evidence]]
    payload: bytes
    entries: Sequence[Entry]
    configured: Configured
    program: str
    now: datetime


def files(case: Case) -> Mapping[str, bytes]:
    """The files of a bundle by name."""
    made = {
        "README.txt": _read_me(case),
        "message.json": _json(_message(case.message)),
        "evidence.json": _json([_fact(heard_at, fact) for heard_at, fact in case.evidence]),
        "request.json": _json(_request(case.payload)),
        "webhooks.json": _json([_webhook(case, entry) for entry in case.entries]),
    }
    # Meta's own words may repeat the number in any place.
    digits = case.message.to.removeprefix("+")
    hidden = phone.mask(digits)
    return {
        name: text.replace(f"+{digits}", hidden).replace(digits, hidden).encode("utf-8")
        for name, text in made.items()
    }


def traces(evidence: Sequence[tuple[datetime, Evidence]]) -> list[str]:
    """Meta's trace ids in the evidence, each once."""
    failures = (fact.failure for _, fact in evidence if isinstance(fact, Attempt | Receipt))
    return list(dict.fromkeys(each.trace_id for each in failures if each is not None and each.trace_id))


def _read_me(case: Case) -> str:
    message, folded = case.message, case.message.folded
    code = folded.failed.failure.code if folded.failed else None
    return _READ_ME.format(
        wamid=folded.wamid or "none: Meta has not told one",
        id=message.id,
        phone_number_id=message.sender_id,
        account=case.configured.business_account_id or "not configured",
        app=case.configured.app_id or "not configured",
        template=message.template_name,
        language=message.template_language,
        state=message.state.value,
        accepted=folded.accepted_at or "-",
        failed=folded.failed_at or "-",
        code="-" if code is None else code,
        traces=", ".join(traces(case.evidence)) or "-",
        version=case.configured.api_version,
        now=case.now.isoformat(timespec="seconds"),
        program=case.program,
    )


def _message(message: Message) -> Any:
    told = masked(msgspec.to_builtins(message))
    number, phase = message.folded.progress
    told["folded"]["progress"] = {"attempt": number, "phase": phase.name.lower()}
    return told


def _fact(heard_at: datetime, fact: Evidence) -> dict[str, Any]:
    told = masked(msgspec.to_builtins(fact))
    if isinstance(fact, Attempt):
        told["phase"] = fact.phase.name.lower()
    return {"kind": type(fact).__name__.lower(), "heard_at": heard_at.isoformat(), **told}


def _request(payload: bytes) -> Any:
    try:
        return masked(json.loads(payload))
    except ValueError:
        return {"unreadable": f"{len(payload)} bytes"}


def _webhook(case: Case, entry: Entry) -> dict[str, Any]:
    return {
        "received_at": entry.received_at.isoformat(),
        "bytes": len(entry.body),
        "sha256": sha256(entry.body).hexdigest(),
        "body": about_one(entry.body, case.message.folded.wamid, case.message.id),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
