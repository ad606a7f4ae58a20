"""The templates of a business account and their life: created, reviewed, edited, paused, disabled, deleted.

Every change of status is told by webhook; the teller is handed in.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from invy.simulator.clock import Clock
from invy.simulator.news import template_components_body, template_status_body
from invy.simulator.refusal import Refusal
from invy.simulator.template import Template, from_meta

Tell = Callable[[str, dict[str, Any]], None]

REVIEW_S = 60.0
FIRST_PAUSE_S = 3 * 3600.0
SECOND_PAUSE_S = 6 * 3600.0
_MAX_TEMPLATES = 6000


class Catalogue:
    def __init__(self, rows: Iterable[Mapping[str, Any]], clock: Clock, tell: Tell) -> None:
        self._clock = clock
        self._tell = tell
        self._ids = itertools.count(1_000_000_000_000_101)
        self._by_key: dict[tuple[str, str], Template] = {}
        self._pauses: dict[str, int] = {}
        for row in rows:
            template = from_meta(row, default_id=str(next(self._ids)))
            self._by_key[template.name, template.language] = template

    def __iter__(self) -> Iterator[Template]:
        return iter(self._by_key.values())

    def get(self, name: str, language: str) -> Template | None:
        return self._by_key.get((name, language))

    def by_id(self, template_id: str) -> Template | None:
        return next((each for each in self if each.id == template_id), None)

    def named(self, name: str) -> list[Template]:
        return [each for each in self if each.name == name]

    def usable(self, name: str, language: str) -> Template:
        """The template a send may use. Raises Refusal with 132001, 132015 or 132016."""
        template = self._by_key.get((name, language))
        if template is not None and template.status == "APPROVED":
            return template
        if template is not None and template.status == "PAUSED":
            raise Refusal(132015)
        if template is not None and template.status == "DISABLED":
            raise Refusal(132016)
        raise Refusal(132001, f"template name ({name}) does not exist in {language}")

    def create(self, row: Mapping[str, Any]) -> Template:
        """A new template, pending; a minute of virtual time later it is approved or, named `…rejected…`, rejected."""
        template = from_meta({**row, "status": "PENDING"}, default_id=str(next(self._ids)))
        if (template.name, template.language) in self._by_key:
            raise Refusal(
                2388024,
                message="Invalid parameter",
                subcode=2388024,
                as_code=100,
            )
        if len(self._by_key) >= _MAX_TEMPLATES:
            raise Refusal(2388019, message="Invalid parameter", subcode=2388019, as_code=100)
        self._by_key[template.name, template.language] = template
        self._clock.after(REVIEW_S, lambda: self._review(template), lasting=True)
        return template

    def _review(self, template: Template) -> None:
        if template.status != "PENDING":
            return
        if "rejected" in template.name:
            template.rejected_reason = "INVALID_FORMAT"
            self.set_status(template, "REJECTED")
        else:
            self.set_status(template, "APPROVED")

    def edit(
        self, template: Template, *, components: list[dict[str, Any]] | None = None, category: str = ""
    ) -> None:
        """Change what a template says. It stays usable, and what fitted yesterday may not fit today."""
        if components is not None:
            template.components = components
            template.understand()
        if category:
            template.category = category.upper()
        self._tell("message_template_components_update", template_components_body(template))

    def set_status(self, template: Template, status: str, *, title: str = "", description: str = "") -> None:
        template.status = status
        self._tell(
            "message_template_status_update",
            template_status_body(template, status, title=title, description=description),
        )

    def pause(self, template: Template, *, by_pacing: bool = False) -> None:
        """Paused for low quality: three hours, then six, then disabled for good. Pacing pauses end by hand only."""
        pauses = self._pauses[template.id] = self._pauses.get(template.id, 0) + 1
        template.quality = "RED"
        if by_pacing:
            self.set_status(
                template, "PAUSED", title="RATE_LIMITING_PAUSE", description="Paused by template pacing."
            )
        elif pauses == 1:
            self.set_status(template, "PAUSED", title="FIRST_PAUSE", description="Paused for 3 hours.")
            self._clock.after(FIRST_PAUSE_S, lambda: self._resume(template), lasting=True)
        elif pauses == 2:  # noqa: PLR2004 - the second pause
            self.set_status(template, "PAUSED", title="SECOND_PAUSE", description="Paused for 6 hours.")
            self._clock.after(SECOND_PAUSE_S, lambda: self._resume(template), lasting=True)
        else:
            self.set_status(template, "DISABLED", title="DISABLED", description="Paused too often.")

    def _resume(self, template: Template) -> None:
        if template.status == "PAUSED":
            self.unpause(template)

    def unpause(self, template: Template) -> None:
        template.quality = "UNKNOWN"
        self.set_status(template, "APPROVED", title="UNPAUSE", description="Back in use.")

    def delete(self, template: Template) -> None:
        self._by_key.pop((template.name, template.language), None)
        self.set_status(template, "PENDING_DELETION")
