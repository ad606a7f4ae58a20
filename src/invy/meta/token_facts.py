"""What Meta says of a token, read from `GET /debug_token`. Knows nothing of the token itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from invy.meta.graph_object import GraphObject

MESSAGING = "whatsapp_business_messaging"
MANAGEMENT = "whatsapp_business_management"


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """`expires_at` None means never, unless `tells_expiry` is false. `targets` limits a scope to some objects."""

    is_valid: bool | None
    app_id: str | None = None
    application: str | None = None
    kind: str | None = None
    """SYSTEM_USER, USER, PAGE or another word."""
    tells_expiry: bool = False
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    scopes: frozenset[str] = frozenset()
    targets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    error: str | None = None
    error_code: int | None = None
    error_subcode: int | None = None


def read(answer: GraphObject) -> TokenFacts | None:
    """The facts in an answer; None when it holds none."""
    data = answer.object("data")
    if data is None:
        return None
    error = data.object("error")
    granular = ((each.text("scope"), each) for each in data.objects("granular_scopes"))
    return TokenFacts(
        is_valid=data.flag("is_valid"),
        app_id=data.text("app_id"),
        application=data.text("application"),
        kind=data.word("type"),
        tells_expiry=data.has("expires_at"),
        expires_at=data.moment("expires_at"),
        data_access_expires_at=data.moment("data_access_expires_at"),
        scopes=frozenset(data.texts("scopes")),
        targets={
            scope: frozenset(each.texts("target_ids"))
            for scope, each in granular
            if scope is not None and each.texts("target_ids")
        },
        error=error.text("message") if error else None,
        error_code=error.number("code") if error else None,
        error_subcode=error.number("subcode") if error else None,
    )
