"""Before a whole list is invited: is the template still what Meta has? One question, asked once per start.

Blocks only on what would get every message refused: missing, not approved, or another shape than ours. What cannot be
looked at (no account id, no permission, no answer) is told and does not stop anyone. What was seen is kept for the
verdicts, so that whoever runs no service has them too.
"""

from contextlib import suppress
from datetime import datetime
from typing import Final

from invy.domain.errors import Side, StoreUnavailable, TemplateInvalid
from invy.domain.template import Template
from invy.engine import glance
from invy.engine.doctor import templates
from invy.engine.doctor.finding import Mark
from invy.engine.doctor.subject import MetaPort
from invy.engine.glance import SightingsPort
from invy.meta.graph_reply import Unread, Why

_MOST_PAGES: Final = 2
_WORDS: Final = {
    Why.NOT_JSON: "what answered did not answer in JSON",
    Why.SHAPE: "the answer had no list of templates",
}


async def preflight(
    meta: MetaPort, business_account_id: str, key: str, ours: Template, *, kept: SightingsPort, at: datetime
) -> str | None:
    """Compare one template with Meta's live definition. Returns why it could not be looked at, None when it was.

    Raises:
        TemplateInvalid: every send would be refused; the message names the difference.
    """
    # Meta's `name` filter also finds longer names that contain this one; the comparison takes the exact one.
    live = await glance.listed(meta, business_account_id, ours.name, pages=_MOST_PAGES)
    if isinstance(live, Unread):
        return live.message or live.note or _WORDS.get(live.why, live.why.value)
    with suppress(StoreUnavailable):  # what follows needs the database too, and will say so
        await kept.keep(glance.template_sightings(live, at))
    for finding in templates.judged(key, ours, live):
        if finding.mark is Mark.FAILED:
            raise TemplateInvalid(
                f"Nothing was sent. {finding.seen.en} {finding.means.en}",
                hint=f"{finding.todo.en} To send all the same: --no-preflight",
                side=Side.META,
            )
    return None
