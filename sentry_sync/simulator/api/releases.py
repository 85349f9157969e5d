"""Releases of the organization and of a project, their deploys and commits; health on request."""

from __future__ import annotations

import re
from array import array
from hashlib import blake2b
from typing import Any

from sentry_sync.simulator import cursors
from sentry_sync.simulator.moments import micro, zulu
from sentry_sync.simulator.seeded import mix, stream
from sentry_sync.simulator.world.people import MEMBERS
from sentry_sync.simulator.world.projects import Project
from sentry_sync.simulator.world.releases import Release
from sentry_sync.simulator.world.world import World

from . import health, parameters
from .call import Call, Response, bad_request, not_found
from .organization import paged, the_project

SORTS = ("date", "build", "semver", "sessions", "sessions_24h", "users", "users_24h", "crash_free_users",
         "crash_free_sessions", "adoption")  # fmt: skip
_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([\w.]+))?(?:\+([\w.]+))?")


def list_releases(call: Call) -> Response:
    """`GET /organizations/{org}/releases/`, newest `dateCreated` first."""
    query = call.query
    asked = parameters.projects(call)
    if query.get("sort") and query.get("sort") not in SORTS:
        raise bad_request("invalid sort")
    status = query.get("status", "open")
    if status not in ("", "open", "archived"):
        raise bad_request(f"Invalid status value: {status}")
    numbers = {project.number for project in asked}
    found = [
        release
        for release in call.world.releases.all
        if any(project.number in numbers for project in release.projects)
        and (not status or release.status == status)
    ]
    if query.get("statsPeriod") or query.get("start"):
        window = parameters.window(call)
        found = [release for release in found if window.start <= release.created < window.end]
    return _list(call, found, asked)


def project_releases(call: Call) -> Response:
    """`GET /projects/{org}/{proj}/releases/`."""
    project = the_project(call)
    return _list(call, [r for r in call.world.releases.all if project in r.projects], [project])


def _list(call: Call, found: list[Release], asked: list[Project]) -> Response:
    call.valid_until(call.now + 1)
    health.check(call)
    words = call.query.get("query").lower()
    environments = parameters.environments(call)
    index = call.world.index
    if environments is not None:
        seen = {index.release[event] for event in index.order if index.environment[event] in environments}
        found = [release for release in found if release.number in seen]
    found = [release for release in found if words in release.version.lower() and release.created <= call.now]
    found.sort(key=lambda release: (-release.created, -release.number))
    page = cursors.by_page(found, parameters.per_page(call), parameters.cursor(call))
    # With too many rows and 30 days of health Sentry answers zeroes (its bug 30471).
    blank = parameters.per_page(call) > 25 and call.query.get("summaryStatsPeriod") in ("30d", "90d")
    rows = [row(call, release, asked) for release in page.rows]
    health.add(call, rows, list(page.rows), blank=blank)
    return call.page(rows, page)


def the_release(call: Call) -> Release:
    """The release of the path; 404 for none, or one whose projects are all gone."""
    found = call.world.releases.by_version.get(call.args["version"])
    if (
        found is None
        or found.created > call.now
        or not any(project in call.world.projects for project in found.projects)
    ):
        raise not_found()
    return found


def release(call: Call) -> Response:
    """`GET /organizations/{org}/releases/{version}/`."""
    found = the_release(call)
    call.valid_until(call.now + 1)
    rows = [row(call, found, parameters.projects(call))]
    health.check(call)
    health.add(call, rows, [found], blank=False)
    return call.reply(rows[0])


def row(call: Call, release: Release, asked: list[Project]) -> dict[str, Any]:
    """A release as the lists and its own endpoint show it; counts of new issues come from the events."""
    world = call.world
    first, last, new = _seen(call).get(release.number, (None, None, {}))
    shown = [project for project in release.projects if project in asked] or release.projects
    author = _author(world, release)
    deploys = _deploys(release, call.now)
    return {
        "id": 5_000_000 + release.number,
        "version": release.version,
        "shortVersion": release.version,
        "versionInfo": version_info(release.version),
        "status": release.status,
        "ref": None,
        "url": None,
        "dateReleased": zulu(release.released) if release.released else None,
        "dateCreated": micro(release.created, mix(world.seed, release.number) % 1_000_000),
        "data": {},
        "newGroups": sum(new.get(project.number, 0) for project in release.projects),
        "owner": None,
        "commitCount": release.commits,
        "lastCommit": _commit(world, release, 0) if release.commits else None,
        "deployCount": len(deploys),
        "lastDeploy": deploys[0] if deploys else None,
        "authors": [author] if release.commits else [],
        "projects": [_project(project, new.get(project.number, 0)) for project in shown],
        "firstEvent": zulu(first) if first else None,
        "lastEvent": zulu(last) if last else None,
        "currentProjectMeta": {},
        "userAgent": None,
    }


