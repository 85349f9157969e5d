"""The parts of an answer about one issue. Each says itself whether it is all: an answer can do without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers import issue_trend, similarity, standouts, untrusted
from sentry_sync.answers.asking import View
from sentry_sync.answers.event_evidence import Subject, evidence
from sentry_sync.answers.event_misses import newest_events
from sentry_sync.answers.event_rows import shown_event
from sentry_sync.answers.issue_trend import Counted
from sentry_sync.answers.misses import reach, search_edge
from sentry_sync.answers.standouts import Tally
from sentry_sync.answers.times import DAY, HOUR, ceiling, shown
from sentry_sync.answers.trace import crash
from sentry_sync.store.reads import events, issue_parts
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.prepared import Snapshot

ROWS = 10
"""Environments and releases shown at most."""

STANDOUTS = 8
ALIKE = 5
CHANGES = 20

COMPARED = 60
"""Issues of the same exception that are looked at, the newest: each takes three microseconds."""

OWN_TAGGED = 60
TAGGED = 200
LOOKED_AT = 100
"""Events whose tags are looked at, of the issue and of its project, and how far back in the issue: each takes two
microseconds."""

COUNTED_EVENTS = 20_000
"""Events of an issue that are counted one by one where the server counts none by the hour."""

HISTORY = ("status", "substatus", "priority", "assigned_to", "removed_as")
"""What is worth telling of an issue's past."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The hourly counts of an issue's errors, as far as they are known."""

    counted: Counted
    source: str
    approximate: bool
    since: datetime
    """From here to ``counted.as_of`` every hour is known."""


def counts(view: View, known: Knowledge, subject: Subject) -> Counts | None:
    """From the server's own counts, else from the events held; None where neither is known.

    Of another kind of issue than errors the server's counts know nothing, and of one that was removed they are
    no longer held.
    """
    issue = subject.issue
    if issue.category not in (None, "error") or issue.removed_at is not None:
        return None
    parts = known.covered("error_counts")
    found = reach(known.as_of("error_counts"), [part.interval for part in parts])
    if found is None:
        return _from_events(view, known, subject)

    def sums(step: timedelta, length: int) -> dict[datetime, int]:
        return issue_parts.sums(view.snapshot, issue.id, issue_trend.first(found.as_of, step, length), step)

    counted = Counted(
        sums(HOUR, issue_trend.HOURS), sums(DAY, issue_trend.DAYS), [part.interval for part in parts], found.as_of
    )
    return Counts(counted, "error_counts", any(part.approximate for part in parts), found.since)


def _from_events(view: View, known: Knowledge, subject: Subject) -> Counts | None:
    held = evidence(known, subject)
    found = reach(held.synced_at or held.read_alone_at, held.known)
    if found is None:
        return None

    def sums(step: timedelta, length: int) -> dict[datetime, int]:
        since = issue_trend.first(found.as_of, step, length)
        return issue_parts.sums_of_events(view.snapshot, subject.issue.id, since, step, COUNTED_EVENTS)

    by_day = sums(DAY, issue_trend.DAYS)
    if sum(by_day.values()) == COUNTED_EVENTS:
        return None
    return Counts(
        Counted(sums(HOUR, issue_trend.HOURS), by_day, held.known, found.as_of), "events", False, found.since
    )


def trend(found: Counts | None) -> dict[str, Any]:
    """Events by the hour and by the day."""
    if found is None:
        nothing = dict.fromkeys(("as_of", "last_24h", "last_14d", "hours", "days", "source"))
        return {"complete": False, **nothing}
    told = issue_trend.trend(found.counted)
    return told | {"source": found.source} | ({"approximate": True} if found.approximate else {})


def counted_from(found: Counts | None) -> datetime | None:
    """The first hour that is counted by environment and release."""
    return ceiling(found.since, HOUR) if found and found.source == "error_counts" else None


def spread(view: View, issue: Any, since: datetime | None) -> list[Any]:
    """Rows of environment and release with their counts from ``since`` on."""
    return issue_parts.spread(view.snapshot, issue.id, since) if since else []


def environments(
    view: View, known: Knowledge, issue: Any, since: datetime | None, counted: Sequence[Any], *, detailed: bool
) -> dict[str, Any]:
    """Where the issue was seen, the most recent first; ``detailed`` with the events counted from ``since`` on."""
    totals: Counter[str] = Counter()
    for row in counted:
        totals[row.environment] += row.events
    parts = [part.interval for part in known.covered("issue_environments") if not part.approximate]
    pairs = reach(known.as_of("issue_environments"), parts)
    rows = issue_parts.environments(view.snapshot, issue.id)
    return {
        "complete": pairs is not None
        and issue.category in (None, "error")
        and issue.removed_at is None
        and pairs.since <= max(search_edge(pairs.as_of), issue.first_seen or search_edge(pairs.as_of)),
        "as_of": shown(pairs.as_of) if pairs else None,
        **({"counted_from": shown(since)} if detailed else {}),
        "rows": [
            {
                "first_seen": shown(row.first_seen),
                "last_seen": shown(row.last_seen),
                **({"counted": totals[row.environment] if since else None} if detailed else {}),
                "untrusted": {"environment": untrusted.line(row.environment) or None},
            }
            for row in rows[:ROWS]
        ],
        "more": len(rows) > ROWS,
    }


@dataclass(slots=True)
class _Release:
    events: int
    first: datetime
    last: datetime


def first_and_last(issue: Any, newest: Any | None) -> dict[str, Any]:
    """The releases the issue was first and last seen in; ``newest`` is its newest event, if that is known."""
    last = _name(newest.release) if newest else None
    return {"untrusted": {"first_release": _name(issue.first_release), "last_release": last}}


def releases(issue: Any, since: datetime | None, counted: Sequence[Any], newest: Any | None) -> dict[str, Any]:
    """The same with each release's events counted from ``since`` on, the last first."""
    by_release: dict[str, _Release] = {}
    for row in counted:
        kept = by_release.setdefault(row.release, _Release(0, row.first_hour, row.last_hour))
        kept.events += row.events
        kept.first, kept.last = min(kept.first, row.first_hour), max(kept.last, row.last_hour)
    total = sum(one.events for one in by_release.values())
    # All its hours are counted, and its lifetime count knows of no more: some may have come with old times.
    complete = bool(since and issue.first_seen and since <= issue.first_seen and total >= (issue.count or 0))
    told = first_and_last(issue, newest)
    if complete and told["untrusted"]["first_release"] is None:
        told["untrusted"]["first_release"] = _name(_first(by_release))
    ordered = sorted(by_release.items(), key=lambda one: (one[1].last, one[1].first, one[0]), reverse=True)
    return {
        "complete": complete,
        "counted_from": shown(since),
        **told,
        "rows": [
            {
                "counted": one.events,
                "first_hour": shown(one.first),
                "last_hour": shown(one.last),
                "untrusted": {"release": _name(release)},
            }
            for release, one in ordered[:ROWS]
        ],
        "more": len(ordered) > ROWS,
    }


