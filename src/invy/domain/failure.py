"""What Meta said when something failed, kept whole and unjudged. What a code *means* is the error catalogue's affair."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """One error object of Meta's, from a reply or a webhook. Any member may be absent in what Meta sends."""

    code: int | None
    title: str | None = None
    message: str | None = None
    details: str | None = None
    href: str | None = None
    subcode: int | None = None
    trace_id: str | None = None

    def key(self) -> tuple[int, str, str, str, str, int, str]:
        """A total order over failures, so that choosing one of two never depends on which was heard first."""
        return (
            -1 if self.code is None else self.code,
            self.title or "",
            self.message or "",
            self.details or "",
            self.href or "",
            -1 if self.subcode is None else self.subcode,
            self.trace_id or "",
        )
