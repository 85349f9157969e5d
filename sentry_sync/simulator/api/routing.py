"""Which handler answers which path, what scope it needs, and which limit counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sentry_sync.simulator.limits import Bucket

from . import (
    events,
    explore,
    explore_errors,
    issue_detail,
    issues,
    organization,
    releases,
)  # fmt: skip
from .call import Call, Response

Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint: its path with `{names}`, its handler, the scopes of which one is enough."""

    method: str
    path: str
    handler: Handler
    scopes: frozenset[str] = frozenset()
    bucket: Bucket | None = None
    """Its own limit on sentry.io; None is the shared one."""
    deprecated: bool = False


def _explore(call: Call) -> Response:
    answerers = {"errors": explore_errors.answer, "discover": explore_errors.answer}
    return explore.table(call, answerers)


ORG = frozenset({"org:read"})
EVENT = frozenset({"event:read"})
PROJECT = frozenset({"project:read"})
RELEASE = frozenset({"project:releases", "project:read", "org:ci"})
MEMBER = frozenset({"member:read"})
TEAM = frozenset({"team:read", "org:read"})


def _get(path: str, handler: Handler, scopes: frozenset[str], bucket: Bucket | None = None) -> Route:
    return Route("GET", path, handler, scopes, bucket)


_ORG = "organizations/{org}"
_ISSUE_DETAIL = Bucket("issue-detail", 5, 1)

ROUTES: tuple[Route, ...] = (
    Route("GET", "", organization.root),
    _get("organizations", organization.organizations, ORG),
    _get(_ORG, organization.organization, ORG),
    _get(f"{_ORG}/projects", organization.list_projects, ORG),
    _get(f"{_ORG}/environments", organization.environments, ORG),
    _get(f"{_ORG}/teams", organization.teams, TEAM),
    _get(f"{_ORG}/members", organization.members, MEMBER),
    _get("projects/{org}/{project}", organization.project, PROJECT),
    _get("projects/{org}/{project}/environments", organization.project_environments, PROJECT),
    _get(f"{_ORG}/issues", issues.list_issues, EVENT),
    _get(f"{_ORG}/issues-stats", issues.issues_stats, EVENT, Bucket("issues-stats", 10, 1)),
    _get(f"{_ORG}/issues-count", issues.issues_count, EVENT, Bucket("issues-count", 10, 1)),
    _get(f"{_ORG}/issues/{{issue}}", issue_detail.detail, EVENT, _ISSUE_DETAIL),
    _get(f"{_ORG}/issues/{{issue}}/activities", issue_detail.activities, EVENT),
    _get(f"{_ORG}/issues/{{issue}}/tags", issue_detail.tags, EVENT, Bucket("issue-tags", 10, 1, 10)),
    _get(f"{_ORG}/issues/{{issue}}/tags/{{key}}", issue_detail.tag, EVENT),
    _get(
        f"{_ORG}/issues/{{issue}}/tags/{{key}}/values", issue_detail.tag_values, EVENT, Bucket("tag-values", 10, 1)
    ),
    _get(f"{_ORG}/issues/{{issue}}/hashes", issue_detail.hashes, EVENT),
    _get(f"{_ORG}/issues/{{issue}}/events", events.issue_events, EVENT),
    _get(f"{_ORG}/issues/{{issue}}/events/{{event}}", events.issue_event, EVENT, Bucket("issue-event", 15, 1)),
    _get("projects/{org}/{project}/events", events.project_events, PROJECT, Bucket("project-events", 60, 60, 1)),
    _get("projects/{org}/{project}/events/{event}", events.project_event, PROJECT, Bucket("project-event", 5, 1)),
    _get("projects/{org}/{project}/issues", issues.list_issues, EVENT, Bucket("project-issues", 5, 1)),
    _get(f"{_ORG}/eventids/{{event}}", events.event_lookup, ORG),
    _get(f"{_ORG}/shortids/{{issue}}", issue_detail.short_id, EVENT),
    _get(f"{_ORG}/releases", releases.list_releases, RELEASE, Bucket("releases", 40, 1)),
    _get(f"{_ORG}/releases/{{version}}", releases.release, RELEASE),
    _get(f"{_ORG}/releases/{{version}}/deploys", releases.deploys, RELEASE),
    _get(f"{_ORG}/releases/{{version}}/commits", releases.commits, RELEASE),
    _get("projects/{org}/{project}/releases", releases.project_releases, RELEASE),
    _get(f"{_ORG}/events", _explore, ORG, Bucket("explore", 30, 1, 15)),
)


def match(
    method: str, segments: list[str], routes: tuple[Route, ...] = ROUTES
) -> tuple[Route, dict[str, str]] | None:
    """The route for a path (its parts after `/api/0`) and its named parts; a method that is not there: None."""
    for route in routes:
        if route.method != method:
            continue
        pattern = route.path.split("/") if route.path else []
        if len(pattern) != len(segments):
            continue
        args: dict[str, str] = {}
        for want, have in zip(pattern, segments, strict=True):
            if want.startswith("{"):
                args[want[1:-1]] = have
            elif want != have:
                break
        else:
            return route, args
    return None
