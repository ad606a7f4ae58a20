"""A template as Meta has it now, read from `GET /{account}/message_templates`: what each message must bring for it.

Meta's page fetched 2026-09-11: `components` with a HEADER, a BODY, a FOOTER and BUTTONS; variables as `{{1}}` or
`{{name}}`. Refuses to know our own templates.
"""

import re
from dataclasses import dataclass
from typing import Final

from invy.meta.graph_object import GraphObject

FIELDS: Final = "id,name,language,status,category,components,parameter_format"
"""Fields that every version and every account has; asking for one that is unknown makes the whole call fail."""

MORE_FIELDS: Final = ("rejected_reason", "quality_score", "previous_category", "message_send_ttl_seconds")

_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class LiveButton:
    """`kind` is Meta's: URL, QUICK_REPLY, PHONE_NUMBER, COPY_CODE, FLOW, OTP and others."""

    kind: str
    text: str | None = None
    url: str | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        return variables(self.url or "")


@dataclass(frozen=True, slots=True)
class LiveTemplate:
    """One name in one language. `header` is TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION or another word; None without one."""

    id: str | None
    name: str
    language: str
    status: str
    category: str | None = None
    named: bool = False
    header: str | None = None
    header_variables: tuple[str, ...] = ()
    header_examples: tuple[str, ...] = ()
    """Meta's own sample of the header: a link that must never be sent (its fetcher gets 403 for it)."""
    body_variables: tuple[str, ...] = ()
    buttons: tuple[LiveButton, ...] = ()
    quality: str | None = None
    rejected_reason: str | None = None
    previous_category: str | None = None
    lifetime_s: int | None = None


def variables(text: str) -> tuple[str, ...]:
    """The variables of a text at Meta, each once, in the order of appearance."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def read_page(page: GraphObject) -> tuple[LiveTemplate, ...] | None:
    """The templates on one page of the answer; None when it has no list of them.

    Rows without a name or a language are left out; where all are so, it is no list of templates.
    """
    if not page.is_list("data"):
        return None
    found = [_read(row) for row in page.objects("data")]
    read = tuple(each for each in found if each is not None)
    return read if read or not found else None


def next_cursor(page: GraphObject) -> str | None:
    """What to pass as `after` for the next page; None on the last."""
    paging = page.object("paging")
    if paging is None or paging.text("next") is None:
        return None
    cursors = paging.object("cursors")
    return None if cursors is None else cursors.text("after")


def _read(row: GraphObject) -> LiveTemplate | None:
    name, language = row.text("name"), row.text("language")
    if name is None or language is None:
        return None
    parts = {part.word("type"): part for part in row.objects("components")}
    header, body, buttons = parts.get("HEADER"), parts.get("BODY"), parts.get("BUTTONS")
    example = header.object("example") if header else None
    score = row.object("quality_score")
    return LiveTemplate(
        id=row.text("id"),
        name=name,
        language=language,
        status=row.word("status") or "UNKNOWN",
        category=row.word("category"),
        named=row.word("parameter_format") == "NAMED",
        header=(header.word("format") or "TEXT") if header else None,
        header_variables=variables(header.text("text") or "") if header else (),
        header_examples=example.texts("header_handle") if example else (),
        body_variables=variables(body.text("text") or "") if body else (),
        buttons=tuple(_button(each) for each in buttons.objects("buttons")) if buttons else (),
        quality=score.word("score") if score else row.word("quality_score"),
        rejected_reason=row.word("rejected_reason"),
        previous_category=row.word("previous_category"),
        lifetime_s=row.number("message_send_ttl_seconds"),
    )


def _button(row: GraphObject) -> LiveButton:
    return LiveButton(row.word("type") or "UNKNOWN", row.text("text"), row.text("url"))
