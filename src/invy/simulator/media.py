"""Uploaded media: kept for 30 days of virtual time, shown under links that live five minutes."""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType

from invy.simulator.gallery import meta_takes
from invy.simulator.refusal import Refusal

KEPT_S = 30 * 86400.0
LINK_S = 300.0
_MB = 1024 * 1024
# Largest size per MIME type that Meta takes.
_LIMITS = MappingProxyType(
    {
        "image/jpeg": 5 * _MB,
        "image/png": 5 * _MB,
        "video/mp4": 16 * _MB,
        "video/3gpp": 16 * _MB,
        "audio/aac": 16 * _MB,
        "audio/amr": 16 * _MB,
        "audio/mp4": 16 * _MB,
        "audio/mpeg": 16 * _MB,
        "audio/ogg": 16 * _MB,
        "image/webp": _MB // 2,
        "application/pdf": 100 * _MB,
        "text/plain": 100 * _MB,
        "application/msword": 100 * _MB,
        "application/vnd.ms-excel": 100 * _MB,
        "application/vnd.ms-powerpoint": 100 * _MB,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": 100 * _MB,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": 100 * _MB,
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": 100 * _MB,
    }
)


@dataclass(slots=True)
class Medium:
    id: str
    number_id: str
    mime_type: str
    content: bytes
    uploaded_at: float
    sha256: str
    links: dict[str, float] = field(default_factory=dict)


class MediaShelf:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ids = itertools.count(1_037_543_291_000_001)
        self._media: dict[str, Medium] = {}

    def put(self, number_id: str, mime_type: str, content: bytes) -> Medium:
        """Keep a file. Raises Refusal for a kind or a size Meta does not take."""
        limit = _LIMITS.get(mime_type)
        if limit is None:
            raise Refusal(
                100,
                message=f"(#100) Param file must be a file with one of the following types: {', '.join(_LIMITS)}.",
            )
        if len(content) > limit:
            raise Refusal(
                100, message=f"(#100) Param file is larger than {limit} bytes, the most for {mime_type}."
            )
        if not content:
            raise Refusal(100, message="(#100) Param file must not be empty.")
        digest = sha256(content).hexdigest()
        medium = Medium(str(next(self._ids)), number_id, mime_type, content, self._now(), digest)
        self._media[medium.id] = medium
        return medium

    def get(self, media_id: str) -> Medium | None:
        """The medium, unless it is unknown or older than 30 days."""
        medium = self._media.get(media_id)
        if medium is None or self._now() - medium.uploaded_at > KEPT_S:
            return None
        return medium

    def drop(self, media_id: str) -> None:
        self._media.pop(media_id, None)

    def link(self, medium: Medium) -> str:
        """A new key under which the content can be fetched for five minutes."""
        key = secrets.token_urlsafe(16)
        medium.links[key] = self._now() + LINK_S
        return key

    def opened(self, media_id: str, key: str) -> Medium | None:
        medium = self.get(media_id)
        if medium is None or medium.links.get(key, 0.0) < self._now():
            return None
        return medium

    def can_fetch(self, source: str) -> bool:
        """Whether a header's medium could be had: uploaded media by id, our own pictures by what they are.

        Any other link is taken on trust, never fetched.
        """
        media_id = source.removeprefix("id:")
        return meta_takes(source) if media_id == source else self.get(media_id) is not None
