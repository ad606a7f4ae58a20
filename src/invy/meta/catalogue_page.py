"""The catalogue as a page of Markdown: what `docs/errors.md` holds. Knows the layout, adds no fact of its own."""

from collections.abc import Iterable, Iterator

from invy.meta.catalogue import AS_OF
from invy.meta.catalogue_row import Channel, Row
from invy.meta.catalogue_words import CHANNEL, EFFECT, OUTCOME, SIDE, resend

COMMAND = "invy explain --all --markdown > docs/errors.md"

_HEAD = f"""\
# Error codes of the WhatsApp Cloud API

<!-- Generated. Do not edit: change src/invy/meta/catalogue_rows/*.toml and run `{COMMAND}`. -->

Every code that Meta documents and we know of, in plain words: what it means, whose side it is on, where it shows up,
whether the message may be sent again, and what to do. Compared with Meta's pages last on {AS_OF.isoformat()}.
The same at the command line: `invy explain 131026`, `--lang he` for Hebrew, `--json` for programs.

Three things that are often told wrongly:

- **132015** is a paused template. A picture that cannot be fetched is **131053**, and it comes only after a 200.
- **131031** is a lock on *your own* account. **No code exists** for a guest who has blocked you: the message stays sent.
- **131026** means undeliverable; no WhatsApp on the number is only one of three reasons, and Meta does not say which.
"""


def markdown(rows: Iterable[Row]) -> str:
    """The whole page: the codes about sending first, then the others."""
    listed = list(rows)
    sending = [row for row in listed if _about_sending(row)]
    others = [row for row in listed if not _about_sending(row)]
    parts = [_HEAD, "## Sending\n", _index(sending), *map(_entry, sending)]
    parts += ["## Not about sending\n", _index(others), *map(_entry, others)]
    return "\n".join(parts)


def _about_sending(row: Row) -> bool:
    return row.channel in (Channel.REPLY, Channel.WEBHOOK, Channel.BOTH)


def _index(rows: list[Row]) -> str:
    lines = ["| code | title | send it again? |", "| --- | --- | --- |"]
    lines += [f"| [{row.label}](#{_anchor(row)}) | {row.title} | {resend(row).en} |" for row in rows]
    return "\n".join(lines) + "\n"


def _anchor(row: Row) -> str:
    return f"code-{row.label.replace('/', '-')}"


def _entry(row: Row) -> str:
    return "\n".join(
        [
            f'<a id="{_anchor(row)}"></a>',
            "",
            f"### {row.label} {row.title}",
            "",
            row.meaning.en,
            "",
            f"**What to do:** {row.todo.en}",
            "",
            *(f"- {name}: {value}" for name, value in _facts(row)),
            "",
            f'<div dir="rtl" lang="he">{row.meaning.he}<br><b>מה לעשות:</b> {row.todo.he}</div>',
            "",
        ]
    )


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "whose side", SIDE[row.side].en
    yield "where it shows up", CHANNEL[row.channel].en
    yield "send it again?", resend(row).en
    if _about_sending(row):
        yield "as the answer to sending", f"{OUTCOME[row.outcome].en}; {EFFECT[row.effect].en}"
    if row.note:
        yield "note", row.note
    yield "source", f"{row.source}, {row.as_of.isoformat()}"
