"""The simulator's own paths `/__simulator__/…`: the control of a server that runs in another process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from .api.call import ApiError, Query, Request, Response

if TYPE_CHECKING:
    from .simulator import Simulator


def answer(simulator: Simulator, request: Request) -> Response:
    """The answer to one control request: 200 with a result, 400 with one line that says what is wrong."""
    action = (request.method, request.path.removeprefix("/__simulator__/").strip("/"))
    if action not in _ACTIONS:
        return _json(
            404, {"detail": "There are POST advance, mutate, faults; DELETE faults; GET requests, truth."}
        )
    try:
        return _json(200, _ACTIONS[action](simulator, request))
    except ApiError as error:
        return _json(error.status, error.body)
    except KeyError as error:
        return _json(400, {"detail": f"Missing or unknown: {error.args[0]}"})
    except (ValueError, TypeError) as error:
        return _json(400, {"detail": str(error)})


def _json(status: int, body: Any) -> Response:
    raw = orjson.dumps(body)
    return Response(status, raw, {"Content-Type": "application/json", "Content-Length": str(len(raw))})


def _advance(simulator: Simulator, request: Request) -> dict[str, Any]:
    simulator.advance(float(request.json()["seconds"]))
    return {"now": simulator.now().isoformat()}


def _mutate(simulator: Simulator, request: Request) -> dict[str, Any]:
    arguments = request.json()
    return {"result": simulator.mutate.perform(str(arguments.pop("action")), arguments)}


def _faults(simulator: Simulator, request: Request) -> dict[str, Any]:
    simulator.faults.add(**request.json())
    return {"ok": True}


def _clear(simulator: Simulator, _request: Request) -> dict[str, Any]:
    simulator.faults.clear()
    return {"ok": True}


def _requests(simulator: Simulator, request: Request) -> list[dict[str, Any]]:
    since = int(Query(request.query_string).get("since", "0"))
    return [
        {
            "at": served.at.isoformat(),
            "monotonic": served.monotonic,
            "method": served.method,
            "path": served.path,
            "query": served.query,
            "status": served.status,
            "caller": served.caller,
        }
        for served in simulator.requests[since:]
    ]


def _truth(simulator: Simulator, request: Request) -> dict[str, Any]:
    world = simulator.world
    truth: dict[str, Any] = {
        "now": simulator.now().isoformat(),
        "version": world.version,
        "projects": len(world.projects),
        "environments": len(world.environments),
        "issues": len(world.issues),
        "events": len(world.index),
        "releases": sum(release.created <= world.clock.seconds() for release in world.releases.all),
        "requests": len(simulator.requests),
    }
    if Query(request.query_string).get("full") == "1":
        truth["issues_by_id"] = {
            issue.id: {
                "short_id": issue.short_id,
                "status": issue.status,
                "substatus": issue.substatus,
                "priority": issue.priority,
                "assigned_to": issue.assigned_to["id"] if issue.assigned_to else None,
                "count": issue.count,
                "first_seen": issue.first_seen.isoformat(),
                "last_seen": issue.last_seen.isoformat(),
            }
            for issue in world.issues.values()
        }
    return truth


_ACTIONS: dict[tuple[str, str], Callable[[Simulator, Request], Any]] = {
    ("POST", "advance"): _advance,
    ("POST", "mutate"): _mutate,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): _clear,
    ("GET", "requests"): _requests,
    ("GET", "truth"): _truth,
}
