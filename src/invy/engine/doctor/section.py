"""The parts of an examination, in the order of dependency, and the foundations that later parts stand on."""

from enum import StrEnum


class Section(StrEnum):
    """One heading of the doctor's report; the order here is the order of the report."""

    SETTINGS = "settings"
    PHONES = "phones"
    REGISTRY = "registry"
    DATABASE = "database"
    CLOCK = "clock"
    TOKEN = "token"  # noqa: S105 - the name of a section
    NUMBER = "number"
    HEALTH = "health"
    TEMPLATES = "templates"
    IMAGES = "images"
    SUBSCRIPTION = "subscription"
    WEBHOOK = "webhook"
    EVIDENCE = "evidence"
    VERSION = "version"
    TRIAL = "trial"


class Foundation(StrEnum):
    """Something that must hold before other checks make sense. A finding that breaks one names it in its words."""

    SETTINGS = "settings"  # the settings can be read at all
    CREDENTIALS = "credentials"  # an access token is set
    NUMBER = "number"  # the id of the business phone number is set
    ACCOUNT = "account"  # the id of the WhatsApp Business Account is set
    REGISTRY = "registry"  # the template file can be used
    DATABASE = "database"  # it is reachable and of the right shape
    META = "meta"  # Meta answers
    TOKEN = "token"  # noqa: S105 - Meta accepts the access token
    APP = "app"  # Meta accepts the app id and the app secret
    RECEIVING = "receiving"  # verify token and app secret are set
    PUBLIC = "public"  # the address is known under which Meta calls us
    CALLBACK = "callback"  # that address leads to this service
