"""Each template of ours against Meta's live definition, by name and language, with every difference spelled out."""

from collections.abc import Mapping, Sequence
from typing import Final

from invy.domain.template import Template
from invy.engine.doctor.asking import ask, unread
from invy.engine.doctor.finding import Finding, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta import live_template
from invy.meta.catalogue import Text
from invy.meta.graph_reply import Unread, Why
from invy.meta.live_template import LiveTemplate
from invy.meta.template_difference import Difference, Part, differences

WHAT: Final = Text(en="The list of templates", he="רשימת התבניות")
PAGE: Final = "100"
MOST_PAGES: Final = 30
"""3,000 templates; an account has 250, or 6,000 at the very most."""

_STATUS_KEYS: Final = {
    "PAUSED": "templates.paused",
    "DISABLED": "templates.disabled",
    "REJECTED": "templates.rejected",
    "PENDING": "templates.pending",
    "IN_APPEAL": "templates.pending",
}
WORDS: Final[Mapping[Part, Text]] = {
    Part.HEADER: Text(en="kind of header", he="סוג הכותרת"),
    Part.HEADER_VARIABLES: Text(en="variables in the header", he="משתנים בכותרת"),
    Part.FORMAT: Text(en="variables are", he="סוג המשתנים"),
    Part.BODY_VARIABLES: Text(en="variables in the text", he="משתנים בטקסט"),
    Part.BODY_NAMES: Text(en="names of the variables", he="שמות המשתנים"),
    Part.BUTTON: Text(en="kind of button {place}", he="סוג כפתור {place}"),
    Part.BUTTON_VARIABLE: Text(
        en="variable in the link of button {place}", he="משתנה בקישור של כפתור {place}"
    ),
    Part.BUTTON_URL: Text(en="link of button {place}", he="הקישור של כפתור {place}"),
    Part.BUTTON_MISSING: Text(en="button {place}", he="כפתור {place}"),
}


async def templates(subject: Subject) -> Sequence[Finding]:
    """Reads all pages of Meta's list once, then compares."""
    listed = await _listed(subject)
    if isinstance(listed, Unread):
        return [unread(Section.TEMPLATES, WHAT, listed)]
    live, complete = listed
    subject.chart.templates = live
    findings = [
        finding
        for key, ours in subject.read_registry().templates.items()
        for finding in judged(key, ours, live)
    ]
    if not complete:
        findings.append(found(Section.TEMPLATES, "templates.many", about="pages", count=len(live)))
    return findings


async def _listed(subject: Subject) -> tuple[list[LiveTemplate], bool] | Unread:
    """The live templates and whether they are all. A later page that cannot be read ends the list."""
    assert subject.meta is not None
    path = f"{subject.settings.business_account_id}/message_templates"
    fields = live_template.FIELDS + "," + ",".join(live_template.MORE_FIELDS)
    live: list[LiveTemplate] = []
    cursor: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = await ask(subject.meta, path, fields=fields, limit=PAGE, **cursor)
        if isinstance(page, Unread) and page.code == 100 and fields != live_template.FIELDS:  # noqa: PLR2004 - Meta's code
            # A field that this version does not have fails the whole call; without those few it works.
            fields = live_template.FIELDS
            page = await ask(subject.meta, path, fields=fields, limit=PAGE, **cursor)
        if isinstance(page, Unread):
            return (live, False) if live else page
        read = live_template.read_page(page)
        if read is None:
            return (live, False) if live else Unread(Why.SHAPE)
        live.extend(read)
        after = live_template.next_cursor(page)
        if after is None:
            return live, True
        cursor = {"after": after}
    return live, False


def judged(key: str, ours: Template, live: Sequence[LiveTemplate]) -> list[Finding]:
    """What is to be said of one template of ours."""
    named = [each for each in live if each.name == ours.name]
    metas = next((each for each in named if each.language == ours.language), None)
    if metas is None:
        others = ", ".join(sorted(each.language for each in named))
        which = "templates.other_language" if named else "templates.missing"
        return [_found(which, key, ours, languages=others)]
    findings = []
    if metas.status != "APPROVED":
        which = _STATUS_KEYS.get(metas.status, "templates.not_approved")
        reason = "" if metas.rejected_reason in (None, "NONE") else f" ({metas.rejected_reason})"
        findings.append(_found(which, key, ours, status=metas.status, reason=reason))
    unlike = differences(ours, metas)
    if unlike:
        refused = any(each.refused for each in unlike)
        which = "templates.differs" if refused else "templates.differs_harmlessly"
        findings.append(_differs(which, key, ours, unlike))
    if not findings:
        findings.append(_found("templates.same", key, ours, category=metas.category or "?"))
    return findings + _remarks(key, ours, metas)


def _differs(which: str, key: str, ours: Template, unlike: Sequence[Difference]) -> Finding:
    rows = tuple((_word(each).en, each.ours, each.metas) for each in unlike)
    spelled = Text(
        en="; ".join(f"{_word(each).en}: {each.ours} here, {each.metas} at Meta" for each in unlike),
        he="; ".join(f"{_word(each).he}: כאן {each.ours}, אצל מטא {each.metas}" for each in unlike),
    )
    return found(
        Section.TEMPLATES,
        which,
        about=key,
        rows=(("WHAT", "HERE", "AT META"), *rows),
        key=key,
        name=ours.name,
        language=ours.language,
        differences=spelled,
    )


def _word(difference: Difference) -> Text:
    word = WORDS[difference.part]
    return placed(word, difference.place)


def placed(word: Text, place: str) -> Text:
    return Text(en=word.en.format(place=place), he=word.he.format(place=place))


def _remarks(key: str, ours: Template, metas: LiveTemplate) -> list[Finding]:
    findings = []
    if metas.quality in ("RED", "YELLOW"):
        findings.append(_found("templates.quality", key, ours, quality=metas.quality))
    if metas.previous_category not in (None, metas.category):
        findings.append(
            _found(
                "templates.recategorised",
                key,
                ours,
                before=metas.previous_category or "",
                category=metas.category or "?",
            )
        )
    return findings


def _found(which: str, key: str, ours: Template, **values: str) -> Finding:
    return found(Section.TEMPLATES, which, values, about=key, key=key, name=ours.name, language=ours.language)
