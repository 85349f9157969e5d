"""From counts by hour and sessions by day to what is compared: days of releases, or hours of a project. Pure.

Sessions are known by the day, so a day is the smallest part of a release; of the running day as much counts as
both errors and sessions are known of. Only days and hours that are known completely are compared.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sentry_sync.records.intervals import Interval, floor, gaps
from sentry_sync.trends.verdicts.proportions import Share
from sentry_sync.trends.verdicts.rates import Counted
from sentry_sync.trends.verdicts.release import Cell, Slower
from sentry_sync.trends.verdicts.seasonal import HOUR, WEEK, Episode, weekend
from sentry_sync.trends.verdicts.shifts import MOST, shift

DAY = timedelta(days=1)

LONGEST_EPISODE = timedelta(hours=6)
"""What sticks out for longer is no episode but how things are now."""

EPISODES_SHARE = 0.5
"""Nor are several, once they make up that much of the time."""

WELL_BEFORE = timedelta(hours=3)
"""How long a release has to have run without it for an episode to be none of its doing."""

PERCENTILES = (("p95", 20), ("p50", 5))
"""What is compared, and the requests in an hour that takes: the 95th percentile of fewer is their slowest one, but
their median still is a median."""

FEWEST_LIKE = 2
"""Hours before, of the same kind, that an hour is laid beside."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of a release in a day, and how they ended."""

    count: int
    crashed: Share


@dataclass(frozen=True, slots=True)
class Known:
    """What was counted, and of which time that is all there is."""

    errors: Mapping[str, Mapping[datetime, int]]
    """By release (empty for none) and hour."""
    sessions: Mapping[str, Mapping[datetime, Sessions]]
    """By release and day."""
    hours: tuple[Interval, ...]
    """The time for which errors are known."""
    days: tuple[Interval, ...]
    """The time for which sessions are known."""

    def by_hour(self) -> dict[datetime, float]:
        """Errors of all releases together, with a 0 for each known hour without any."""
        found: dict[datetime, float] = {}
        for interval in self.hours:
            found.update(dict.fromkeys(whole_hours(interval), 0.0))
        for counts in self.errors.values():
            for hour, count in counts.items():
                if hour in found:
                    found[hour] += count
        return found


