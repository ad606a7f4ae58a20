"""The effective settings as they may be shown to a person: origins, no secrets, no passwords."""

from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Any, Final

from pydantic import SecretStr

from invy.app import accepted
from invy.app.origin import Origin
from invy.app.settings import Settings, catalogue
from invy.meta import versions

# Four characters of something this long tell two secrets apart and give nothing away.
_LONG: Final = 16
_TAIL: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    """`value` is None when the setting is not set; a secret's is only its description. `remark` may be empty."""

    name: str
    value: str | None
    origin: Origin
    secret: bool
    remark: str


def rows(settings: Settings, today: date) -> tuple[Row, ...]:
    """One row per setting, in the order of the documentation."""
    return tuple(
        Row(
            name=name,
            value=_shown(settings.value_of(name)),
            origin=settings.origins[name],
            secret=setting.secret,
            remark=_remark(name, settings, today),
        )
        for name, (_, setting) in catalogue().items()
    )


def _shown(value: Any) -> str | None:
    match value:
        case None | ():
            return None
        case SecretStr():
            return _described(value)
        case tuple():
            return ", ".join(_described(secret) for secret in value)
        case PurePath():
            return value.as_posix()
        case float():
            return f"{value:g}"
        case _:
            return accepted.without_password(str(value))


def _described(secret: SecretStr) -> str:
    text = secret.get_secret_value()
    return f"set, ends in {text[-_TAIL:]}" if len(text) >= _LONG else "set"


def _remark(name: str, settings: Settings, today: date) -> str:
    if name != "WHATSAPP_API_VERSION":
        return ""
    standing = versions.status(settings.api_version, today)
    return "" if standing.state is versions.State.CURRENT else standing.words
