"""get-performance by the hour: database queries, web vitals, and the trend of transactions, from hourly rows.

What is told of several hours is a sum, a mean weighted by counts, or the range of the hours' own percentiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers import figures, times
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.capping import Paging
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import SETTLED, Miss, reach
from sentry_sync.answers.periods import cursor_at, period_of, place_of, up_to
from sentry_sync.answers.series import Known, series_of
from sentry_sync.answers.times import DAY, HOUR, shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval, cut, floor, gaps
from sentry_sync.store.reads import knowledge, performance
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.performance import Wanted
from sentry_sync.store.reads.prepared import Snapshot
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.streams.performance import LADDER, SPANS

MOST_HOURS = 6
"""Hours read for one question: a request each, less than a third of what is kept for questions."""

LONGEST_TREND = 14 * DAY
"""336 hours a transaction: more is a question for SQL."""

NO_EXPLORE = Refusal("not_supported", "this server does not aggregate such performance data (no Explore)")


@dataclass(frozen=True, slots=True)
class Kind:
    """One view over hourly rows."""

    resource: str
    """Whose coverage, stream and hours these are."""
    rows: str
    """What the answer calls its rows."""
    page: int
    datasets: Sequence[str]
    read: Callable[[Snapshot, Wanted], list[Any]]
    figure: str
    """The column that rows are in the order of."""
    name: str
    """The column that breaks ties."""


VIEWS: Mapping[str, Kind] = {
    "queries": Kind("queries", "queries", 25, (SPANS,), performance.busiest_queries, "total", "query_id"),
    "vitals": Kind("web_vitals", "pages", 25, LADDER, performance.busiest_pages, "count", "transaction"),
    "trend": Kind("transactions", "trends", 5, LADDER, performance.busiest_transactions, "total", "name"),
}


@dataclass(frozen=True, slots=True)
class HourlyQuestion:
    """One view of a project's last 24 hours, or of the window from ``start_time`` to ``end_time``."""

    project: str
    view: str
    transaction: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    environment: str | None = None
    cursor: str | None = None

    resource = "performance"

    def look(self, view: View) -> Found:
        """The rows as the store knows them."""
        window = times.window(self.start_time, self.end_time, view.now)
        if self.view == "queries" and self.transaction:
            raise QuestionError("queries are not told apart by transaction: leave transaction out")
        if self.view == "trend" and window.length > LONGEST_TREND + HOUR:
            raise QuestionError(f"a trend goes by the hour: ask for {LONGEST_TREND.days} days at most")
        project = locate(view, self.project)
        if project is None:
            return not_located(view, self.resource, {"project": None, VIEWS[self.view].rows: [], "more": None})
        return _Look(self, view, project).found()


