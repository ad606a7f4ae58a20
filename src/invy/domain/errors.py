"""The one error tree of Invy.

```text
InvyError                 message, hint, side
├── InvalidInput          what was given cannot be used; nothing was done
│   ├── PhoneRefused      a number that cannot be valid
│   ├── ParameterRefused  a template parameter that Meta would refuse
│   ├── TemplateInvalid   a registry entry that cannot be sent
│   └── OptedOut          the guest has asked not to be messaged
├── NotFound              nothing by that name or id
├── ConfigurationError    a setting is missing, unknown or insecure
│   └── SchemaBehind      the database needs `invy db upgrade`
├── EvidenceDamaged       a stored fact cannot be read
├── MetaRefused           Meta answered with an error; the request was not accepted
└── TryLater              a resource is busy or away; the same call may succeed later
    └── StoreUnavailable  the database cannot be reached, is locked, or is full
```

Every error carries a sentence for a person, a hint (what to do now) and whose side it is on. Errors are raised
early and caught at a face: the command line turns them into exit codes, the web face into problem documents.
"""

from enum import StrEnum
from typing import ClassVar


class Side(StrEnum):
    """Who has to act for the trouble to end."""

    OURS = "ours"
    META = "meta"
    GUEST = "guest"
    ACCOUNT = "account"


class InvyError(Exception):
    """Anything Invy reports on purpose. `str(error)` is the message without the hint."""

    kind: ClassVar[str] = "unexpected"
    side: Side = Side.OURS

    def __init__(self, message: str, *, hint: str = "", side: Side | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if side is not None:
            self.side = side


class InvalidInput(InvyError):
    kind = "invalid-input"


class PhoneRefused(InvalidInput):
    kind = "phone-refused"


class ParameterRefused(InvalidInput):
    """A template parameter is missing, empty or ill-formed; `parameter` names it."""

    kind = "parameter-refused"

    def __init__(self, message: str, *, parameter: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.parameter = parameter


class TemplateInvalid(InvalidInput):
    kind = "template-invalid"


class OptedOut(InvalidInput):
    kind = "opted-out"
    side = Side.GUEST


class NotFound(InvyError):
    kind = "not-found"


class ConfigurationError(InvyError):
    kind = "configuration"


class SchemaBehind(ConfigurationError):
    kind = "schema-behind"


class EvidenceDamaged(InvyError):
    """A stored fact cannot be read. The message names its row and what it is about."""

    kind = "evidence-damaged"

    def __init__(self, row: str, about: str) -> None:
        super().__init__(
            f"{row} is damaged: what it says about {about} cannot be read.",
            hint="Stop the service, then build it again from the raw webhooks: invy journal replay. "
            "What no webhook brought comes back from a backup only.",
        )


class MetaRefused(InvyError):
    """Meta answered with an error. `code` is Meta's; `message_id` is ours, when a message was recorded."""

    kind = "refused-by-meta"
    side = Side.META

    def __init__(
        self,
        message: str,
        *,
        code: int | None,
        hint: str = "",
        side: Side | None = None,
        message_id: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, side=side)
        self.code = code
        self.message_id = message_id


class TryLater(InvyError):
    kind = "try-later"


class StoreUnavailable(TryLater):
    kind = "store-unavailable"


class Crossed(StoreUnavailable):
    """Two transactions waited for each other, and the database ended this one. Nothing was written; the other went on."""
