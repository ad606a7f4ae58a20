"""An object in an answer of Meta's, asked field by field: what is missing or of another kind is simply not there."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


class GraphObject:
    """A view on decoded JSON. Unknown fields do no harm; a number may come as text, as Meta sometimes does."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def has(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str) -> str | None:
        """Text, or a number as text: ids come both ways. Empty text counts as absent."""
        value = self._fields.get(name)
        if isinstance(value, bool):
            return None
        return str(value) if isinstance(value, str | int) and value != "" else None

    def word(self, name: str) -> str | None:
        """A word of one of Meta's closed sets, in capitals."""
        text = self.text(name)
        return None if text is None else text.upper()

    def number(self, name: str) -> int | None:
        value = self._fields.get(name)
        if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20:  # noqa: PLR2004 - 64 bit
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, name: str) -> bool | None:
        value = self._fields.get(name)
        return value if isinstance(value, bool) else None

    def moment(self, name: str) -> datetime | None:
        """Unix seconds as a time; 0, which Meta writes for never, is None."""
        seconds = self.number(name)
        try:
            return datetime.fromtimestamp(seconds, UTC) if seconds else None
        except (ValueError, OverflowError, OSError):
            return None

    def object(self, name: str) -> "GraphObject | None":
        value = self._fields.get(name)
        return GraphObject(value) if isinstance(value, dict) else None

    def objects(self, name: str) -> tuple["GraphObject", ...]:
        value = self._fields.get(name)
        return (
            tuple(GraphObject(each) for each in value if isinstance(each, dict))
            if isinstance(value, list)
            else ()
        )

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._fields.get(name)
        if not isinstance(value, list):
            return ()
        return tuple(
            str(each) for each in value if isinstance(each, str | int) and not isinstance(each, bool)
        )

    def is_list(self, name: str) -> bool:
        return isinstance(self._fields.get(name), list)

    def items(self) -> tuple[tuple[str, str], ...]:
        """The fields that are text, with their names."""
        return tuple((name, value) for name, value in self._fields.items() if isinstance(value, str))
