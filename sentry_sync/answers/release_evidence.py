"""The evidence for and against a release: what of the records is laid beside what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sentry_sync.answers.release_records import Records, Span
from sentry_sync.answers.times import DAY, HOUR, ceiling
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.store.reads import verdicts
from sentry_sync.trends.verdicts import arms, seasonal
from sentry_sync.trends.verdicts.arms import Hour
from sentry_sync.trends.verdicts.release import ALPHA, Cell, Evidence, Slower
from sentry_sync.trends.verdicts.seasonal import Episode

LONGEST = 14 * DAY
"""How long a release is looked at from its first sign of life; what comes later is no longer about the change."""

BEFORE = 7 * DAY
"""How far before it its predecessor is looked at: each hour of the week once."""

ENOUGH_SESSIONS = 300
"""Of a baseline: with fewer, a crash rate of 1% is three sessions."""

AT_ONCE = 0.3
"""Releases run side by side if the baseline has that part of the candidate's sessions on the same days."""

TRANSACTIONS = 20
"""Judged, the busiest; the rest is too rare to be told from noise."""

ISSUES = 200
STRATA = 6
"""Further releases from which it is learned how much days vary."""


@dataclass(frozen=True, slots=True)
class Case:
    """The evidence, and what an answer tells of where it is from."""

    evidence: Evidence
    baseline: Span | None
    design: str
    window: Interval | None
    """What was looked at of the candidate."""
    adoption: float | None
    """Its share of the sessions of the newest day; None where there are none."""
    issues: Sequence[Any]
    """Those that began with the candidate, the most frequent first."""
    reopened: Sequence[Any]
    episodes: Sequence[Episode]
    hours_known: int
    hours: int


def case(records: Records, candidate: Span, wanted: Span | None) -> Case:
    """What is known of the candidate against the wanted baseline, or the nearest before it that serves."""
    return _Case(records, candidate, wanted).laid_out()


