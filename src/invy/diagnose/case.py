"""A message and the situation it is in: what is judged, together with whose it is."""

from dataclasses import dataclass

from invy.diagnose.situation import Situation
from invy.domain.message import Message


@dataclass(frozen=True, slots=True)
class Case:
    message: Message
    situation: Situation
    guest_name: str | None = None
