"""Meta's `health_status`: who on the way from app to phone number can send messages. Calls are another matter.

The overall word counts calls too: an account whose SIP is not set up is BLOCKED there and sends every message. So only
`can_send_message` of each entity is looked at (Meta's health status page, 2025-12; its samples show exactly this).
"""

from dataclasses import dataclass

from invy.meta.graph_object import GraphObject

AVAILABLE = "AVAILABLE"
LIMITED = "LIMITED"
BLOCKED = "BLOCKED"


@dataclass(frozen=True, slots=True)
class Complaint:
    code: int | None
    description: str
    solution: str


@dataclass(frozen=True, slots=True)
class Entity:
    """`kind`: PHONE_NUMBER, MESSAGE_TEMPLATE, WABA, BUSINESS, APP, or another word."""

    kind: str
    id: str
    ability: str | None
    complaints: tuple[Complaint, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    overall: str | None
    entities: tuple[Entity, ...]

    @property
    def only_calls_are_blocked(self) -> bool:
        """Whether the overall word speaks of calls alone."""
        able = all(entity.ability == AVAILABLE for entity in self.entities)
        return self.overall in (BLOCKED, LIMITED) and bool(self.entities) and able


def read(answer: GraphObject) -> Health | None:
    """The health in an answer; None when it holds none."""
    status = answer.object("health_status")
    if status is None:
        return None
    return Health(
        status.word("can_send_message"), tuple(_entity(each) for each in status.objects("entities"))
    )


def _entity(row: GraphObject) -> Entity:
    return Entity(
        kind=row.word("entity_type") or "UNKNOWN",
        id=row.text("id") or "",
        ability=row.word("can_send_message"),
        complaints=tuple(
            Complaint(
                each.number("error_code"),
                each.text("error_description") or "",
                each.text("possible_solution") or "",
            )
            for each in row.objects("errors")
        ),
        remarks=row.texts("additional_info"),
    )
