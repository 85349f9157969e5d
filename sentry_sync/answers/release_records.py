"""What the store holds of a project's releases: when each began, its errors by hour, its sessions by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers.asking import View
from sentry_sync.answers.counted import Counted, counted
from sentry_sync.answers.locating import Project
from sentry_sync.answers.times import DAY, HOUR, ceiling
from sentry_sync.records.intervals import Interval, union
from sentry_sync.store.reads import releases, verdicts
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.releases import Wanted
from sentry_sync.trends.verdicts.arms import Hour, Known, Sessions, whole_hours
from sentry_sync.trends.verdicts.proportions import Share

LOOKED_BACK = 28 * DAY
"""Two weeks of a release, and two before it."""

BEFORE = 15 * DAY
"""What is looked at before a release: hours like its own in the two weeks before."""

RELEASES = 50
"""Releases looked at, the newest: a project that ships hourly has two days of them."""


@dataclass(frozen=True, slots=True)
class Span:
    """A release and when it was the project's newest."""

    row: Any
    began: datetime
    followed: datetime | None
    """When the next one began."""

    @property
    def version(self) -> str:
        """Its full version."""
        return str(self.row.version)


@dataclass(frozen=True, slots=True)
class Records:
    """What is known of a project's releases up to the newest hour that is known."""

    view: View
    project: Project
    environment: str | None
    known: Known
    measured: Sequence[Interval]
    """The time for which transactions are known."""
    window: Interval
    """What was looked at, in whole hours."""
    end: datetime
    """Up to when errors are known."""
    spans: Sequence[Span]
    """Newest first."""
    counted: Counted
    """What errors are counted from."""

    def span(self, version: str) -> Span | None:
        """The newest release with this full or short version."""
        named = (one for one in self.spans if version in (one.version, one.row.short_version))
        return next(named, None)

    def older(self, than: Span) -> Sequence[Span]:
        """The releases that began before it, the newest first."""
        return self.spans[self.spans.index(than) + 1 :]

    def requests(self) -> dict[datetime, float]:
        """Transactions by hour, of the hours that are known."""
        rows = verdicts.requests(self.view.snapshot, self.project.id, self.window, self.environment)
        whole = {hour for part in self.measured for hour in whole_hours(part)}
        return {row.hour: float(row.count) for row in rows if row.hour in whole}

    def busiest(self, within: Interval, limit: int) -> list[Any]:
        """The transactions with the most requests."""
        return verdicts.busiest(self.view.snapshot, self.project.id, within, self.environment, limit)

    def latency(self, within: Interval, names: Sequence[str]) -> Mapping[tuple[str, str], Sequence[Hour]]:
        """What the server computed for each hour, by environment and transaction."""
        found: dict[tuple[str, str], list[Hour]] = defaultdict(list)
        for row in verdicts.latency(self.view.snapshot, self.project.id, within, self.environment, names):
            found[row.environment, row.transaction].append(Hour(row.hour, row.count, row.p50, row.p95))
        return found

    def issues(self, of: Span, within: Interval, limit: int) -> list[Any]:
        """The issues that happened in a release, the most frequent first."""
        window = Interval(within.start.replace(minute=0, second=0, microsecond=0), within.end)
        given = (self.view.snapshot, self.project.id, window, self.environment)
        return verdicts.issues_of(*given, counted=self.counted.table, release=of.version, limit=limit)


def read(
    view: View, known: Knowledge, project: Project, environment: str | None = None, versions: Sequence[str] = ()
) -> Records:
    """The records of one project, in one environment or all; of its newest releases, and of ``versions``."""
    found = counted(known, project.id)
    hours = union(part.interval for part in found.parts)
    end = max((part.end for part in hours), default=view.now)
    rows = _releases(view, project, versions)
    window = Interval(_since(rows, versions, end), ceiling(end, HOUR))
    given = (view.snapshot, project.id, window, environment)
    errors: dict[str, dict[datetime, int]] = defaultdict(dict)
    for row in verdicts.errors(*given, counted=found.table):
        errors[row.release][row.hour] = row.events
    sessions: dict[str, dict[datetime, Sessions]] = defaultdict(dict)
    for row in verdicts.sessions(*given):
        sessions[row.release][row.bucket] = Sessions(row.sessions, Share(row.crashed or 0.0, row.ended or 0))
    return Records(
        view=view,
        project=project,
        environment=environment,
        known=Known(
            errors, sessions, tuple(hours), tuple(union(part.interval for part in known.covered("release_health")))
        ),
        measured=union(part.interval for part in known.covered("transactions")),
        window=window,
        end=end,
        spans=spans(
            rows,
            {version: min(each) for version, each in errors.items()},
            {version: min(each) for version, each in sessions.items()},
        ),
        counted=found,
    )


def _releases(view: View, project: Project, versions: Sequence[str]) -> list[Any]:
    wanted = [Wanted(project.id, RELEASES), *(Wanted(project.id, 1, version=version) for version in versions)]
    rows = [row for one in wanted for row in releases.page(view.snapshot, one)]
    return list({row.version: row for row in rows}.values())


def _since(rows: Sequence[Any], versions: Sequence[str], end: datetime) -> datetime:
    """From when on counts are of interest: two weeks before the oldest of ``versions``, else LOOKED_BACK."""
    named = [row.date_created for row in rows if row.version in versions or row.short_version in versions]
    created = [moment for moment in named if moment is not None]
    return min(created) - BEFORE if created and len(created) == len(named) else end - LOOKED_BACK


def spans(
    rows: Sequence[Any], first_hours: Mapping[str, datetime], first_days: Mapping[str, datetime]
) -> list[Span]:
    """The releases with when each began, the newest first.

    A release may be created long before it runs: it begins with its first sign of life after that, an event or
    the first day with sessions.
    """
    began = {}
    for row in rows:
        signs = [row.first_event, first_hours.get(row.version), first_days.get(row.version)]
        alive = min((sign for sign in signs if sign), default=None)
        created = row.date_created or alive
        if created is not None:
            began[row.version] = max(created, alive) if alive else created
    ordered = sorted((row for row in rows if row.version in began), key=lambda row: began[row.version])
    following = [began[row.version] for row in ordered[1:]] + [None]
    found = [Span(row, began[row.version], after) for row, after in zip(ordered, following, strict=False)]
    return found[::-1]
