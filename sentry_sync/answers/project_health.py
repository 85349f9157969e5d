"""project-health: a score of stated parts, the trend, the error budget, odd hours, and the week to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sentry_sync.answers import release_records, untrusted
from sentry_sync.answers.asking import Found, View
from sentry_sync.answers.counted import no_counts, read
from sentry_sync.answers.figures import rounded
from sentry_sync.answers.freshness import Facts
from sentry_sync.answers.judging import HealthQuestion
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import Miss
from sentry_sync.answers.times import DAY, HOUR, shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.store.reads import verdicts
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.sync.plan import stale_after
from sentry_sync.trends.verdicts import arms, health, seasonal
from sentry_sync.trends.verdicts.forecast import forecast
from sentry_sync.trends.verdicts.proportions import Share, difference
from sentry_sync.trends.verdicts.rates import Counted, dispersion, rate_ratio
from sentry_sync.trends.verdicts.seasonal import usual_day

WEEK = 7 * DAY
IDLE = 30 * DAY
"""An unresolved issue without an event for that long is forgotten rather than open."""

ROWS = 5
ALERTS = 50
"""Alerting issues counted at most: with so many the part is 0 anyway."""

LEVEL = 0.8
"""Of the forecast's interval: four days of five lie within."""

EMPTY: dict[str, Any] = {"project": None, "score": None, "parts": [], "anomalies": [], "forecast": None}


def health_of(question: HealthQuestion, view: View) -> Found:
    """Its health as far as the store knows."""
    project = locate(view, question.project)
    if project is None:
        return not_located(view, question.resource, EMPTY)
    return _Look(view, project).found()


