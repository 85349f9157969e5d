"""What the store knows of the events of an issue or a project, as evidence for :mod:`event_misses`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers.event_misses import Evidence
from sentry_sync.answers.locating import Project
from sentry_sync.answers.misses import reach
from sentry_sync.store.reads import issues, knowledge
from sentry_sync.store.reads.events import Place
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.prepared import Snapshot

_STREAMS = ("events", "issues.hot")
_RESOURCES = ("events", "issues")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose events a question is about: an issue's, or all errors of a project."""

    place: Place
    scopes: tuple[str, ...]
    """Under which names such events may have been read: for the organization, the project, the issue alone."""
    issue: Any = None
    """None where it is a project's events."""
    project: Project | None = None


def of_issue(snapshot: Snapshot, issue: Any) -> Subject:
    """The events of an issue and of those that were merged into it."""
    ids = (issue.id, *issues.merged_from(snapshot, issue.id))
    scopes = ("", f"project:{issue.project_id}", f"issue:{issue.id}")
    return Subject(Place(issue.project_id, ids), scopes, issue=issue)


def of_project(project: Project) -> Subject:
    """The errors of a project."""
    return Subject(Place(project.id), ("", f"project:{project.id}"), project=project)


def read(
    snapshot: Snapshot, subject: Subject, streams: tuple[str, ...] = (), resources: tuple[str, ...] = ()
) -> Knowledge:
    """What is known of its events, and of ``streams`` and ``resources`` beside them."""
    return knowledge.read(snapshot, (*_STREAMS, *streams), (*_RESOURCES, *resources), subject.scopes)


def issues_as_of(known: Knowledge) -> datetime | None:
    """Until when every event would have shown in its issue's ``last_seen``."""
    found = reach(known.as_of("issues.hot"), [part.interval for part in known.covered("issues")])
    return found.as_of if found else None


def evidence(known: Knowledge, subject: Subject, since: datetime | None = None) -> Evidence:
    """What is known of the subject's events from ``since`` on."""
    scopes, issue = subject.scopes, subject.issue
    parts = [part for part in known.covered("events", *scopes) if not part.approximate]
    alone = known.covered("events", scopes[2]) if issue is not None else ()
    # GlitchTip tells when the last event was received, which tells nothing of when it happened.
    tells = issue is not None and known.capabilities.get("issues.sentry") is not False
    return Evidence(
        known=[part.interval for part in parts],
        synced_at=known.as_of("events", *scopes[:2]),
        read_alone_at=max((part.interval.end for part in alone), default=None),
        issues_as_of=issues_as_of(known),
        first_seen=issue.first_seen if issue is not None else None,
        last_seen=issue.last_seen if issue is not None and tells else None,
        asked_since=since,
    )
