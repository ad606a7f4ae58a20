"""What happened, for the log and the metrics: the engine's events become lines and counts here."""

from datetime import datetime

import structlog

from invy.app import logs
from invy.app.metrics import Metrics
from invy.domain.evidence import Phase, Receipt, Told
from invy.domain.fold import Folded
from invy.domain.hold import Hold
from invy.domain.ids import MessageId, SenderId
from invy.domain.journal import Entry
from invy.domain.message import Leased, Posted
from invy.domain.silence import Learnt
from invy.engine.ports import Clock

_OUTCOMES = {
    Phase.ACCEPTED: "accepted",
    Phase.REFUSED: "refused",
    Phase.DEFERRED: "deferred",
    Phase.UNSURE: "unsure",
}


class LogObserver:
    """Writes the log and counts. Cheap below the log's level."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._webhook = structlog.stdlib.get_logger("invy.webhook")
        self._send = structlog.stdlib.get_logger("invy.send")
        self._service = structlog.stdlib.get_logger("invy.service")

    def journalled(self, bodies: int, seconds: float) -> None:
        del seconds
        self._metrics.journal_batch(bodies)

    def webhook_received(self, result: str) -> None:
        self._metrics.webhook_received(result)

    def webhook_refused(self, reason: str) -> None:
        self._webhook.warning("webhook.refused", reason=reason)

    def status_applied(self, told: Told, after: Folded | None) -> None:
        if not isinstance(told.fact, Receipt):
            return
        self._metrics.statuses_applied(told.fact.status)
        keys: dict[str, object] = {}
        if after is None:
            self._metrics.orphans_seen()
            keys["waits"] = "message not known yet"
        else:
            keys["state"] = after.state.value
        if told.fact.failure is not None:
            keys["error_code"] = told.fact.failure.code
            keys["error_title"] = told.fact.failure.title
        logs.webhook_status(told.wamid or told.opaque or "", told.fact.status, **keys)

    def entry_unreadable(self, entry: Entry, reason: str) -> None:
        self._webhook.warning("webhook.unreadable", journal_id=entry.id, reason=reason)

    def applied(self, entries: int, oldest: datetime) -> None:
        del entries
        self._metrics.apply_lag(max(0.0, (self._clock() - oldest).total_seconds()))

    def posted(self, message: Leased, outcome: Posted, seconds: float) -> None:
        self._metrics.send_finished(_OUTCOMES[outcome.attempt.phase], seconds)
        failure = outcome.attempt.failure
        keys: dict[str, object] = {
            "message_id": message.id,
            "to": message.to,
            "template": message.template_key,
            "outcome": _OUTCOMES[outcome.attempt.phase],
        }
        if outcome.attempt.wamid is not None:
            keys["wamid"] = outcome.attempt.wamid
        if failure is not None:
            keys |= {"error_code": failure.code, "error_details": failure.details or failure.message}
        if outcome.attempt.note is not None:
            keys["note"] = outcome.attempt.note
        (self._send.info if outcome.attempt.phase is Phase.ACCEPTED else self._send.warning)("send", **keys)

    def lease_expired(self, message_id: MessageId) -> None:
        self._send.warning("send.unconfirmed", message_id=message_id, note="its sending process ended")

    def left_out(self, message_id: MessageId) -> None:
        self._send.info("send.left_out", message_id=message_id, note="its guest wants no more messages")

    def resting(self, sender_id: SenderId, until: datetime) -> None:
        seconds = round((until - self._clock()).total_seconds())
        note = "several answers in a row left open what became of the messages; then one goes ahead"
        self._send.warning("send.resting", sender=sender_id, seconds=seconds, note=note)

    def resumed(self, sender_id: SenderId) -> None:
        self._send.info("send.resumed", sender=sender_id, note="Meta answers again")

    def held(self, hold: Hold) -> None:
        self._send.error(
            "send.held",
            scope=hold.scope.value,
            subject=hold.subject,
            error_code=hold.code,
            reason=hold.reason,
        )

    def reconciled(self, learnt: Learnt) -> None:
        self._service.info(
            "reconciled",
            message_id=learnt.stuck.id,
            wamid=learnt.stuck.wamid,
            before=learnt.stuck.state.value,
            state=learnt.state.value,
            known_to_meta=bool(learnt.receipts),
            webhook_failed=learnt.untold,
        )

    def trouble(self, where: str, error: Exception) -> None:
        self._service.error("trouble", where=where, error=str(error))