def whole_hours(interval: Interval) -> list[datetime]:
    """The hours that lie in ``interval`` as a whole."""
    first = floor(interval.start + HOUR - timedelta(microseconds=1), HOUR)
    return [first + number * HOUR for number in range(max(0, (interval.end - first) // HOUR))]


def days_of(known: Known, release: str, episodes: Sequence[Episode] = ()) -> list[Cell]:
    """A release's days that are known completely, oldest first, less what the episodes account for."""
    cells = []
    for day, sessions in sorted(known.sessions.get(release, {}).items()):
        end = _known_until(known, day)
        if end is None or not sessions.count:
            continue
        counts = known.errors.get(release, {})
        errors = {hour: count for hour, count in counts.items() if day <= hour < end}
        odd = {hour for one in episodes for hour in whole_hours(Interval(one.start, one.end)) if day <= hour < end}
        kept = 1 - len(odd) * HOUR / (end - day)
        if kept <= 0:
            continue
        events = sum(count for hour, count in errors.items() if hour not in odd)
        cells.append(Cell(day, Counted(events, sessions.count * kept), None if odd else sessions.crashed))
    return cells


def _known_until(known: Known, day: datetime) -> datetime | None:
    """Until when both the day's errors and its sessions are known from its beginning, to the hour; None if not.

    The hour that runs counts where both know a part of it, and what was known of only one by more than an hour
    would make a rate wrong.
    """
    errors, sessions = _reach(known.hours, day), _reach(known.days, day)
    if errors is None or sessions is None:
        return None
    end = min(errors, sessions, day + DAY)
    if min(sessions, day + DAY) - end > HOUR or end <= day:
        return None
    return floor(end + HOUR - timedelta(microseconds=1), HOUR)


def _reach(known: Iterable[Interval], moment: datetime) -> datetime | None:
    return next((part.end for part in known if part.start <= moment < part.end), None)


def passing(
    episodes: Sequence[Episode], since: datetime, until: datetime, new_errors: Callable[[Episode], float]
) -> list[Episode]:
    """The episodes that are short and no part of how things are: empty if they take up too much of the time.

    One that is not over counts if the release ran well before it, and issues that began with the release make up
    less than half of it: a release that is bad is so from the beginning, or brings issues of its own.
    """
    short = [
        one
        for one in episodes
        if one.end - one.start <= LONGEST_EPISODE
        and (
            one.end <= until - HOUR
            or (one.start >= since + WELL_BEFORE and new_errors(one) < (one.events - one.usual) / 2)
        )
    ]
    taken = sum((one.end - one.start for one in short), timedelta())
    return short if taken <= EPISODES_SHARE * (until - since) else []


def hours_like(
    hours: Sequence[datetime], before: Interval, known: Iterable[datetime]
) -> dict[datetime, list[datetime]]:
    """For each hour those of ``before`` it should be like: of the same hour of the week, else of the same hour
    of a
    working day (or weekend)."""  # noqa: D205, D209
    held = {hour for hour in known if before.start <= hour < before.end}
    found = {}
    for hour in hours:
        weeks = [hour - back * WEEK for back in range(1, 5)]
        same = [at for at in weeks if at in held]
        if len(same) < FEWEST_LIKE:
            days = [hour - back * DAY for back in range(1, 29)]
            same = [at for at in days if at in held and weekend(at) == weekend(hour)]
        found[hour] = same
    return found


def hours_compared(
    known: Known, exposure: Mapping[datetime, float], after: Sequence[datetime], before: Interval
) -> tuple[list[Cell], list[Cell]]:
    """Where exposure is known of the whole project only: its hours since, and the hours before like them."""
    errors = known.by_hour()
    usable = [hour for hour in errors if exposure.get(hour, 0) > 0]
    like = hours_like([hour for hour in after if hour in errors and exposure.get(hour, 0) > 0], before, usable)
    ours = [hour for hour, same in like.items() if same]
    theirs = {at for hour in ours for at in like[hour]}
    return _by_day(ours, errors, exposure), _by_day(theirs, errors, exposure)


def _by_day(
    hours: Iterable[datetime], errors: Mapping[datetime, float], exposure: Mapping[datetime, float]
) -> list[Cell]:
    days: dict[datetime, Counted] = defaultdict(lambda: Counted(0, 0))
    for hour in hours:
        days[floor(hour, DAY)] += Counted(errors[hour], exposure[hour])
    return [Cell(day, counted) for day, counted in sorted(days.items())]


@dataclass(frozen=True, slots=True)
class Hour:
    """What the server computed for one transaction in one hour."""

    hour: datetime
    count: int
    p50: float | None
    p95: float | None


def slower(
    transaction: str, hours: Sequence[Hour], after: Sequence[datetime], before: Interval, alpha: float
) -> Slower | None:
    """How the transaction's hours since differ from those before that are like them; None of too few hours."""
    for percentile, fewest in PERCENTILES:
        logs = {
            one.hour: math.log(value)
            for one in hours
            if one.count >= fewest and (value := getattr(one, percentile)) is not None and value > 0
        }
        like = hours_like([hour for hour in after if hour in logs][-MOST:], before, logs)
        compared = {hour: same for hour, same in like.items() if len(same) >= FEWEST_LIKE}
        found = shift([logs[hour] - median(logs[at] for at in same) for hour, same in compared.items()], alpha)
        if found:
            count = sum(one.count for one in hours if one.hour in compared)
            return Slower(transaction, percentile, count, found)
    return None


def complete_between(known: Iterable[Interval], window: Interval) -> bool:
    """Whether nothing of the window is missing."""
    return not gaps(window, known)