def _name(release: str | None) -> str | None:
    return untrusted.line(release) if release else None


def _first(found: dict[str, _Release]) -> str | None:
    """The release seen first; None where several were in that hour."""
    hour = min((one.first for one in found.values()), default=None)
    names = [release for release, one in found.items() if one.first == hour]
    return names[0] if len(names) == 1 else None


@dataclass(frozen=True, slots=True)
class Newest:
    """An issue's newest event held, and whether it is the newest there is, as of when."""

    row: Any
    complete: bool
    as_of: datetime | None


def newest(view: View, known: Knowledge, subject: Subject) -> Newest | None:
    """The newest event; None where none is held."""
    rows = events.page(view.snapshot, subject.place, events.EventFilter(), events.FOREVER, 1)
    if not rows:
        return None
    at = rows[0].timestamp
    miss, covered = newest_events(evidence(known, subject), at, at, view.now)
    return Newest(rows[0], miss is None, covered.as_of if covered else None)


def newest_event(view: View, issue: Any, found: Newest | None, *, whole: bool) -> dict[str, Any] | None:
    """The newest event; if ``whole``, with the exception and culprit frame of the newest that is held whole."""
    if found is None:
        return None
    row = shown_event(found.row, with_tags=False)
    told = {"complete": found.complete, "as_of": shown(found.as_of), **row}
    if whole:
        body = issue_parts.newest_body(view.snapshot, issue.id)
        row["untrusted"]["exception"] = crash(events.unpacked(body.body)) if body else None
        told["exception_of"] = body.event_id if body else None
    return told


def tags(view: View, issue: Any) -> dict[str, Any]:
    """What its events have more often than others of the project; rows are null where too few are held."""
    own = Tally.of(issue_parts.own_tags(view.snapshot, issue.id, looked_at=LOOKED_AT, most=OWN_TAGGED))
    around = _around(view.snapshot, issue) if own.events else Tally.of(())
    found = standouts.standouts(own, around, STANDOUTS)
    return {
        "events": own.events,
        "compared_with": around.events,
        "statistic": standouts.STATISTIC,
        "rows": found
        and [
            {
                "events": one.events,
                "share": round(one.share, 2),
                "elsewhere": round(one.elsewhere, 2),
                "untrusted": {"tag": untrusted.line(one.tag), "value": untrusted.line(one.value)},
            }
            for one in found
        ],
    }


def _around(snapshot: Snapshot, issue: Any) -> Tally:
    """The tags of the project's other events. Its issues share one tally, until somebody writes."""
    project_id = issue.project_id

    def tally() -> tuple[Tally, dict[str, list[dict[str, str]]]]:
        found = issue_parts.tags_by_issue(snapshot, project_id, TAGGED)
        return Tally.of([tags for of_issue in found.values() for tags in of_issue]), found

    everywhere, by_issue = snapshot.once_of("tags", project_id, tally)
    return everywhere.without(Tally.of(by_issue.get(issue.id, ())))


def history(view: View, issue: Any) -> dict[str, Any]:
    """What was seen to change, the newest first: some time after ``after`` and not later than ``at``."""
    rows = issue_parts.changes(view.snapshot, issue.id, HISTORY, CHANGES + 1)
    return {
        "known_since": shown(issue.known_since),
        "looked_at": shown(issue.verified_at),
        "rows": [
            {
                "field": row.field,
                "old": _told(row.old),
                "new": _told(row.new),
                "after": shown(row.after),
                "at": shown(row.at),
            }
            for row in rows[:CHANGES]
        ],
        "more": len(rows) > CHANGES,
    }


def _told(value: str | None) -> str | None:
    return untrusted.line(value) if value is not None else None


def similar(view: View, issue: Any) -> dict[str, Any]:
    """Other issues that are called alike."""
    others = issue_parts.alike(view.snapshot, issue.id, issue.exception_type, COMPARED)
    found = similarity.most_alike(issue, others, ALIKE)
    return {
        "compared_with": len(others),
        "measure": similarity.MEASURE,
        "rows": [
            {
                "id": one.issue.id,
                "short_id": one.issue.short_id,
                "project_id": one.issue.project_id,
                "similarity": round(one.similarity, 2),
                "status": one.issue.status,
                "events": one.issue.count,
                "last_seen": shown(one.issue.last_seen),
                "untrusted": untrusted.fields({"title": one.issue.title, "culprit": one.issue.culprit}),
            }
            for one in found
        ],
    }
