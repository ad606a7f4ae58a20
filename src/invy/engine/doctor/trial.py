"""A test message, sent for real and followed to the end: delivered, or a reason. The only thing here that sends."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final, Protocol

from invy.domain.errors import InvalidInput, ParameterRefused
from invy.domain.evidence import Attempt, Evidence
from invy.domain.ids import MessageId
from invy.domain.message import Message
from invy.domain.phone import E164
from invy.domain.state import State
from invy.domain.template import required_parameters
from invy.engine.doctor.asking import shortened
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.ports import Clock
from invy.meta import catalogue, payload
from invy.meta.catalogue import Text
from invy.meta.registry import Registry

LOOK_EVERY_S: Final = 0.25
_NOBODY: Final = E164("+12025550100")
_FAVOURITE: Final = "hina_invitation"
_KEYS: Final = {
    State.READ: "trial.read",
    State.DELIVERED: "trial.delivered",
    State.FAILED: "trial.failed",
    State.QUEUED: "trial.waits",
    State.SENDING: "trial.unconfirmed",
    State.UNCONFIRMED: "trial.unconfirmed",
}
_OVER: Final = frozenset({State.FAILED, State.DELIVERED, State.READ})


class TrialPort(Protocol):
    """What sending one message takes."""

    async def served(self) -> bool:
        """Whether a service runs on this database: it sends, and it hears Meta's webhooks."""

    async def begin(self, template_key: str, phone: str, params: Mapping[str, str]) -> MessageId:
        """Write the message to the outbox. Raises InvalidInput or NotFound, and then nothing was written."""

    async def send(self, message_id: MessageId) -> None:
        """Send it from this process."""

    async def message(self, message_id: MessageId) -> Message: ...
    async def evidence(self, message_id: MessageId) -> list[Evidence]: ...


def choose(registry: Registry, wanted: str | None) -> str:
    """The template to try: the one asked for, the only one, or the brief's.

    Raises:
        InvalidInput: there are several and none was asked for.
        NotFound: there is none of that name.
    """
    if wanted is not None:
        registry.get(wanted)
        return wanted
    if len(registry) == 1:
        return next(iter(registry))
    if _FAVOURITE in registry:
        return _FAVOURITE
    raise InvalidInput(
        f"{registry.source} has several templates; which one is to be tried?",
        hint=f"Add --template with one of: {', '.join(registry.keys())}.",
    )


def rehearse(registry: Registry, wanted: str | None, params: Mapping[str, str]) -> None:
    """Fill the template without sending anything.

    Raises:
        InvalidInput, NotFound: as `choose`, or a parameter is missing or ill-formed; the hint has the whole command.
    """
    key = choose(registry, wanted)
    missing = [name for name in required_parameters(registry.get(key)) if name not in params]
    if missing:
        options = " ".join(f'--param {name}="…"' for name in missing)
        raise ParameterRefused(
            f"The template {key} needs {', '.join(missing)}.",
            parameter=missing[0],
            hint=f"Add: {options}",
        )
    payload.build(registry.get(key), _NOBODY, params, opaque="rehearsal")


async def attempt(
    port: TrialPort,
    template_key: str,
    phone: str,
    params: Mapping[str, str],
    *,
    clock: Clock,
    pause: Callable[[float], Awaitable[None]],
    timeout_s: float,
    tell: Callable[[State], None],
) -> Finding:
    """Send one message and follow it for at most `timeout_s`. `tell` hears of every change of its state."""
    began = clock()
    served = await port.served()
    message_id = await port.begin(template_key, phone, params)
    if not served:
        await port.send(message_id)
    last: State | None = None
    while True:
        message = await port.message(message_id)
        if message.state is not last:
            last = message.state
            tell(last)
        alone = not served and last is State.SENT
        if last in _OVER or alone or clock() - began >= timedelta(seconds=timeout_s):
            break
        await pause(LOOK_EVERY_S)
    seconds = round((clock() - began).total_seconds())
    return _judged(message, await port.evidence(message_id), seconds, served=served)


def _judged(message: Message, evidence: list[Evidence], seconds: int, *, served: bool) -> Finding:
    folded = message.folded
    failure = folded.failed.failure if folded.failed else None
    code = failure.code if failure else None
    row = catalogue.lookup(code, failure.subcode) if failure and code is not None else None
    said = (failure.details or failure.message or failure.title or "") if failure else _said(evidence)
    return found(
        Section.TRIAL,
        _key(message, served=served),
        about=message.template_key,
        wamid=folded.wamid or "",
        id=message.id,
        seconds=seconds,
        code="" if code is None else code,
        reason=shortened(said) if failure else said,
        meaning=row.meaning if row else Text(en="", he=""),
        remedy=row.todo if row else Text(en="", he=""),
    )


def _key(message: Message, *, served: bool) -> str:
    if message.state is not State.SENT:
        return _KEYS[message.state]
    if message.folded.first_receipt_at is not None:
        return "trial.sent_receipt"
    return "trial.sent_no_receipt" if served else "trial.accepted_unheard"


def _said(evidence: list[Evidence]) -> str:
    """What we know of the last attempt that ended without a message being accepted or refused."""
    for fact in reversed(evidence):
        if isinstance(fact, Attempt) and (fact.failure or fact.note):
            failure = fact.failure
            words = (
                fact.note if failure is None else f"{failure.code} {failure.details or failure.message or ''}"
            )
            return f" ({shortened(words or '')})"
    return ""
