"""Before a whole list is invited: is the template still what Meta has? One question, asked once per start.

Blocks only on what would get every message refused: missing, not approved, or another shape than ours. What cannot be
looked at (no account id, no permission, no answer) is told and does not stop anyone.
"""

from typing import Final

from invy.domain.errors import Side, TemplateInvalid
from invy.domain.template import Template
from invy.engine.doctor import templates
from invy.engine.doctor.asking import ask
from invy.engine.doctor.finding import Mark
from invy.engine.doctor.subject import MetaPort
from invy.meta import live_template
from invy.meta.graph_reply import Unread

_PAGE: Final = "100"


async def preflight(meta: MetaPort, business_account_id: str, key: str, ours: Template) -> str | None:
    """Compare one template with Meta's live definition. Returns why it could not be looked at, None when it was.

    Raises:
        TemplateInvalid: every send would be refused; the message names the difference.
    """
    # Meta's `name` filter also finds longer names that contain this one; the comparison takes the exact one.
    page = await ask(
        meta,
        f"{business_account_id}/message_templates",
        name=ours.name,
        fields=live_template.FIELDS,
        limit=_PAGE,
    )
    if isinstance(page, Unread):
        return page.message or page.note or page.why.value
    for finding in templates.judged(key, ours, live_template.read_page(page)):
        if finding.mark is Mark.FAILED:
            raise TemplateInvalid(
                f"Nothing was sent. {finding.seen.en} {finding.means.en}",
                hint=f"{finding.todo.en} To send all the same: --no-preflight",
                side=Side.META,
            )
    return None