class _Look:
    """One look at the hours of one project."""

    def __init__(self, question: HourlyQuestion, view: View, project: Project) -> None:
        self.question = question
        self.view = view
        self.project = project
        self.kind = kind = VIEWS[question.view]
        self.scopes = ("", f"project:{project.id}")
        self.known: Knowledge = knowledge.read(view.snapshot, (kind.resource,), (kind.resource,), self.scopes)
        self.covered = [part.interval for part in self.known.covered(kind.resource, *self.scopes)]
        self.synced = self.known.as_of(kind.resource)
        self.learned = view.learned.get("hours")
        self.kept = period_of(question.start_time, question.end_time)
        self.window = self._window()
        self.missing = self._missing()

    def _window(self) -> Interval:
        """The last full hours known, or what was asked for."""
        if self.kept is None:
            return times.window(self.question.start_time, self.question.end_time, self.view.now)
        latest = self.learned.at if self.learned else self.synced or self.view.now
        return up_to(floor(min(latest, self.view.now), HOUR), self.kept.length)

    def _missing(self) -> list[Interval]:
        """The hours of the window that are not known, newest first.

        Of those after the last sync nothing is missing yet, unless it is long ago: it was true as of then.
        """
        until = self.synced if self.synced and self.view.now - self.synced <= stale_after("performance") else None
        end = min(self.window.end, until or self.view.now)
        if end <= self.window.start:
            return []
        lacking = gaps(Interval(self.window.start, end), self.covered)
        found = {floor(part.start, HOUR): None for gap in reversed(lacking) for part in cut(gap, HOUR)}
        return [Interval(start, start + HOUR) for start in found]

    def found(self) -> Found:
        able = [name for name in self.kind.datasets if self._able(name)]
        miss = None
        if self.missing:
            never = not self.covered and self.synced is None
            miss = Miss.NEVER_SYNCED if never else Miss.OUTSIDE_COVERAGE
        refusal = NO_EXPLORE if miss and not able else None
        rows, more = self._rows()
        return Found(
            self._answer(rows, more=more),
            self._facts(rows),
            miss,
            self._step(self.missing, able) if miss and able else None,
            refusal,
            refresh=self._step(self._unsettled(), able) if able else None,
            paging=Paging(self.kind.rows, lambda count: self._cursor(rows[count - 1])),
        )

    def _able(self, dataset: str) -> bool:
        return self.known.capabilities.get(f"explore.{dataset}") is not False

    def _unsettled(self) -> list[Interval]:
        """Hours of the window that may have changed since they were read; the last one where none may."""
        since = (self.synced or self.view.now) - SETTLED
        start = max(self.window.start, min(floor(since, HOUR), self.window.end - HOUR))
        end = min(self.window.end, self.view.now)
        return [Interval(hour.start, hour.start + HOUR) for hour in cut(Interval(start, end), HOUR)]

    def _step(self, hours: Sequence[Interval], able: Sequence[str]) -> Step:
        from sentry_sync.answers.fetching.hours import HoursRequest, read_hours

        request = HoursRequest(self.kind.resource, self.project.id, hours[:MOST_HOURS], able)
        return Step("hours", lambda live: read_hours(live, request))

    def _rows(self) -> tuple[list[Any], bool]:
        question = self.question
        place = place_of(question, self.window, 1)
        wanted = Wanted(
            self.project.id, self.window, question.environment, question.transaction, limit=self.kind.page + 1
        )
        if place:
            wanted = replace(wanted, last=place[0], last_name=place[1][0])
        rows = self.kind.read(self.view.snapshot, wanted)
        return rows[: self.kind.page], len(rows) > self.kind.page

    def _cursor(self, row: Any) -> str:
        figure, name = getattr(row, self.kind.figure), getattr(row, self.kind.name)
        return cursor_at(self.question, self.window, figure, name)

    def _answer(self, rows: Sequence[Any], *, more: bool) -> dict[str, Any]:
        hours = figures.hours(self.window, self.covered)
        return {
            "project": self.project.shown(),
            "window": {"from": shown(self.window.start), "to": shown(self.window.end)},
            "hours_known": hours,
            "hours": self.window.length // HOUR,
            self.kind.rows: [self._row(row) for row in rows],
            "more": more,
        }

    def _row(self, row: Any) -> dict[str, Any]:
        if self.question.view == "queries":
            return figures.query(row)
        if self.question.view == "vitals":
            return figures.page(row)
        found = reach(self.synced, self.covered)
        known = Known(self.covered, found.as_of if found else self.view.now)
        return series_of(self.view.snapshot, self.project.id, self.window, known, row)

    def _facts(self, rows: Sequence[Any]) -> Facts:
        found = reach(self.synced, self.covered)
        notes = [*self.project.notes, *warnings(self.known, self.view), *self.view.notes("hours")]
        if self.missing:
            notes.append(f"{len(self.missing)} of {self.window.length // HOUR} hours are not known")
            if self.learned:
                notes.append(f"at most {MOST_HOURS} hours are read at once: ask again for more of them")
        if self.kept is None:
            notes.append("the window is rounded outward to full hours")
        if self.window.end > self.view.now:
            notes.append("the last hour is still running")
        if any(row.approximate for row in rows if hasattr(row, "approximate")):
            notes.append("some rows are extrapolated: the server sampled")
        as_of = self._as_of(found.as_of if found else None)
        return Facts(
            as_of=as_of,
            complete=not self.missing and (self.learned is None or self.learned.complete),
            stale_after=self._stale_after(as_of),
            coverage=figures.overlap(self.window, found),
            source=self._source(),
            rung=self.known.rung(self.kind.resource, *self.scopes) if as_of else None,
            notes=tuple(notes),
        )

    def _as_of(self, known: datetime | None) -> datetime | None:
        """Hours that are over don't change: what is known of all of them is as of the window's end, or later."""
        if known is None:
            return None
        return min(known, self.window.end) if self.kept else min(known, self.view.now)

    def _stale_after(self, as_of: datetime | None) -> timedelta:
        if self.kept:
            return HOUR + stale_after("performance")
        over = as_of is not None and as_of >= self.window.end + SETTLED
        return timedelta.max if over else stale_after("performance")

    def _source(self) -> str:
        if self.learned is None:
            return "local"
        return "mixed" if self.window.length > MOST_HOURS * HOUR else "live"
