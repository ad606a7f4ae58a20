"""`/{waba}/message_templates` and `/{template-id}`: list with filters and pages, create, edit, delete, unpause."""

from collections.abc import Mapping
from typing import Any

import msgspec

from invy.simulator.exchange import Answer, Request
from invy.simulator.graph.form import base_of, fields_of, form_of, page, picked
from invy.simulator.graph.health import health, template_health
from invy.simulator.refusal import Refusal
from invy.simulator.retelling import About
from invy.simulator.template import CATEGORIES, Template, check_components, check_name
from invy.simulator.world import World

FIELDS = (
    "id",
    "name",
    "language",
    "status",
    "category",
    "components",
    "parameter_format",
    "rejected_reason",
    "quality_score",
    "previous_category",
    "message_send_ttl_seconds",
    "sub_category",
    "health_status",
    # Meta has these too; a world has no value for them, and Graph leaves out what has no value.
    "allow_category_change",
    "bid_spec",
    "correct_category",
    "creative_sourcing_spec",
    "cta_url_link_tracking_opted_out",
    "degrees_of_freedom_spec",
    "display_format",
    "is_primary_device_delivery_only",
    "last_updated_time",
    "library_template_name",
)
_SUMMARY = ("total_count", "message_template_count", "message_template_limit", "are_translations_complete")
_TEMPLATE_LIMIT = 6000
_DEFAULT = ("name", "parameter_format", "components", "language", "status", "category", "id")


def list_templates(world: World, request: Request) -> Answer:
    """`GET /{waba}/message_templates`. `name` matches a part of the name: compare it yourself."""
    names = _asked(world, request)
    wanted = request.query
    rows = [
        each
        for each in world.catalogue
        if wanted.get("name", wanted.get("name_or_content", "")) in each.name
        and _among(wanted.get("status"), each.status)
        and _among(wanted.get("category"), each.category)
        and _among(wanted.get("language"), each.language)
        and wanted.get("content", "") in each.body_text
    ]
    answer = page(
        request, rows, lambda each: picked(_row(world, each), names), base=base_of(request), largest=1000
    )
    if wanted.get("summary"):
        counts = (len(rows), len(list(world.catalogue)), _TEMPLATE_LIMIT, True)
        summary = dict(zip(_SUMMARY, counts, strict=True))
        answer["summary"] = {name: summary[name] for name in wanted["summary"].split(",") if name in summary}
    return Answer.of(answer)


def _asked(world: World, request: Request) -> list[str]:
    return fields_of(request, world.retelling.known(About.TEMPLATE, FIELDS), _DEFAULT)


def _among(asked: str | None, value: str) -> bool:
    """Filters take one value, several with commas, or several as a JSON list."""
    if not asked:
        return True
    if asked.startswith("["):
        try:
            return value in msgspec.json.decode(asked, type=list[str])
        except msgspec.DecodeError as error:
            raise Refusal(100, message=f"(#100) A filter is not a valid list: {error}") from error
    return value.upper() in asked.upper().split(",")


def _row(world: World, template: Template) -> dict[str, Any]:
    row = template.as_meta() | {"health_status": health(world, template_health(template))}
    return world.retelling.told(About.TEMPLATE, row, template.name)


def get_template(world: World, request: Request, template: Template) -> Answer:
    """`GET /{template-id}`."""
    return Answer.of(picked(_row(world, template), _asked(world, request)))


def create_template(world: World, request: Request) -> Answer:
    """`POST /{waba}/message_templates`: pending at first, reviewed a minute of virtual time later."""
    given = form_of(request)
    for name in ("name", "language", "category", "components"):
        if not given.get(name):
            raise Refusal(100, message=f"(#100) The parameter {name} is required.")
    check_name(given["name"])
    category = str(given["category"]).upper()
    if category not in CATEGORIES:
        raise Refusal(
            100, message=f"(#100) Param category must be one of {{{', '.join(sorted(CATEGORIES))}}}."
        )
    check_components(given["components"])
    template = world.catalogue.create(
        {
            "name": given["name"],
            "language": str(given["language"]),
            "category": category,
            "components": given["components"],
            "parameter_format": str(given.get("parameter_format", "POSITIONAL")).upper(),
        }
    )
    return Answer.of({"id": template.id, "status": template.status, "category": template.category})


def edit_template(world: World, request: Request, template: Template) -> Answer:
    """`POST /{template-id}`: new components or category."""
    given = form_of(request)
    components = given.get("components")
    if components is not None:
        check_components(components)
    elif not given.get("category"):
        raise Refusal(100, message="(#100) The parameter components is required.")
    world.catalogue.edit(template, components=components, category=str(given.get("category", "")))
    return Answer.of({"success": True})


def unpause_template(world: World, template: Template) -> Answer:
    """`POST /{template-id}/unpause`."""
    if template.status != "PAUSED":
        return Answer.of({"success": False, "reason": "The template is not paused."})
    world.catalogue.unpause(template)
    return Answer.of({"success": True})


def delete_templates(world: World, request: Request) -> Answer:
    """`DELETE /{waba}/message_templates?name=` deletes all languages, `&hsm_id=` one of them."""
    given: Mapping[str, Any] = form_of(request)
    name, template_id = given.get("name"), given.get("hsm_id")
    if not name:
        raise Refusal(100, message="(#100) The parameter name is required.")
    found = [each for each in world.catalogue.named(str(name)) if template_id in {None, each.id}]
    if not found:
        raise Refusal(100, message="Invalid parameter", subcode=2593002)
    for each in found:
        world.catalogue.delete(each)
    return Answer.of({"success": True})