class _Case:
    """One release against another."""

    def __init__(self, records: Records, candidate: Span, wanted: Span | None) -> None:
        self.records, self.candidate, self.wanted = records, candidate, wanted
        self.known = records.known
        self.until = min(records.end, candidate.began + LONGEST)
        self.window = Interval(candidate.began, self.until) if candidate.began < self.until else None
        odd = self._episodes()
        self.before = [one for one in odd if one.end <= candidate.began]
        issues = records.issues(candidate, self.window, ISSUES) if self.window else []
        self.fresh = [row for row in issues if _began_with(row, candidate)]
        self.others = [row for row in issues if not _began_with(row, candidate)]
        since = [one for one in odd if one.end > candidate.began]
        self.passing = arms.passing(since, candidate.began, self.until, self._new_errors)

    def laid_out(self) -> Case:
        by_session = any(self.known.sessions.values())
        evidence, baseline, design = self._by_session() if by_session else self._by_hour()
        again = self._reopened(self.others)
        adoption = self._adoption() if by_session else None
        evidence = replace(
            evidence,
            latency=self._latency([]),
            new_errors=sum(row.events for row in self.fresh),
            regressed_issues=len(again),
            current=self.candidate.followed is None or (adoption or 0.0) >= AT_ONCE,
        )
        if self.passing:
            evidence = replace(evidence, steady=self._steady(evidence, by_session=by_session))
        return Case(
            evidence=evidence,
            baseline=baseline,
            design=design,
            window=self.window,
            adoption=adoption,
            issues=self.fresh,
            reopened=again,
            episodes=self.passing,
            hours_known=len(self._hours_of(self.known.hours, self.until)),
            hours=len(arms.whole_hours(self.window)) if self.window else 0,
        )

    def _steady(self, evidence: Evidence, *, by_session: bool) -> Evidence:
        """The evidence without the hours that stick out and are over."""
        latency = self._latency(self.passing)
        if by_session:
            return replace(evidence, candidate=tuple(self._days(self.passing)), latency=latency)
        calm, _, _ = self._by_hour(self.passing)
        return replace(evidence, candidate=calm.candidate, baseline=calm.baseline, latency=latency)

    # -- by session: days of releases -------------------------------------------------------

    def _by_session(self) -> tuple[Evidence, Span | None, str]:
        ours = self._days()
        first = ours[0].day if ours else floor(self.candidate.began, DAY)
        older = self.records.older(self.candidate)
        baseline, cells, design = None, list[Cell](), "none"
        for one in [self.wanted] if self.wanted else older:
            found, how = self._baseline(one, ours, first)
            if self.wanted or sum(cell.errors.exposure for cell in found) >= ENOUGH_SESSIONS:
                baseline, cells, design = one, found, how
                break
        others = tuple(
            tuple(cell for cell in arms.days_of(self.known, one.version, self.before) if cell.day < first)
            for one in older[:STRATA]
            if one is not baseline
        )
        return Evidence("session", tuple(ours), tuple(cells), others), baseline, design

    def _days(self, without: Sequence[Episode] = ()) -> list[Cell]:
        first, last = floor(self.candidate.began, DAY), self.candidate.began + LONGEST
        cells = arms.days_of(self.known, self.candidate.version, without)
        return [cell for cell in cells if first <= cell.day < last]

    def _baseline(self, one: Span, ours: Sequence[Cell], first: datetime) -> tuple[list[Cell], str]:
        """The baseline's days: the same ones if both run side by side, else those and the week before."""
        days = {cell.day for cell in ours}
        cells = arms.days_of(self.known, one.version, self.before)
        same = [cell for cell in cells if cell.day in days]
        exposure = sum(cell.errors.exposure for cell in ours)
        if sum(cell.errors.exposure for cell in same) >= max(AT_ONCE * exposure, ENOUGH_SESSIONS):
            return same, "same days"
        recent = [cell for cell in cells if first - BEFORE <= cell.day < first]
        if self.wanted and not recent:
            recent = [cell for cell in cells if cell.day not in days]
        return [*recent, *same], "days before"

    # -- without sessions: hours of the project ---------------------------------------------

    def _by_hour(self, without: Sequence[Episode] = ()) -> tuple[Evidence, Span | None, str]:
        """The project's hours since, against hours like them before, by request or by the hour."""
        older = self.records.older(self.candidate)
        past, requests = self._past(), self.records.requests()
        unit = "transaction" if any(past.start <= hour < past.end for hour in requests) else "hour"
        exposure = requests if unit == "transaction" else dict.fromkeys(self.known.by_hour(), 1.0)
        usual = {hour: count for hour, count in exposure.items() if not _inside(hour, self.before)}
        after = [hour for hour in self._hours_of(self.known.hours) if not _inside(hour, without)]
        ours, theirs = arms.hours_compared(self.known, usual, after, past)
        baseline = self.wanted or next(iter(older), None)
        return Evidence(unit, tuple(ours), tuple(theirs)), baseline, "hours before"

    def _past(self) -> Interval:
        """The hours before: those of the wanted baseline, else of eight days."""
        began, wanted = self.candidate.began, self.wanted
        if wanted is None or wanted.began >= began:
            return Interval(began - BEFORE - DAY, began)
        return Interval(wanted.began, max(min(wanted.followed or began, began), wanted.began + HOUR))

    def _hours_of(self, known: Sequence[Interval], until: datetime | None = None) -> list[datetime]:
        """The known hours in which the candidate was the newest release, or of all its time."""
        first = ceiling(self.candidate.began, HOUR)
        last = until or min(self.candidate.followed or self.until, self.until)
        return [hour for part in known for hour in arms.whole_hours(part) if first <= hour and hour + HOUR <= last]

    # -- what both have ---------------------------------------------------------------------

    def _latency(self, without: Sequence[Episode]) -> tuple[Slower, ...]:
        after = [hour for hour in self._hours_of(self.records.measured) if not _inside(hour, without)]
        past, hours = self._past(), self._measured
        found = [arms.slower(name, hours[place, name], after, past, ALPHA) for place, name in hours]
        return tuple(one for one in found if one)

    @cached_property
    def _measured(self) -> Mapping[tuple[str, str], Sequence[Hour]]:
        """The hours of the busiest transactions since the release and before, the busiest first."""
        after = self._hours_of(self.records.measured)
        if not after:
            return {}
        past, since = self._past(), Interval(after[0], after[-1] + HOUR)
        top = self.records.busiest(since, TRANSACTIONS)
        names = sorted({row.transaction for row in top})
        hours = self.records.latency(Interval(past.start, since.end), names)
        keys = [(row.environment, row.transaction) for row in top]
        return {key: hours[key] for key in keys if key in hours}

    def _episodes(self) -> list[Episode]:
        counts = self.known.by_hour()
        since = max(self.candidate.began - BEFORE - DAY, min(counts, default=self.until))
        return [one for one in seasonal.episodes(counts, since) if one.end - one.start <= arms.LONGEST_EPISODE]

    def _new_errors(self, episode: Episode) -> float:
        """Errors of the candidate's own issues in an episode, at most."""
        return float(
            sum(row.events for row in self.fresh if row.last_seen is None or row.last_seen >= episode.start)
        )

    def _adoption(self) -> float | None:
        by_release = self.known.sessions
        newest = max(day for days in by_release.values() for day in days)
        counts = {version: days[newest].count for version, days in by_release.items() if newest in days}
        everybody = sum(counts.values())
        return counts.get(self.candidate.version, 0) / everybody if everybody else None

    def _reopened(self, issues: Sequence[Any]) -> list[Any]:
        if self.window is None or not issues:
            return []
        # Looks are newer than the newest counts.
        until = max(self.until, min(self.records.view.now, self.candidate.began + LONGEST))
        looked = Interval(self.window.start, until)
        back = verdicts.reopened(self.records.view.snapshot, [row.id for row in issues], looked)
        return [row for row in issues if row.id in back]


def _inside(hour: datetime, episodes: Sequence[Episode]) -> bool:
    return any(one.start <= hour < one.end for one in episodes)


def _began_with(row: Any, candidate: Span) -> bool:
    """Whether the issue is new in the candidate.

    By Sentry's word where it is known, else by when it was first seen: Sentry's list does not tell an issue's
    first release, its detail does.
    """
    if row.first_release is not None:
        return bool(row.first_release == candidate.version)
    return row.first_seen is not None and row.first_seen >= candidate.began - timedelta(hours=1)
