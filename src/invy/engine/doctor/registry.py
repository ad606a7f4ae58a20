"""The template file: whether it can be used, and what each entry asks of every guest."""

from collections.abc import Sequence

from invy.domain.errors import ConfigurationError, TemplateInvalid
from invy.domain.template import required_parameters
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject


async def registry(subject: Subject) -> Sequence[Finding]:
    """Whether the template file can be used, and what each entry asks of every guest."""
    section = Section.REGISTRY
    try:
        known = subject.read_registry()
    except (ConfigurationError, TemplateInvalid) as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return [found(section, "registry.no_file", file=str(error.__cause__.filename))]
        return [found(section, "registry.unusable", problem=error.message, hint=error.hint)]
    if not len(known):
        return [found(section, "registry.empty", source=known.source)]
    findings = []
    for key, template in known.templates.items():
        needed = required_parameters(template)
        findings.append(
            found(
                section,
                "registry.entry" if needed else "registry.entry_complete",
                about=key,
                key=key,
                name=template.name,
                language=template.language,
                needed=", ".join(needed),
            )
        )
    return findings
