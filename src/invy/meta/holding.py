"""When work must rest until a person has acted: the error catalogue says which codes stand for more than one message."""

from collections.abc import Mapping
from datetime import datetime

from invy.domain.failure import Failure
from invy.domain.hold import Hold, Scope
from invy.domain.ids import SenderId, TemplateKey
from invy.meta.catalogue import Effect

SCOPES: Mapping[Effect, Scope] = {
    Effect.HOLD_SENDER: Scope.SENDER,
    Effect.HOLD_TEMPLATE: Scope.TEMPLATE,
}


_NO_ACCESS = (100, 33)


def subcode(hold: Hold) -> int | None:
    """A hold keeps no subcode; but a code 100 that holds a whole sender can only have been 100/33."""
    code, only = _NO_ACCESS
    return only if hold.code == code and hold.scope is Scope.SENDER else None


def hold(
    scope: Scope, *, sender_id: SenderId, template_key: TemplateKey, failure: Failure, at: datetime
) -> Hold:
    """The hold that a failure of this scope places."""
    return Hold(
        scope=scope,
        subject=sender_id if scope is Scope.SENDER else template_key,
        reason=failure.details or failure.message or failure.title or "Meta refused",
        since=at,
        code=failure.code,
    )
