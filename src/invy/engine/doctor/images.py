"""Header images, fetched as Meta would: those of the template file's defaults, of recent messages, and any asked for."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from invy.domain.errors import ConfigurationError, StoreUnavailable, TemplateInvalid
from invy.domain.template import MediaHeader, MediaKind
from invy.engine.doctor.asking import ask, shortened, unread, without_query
from invy.engine.doctor.finding import NOTHING, Finding, Value, found
from invy.engine.doctor.section import Section
from invy.engine.doctor.subject import Subject
from invy.meta.catalogue import Text
from invy.meta.graph_reply import Unread, Why
from invy.meta.picture import Fetched, Look, content

MOST: Final = 5
RECENT: Final = 50

_KEYS: Final = {
    Look.NOT_A_LINK: "images.not_a_link",
    Look.NOT_HTTPS: "images.not_https",
    Look.METAS_EXAMPLE: "images.metas_example",
    Look.NO_SUCH_HOST: "images.no_such_host",
    Look.PRIVATE: "images.private",
    Look.CERTIFICATE: "images.certificate",
    Look.UNREACHABLE: "images.unreachable",
    Look.TIMEOUT: "images.timeout",
    Look.TOO_MANY_REDIRECTS: "images.too_many_redirects",
    Look.HTTP_ERROR: "images.http_error",
    Look.TOO_LARGE: "images.too_large",
}
_NOT_SAID: Final = Text(en="nothing", he="כלום")


async def images(subject: Subject) -> Sequence[Finding]:
    """One after the other; each has its own time limit in the fetcher."""
    assert subject.images is not None
    links, more = await _links(subject)
    if not links:
        return [found(Section.IMAGES, "images.none")]
    examples = {link for template in subject.chart.templates for link in template.header_examples}
    findings: list[Finding] = []
    for link in links:
        seen = Fetched(Look.METAS_EXAMPLE, link) if link in examples else await subject.images.fetch(link)
        findings.extend(judged(link, seen))
    if more:
        findings.append(found(Section.IMAGES, "images.more", about="more", count=more))
    return findings


async def media(subject: Subject) -> Sequence[Finding]:
    """Images that are sent by id: whether Meta still has them for our number."""
    assert subject.meta is not None
    findings = []
    for value in _defaults(subject):
        if value.isdigit():
            what = Text(en=f"The image {value}", he=f"התמונה {value}")
            number = f"{subject.settings.phone_number_id}"
            answer = await ask(subject.meta, value, phone_number_id=number)
            if isinstance(answer, Unread):
                findings.append(unread(Section.IMAGES, what, answer, about=value))
            elif not (answer.text("id") or answer.text("mime_type")):
                findings.append(unread(Section.IMAGES, what, Unread(Why.SHAPE), about=value))
            else:
                kind = answer.text("mime_type") or "?"
                findings.append(found(Section.IMAGES, "images.at_meta", about=value, id=value, kind=kind))
    return findings


async def _links(subject: Subject) -> tuple[list[str], int]:
    """The links to look at, those asked for first, and how many there are beyond."""
    found_links = [*subject.image_urls, *(each for each in _defaults(subject) if not each.isdigit())]
    if subject.pulse is not None and subject.chart.database_usable:
        with suppress(StoreUnavailable):
            found_links += await subject.pulse.links(RECENT)
    links = list(dict.fromkeys(found_links))
    most = max(MOST, len(subject.image_urls))
    return links[:most], max(0, len(links) - most)


def _defaults(subject: Subject) -> list[str]:
    """Images for everybody, from the template file."""
    try:
        known = subject.read_registry().templates.values()
    except (ConfigurationError, TemplateInvalid):
        return []
    headers = ((each, each.header) for each in known)
    values = (
        template.default(header.key)
        for template, header in headers
        if isinstance(header, MediaHeader) and header.kind is MediaKind.IMAGE
    )
    return [value for value in values if value is not None]


def judged(link: str, seen: Fetched) -> list[Finding]:
    """What is to be said of one image."""
    shown, end = shortened(without_query(link)), shortened(without_query(seen.url))
    it = Text(en=f"{shown} leads to {end}, which", he=f"{shown} מובילה אל {end}, והיא")
    if seen.url == link:
        it = Text(en=shown, he=shown)
    values: dict[str, Value] = {
        "url": shown,
        "end": end,
        "it": it,
        "reason": _reason(seen),
        "status": str(seen.status or ""),
        "note": seen.note or "-",
        "words": f" {seen.note}" if seen.note else "",
        "size": _size(seen.size),
        "redirects": str(seen.redirects),
        "declared": seen.declared or _NOT_SAID,
    }
    if seen.look is not Look.FETCHED:
        return [found(Section.IMAGES, _KEYS[seen.look], values, about=shown, kind="")]
    real = content(seen.start)
    kind = real.kind or "?"
    if seen.size == 0:
        return [found(Section.IMAGES, "images.empty", values, about=shown, kind=kind)]
    if real.kind not in ("image/jpeg", "image/png"):
        return [found(Section.IMAGES, "images.wrong_kind", values, about=shown, kind=kind)]
    if not real.usable:
        return [found(Section.IMAGES, "images.wrong_colours", values, about=shown, kind=kind)]
    findings = [found(Section.IMAGES, "images.good", values, about=shown, kind=kind)]
    if seen.declared != real.kind:
        findings.append(found(Section.IMAGES, "images.misdeclared", values, about=shown, kind=kind))
    if seen.redirects:
        findings.append(found(Section.IMAGES, "images.redirects", values, about=shown, kind=kind))
    return findings


def _reason(seen: Fetched) -> Text:
    """Which address is not public: the one that a name leads to, else the one in the link."""
    named = re.match(r"([0-9A-Fa-f.:]+) ", seen.note)
    try:
        address = named[1] if named else urlsplit(seen.url).hostname
    except ValueError:
        address = None
    if not address:
        return NOTHING
    return Text(en=f" ({address} is not a public address)", he=f" ({address} אינה כתובת ציבורית)")


def _size(size: int) -> str:
    return f"{size / 1_048_576:.1f} MB" if size >= 1_048_576 else f"{-(-size // 1024)} kB"  # noqa: PLR2004 - 1024²
