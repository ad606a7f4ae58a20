"""`/{phone-number-id}/media` and `/{media-id}`: upload, look up, download under a short-lived link, delete."""

from typing import Any

from invy.simulator.exchange import Answer, Request
from invy.simulator.graph.form import base_of, parts_of
from invy.simulator.media import Medium
from invy.simulator.refusal import Refusal, no_such_object
from invy.simulator.world import World

DOWNLOAD = "_media"


def upload(world: World, request: Request, number_id: str) -> Answer:
    """Answers the id of the upload, to be sent as `{"id": …}`."""
    parts = parts_of(request)
    if parts.get("messaging_product", ("", b""))[1] != b"whatsapp":
        raise Refusal(100, message="(#100) The parameter messaging_product is required.")
    if "file" not in parts:
        raise Refusal(100, message="(#100) The parameter file is required.")
    declared, content = parts["file"]
    named = parts.get("type", ("", b""))[1].decode("latin-1")
    medium = world.media.put(number_id, named or declared, content)
    return Answer.of({"id": medium.id})


def look_up(world: World, request: Request, medium: Medium) -> Answer:
    """A fresh link, valid for five minutes, and what is behind it."""
    _check_owner(request, medium)
    link = f"{base_of(request)}/{DOWNLOAD}/{medium.id}/{world.media.link(medium)}"
    row: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "url": link,
        "mime_type": medium.mime_type,
        "sha256": medium.sha256,
        "file_size": str(len(medium.content)),
        "id": medium.id,
    }
    return Answer.of(row)


def delete(world: World, request: Request, medium: Medium) -> Answer:
    _check_owner(request, medium)
    world.media.drop(medium.id)
    return Answer.of({"success": True})


def _check_owner(request: Request, medium: Medium) -> None:
    asked = request.query.get("phone_number_id")
    if asked not in {None, medium.number_id}:
        raise no_such_object(medium.id, request.method)


def download(world: World, media_id: str, key: str) -> Answer:
    """The content behind a link that is not older than five minutes."""
    medium = world.media.opened(media_id, key)
    if medium is None:
        return Answer(404, b"", {"content-type": "text/plain"})
    return Answer(200, medium.content, {"content-type": medium.mime_type})
