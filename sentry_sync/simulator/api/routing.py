"""Which handler answers which path, what scope it needs, and which limit counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sentry_sync.simulator.api import (
    events,
    explore,
    explore_errors,
    explore_spans,
    issue_detail,
    issues,
    organization,
    releases,
    sessions,
    timeseries,
    writes,
)
from sentry_sync.simulator.api.call import Call, Response
from sentry_sync.simulator.api.explore import Answerer, Question, Table
from sentry_sync.simulator.limits import Bucket

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


def _discover(call: Call, question: Question) -> Table:
    """The old dataset that held errors and transactions alike."""
    text = (*question.fields, *call.query.all("query"))
    if any("transaction.duration" in part or "tpm()" in part or "event.type:transaction" in part for part in text):
        return explore_spans.answer(call, replace(question, dataset="transactions"))
    return explore_errors.answer(call, question)


_ANSWERERS: dict[str, Answerer] = {
    "errors": explore_errors.answer,
    "spans": explore_spans.answer,
    "transactions": explore_spans.answer,
    "discover": _discover,
}


def _explore(call: Call) -> Response:
    return explore.table(call, _ANSWERERS)


def _timeseries(call: Call) -> Response:
    return timeseries.events_timeseries(call, _ANSWERERS)


ORG = frozenset({"org:read"})
EVENT = frozenset({"event:read"})
PROJECT = frozenset({"project:read"})
RELEASE = frozenset({"project:releases", "project:read", "org:ci"})
MEMBER = frozenset({"member:read"})
TEAM = frozenset({"team:read", "org:read"})
WRITE = frozenset({"event:write", "event:admin"})
ADMIN = frozenset({"event:admin"})


def _get(path: str, handler: Handler, scopes: frozenset[str], bucket: Bucket | None = None) -> Route:
    return Route("GET", path, handler, scopes, bucket)


def _old(path: str, handler: Handler, bucket: Bucket | None = None) -> Route:
    """A path Sentry has deprecated: it answers, says so in headers, and browns out."""
    return Route("GET", path, handler, EVENT, bucket, deprecated=True)


_ORG = "organizations/{org}"
_ISSUE_DETAIL = Bucket("issue-detail", 5, 1)
_ISSUE_TAGS = Bucket("issue-tags", 10, 1, 10)
_ISSUE_EVENT = Bucket("issue-event", 15, 1)

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
    _get(f"{_ORG}/issues/{{issue}}/tags", issue_detail.tags, EVENT, _ISSUE_TAGS),
    _get(f"{_ORG}/issues/{{issue}}/tags/{{key}}", issue_detail.tag, EVENT),
    _get(
        f"{_ORG}/issues/{{issue}}/tags/{{key}}/values", issue_detail.tag_values, EVENT, Bucket("tag-values", 10, 1)
    ),
    _get(f"{_ORG}/issues/{{issue}}/hashes", issue_detail.hashes, EVENT),
    _get(f"{_ORG}/issues/{{issue}}/events", events.issue_events, EVENT),
    _get(f"{_ORG}/issues/{{issue}}/events/{{event}}", events.issue_event, EVENT, _ISSUE_EVENT),
    _get("projects/{org}/{project}/events", events.project_events, PROJECT, Bucket("project-events", 60, 60, 1)),
    _get("projects/{org}/{project}/events/{event}", events.project_event, PROJECT, Bucket("project-event", 5, 1)),
    _get(f"{_ORG}/eventids/{{event}}", events.event_lookup, ORG),
    _get(f"{_ORG}/shortids/{{issue}}", issue_detail.short_id, EVENT),
    _get(f"{_ORG}/releases", releases.list_releases, RELEASE, Bucket("releases", 40, 1)),
    _get(f"{_ORG}/releases/{{version}}", releases.release, RELEASE),
    _get(f"{_ORG}/releases/{{version}}/deploys", releases.deploys, RELEASE),
    _get(f"{_ORG}/releases/{{version}}/commits", releases.commits, RELEASE),
    _get("projects/{org}/{project}/releases", releases.project_releases, RELEASE),
    _get(f"{_ORG}/sessions", sessions.list_sessions, ORG),
    _get(f"{_ORG}/events", _explore, ORG, Bucket("explore", 30, 1, 15)),
    _get(f"{_ORG}/events-timeseries", _timeseries, ORG, Bucket("timeseries", 30, 1, 15)),
    _get(f"{_ORG}/stats_v2", timeseries.stats_v2, ORG, Bucket("stats-v2", 20, 1)),
    Route("PUT", f"{_ORG}/issues", writes.update_issues, WRITE),
    Route("DELETE", f"{_ORG}/issues", writes.delete_issues, ADMIN),
    Route("PUT", f"{_ORG}/issues/{{issue}}", writes.update_issue, WRITE),
    Route("DELETE", f"{_ORG}/issues/{{issue}}", writes.delete_issue, ADMIN),
    _old("projects/{org}/{project}/issues", issues.list_issues, Bucket("project-issues", 5, 1)),
    _old("issues/{issue}", issue_detail.detail, _ISSUE_DETAIL),
    _old("issues/{issue}/activities", issue_detail.activities),
    _old("issues/{issue}/tags", issue_detail.tags, _ISSUE_TAGS),
    _old("issues/{issue}/hashes", issue_detail.hashes),
    _old("issues/{issue}/events", events.issue_events),
    _old("issues/{issue}/events/{event}", events.issue_event, _ISSUE_EVENT),
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
