"""What one setting is: its name, its meaning, where its value is found, and the kinds of value there are."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, SecretStr

from invy.app import accepted


class LogFormat(StrEnum):
    HUMAN = "human"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a person has to know about a setting.

    `where` says where a value of Meta's is found, `where_he` in Hebrew. A `secret` is never shown; `from_file` adds the `*_FILE` variant
    and keeps the value out of error messages, because a database URL may hold a password.
    """

    name: str
    about: str
    example: str
    where: str = ""
    where_he: str = ""
    secret: bool = False
    from_file: bool = False


Secret = Annotated[SecretStr, BeforeValidator(accepted.secret)]
MetaId = Annotated[str, AfterValidator(accepted.meta_id)]
WebAddress = Annotated[str, AfterValidator(accepted.web_address)]
