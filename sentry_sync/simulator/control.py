"""The simulator's own paths `/__simulator__/…`: the control of a server that runs in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from .api.call import ApiError, Query, Request, Response

if TYPE_CHECKING:
    from .simulator import Simulator


def answer(simulator: Simulator, request: Request) -> Response:
    """The answer to one control request: 200 with a result, 400 with one line that says what is wrong."""
    action = request.path.removeprefix("/__simulator__/").strip("/")
    reading = {"requests": _requests, "truth": _truth}
    writing = {"advance": _advance, "mutate": _mutate, "faults": _faults}
    try:
        if request.method == "GET" and action in reading:
            return _json(200, reading[action](simulator, Query(request.query_string)))
        if request.method == "POST" and action in writing:
            return _json(200, writing[action](simulator, request.json()))
        if request.method == "DELETE" and action == "faults":
            simulator.faults.clear()
            return _json(200, {"ok": True})
    except ApiError as error:
        return _json(error.status, error.body)
    except KeyError as error:
        return _json(400, {"detail": f"Missing or unknown: {error.args[0]}"})
    except (ValueError, TypeError) as error:
        return _json(400, {"detail": str(error)})
    return _json(404, {"detail": "The simulator has advance, mutate, faults (POST), requests and truth (GET)."})


def _json(status: int, body: Any) -> Response:
    raw = orjson.dumps(body)
    return Response(status, raw, {"Content-Type": "application/json", "Content-Length": str(len(raw))})


def _advance(simulator: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    simulator.advance(float(body["seconds"]))
    return {"now": simulator.now().isoformat()}


def _mutate(simulator: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    arguments = dict(body)
    return {"result": simulator.mutate.perform(str(arguments.pop("action")), arguments)}


def _faults(simulator: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    simulator.faults.add(**body)
    return {"ok": True}


def _requests(simulator: Simulator, query: Query) -> list[dict[str, Any]]:
    since = int(query.get("since", "0"))
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


def _truth(simulator: Simulator, query: Query) -> dict[str, Any]:
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
    if query.get("full") == "1":
        truth["issues_by_id"] = {
            issue.id: {
                "short_id": issue.short_id,
                "status": issue.status,
                "count": issue.count,
                "first_seen": issue.first_seen.isoformat(),
                "last_seen": issue.last_seen.isoformat(),
            }
            for issue in world.issues.values()
        }
    return truth
