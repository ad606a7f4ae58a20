"""The user's template file: where it is and how to read it. What stands in it is the affair of `meta.registry`."""

from invy.app.settings import Settings
from invy.domain.errors import ConfigurationError
from invy.meta import registry
from invy.meta.registry import Registry


def text(settings: Settings) -> str:
    """The file as it stands.

    Raises:
        ConfigurationError: there is no such file, or it is not readable text.
    """
    path = settings.templates_file
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"There is no template file {path}.",
            hint="Make one with: invy templates init, or name yours in INVY_TEMPLATES_FILE.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The template file {path} cannot be read: {error}", hint="It must be a UTF-8 text file."
        ) from error


def load(settings: Settings) -> Registry:
    """The templates.

    Raises:
        ConfigurationError: there is no such file.
        TemplateInvalid: the file has mistakes; all of them are told.
    """
    return registry.load(text(settings), str(settings.templates_file))
