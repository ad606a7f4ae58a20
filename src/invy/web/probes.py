"""`/healthz`, `/readyz` and `/metrics`: for those who watch over the process."""

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from invy.app.metrics import CONTENT_TYPE
from invy.web.caller import TheHouse, neighbour
from invy.web.described import UNAUTHORIZED
from invy.web.readiness import Probe, Readiness

router = APIRouter(tags=["watching"])


class Health(BaseModel):
    """The process answers; nothing more is claimed."""

    alive: bool = True


@router.get("/healthz", summary="Whether the process is alive")
async def healthz() -> Health:
    """Asks nobody: an answer is all there is to know."""
    return Health()


@router.get(
    "/readyz",
    summary="Whether webhooks are received and applied",
    responses={503: {"description": "Not ready; `reasons` says why.", "model": Readiness}},
)
async def readyz(request: Request, response: Response) -> Readiness:
    """Looks at the database and at the running parts. Credentials and holds are told and do not count."""
    probe = request.app.state.probe
    assert isinstance(probe, Probe)
    found = await probe.look()
    if not found.ready:
        response.status_code = 503
    return found


@router.get(
    "/metrics",
    summary="Counts, for Prometheus",
    response_class=Response,
    dependencies=[Depends(neighbour)],
    responses={200: {"description": "Prometheus text.", "content": {"text/plain": {}}}, 401: UNAUTHORIZED},
)
async def metrics(house: TheHouse) -> Response:
    """From this machine without a token, from elsewhere with one."""
    return Response(house.metrics.render(), media_type=CONTENT_TYPE)