class _Look:
    """One look at one project."""

    def __init__(self, view: View, project: Project) -> None:
        self.view, self.project = view, project
        parts = ("release_health", "transactions")
        self.known: Knowledge = read(view.snapshot, (*parts, "issues.hot"), parts, project.id)
        self.records = release_records.read(view, self.known, project)
        self.hours = self.records.known.by_hour()
        self.end = max(self.hours, default=floor(view.now, HOUR)) + HOUR
        """The end of the newest hour that is known as a whole."""

    def found(self) -> Found:
        parts = self._parts()
        score = health.score(parts)
        rows = {
            "project": self.project.shown(),
            "score": rounded(score, 1),
            "state": health.word(score),
            "parts": [self._part(part) for part in parts],
            "trend": self._trend(),
            "objectives": self._objectives(),
            "alerting": [_issue(row) for row in self.alerting[:ROWS]],
            "anomalies": self._anomalies(),
            "forecast": self._forecast(),
        }
        miss = None if self.hours else Miss.NEVER_SYNCED
        return Found(rows, self._facts(), miss, refusal=no_counts(self.known) if miss else None)

    # -- the score --------------------------------------------------------------------------

    def _parts(self) -> list[health.Part]:
        targets, since = self.view.targets, self.end - DAY
        self.seen, self.usual = self._errors()
        self.alerting = verdicts.alerting(self.view.snapshot, self.project.id, since, ALERTS)
        looked = verdicts.looked(self.view.snapshot, self.project.id)
        listed = self.known.as_of("issues.hot") is not None
        self.alerts = len(self.alerting) if listed and (looked.ranked or not looked.issues) else None
        self.backlog = self._backlog(looked.since or self.end - WEEK if listed else None)
        self.crashes = self._crashed_days()
        self.within = self._within(since, targets.latency_ms)
        return [
            health.errors_part(self.seen, self.usual),
            health.crash_free_part(_sum(self.crashes[-7:]), targets.crash_free),
            health.latency_part(self.within),
            health.alerting_part(self.alerts),
            health.backlog_part(self.backlog["unresolved"], self.backlog["grown"]),
        ]

    def _backlog(self, since: datetime | None) -> dict[str, Any]:
        """The unresolved and what became of them in a week: only of a week that was looked at as a whole.

        ``since`` is the first look at the project's issues, None where there was none. One that has none at all
        has no backlog.
        """
        week = self.end - WEEK
        found = verdicts.backlog(self.view.snapshot, self.project.id, week, self.end - IDLE)
        moved = verdicts.settled(self.view.snapshot, self.project.id, week)
        whole = since is not None and since <= week
        return {
            "unresolved": found.unresolved if since else None,
            "new": found.new if since else None,
            "idle_30d": found.idle if since else None,
            "settled": moved.settled if whole else None,
            "reopened": moved.reopened if whole else None,
            "grown": found.new + moved.reopened - moved.settled if whole else None,
        }

    def _errors(self) -> tuple[float | None, float | None]:
        """Errors of the last 24 hours, and of such 24 hours before them; None while those are not known."""
        days = [self._day(self.end - back * DAY) for back in range(29)]
        return days[0], usual_day(days[1:], [self.end - back * DAY for back in range(1, 29)], self.end)

    def _day(self, end: datetime) -> float | None:
        """Errors of the 24 hours up to ``end``; None where an hour of them is not known."""
        hours = [end - back * HOUR for back in range(1, 25)]
        if not all(hour in self.hours for hour in hours):
            return None
        return sum(self.hours[hour] for hour in hours)

    def _crashed_days(self) -> list[Share]:
        """Crashed sessions of each known day of four weeks, oldest first, of all releases."""
        days: dict[datetime, Share] = {}
        for found in self.records.known.sessions.values():
            for day, sessions in found.items():
                if any(part.start <= day < part.end for part in self.records.known.days):
                    days[day] = days.get(day, Share(0, 0)) + sessions.crashed
        return [share for _, share in sorted(days.items())]

    def _within(self, since: datetime, target: float) -> Share:
        """Requests of the newest known day, and those within the target."""
        rows = self._measured(target)
        newest = max((row.hour for row in rows), default=since)
        kept = [row for row in rows if row.hour > newest - DAY]
        return Share(sum(row.within or 0 for row in kept), sum(row.count for row in kept))

    def _measured(self, target: float) -> list[Any]:
        """Requests of each known hour, and those in transactions whose 95th percentile was within the target."""
        known = {hour for part in self.records.measured for hour in arms.whole_hours(part)}
        rows = verdicts.within(self.view.snapshot, self.project.id, self.records.window, target)
        return [row for row in rows if row.hour in known]

    def _slow_days(self) -> list[Share]:
        """Requests beyond the latency target of each day of four weeks with a known hour, oldest first."""
        days: dict[datetime, Share] = {}
        for row in self._measured(self.view.targets.latency_ms):
            day = floor(row.hour, DAY)
            days[day] = days.get(day, Share(0, 0)) + Share(row.count - (row.within or 0), row.count)
        return [share for _, share in sorted(days.items())]

    def _part(self, part: health.Part) -> dict[str, Any]:
        targets = self.view.targets
        crashed = _sum(self.crashes[-7:]).value
        told: Mapping[str, dict[str, Any]] = {
            "errors": {
                "last_24h": None if self.seen is None else round(self.seen),
                "usual": rounded(self.usual, 1),
            },
            "crash_free": {
                "last_7_days": None if crashed is None else rounded(1 - crashed, 5),
                "target": targets.crash_free,
            },
            "latency": {"requests_within": rounded(self.within.value, 4), "target_p95_ms": targets.latency_ms},
            "alerting": {"issues": self.alerts},
            "backlog": self.backlog,
        }
        return {"part": part.name, "score": rounded(part.score, 1), "weight": part.weight, **told[part.name]}

    # -- where it goes ----------------------------------------------------------------------

    def _trend(self) -> dict[str, Any]:
        """The last week against the one before: errors by the hour, crash-free sessions."""
        now, then = self._week(self.end), self._week(self.end - WEEK)
        noise = dispersion([self._days(self.end - WEEK), self._days(self.end)], 3.0)
        ratio = rate_ratio(now, then, dispersion=noise)
        crashed = difference(_sum(self.crashes[-7:]), _sum(self.crashes[-14:-7]))
        return {
            "errors_ratio": rounded(ratio.value, 3) if ratio.value not in (None, float("inf")) else None,
            "errors_low": rounded(ratio.low, 3) if ratio.value is not None else None,
            "errors_high": rounded(ratio.high, 3) if ratio.high != float("inf") else None,
            "hours_known": [round(now.exposure), round(then.exposure)],
            "crash_free_change": None if crashed.value is None else rounded(-crashed.value, 5),
            "crash_free_low": None if crashed.value is None else rounded(-crashed.high, 5),
            "crash_free_high": None if crashed.value is None else rounded(-crashed.low, 5),
        }

    def _week(self, end: datetime) -> Counted:
        counts = [count for hour, count in self.hours.items() if end - WEEK <= hour < end]
        return Counted(sum(counts), len(counts))

    def _days(self, end: datetime) -> list[Counted]:
        found = []
        for back in range(7, 0, -1):
            start = end - back * DAY
            counts = [count for hour, count in self.hours.items() if start <= hour < start + DAY]
            found.append(Counted(sum(counts), len(counts)))
        return found

    def _objectives(self) -> list[dict[str, Any]]:
        targets = self.view.targets
        return [
            {"objective": "crash-free sessions", **_budget(self.crashes[-28:], targets.crash_free)},
            {
                "objective": "latency",
                "target_p95_ms": targets.latency_ms,
                **_budget(self._slow_days()[-28:], health.PROMPT),
            },
        ]

    def _anomalies(self) -> list[dict[str, Any]]:
        found = seasonal.episodes(self.hours, self.end - WEEK)
        return [
            {
                "from": shown(one.start),
                "to": shown(one.end),
                "errors": one.events,
                "usual": rounded(one.usual, 1),
                "spreads": rounded(one.distance, 1),
            }
            for one in found[-ROWS:][::-1]
        ]

    def _forecast(self) -> dict[str, Any] | None:
        """Each of the next seven days (UTC), from the whole days that are known without a gap."""
        days = list(self._whole_days())
        expected = forecast([count for _, count in days], days[0][0].weekday(), level=LEVEL) if days else []
        if not expected:
            return None
        return {
            "of": "errors a day",
            "level": LEVEL,
            "from_days": len(days),
            "days": [
                {
                    "day": shown(days[-1][0] + ahead * DAY),
                    "expected": round(one.value),
                    "low": round(one.low),
                    "high": round(one.high),
                }
                for ahead, one in enumerate(expected, start=1)
            ],
        }

    def _whole_days(self) -> Iterator[tuple[datetime, float]]:
        """The newest run of days of which every hour is known, oldest first."""
        days: list[tuple[datetime, float]] = []
        day = floor(self.end, DAY) - DAY
        while all(day + hour * HOUR in self.hours for hour in range(24)):
            days.append((day, sum(self.hours[day + hour * HOUR] for hour in range(24))))
            day -= DAY
        return reversed(days)

    def _facts(self) -> Facts:
        times = [self.records.counted.as_of, self.known.as_of("issues.hot")]
        known = [time for time in times if time is not None]
        # A copy that goes back less than two weeks has no gap; what that leaves unknown is told by the parts.
        window = Interval(max(self.end - 2 * WEEK, min(self.hours, default=self.end - DAY)), self.end)
        return Facts(
            as_of=min(known) if len(known) == len(times) else None,
            complete=len(known) == len(times) and arms.complete_between(self.records.known.hours, window),
            stale_after=stale_after(HealthQuestion.resource),
            coverage=Interval(min(self.hours), self.end) if self.hours else None,
            rung=self.records.counted.rung,
            notes=(*self.project.notes, *warnings(self.known, self.view), *self._notes()),
        )

    def _notes(self) -> Iterator[str]:
        if self.seen is None:
            yield "not every hour of the last day is known, so nothing is said about its errors"
        if self.alerts is None:
            yield "which issues escalate or came back is not known: this server does not say, or was not asked yet"
        if self.backlog["grown"] is None:
            yield "issues are looked at for less than a week, so nothing is said about the growth of the backlog"
        if self.usual is None:
            yield "what is usual is not known: that takes a week of hourly counts"
        if not self.crashes:
            yield "no sessions are known, so nothing is said about crashes"
        if self.within.value is None:
            yield "no hours of transactions are known, so nothing is said about latency"
        yield from self.records.counted.notes


def _budget(days: Sequence[Share], target: float) -> dict[str, Any]:
    """How much of what may fail of these days has failed."""
    spent = health.budget(days, target)
    return {
        "target": target,
        "days": len(days),
        "met": None if spent is None else spent.used <= 1,
        "budget_used": None if spent is None else rounded(spent.used, 3),
        "burn_newest_day": None if spent is None else rounded(spent.burn, 2),
        "burn_7_days": None if spent is None else rounded(spent.burn_week, 2),
        "days_left": None if spent is None else rounded(spent.days_left, 1),
    }


def _sum(shares: Sequence[Share]) -> Share:
    return sum(shares, Share(0, 0))


def _issue(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "short_id": row.short_id,
        "substatus": row.substatus,
        "priority": row.priority,
        "level": untrusted.word(row.level),
        "events": row.events,
        "last_seen": shown(row.last_seen),
        "untrusted": {"title": untrusted.line(row.title)},
    }
