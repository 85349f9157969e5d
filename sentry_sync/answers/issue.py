"""get-issue: one issue, with what a decision about it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import event_evidence, issue_sections, untrusted
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.event_evidence import Subject
from sentry_sync.answers.freshness import Facts
from sentry_sync.answers.issue_locating import named, unknown_issue
from sentry_sync.answers.misses import Miss, still_good
from sentry_sync.answers.references import issue_reference
from sentry_sync.answers.times import shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.records.issue import UNKNOWN
from sentry_sync.store.reads import issues
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.sync.plan import stale_after

_COUNTS = ("error_counts", "issue_environments")

CONCISE = ("trend", "environments", "releases", "newest_event")
"""Sections of a concise answer, in its order."""

DETAILED = (*CONCISE, "tags", "history", "similar")


@dataclass(frozen=True, slots=True)
class IssueQuestion:
    """One issue by its id, short id or address."""

    issue_id: str
    response_format: str = "concise"

    resource = "issues"

    def look(self, view: View) -> Found:
        """The issue as the store knows it."""
        reference = issue_reference(self.issue_id, *view.origin)
        row = named(view, reference)
        if row is None:
            return unknown_issue(view, reference, self.resource, {"issue": None} | dict.fromkeys(DETAILED))
        learned = view.learned.get("issue")
        if learned and learned.ids:
            row = issues.by_id(view.snapshot, learned.ids[0]) or row
        issue = issues.merged_into(view.snapshot, row)
        asked_for = reference.issue_id or row.id
        return _Look(view, issue, asked_for, detailed=self.response_format == "detailed").found()


class _Look:
    """One look at one issue."""

    def __init__(self, view: View, issue: Any, asked_for: str, *, detailed: bool) -> None:
        self.view = view
        self.issue = issue
        self.asked_for = asked_for
        self.detailed = detailed
        self.subject: Subject = event_evidence.of_issue(view.snapshot, issue)
        self.known: Knowledge = event_evidence.read(view.snapshot, self.subject, _COUNTS, _COUNTS)

    def found(self) -> Found:
        from sentry_sync.answers.fetching.events import reread_issue

        issue_id = self.issue.id
        miss = self._miss()
        step = Step("issue", lambda live: reread_issue(live, issue_id))
        return Found(
            {"issue": _shown(self.issue, detailed=self.detailed), **self._sections()},
            self._facts(complete=miss is None),
            miss,
            step if miss else None,
            refresh=step,
        )

    def _miss(self) -> Miss | None:
        """Issues that no sync looks at again are as good as what was read of them a moment ago."""
        synced = event_evidence.issues_as_of(self.known) is not None
        told = "issue" in self.view.learned or self.issue.removed_at is not None
        if synced or told or still_good(self.issue.verified_at, self.view.now, stale_after("issues")):
            return None
        return Miss.NEVER_SYNCED

    def _sections(self) -> dict[str, Any]:
        view, known, issue, detailed = self.view, self.known, self.issue, self.detailed
        counts = issue_sections.counts(view, known, self.subject)
        since = issue_sections.counted_from(counts) if detailed else None
        counted = issue_sections.spread(view, issue, since)
        newest = issue_sections.newest(view, known, self.subject)
        known_newest = newest.row if newest and newest.complete else None
        found = {
            "trend": issue_sections.trend(counts),
            "environments": issue_sections.environments(view, known, issue, since, counted, detailed=detailed),
            "releases": issue_sections.first_and_last(issue, known_newest),
            "newest_event": issue_sections.newest_event(view, issue, newest, whole=detailed),
        }
        if detailed:
            found |= {
                "releases": issue_sections.releases(issue, since, counted, known_newest),
                "tags": issue_sections.tags(view, issue),
                "history": issue_sections.history(view, issue),
                "similar": issue_sections.similar(view, issue),
            }
        return found

    def _facts(self, *, complete: bool) -> Facts:
        learned = self.view.learned.get("issue")
        return Facts(
            as_of=learned.at if learned else self._as_of(),
            complete=complete,
            stale_after=stale_after("issues"),
            source="mixed" if learned else "local",
            rung=self.known.rung("issues") or ("issues" if learned else None),
            notes=tuple(self._notes()),
            oldest_verified_at=self.issue.verified_at,
        )

    def _as_of(self) -> datetime:
        """An issue that was removed is known as of when that was seen; others would show in the sync's polls."""
        seen: datetime = self.issue.verified_at
        as_of = self.issue.removed_at or event_evidence.issues_as_of(self.known)
        return max(as_of, seen) if as_of else seen

    def _notes(self) -> list[str]:
        issue, learned = self.issue, self.view.learned.get("issue")
        notes = [*warnings(self.known, self.view), *self.view.notes("issue")]
        if self.asked_for != issue.id:
            notes.append(f"issue {self.asked_for} was merged into {issue.id}, which this is")
        if issue.removed_at and issue.merged_into:
            notes.append(f"this issue was merged into {issue.merged_into}, which is not held")
        elif issue.removed_at:
            how = _WENT.get(issue.removed_as, "removed")
            notes.append(f"Sentry no longer has this issue (seen {shown(issue.removed_at)}): {how}")
        elif learned is None and self._as_of() - issue.verified_at > stale_after("issues"):
            notes.append(
                f"status, priority and assignment are as of {shown(issue.verified_at)}: they change in Sentry "
                "without an event, and show once the issue is read again"
            )
        return notes


_WENT = {
    "deleted": "it was deleted, or is hidden from this token",
    UNKNOWN: "it was deleted, or is part of another that is being merged itself; within a day it is known which",
}
"""What is said of how an issue went, by ``removed_as``."""

_CALLED = ("title", "culprit", "exception_type", "exception_value", "filename", "function")
_CALLED_FURTHER = ("logger", "first_release")


def _shown(issue: Any, *, detailed: bool) -> dict[str, Any]:
    found = {
        "id": issue.id,
        "short_id": issue.short_id,
        "project_id": issue.project_id,
        "status": issue.status,
        "substatus": issue.substatus,
        "priority": issue.priority,
        "level": untrusted.word(issue.level),
        "category": issue.category,
        "platform": untrusted.word(issue.platform),
        "unhandled": issue.unhandled,
        "assigned_to": untrusted.line(issue.assigned_to) if issue.assigned_to else None,
        "events": issue.count,
        "users": issue.user_count,
        "first_seen": shown(issue.first_seen),
        "last_seen": shown(issue.last_seen),
        "verified_at": shown(issue.verified_at),
        "permalink": issue.permalink,
        "untrusted": _called(issue, detailed=detailed),
    }
    if issue.removed_at:
        found |= {
            "removed_at": shown(issue.removed_at),
            "removed_as": issue.removed_as,
            "merged_into": issue.merged_into,
        }
    if detailed:
        found |= {
            "type": untrusted.word(issue.type),
            "issue_type": untrusted.word(issue.issue_type),
            "assigned_type": issue.assigned_type,
            "assigned_id": issue.assigned_id,
            "comments": issue.num_comments,
            "known_since": shown(issue.known_since),
        }
    return found


def _called(issue: Any, *, detailed: bool) -> dict[str, Any]:
    """What events say of it."""
    names = (*_CALLED, *_CALLED_FURTHER) if detailed else _CALLED
    return untrusted.fields({name: getattr(issue, name) for name in names})
