"""From a request to a handler: slash, route, credentials, organization, scope; refusals in Sentry's words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from sentry_sync.simulator.api.organization import ORGANIZATION_ID
from sentry_sync.simulator.api.routing import Route
from sentry_sync.simulator.limits import Bucket
from sentry_sync.simulator.moments import DAY
from sentry_sync.simulator.options import Profile, SimulatorOptions
from sentry_sync.simulator.world.world import World

from . import routing
from .call import ApiError, Call, Memory, Query, Request, Response, Trick

PREFIX = "/api/0/"


@dataclass(frozen=True, slots=True)
class Server:
    """What answering needs from the server."""

    world: World
    options: SimulatorOptions
    url: str
    memory: Memory


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: scopes, or the body of the 401."""

    scopes: frozenset[str]
    refusal: dict[str, Any] | None


def refuse(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """An error in JSON."""
    return Response(status, orjson.dumps(body), {"Content-Type": "application/json", **(headers or {})})


@lru_cache(maxsize=4_096)
def _query(query_string: str) -> dict[str, Any]:
    return Query(query_string).as_dict()


def query_of(request: Request) -> dict[str, Any]:
    """The request's parameters, for the record; a copy."""
    return dict(_query(request.query_string))


def bucket(request: Request, profile: Profile) -> Bucket | None:
    """The request's own limit, if its endpoint has one."""
    if profile != "saas":
        return None
    return _bucket(request.method, request.path)


@lru_cache(maxsize=4_096)
def _bucket(method: str, path: str) -> Bucket | None:
    if not path.startswith(PREFIX):
        return None
    found = routing.match(method, Request(method, path).segments()[2:])
    return found[0].bucket if found else None


def answer(server: Server, request: Request, caller: Caller, trick: Trick = "") -> Response:
    """The answer to one request, refusals included."""
    if not request.path.startswith(PREFIX):
        return Response(404, b"<!doctype html><title>Not found</title>", {"Content-Type": "text/html"})
    if not request.path.endswith("/"):
        place = f"{request.path}/" + (f"?{request.query_string}" if request.query_string else "")
        return Response(301, b"", {"Content-Type": "text/html", "Location": place})
    segments = request.segments()[2:]
    found = routing.match(request.method, segments)
    if found is None:
        return _nowhere(request, segments)
    route, args = found
    refusal = _refusal(server, request, caller, route, args)
    if refusal is not None:
        return refusal
    call = Call(
        world=server.world,
        request=request,
        query=Query(request.query_string),
        args=args,
        profile=server.options.profile,
        base_url=server.url,
        memory=server.memory,
        scopes=caller.scopes,
        trick=trick,
        retention=server.options.retention_days * DAY,
        page_rows=server.options.page_rows,
    )
    try:
        response = route.handler(call)
    except ApiError as error:
        return refuse(error.status, error.body, error.headers)
    if route.deprecated and server.options.profile == "saas":
        response.headers.update(_deprecation(request, segments, server.world.organization))
    return response


def _refusal(
    server: Server, request: Request, caller: Caller, route: Route, args: dict[str, str]
) -> Response | None:
    anonymous_root = not route.path and "authorization" not in request.headers
    if caller.refusal is not None and not anonymous_root:
        return refuse(401, caller.refusal, {"WWW-Authenticate": 'xBasic realm="api"'})
    if "org" in args and args["org"] not in (server.world.organization, ORGANIZATION_ID):
        return refuse(404, {"detail": "The requested resource does not exist"})
    if route.scopes and not route.scopes & caller.scopes:
        return refuse(403, {"detail": "You do not have permission to perform this action."})
    return None


def _nowhere(request: Request, segments: list[str]) -> Response:
    methods = [m for m in ("GET", "PUT", "POST", "DELETE") if routing.match(m, segments)]
    if methods:
        return refuse(405, {"detail": f'Method "{request.method}" not allowed.'}, {"Allow": ", ".join(methods)})
    return refuse(404, {"info": "Route not found, did you forget a trailing slash?"})


def _deprecation(request: Request, segments: list[str], organization: str) -> dict[str, str]:
    rest = request.path.removeprefix(PREFIX)
    if segments[0] == "issues":
        place = f"{PREFIX}organizations/{organization}/{rest}"
    else:
        place = f"{PREFIX}organizations/{organization}/{'/'.join(segments[3:])}/"
    return {"X-Sentry-Deprecation-Date": "2026-12-01T00:00:00Z", "X-Sentry-Replacement-Endpoint": place}
