"""Who is calling: a bearer token that `invy token create` made, or this machine itself."""

from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from invy.app.accepted import is_loopback
from invy.app.house import House
from invy.app.service import Service
from invy.store.tokens import PREFIX, Token
from invy.web.problem import Refusal

_BEARER: Final = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token made with `invy token create NAME`."
)
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def house_of(request: Request) -> House:
    house = request.app.state.house
    assert isinstance(house, House)
    return house


def service_of(request: Request) -> Service:
    service = request.app.state.service
    assert isinstance(service, Service)
    return service


TheHouse = Annotated[House, Depends(house_of)]
TheService = Annotated[Service, Depends(service_of)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


async def token_of(house: TheHouse, given: Credentials) -> Token:
    """The token's record. Only its digest is ever looked for, so timing tells nothing about the token.

    Raises:
        Refusal: 401, when there is no token or it may not be used.
    """
    if given is None:
        raise _unauthorized("A bearer token is needed.", 'Bearer realm="invy"')
    text = given.credentials
    found = await house.tokens.check(text, house.clock()) if text.startswith(PREFIX) else None
    if found is None:
        raise _unauthorized(
            "The bearer token is not valid, or was revoked.", 'Bearer realm="invy", error="invalid_token"'
        )
    return found


TheToken = Annotated[Token, Depends(token_of)]


async def neighbour(request: Request, house: TheHouse, given: Credentials) -> None:
    """This machine, unless it only passes on what others ask; anyone else needs a token.

    Raises:
        Refusal: 401.
    """
    near = request.client is not None and is_loopback(request.client.host)
    if near and not any(name in request.headers for name in _FORWARDED):
        return
    await token_of(house, given)


def _unauthorized(detail: str, challenge: str) -> Refusal:
    return Refusal(
        401,
        "unauthorized",
        detail,
        hint="Make a token with `invy token create NAME` and send it as `Authorization: Bearer invy_…`.",
        headers={"WWW-Authenticate": challenge},
    )
