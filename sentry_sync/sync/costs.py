"""What an organization costs: requests of each ladder's turn, and of its past, from a few numbers about it. Pure.

Each figure follows from what the stream asks for: rows of its window, a hundred to a page. The windows are those
of the streams: they look again over their overlap, and hourly figures begin with the hour before the last read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sentry_sync.sync.plan import DAY, HOUR, OVERLAP
from sentry_sync.sync.stream import Policy
from sentry_sync.sync.streams.events import BODY_AGE
from sentry_sync.sync.streams.explore import PAGE_LIMIT
from sentry_sync.sync.streams.reconcile import VERIFY_AGE, VERIFY_BATCHES
from sentry_sync.sync.streams.releases import DEPLOYS_PER_RUN

PAGE = 100
"""Rows of a page, of every list Sentry has."""

REPEATING = 0.6
"""How the number of different issues grows with the time looked at: errors repeat. Between 1 (each error its own)
and 0 (always the same); 0.55 to 0.65 between five minutes and an hour of a simulated organization of 300,000
errors a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An organization in numbers."""

    projects: int
    unresolved: int
    issues: int
    """Held in all, the unresolved included."""
    events_per_day: float
    issues_per_hour: float
    """Different issues with an error in an hour."""
    count_rows_per_hour: float
    """Rows of an hour's error counts: different issue, environment and release."""
    releases_per_day: float = 0
    releases: int = 0
    """Held in all."""
    transactions: float = 0
    """Rows an hour: different project, environment and transaction."""
    queries: float = 0
    vitals: float = 0
    silent_per_hour: float = 0
    """Issues resolved, ignored, assigned, merged or deleted without an event."""

    def events(self, during: timedelta) -> float:
        """Errors in a time."""
        return self.events_per_day * (during / DAY)

    def different(self, per_hour: float, during: timedelta) -> float:
        """How many different things there are in a time, of which there are ``per_hour`` in an hour."""
        return float(min(self.events(during), per_hour * (during / HOUR) ** REPEATING))


def pages(rows: float) -> int:
    """Requests for a list of so many rows: one at least, to learn that there is none."""
    return max(1, math.ceil(rows / PAGE))


def turn(shape: Shape, name: str, every: timedelta) -> float:
    """Requests of one turn of a ladder that runs at this interval, on average."""
    if name in CLOCKED:
        runs = _hours_read(every)
        return sum(clocked(shape, name, hours) for hours in runs) / len(runs)
    return _TURNS[name](shape, every)


def clocked(shape: Shape, name: str, hours: list[float]) -> float:
    """Requests of hourly figures for these hours, each as the share of it that has passed."""
    rows = [CLOCKED[name](shape) * share**REPEATING for share in hours]
    if name == "error_counts":  # one list of all the hours
        return pages(sum(rows))
    return sum(min(PAGE_LIMIT, pages(found)) for found in rows)


def hours_between(last: float, now: float) -> list[float]:
    """The hours a turn reads, both times in hours: from the one before the last turn to the present, as shares."""
    start = math.floor(last - 1)
    whole = math.floor(now) - start
    return [1.0] * whole + ([now % 1] if now % 1 else [])


def backfill(shape: Shape, policy: Policy) -> dict[str, float]:
    """Requests that the past costs once, by ladder: what a first copy reads beside the first turns."""
    hours = policy.history_days * 24
    found = {
        "issues.hot": pages(shape.issues),
        "error_counts": hours * shape.count_rows_per_hour / PAGE,
        "release_health": policy.history_days,
        "events": shape.events(timedelta(days=policy.history_days)) / PAGE,
        "issue_environments": 2 * pages(shape.issues),
        "event_bodies": shape.unresolved,
    }
    for name, rows in (
        ("transactions", shape.transactions),
        ("queries", shape.queries),
        ("web_vitals", shape.vitals),
    ):
        found[name] = policy.performance_hours * min(PAGE_LIMIT, pages(rows))
    return {name: float(requests) for name, requests in found.items()}


def _fixed(requests: float) -> Callable[[Shape, timedelta], float]:
    return lambda _shape, _every: requests


def _hot(shape: Shape, every: timedelta) -> float:
    return pages(shape.different(shape.issues_per_hour, every + OVERLAP))


def _pairs(shape: Shape, every: timedelta) -> float:
    # An issue is seen in one environment or two.
    return pages(1.5 * shape.different(shape.issues_per_hour, every + OVERLAP))


def _events(shape: Shape, every: timedelta) -> float:
    return pages(shape.events(every + OVERLAP))


def _hours_read(every: timedelta) -> list[list[float]]:
    """For each run of a cycle the hours it reads; runs begin two minutes after the full hour."""
    step = every / HOUR
    count = max(1, round(1 / step))
    times = [1000 + 1 / 30 + place * step for place in range(count)]
    return [hours_between(now - step, now) for now in times]


def _verify(shape: Shape, every: timedelta) -> float:
    # A batch is looked at once half its age is due as well, so three quarters of the age pass between two looks.
    quiet = max(0, shape.issues - shape.unresolved)
    return min(VERIFY_BATCHES, quiet / PAGE * (every / (VERIFY_AGE * 0.75)))


def _confirm(shape: Shape, every: timedelta) -> float:
    silent = shape.silent_per_hour * (every / HOUR)
    return pages(silent) if silent >= 1 else silent


def _deploys(shape: Shape, every: timedelta) -> float:
    """A deploy to each new release."""
    return min(DEPLOYS_PER_RUN, shape.releases_per_day * (every / DAY))


def _bodies(shape: Shape, every: timedelta) -> float:
    """The newest event of each issue that goes on, once its last one is old enough."""
    going_on = shape.different(shape.issues_per_hour, BODY_AGE)
    return min(Policy().bodies_per_run, going_on * (every / BODY_AGE))


_TURNS: Mapping[str, Callable[[Shape, timedelta], float]] = {
    "projects": lambda shape, _every: pages(shape.projects),
    "issues.hinted": _fixed(0),  # whatever webhooks come
    "issues.hot": _hot,
    "events.hinted": _fixed(0),
    "issues.review": _fixed(1),
    "releases": lambda shape, _every: pages(shape.releases_per_day),
    "transaction_windows.24h": lambda shape, _every: min(PAGE_LIMIT, pages(1.2 * shape.transactions)),
    "release_health": _fixed(1.1),  # yesterday as well until three in the morning
    "project_stats": _fixed(2),
    "events": _events,
    "issue_environments": _pairs,
    "issues.sweep": lambda shape, _every: pages(shape.unresolved),
    "issues.confirm": _confirm,
    "issues.verify": _verify,
    "events.retention": _fixed(1),
    "events.audit": _fixed(pages(Policy().history_days * 24)),
    "issue_environments.audit": _fixed(1),
    "releases.sweep": lambda shape, _every: pages(shape.releases),
    "releases.confirm": _fixed(0),  # one for each release that is gone
    "transaction_windows.7d": lambda shape, _every: min(PAGE_LIMIT, pages(1.5 * shape.transactions)),
    "deploys": _deploys,
    "event_bodies": _bodies,
    "organization": _fixed(1),
    "environments": _fixed(1),
}

CLOCKED: Mapping[str, Callable[[Shape], float]] = {
    "error_counts": lambda shape: shape.count_rows_per_hour,
    "transactions": lambda shape: shape.transactions,
    "queries": lambda shape: shape.queries,
    "web_vitals": lambda shape: shape.vitals,
}
"""Ladders of hourly figures, and the rows of an hour."""
