"""Keeping secrets out of findings, whatever Meta or an error put into its words. The last door before any output."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import quote, quote_plus

from invy.engine.doctor.finding import Finding
from invy.meta.catalogue import Text

HIDDEN: Final = "[secret]"
_SHORTEST: Final = 4
_TOKEN: Final = re.compile(r"\bEAA[A-Za-z0-9]{16,}")
"""What Meta's access tokens look like; its error messages sometimes repeat one."""


class Concealment:
    """Knows the secrets of this installation and takes them out of texts and findings."""

    def __init__(self, secrets: Collection[str]) -> None:
        spelt = {form for each in secrets if len(each) >= _SHORTEST for form in _forms(each)}
        known = sorted(spelt, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        return _TOKEN.sub(HIDDEN, text)

    def finding(self, finding: Finding) -> Finding:
        return replace(
            finding,
            seen=self._both(finding.seen),
            means=self._both(finding.means),
            todo=self._both(finding.todo),
            about=self.text(finding.about),
            rows=tuple(tuple(self.text(cell) for cell in row) for row in finding.rows),
        )

    def _both(self, text: Text) -> Text:
        return Text(en=self.text(text.en), he=self.text(text.he))


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may come back: plain, in an address, in JSON."""
    yield from (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1])