def _project(project: Project, new_groups: int) -> dict[str, Any]:
    return {
        "id": int(project.id),
        "slug": project.slug,
        "name": project.name,
        "newGroups": new_groups,
        "platform": project.platform,
        "platforms": [project.event_platform],
        "hasHealthData": project.has_sessions,
    }


def _seen(call: Call) -> dict[int, tuple[int | None, int | None, dict[int, int]]]:
    """For each release: its first and last event, and new issues by project."""
    world = call.world

    def make() -> dict[int, tuple[int | None, int | None, dict[int, int]]]:
        index = world.index
        times: dict[int, array[int]] = {}
        for event in index.order:
            release = index.release[event]
            if release in times:
                times[release][1] = index.timestamp[event]
            else:
                times[release] = array("q", (index.timestamp[event],) * 2)
        new: dict[int, dict[int, int]] = {}
        for issue in world.issues.values():
            counts = new.setdefault(issue.first_release, {})
            counts[issue.project.number] = counts.get(issue.project.number, 0) + 1
        numbers = {*times, *new}
        return {n: (*(times.get(n, (None, None))), new.get(n, {})) for n in numbers}

    return call.memory.recall(world.version, "releases seen", make)


def version_info(version: str) -> dict[str, Any] | None:
    """The version taken apart: package, semantic version or build hash."""
    package, _, rest = version.rpartition("@")
    match = _SEMVER.fullmatch(rest)
    if match is None:
        return {
            "package": package or None,
            "version": {"raw": rest},
            "description": rest[:12],
            "buildHash": rest if re.fullmatch(r"[0-9a-f]{40}", rest) else None,
        }
    return {
        "package": package or None,
        "version": {
            "raw": rest,
            "major": int(match[1]),
            "minor": int(match[2]),
            "patch": int(match[3]),
            "pre": match[4],
            "buildCode": match[5],
            "components": 3,
        },
        "description": rest.replace("+", " (") + (")" if "+" in rest else ""),
        "buildHash": None,
    }


def _author(world: World, release: Release) -> dict[str, Any]:
    member = MEMBERS[mix(world.seed, release.number) % len(MEMBERS)]
    return {"name": member.name, "email": member.email}


def _commit(world: World, release: Release, number: int) -> dict[str, Any]:
    random = stream(world.seed, "commit", release.version, number)
    verb, noun = (
        random.choice(["fix", "add", "drop", "speed up"]),
        random.choice(["cart totals", "login", "cache keys"]),
    )
    return {
        "id": blake2b(f"{release.version}:{number}".encode(), digest_size=20).hexdigest(),
        "message": f"{verb}: {noun}",
        "dateCreated": zulu(release.created - 600 * (number + 1)),
        "pullRequest": None,
        "suspectCommitType": "",
        "author": _author(world, release),
        "releases": [
            {"version": release.version, "shortVersion": release.version, "ref": None, "url": None,
             "dateReleased": zulu(release.released) if release.released else None,
             "dateCreated": zulu(release.created)}
        ],
    }  # fmt: skip


def _deploys(release: Release, now: int) -> list[dict[str, Any]]:
    rows = [
        {
            "id": str(7_000_000 + release.number * 10 + place),
            "environment": name,
            "dateStarted": zulu(finished - 240),
            "dateFinished": zulu(finished),
            "name": f"{name} of {release.version}"[:64],
            "url": None,
        }
        for place, (name, finished) in enumerate(release.deploys)
        if finished <= now
    ]
    return sorted(rows, key=lambda row: str(row["dateFinished"]), reverse=True)


def deploys(call: Call) -> Response:
    """`GET …/releases/{version}/deploys/`, the latest first."""
    call.valid_until(call.now + 1)
    return paged(call, _deploys(the_release(call), call.now))


def commits(call: Call) -> Response:
    """`GET …/releases/{version}/commits/`."""
    found = the_release(call)
    return paged(call, [_commit(call.world, found, number) for number in range(found.commits)])
