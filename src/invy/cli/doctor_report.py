"""How the doctor's findings are written: a list under headings for a person, one JSON document for a program."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.padding import Padding
from rich.text import Text as Styled

from invy.cli import output
from invy.cli.cell import visible
from invy.cli.right_to_left import on_terminal
from invy.engine.doctor.finding import Finding, Mark, titles
from invy.engine.doctor.section import Section
from invy.engine.doctor.templates import WORDS as PARTS
from invy.engine.doctor.templates import placed
from invy.engine.doctor.watch import Changes
from invy.meta.catalogue import Lang, Text

_STYLES: Final[Mapping[Mark, str]] = {
    Mark.OK: "green",
    Mark.SKIPPED: "dim",
    Mark.WARNING: "yellow",
    Mark.FAILED: "bold red",
}
_MEANS: Final = Text(en="It means", he="המשמעות")
_TODO: Final = Text(en="Do now", he="מה לעשות")
_NO_MORE: Final = Text(en="No more", he="כבר לא")


_MOST_BUTTONS: Final = 10
_WORDS: Final[Mapping[str, Text]] = {
    text.en: text
    for text in (
        Text(en="AS WRITTEN", he="כפי שנכתב"),
        Text(en="WHAT", he="מה"),
        Text(en="HERE", he="כאן"),
        Text(en="AT META", he="אצל מטא"),
        Text(en="VERSION", he="גרסה"),
        Text(en="RELEASED", he="יצאה"),
        Text(en="UNTIL", he="עד"),
        Text(en="STATE", he="מצב"),
        Text(en="current", he="בתוקף"),
        Text(en="expiring", he="עומדת להסתיים"),
        Text(en="expired", he="פגה"),
        *(placed(word, str(place)) for word in PARTS.values() for place in range(1, _MOST_BUTTONS + 1)),
    )
}


class Report:
    """Writes findings as they come. `details` adds the tables beside those that are fine."""

    def __init__(self, lang: Lang, *, details: bool) -> None:
        self._lang = lang
        self._details = details
        self._section: Section | None = None

    def add(self, finding: Finding) -> None:
        """One finding, under its heading."""
        if finding.section is not self._section:
            if self._section is not None:
                output.show()
            self._section = finding.section
            output.show(self._shown(titles()[finding.section]), style="bold")
        self._line(finding)

    def changed(self, at: str, found: Changes) -> None:
        """What is otherwise than before."""
        for finding in found.fresh:
            output.show(f"{at}  {self._shown(titles()[finding.section])}", style="bold")
            self._line(finding)
        for finding in found.gone:
            seen = self._shown(finding.seen)
            heading = self._shown(titles()[finding.section])
            output.show(f"{at}  {heading}: {self._shown(_NO_MORE)}: {seen}", style="dim")

    def sum(self, findings: Iterable[Finding]) -> None:
        """One line at the end."""
        count = Counter(finding.mark for finding in findings)
        output.show()
        output.show("  ".join(f"{mark.sign} {count[mark]}" for mark in reversed(Mark)))

    def _line(self, finding: Finding) -> None:
        out = output.out()
        sign = Styled(f"  {finding.mark.sign} ", style=_STYLES[finding.mark])
        out.print(Styled.assemble(sign, self._shown(finding.seen)), soft_wrap=True)
        for word, text in ((_MEANS, finding.means), (_TODO, finding.todo)):
            if finding.mark is not Mark.OK and text.en:
                line = Styled.assemble((f"{self._shown(word)}: ", "bold"), self._shown(text))
                out.print(Padding(line, (0, 0, 0, 4), expand=False))
        if finding.rows and (self._details or finding.mark is not Mark.OK):
            table = output.table(*(_word(cell, self._lang) for cell in finding.rows[0]))
            for row in finding.rows[1:]:
                table.add_row(*(Styled(_shown(_word(cell, self._lang))) for cell in row))
            out.print(Padding(table, (0, 0, 0, 4), expand=False))

    def _shown(self, text: Text) -> str:
        return "\n".join(on_terminal(line) for line in _shown(text.say(self._lang)).splitlines())


def _word(cell: str, lang: Lang) -> str:
    """A heading or a word of a table. The tables are for programs too, so they are English where they are made."""
    return _WORDS[cell].say(lang) if cell in _WORDS else cell


def document(findings: Sequence[Finding], at: str) -> dict[str, Any]:
    """The declared form: fields may be added, never changed."""
    count = Counter(finding.mark for finding in findings)
    return {
        "at": at,
        "healthy": count[Mark.FAILED] == 0,
        "marks": {mark.value: count[mark] for mark in Mark},
        "findings": [as_json(finding) for finding in findings],
    }


def as_json(finding: Finding) -> dict[str, Any]:
    heading, *rows = finding.rows or ((),)
    return {
        "section": finding.section.value,
        "key": finding.key,
        "mark": finding.mark.value,
        "about": finding.about or None,
        "seen": _both(finding.seen),
        "means": _both(finding.means),
        "todo": _both(finding.todo),
        "rows": [dict(zip(heading, row, strict=True)) for row in rows],
    }


def _both(text: Text) -> dict[str, str] | None:
    return {"en": text.en, "he": text.he} if text.en else None


def _shown(text: str) -> str:
    """Without marks that could command a terminal; line breaks stay."""
    return "\n".join(visible(line) for line in text.splitlines())
