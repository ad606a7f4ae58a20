"""Auditing: the written state of every message must equal the fold of its stored evidence.

Reads only, beside a running service, in pages: a million messages in flat memory. The fold is the domain's; which
columns it fills is the store's; here they are only laid side by side.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from invy.domain.difference import Difference, Written, unreadable
from invy.domain.fold import Folded, fold, wamids

Progress = Callable[[int], None]
"""Told how many are done so far."""


class AuditPort(Protocol):
    """The messages and their evidence as they stood at one moment."""

    def columns(self, folded: Folded) -> Mapping[str, object]:
        """The columns that a fold fills."""

    def pages(self) -> AsyncIterator[Sequence[Written]]:
        """Every message once."""

    def unjoined(self) -> AsyncIterator[Difference]:
        """Evidence that belongs to a message and is not counted as such."""


class Audit:
    """One audit. `checked` counts the messages seen so far."""

    def __init__(self, store: AuditPort, progress: Progress = lambda _: None) -> None:
        self._store = store
        self._progress = progress
        self.checked = 0

    async def differences(self) -> AsyncIterator[Difference]:
        """Every difference there is, as it is found.

        Raises:
            StoreUnavailable: the audit is not complete.
        """
        async for page in self._store.pages():
            for written in page:
                for difference in self._compare(written):
                    yield difference
            self.checked += len(page)
            self._progress(self.checked)
        async for difference in self._store.unjoined():
            yield difference

    def _compare(self, written: Written) -> list[Difference]:
        if written.damaged:
            return [unreadable(row_id, written.id) for row_id in written.damaged]
        folded = fold(written.evidence)
        differences = [
            Difference("whatsapp_messages", written.id, column, written.columns[column], value)
            for column, value in self._store.columns(folded).items()
            if written.columns[column] != value
        ]
        others = wamids(written.evidence) - {folded.wamid}
        differences += [
            Difference("other_wamids", wamid, "message_id", None, written.id)
            for wamid in sorted(others - written.other_wamids)
        ]
        differences += [
            Difference("other_wamids", wamid, "message_id", written.id, None)
            for wamid in sorted(written.other_wamids - others)
        ]
        return differences
