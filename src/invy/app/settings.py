"""Every setting Invy has, with its name, meaning, default and limits, and the way to load them.

A new setting is one field of `Settings` with a `Setting` in its annotation; then `docs/configuration.md` and
`.env.example` must explain it, which a test insists on. The process environment is handed in, never looked up.
Credentials are not needed to load: `require_sending` and `require_receiving` ask for them where they are.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final
from urllib.parse import unquote

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from invy.app import accepted
from invy.app.origin import DEFAULT, Origin, Wanted, gather
from invy.app.problem import Problem, complaints, error_of, in_words
from invy.app.setting import LogFormat, LogLevel, MetaId, Secret, Setting, WebAddress
from invy.domain.errors import ConfigurationError
from invy.meta import versions

# Meta sends webhook bodies of up to 3 MB; refusing one would lose what is in it.
_META_BODY_BYTES: Final = 3_000_000


class Settings(BaseSettings):
    """The effective settings, checked and frozen. Build them with `load`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    access_token: Annotated[
        Secret | None,
        Setting(
            "WHATSAPP_ACCESS_TOKEN",
            "The token that lets Invy send messages in the name of your business.",
            example="<the token, which begins with EAA>",
            where="Meta's business settings > Users > System users > Generate token, "
            "with whatsapp_business_messaging and whatsapp_business_management",
            where_he="הגדרות העסק של מטא > Users > System users > Generate token, "
            "עם ההרשאות whatsapp_business_messaging ו־whatsapp_business_management",
            secret=True,
            from_file=True,
        ),
    ] = None
    phone_number_id: Annotated[
        MetaId | None,
        Setting(
            "WHATSAPP_PHONE_NUMBER_ID",
            "Meta's id of the business phone number that sends; not the number itself.",
            example="106540000000001",
            where="Meta's app dashboard > WhatsApp > API Setup > Phone number ID",
            where_he="לוח הבקרה של האפליקציה אצל מטא > WhatsApp > API Setup > Phone number ID",
        ),
    ] = None
    api_version: Annotated[
        str,
        AfterValidator(accepted.api_version),
        Setting(
            "WHATSAPP_API_VERSION", "The Graph API version that is called.", example=versions.RECOMMENDED
        ),
    ] = versions.RECOMMENDED
    verify_token: Annotated[
        Secret | None,
        Setting(
            "WHATSAPP_VERIFY_TOKEN",
            "A word of your own that Meta repeats when it verifies the webhook address.",
            example="<a long random word of your own>",
            where="your own choice; enter the same in Meta's app dashboard > WhatsApp > Configuration > Webhook",
            where_he="לבחירתך; יש להזין אותה גם בלוח הבקרה של האפליקציה אצל מטא > WhatsApp > Configuration > Webhook",
            secret=True,
            from_file=True,
        ),
    ] = None
    app_secrets: Annotated[
        tuple[Secret, ...],
        BeforeValidator(accepted.secrets),
        Setting(
            "WHATSAPP_APP_SECRET",
            "The secret with which Meta signs webhooks. Several, separated by commas, while it is being changed.",
            example="<32 hexadecimal digits>",
            where="Meta's app dashboard > App settings > Basic > App secret > Show",
            where_he="לוח הבקרה של האפליקציה אצל מטא > App settings > Basic > App secret > Show",
            secret=True,
            from_file=True,
        ),
    ] = ()
    business_account_id: Annotated[
        MetaId | None,
        Setting(
            "WHATSAPP_BUSINESS_ACCOUNT_ID",
            "The id of the WhatsApp Business Account, for checking templates and subscriptions.",
            example="102290000000001",
            where="Meta's app dashboard > WhatsApp > API Setup > WhatsApp Business Account ID",
            where_he="לוח הבקרה של האפליקציה אצל מטא > WhatsApp > API Setup > WhatsApp Business Account ID",
        ),
    ] = None
    app_id: Annotated[
        MetaId | None,
        Setting(
            "WHATSAPP_APP_ID",
            "The id of your Meta app, for checking where its webhooks go.",
            example="670840000000001",
            where="Meta's app dashboard > App settings > Basic > App ID",
            where_he="לוח הבקרה של האפליקציה אצל מטא > App settings > Basic > App ID",
        ),
    ] = None
    api_base_url: Annotated[
        WebAddress,
        Setting(
            "WHATSAPP_API_BASE_URL",
            "Where the Graph API is; a simulator on this machine may stand in.",
            example="https://graph.facebook.com",
        ),
    ] = "https://graph.facebook.com"

    data_dir: Annotated[
        Path,
        Setting(
            "INVY_DATA_DIR",
            "The folder for everything Invy writes, unless told otherwise; made when needed.",
            example="/var/lib/invy",
        ),
    ] = Path("invy-data")
    database_url: Annotated[
        str,
        AfterValidator(accepted.database_url),
        Field(
            default_factory=lambda values: f"sqlite:///{values['data_dir'].as_posix()}/invy.db", repr=False
        ),
        Setting(
            "INVY_DATABASE_URL",
            "The database: sqlite:///path or postgresql://user:password@host/name.",
            example="sqlite:///invy-data/invy.db",
            from_file=True,
        ),
    ]
    templates_file: Annotated[
        Path,
        Setting("INVY_TEMPLATES_FILE", "The file that describes your templates.", example="templates.toml"),
    ] = Path("templates.toml")
    default_region: Annotated[
        str,
        AfterValidator(accepted.region),
        Setting(
            "INVY_DEFAULT_REGION",
            "The country of phone numbers written without a country code.",
            example="IL",
        ),
    ] = "IL"

    host: Annotated[
        str,
        AfterValidator(accepted.host),
        Setting("INVY_HOST", "The address on which the service listens.", example="127.0.0.1"),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Field(ge=0, le=65_535),
        Setting("INVY_PORT", "The port on which the service listens; 0 takes any free one.", example="8000"),
    ] = 8000
    public_url: Annotated[
        WebAddress | None,
        Setting(
            "INVY_PUBLIC_URL",
            "The address under which Meta and guests reach the service from outside.",
            example="https://invy.example.com",
        ),
    ] = None
    webhook_max_bytes: Annotated[
        int,
        Field(ge=_META_BODY_BYTES, le=64 * 1024 * 1024),
        Setting(
            "INVY_WEBHOOK_MAX_BYTES",
            "The largest webhook body that is accepted, in bytes.",
            example="16777216",
        ),
    ] = 16_777_216

    send_rate: Annotated[
        float,
        Field(gt=0, le=1000),
        Setting("INVY_SEND_RATE", "The most messages sent per second by one phone number.", example="80"),
    ] = 80
    send_concurrency: Annotated[
        int,
        Field(ge=1, le=5000),
        Setting("INVY_SEND_CONCURRENCY", "The most requests to Meta under way at once.", example="100"),
    ] = 100
    send_timeout_s: Annotated[
        float,
        Field(gt=0, le=600),
        Setting(
            "INVY_SEND_TIMEOUT_S",
            "How many seconds Meta has to answer before a send is unsure.",
            example="30",
        ),
    ] = 30
    lease_seconds: Annotated[
        float,
        Field(gt=0, le=86_400),
        Setting(
            "INVY_LEASE_SECONDS",
            "How many seconds a message belongs to the sender that took it; longer than INVY_SEND_TIMEOUT_S.",
            example="120",
        ),
    ] = 120

    log_format: Annotated[
        LogFormat,
        BeforeValidator(accepted.lowercase),
        Setting("INVY_LOG_FORMAT", "human for reading, json for machines.", example="human"),
    ] = LogFormat.HUMAN
    log_level: Annotated[
        LogLevel,
        BeforeValidator(accepted.lowercase),
        Setting(
            "INVY_LOG_LEVEL", "The least serious thing logged: debug, info, warning or error.", example="info"
        ),
    ] = LogLevel.INFO
    log_file: Annotated[
        Path | None,
        Setting("INVY_LOG_FILE", "A file to which the log is written as well.", example="invy-data/invy.log"),
    ] = None

    _origins: Mapping[str, Origin] = PrivateAttr(default_factory=dict)
    _lookalikes: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("lease_seconds")
    @classmethod
    def _outlasts_a_request(cls, value: float, info: ValidationInfo) -> float:
        """A lease that ends during a request would let a second sender take the same message."""
        timeout = info.data.get("send_timeout_s")
        if timeout is not None and value <= timeout:
            context = {"timeout": timeout, "example": f"{timeout * 4:g}"}
            raise PydanticCustomError("outlasted", "must outlast a request", context)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has gathered the sources itself, to know each value's origin."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Where each effective value comes from, by the setting's name."""
        return MappingProxyType({name: self._origins.get(name, DEFAULT) for name in catalogue()})

    def value_of(self, name: str) -> Any:
        """The effective value of the setting called `name`."""
        return getattr(self, catalogue()[name][0])

    def secret_values(self) -> tuple[str, ...]:
        """Every secret in plain text, for the one place that keeps them out of the log."""
        held = [secret for secret in (self.access_token, self.verify_token) if secret is not None]
        plain = [secret.get_secret_value() for secret in (*held, *self.app_secrets)]
        for password in accepted.passwords_in(self.database_url):
            plain += {password, unquote(password)}
        return tuple(plain)

    def require_sending(self) -> None:
        """Raises ConfigurationError unless everything that a send needs is set."""
        self._require("Sending needs", ("WHATSAPP_ACCESS_TOKEN", "WHATSAPP_PHONE_NUMBER_ID"))

    def require_receiving(self, *, insecure_local: bool, host: str) -> None:
        """Raises ConfigurationError unless webhooks can be verified.

        `insecure_local` forgives that only where nobody else can call: `host`, on which the service is about to
        listen, must be a loopback address.
        """
        if insecure_local and accepted.is_loopback(host):
            return
        extra = (
            f"; --insecure-local does not help, because {host or 'every address'} is not a loopback address"
        )
        self._require(
            "Receiving webhooks needs",
            ("WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"),
            why="without them anyone could forge receipts" + (extra if insecure_local else ""),
            hint_more=""
            if insecure_local
            else " On your own machine, --insecure-local with a loopback address goes without.",
        )

    def _require(self, need: str, names: tuple[str, ...], *, why: str = "", hint_more: str = "") -> None:
        missing = [name for name in names if not self.value_of(name)]
        if not missing:
            return
        lines = [f"{need} what is not set{f' ({why})' if why else ''}:"]
        for name in missing:
            lines.append(f"  {name}: {catalogue()[name][1].where}")
            if name in self._lookalikes:
                lines[-1] += f". There is {self._lookalikes[name]}: a slip of the pen?"
        hint = "Set it in the environment or in .env, and look with `invy config show`."
        raise ConfigurationError("\n".join(lines), hint=hint + hint_more)


@cache
def catalogue() -> Mapping[str, tuple[str, Setting]]:
    """Every setting by name: the attribute of `Settings` that holds it, and what is known about it."""
    rows = {}
    for attribute, field in Settings.model_fields.items():
        setting = next(item for item in field.metadata if isinstance(item, Setting))
        rows[setting.name] = (attribute, setting)
    return MappingProxyType(rows)


def load(environ: Mapping[str, str], dotenv: Path | None) -> Settings:
    """The settings from `environ` over the file `dotenv` over the defaults.

    Raises ConfigurationError naming every problem at once: the variable, where it stands, what is wrong, and a
    right example.
    """
    known = catalogue()
    wanted = [Wanted(it.name, it.secret, it.from_file) for _, it in known.values()]
    found = gather(wanted, environ, dotenv)
    problems = list(found.problems)
    settings = None
    try:
        settings = Settings.model_validate({known[name][0]: text for name, text in found.texts.items()})
    except ValidationError as error:
        by_attribute = dict(known.values())
        for attribute, detail in complaints(error):
            setting = by_attribute[attribute]
            shown = None if setting.secret or setting.from_file else found.texts.get(setting.name)
            origin = found.origins.get(setting.name, DEFAULT)
            example = f"{setting.name}={detail.get('ctx', {}).get('example', setting.example)}"
            problems.append(Problem(setting.name, str(origin), in_words(detail, shown), example))
    if problems or settings is None:
        raise error_of(problems)
    settings._origins = found.origins  # noqa: SLF001 - the loader is the one who knows them
    settings._lookalikes = found.lookalikes  # noqa: SLF001 - as above
    return settings


__all__ = ["LogFormat", "LogLevel", "Setting", "Settings", "catalogue", "load"]
