"""`health_status`: whether a number, a template or an account can send, and what stands in the way.

Overall health is that of the worst entity.
"""

from typing import Any

from invy.simulator.news import Sender
from invy.simulator.template import Template
from invy.simulator.world import World

_WORST_FIRST = ("BLOCKED", "LIMITED", "AVAILABLE")


def health(world: World, *particular: dict[str, Any]) -> dict[str, Any]:
    """The health of the account, its business and its app, and of what is asked about before them."""
    account = world.account
    entities = [
        *particular,
        _account_health(world),
        _entity("BUSINESS", account.business_id),
        _entity("APP", account.app_id),
    ]
    states = {each["can_send_message"] for each in entities}
    return {"can_send_message": next(each for each in _WORST_FIRST if each in states), "entities": entities}


def number_health(world: World, sender: Sender) -> dict[str, Any]:
    entity = _entity("PHONE_NUMBER", sender.phone_number_id)
    if not world.condition.registered:
        return entity | _blocked(141000, "The phone number is not registered.", "Register the phone number.")
    if world.condition.quality == "RED":
        return entity | {
            "can_send_message": "LIMITED",
            "additional_info": ["The quality of this phone number is low."],
        }
    return entity


def template_health(template: Template) -> dict[str, Any]:
    entity = _entity("MESSAGE_TEMPLATE", template.id)
    if template.status == "APPROVED":
        return entity
    return entity | _blocked(
        141002,
        "Message templates can only be sent out if they are approved.",
        "Edit or appeal the message template review decision.",
    )


def _account_health(world: World) -> dict[str, Any]:
    entity = _entity("WABA", world.account.waba_id)
    if world.condition.locked:
        reason = "The account has been locked for violating the policies."
        return entity | _blocked(141006, reason, "Appeal in Business Support Home.")
    if world.condition.payment_problem:
        reason = "There is an error with the payment method."
        return entity | _blocked(141006, reason, "Correct the payment method of the account.")
    return entity


def _entity(kind: str, entity_id: str) -> dict[str, Any]:
    return {"entity_type": kind, "id": entity_id, "can_send_message": "AVAILABLE"}


def _blocked(code: int, description: str, solution: str) -> dict[str, Any]:
    error = {"error_code": code, "error_description": description, "possible_solution": solution}
    return {"can_send_message": "BLOCKED", "errors": [error]}
