"""get-performance: transactions of a project within a window, as the server computed them for just that window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers import figures, times, untrusted
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.capping import Paging
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import SETTLED, Miss, exact_window, reach
from sentry_sync.answers.periods import PERIODS, Period, cursor_at, period_of, place_of, up_to
from sentry_sync.answers.times import HOUR, shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.store.reads import knowledge, performance
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.streams.performance import CUT, LADDER

ROWS = 50
"""Transactions shown at most: those that take the most time in all."""

SIMILAR = 5

_RESOURCES = ("transactions", "queries", "web_vitals")

NO_EXPLORE = Refusal("not_supported", "this server does not aggregate performance data (no Explore)")


@dataclass(frozen=True, slots=True)
class PerformanceQuestion:
    """Transactions of the last 24 hours, or of the window from ``start_time`` to ``end_time``."""

    project: str
    transaction: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    environment: str | None = None
    cursor: str | None = None

    resource = "performance"

    def look(self, view: View) -> Found:
        """The transactions as the store knows them."""
        times.window(self.start_time, self.end_time, view.now)  # wrong times are told before anything is asked
        project = locate(view, self.project)
        if project is None:
            return not_located(view, self.resource, {"project": None, "transactions": [], "more": None})
        return _Look(self, view, project).found()


@dataclass(frozen=True, slots=True)
class Table:
    """A window's rows: exact, or only what hours tell."""

    window: Interval
    rows: Sequence[dict[str, Any]]
    facts: Facts


class _Look:
    """One look at one project's performance."""

    def __init__(self, question: PerformanceQuestion, view: View, project: Project) -> None:
        self.question = question
        self.view = view
        self.project = project
        self.kept = period_of(question.start_time, question.end_time)
        self.window = (
            up_to(floor(view.now, HOUR), self.kept.length)
            if self.kept
            else times.window(question.start_time, question.end_time, view.now)
        )
        streams = ["transactions", "queries", "web_vitals", "transaction_windows.asked"]
        streams += [f"transaction_windows.{name}" for name in PERIODS]
        self.known: Knowledge = knowledge.read(view.snapshot, streams, _RESOURCES, ("", CUT, *self.scopes()))

    def scopes(self) -> list[str]:
        """Under which names an answer of Sentry's to this window is remembered: of all environments, or one."""
        span = self.kept.name if self.kept else f"{shown(self.window.start)}/{shown(self.window.end)}"
        base = f"project:{self.project.id}|{span}|"
        return [base + self.question.environment, base] if self.question.environment else [base]

    def found(self) -> Found:
        table, miss = self._exact()
        refusal: Refusal | None = None
        step: Step | None = None
        if table is None:
            table = self._by_the_hour()
            if miss and self._lacking():
                refusal = NO_EXPLORE
            elif miss:
                step = self._step()
        named = self._named(table)
        return Found(
            self._answer(table, named),
            self._with_notes(table),
            miss,
            step,
            refusal,
            refresh=None if self._lacking() else self._step(),
            paging=Paging(
                "transactions",
                lambda count: cursor_at(self.question, table.window, *figures.by_total_time(named[count - 1])),
            ),
        )

    def _exact(self) -> tuple[Table | None, Miss | None]:
        """The window's own rows, from whoever read it last and well enough."""
        learned = self.view.learned.get("window")
        if learned:
            return self._stored(self._window_read(learned.at), learned.at, complete=learned.complete), None
        synced = self.known.as_of(f"transaction_windows.{self.kept.name}") if self.kept else None
        if self.kept and synced and synced != self._cut_off(self.kept):
            return self._stored(up_to(synced, self.kept.length), synced, complete=True), None
        hour = self._settled_hour()
        return (hour, None) if hour else self._asked()

    def _cut_off(self, kept: Period) -> datetime | None:
        """When the sync last met the end of Explore's offsets, so that the rarest transactions are missing."""
        return self.known.as_of(f"transaction_windows.{kept.name}", CUT)

    def _asked(self) -> tuple[Table | None, Miss | None]:
        """The rows that this question brought a moment ago; those of a window long over stay as they are."""
        asked = self.known.as_of("transaction_windows.asked", *self.scopes())
        window = self._window_read(asked) if asked else self.window
        miss = exact_window(
            asked,
            # A kept window moves on, so it is never final.
            self.view.now if self.kept else window.end,
            self.view.now,
            stale_after=stale_after("performance"),
            ever_synced=self.known.as_of("transactions") is not None,
        )
        return (self._stored(window, asked, complete=True), None) if asked and miss is None else (None, miss)

    def _window_read(self, at: datetime) -> Interval:
        """The window that was read at ``at`` when the question was about a kept one, which moves on."""
        return up_to(floor(at, HOUR), self.kept.length) if self.kept else self.window

    def _settled_hour(self) -> Table | None:
        """A window of one hour is what the hourly rows are, once the hour is final."""
        as_of = self.known.as_of("transactions")
        known = [part.interval for part in self.known.covered("transactions") if not part.approximate]
        if self.window.length != HOUR or as_of is None or as_of < self.window.end + SETTLED:
            return None
        if not any(part.contains(self.window) for part in known):
            return None
        rows = performance.one_hour(self.view.snapshot, self.project.id, self.window)
        return self._table(self.window, rows, as_of=self.window.end, complete=True)

    def _stored(self, window: Interval, read_at: datetime, *, complete: bool) -> Table:
        rows = performance.exactly(self.view.snapshot, self.project.id, window)
        return self._table(window, rows, as_of=min(read_at, window.end), complete=complete)

    def _table(self, window: Interval, rows: Sequence[Any], *, as_of: datetime, complete: bool) -> Table:
        every = self.kept.every if self.kept else timedelta()
        facts = Facts(
            as_of=as_of,
            complete=complete,
            stale_after=every + stale_after("performance") if self.kept else timedelta.max,
            coverage=window,
            source="live" if "window" in self.view.learned else "local",
        )
        return Table(window, [figures.exact(row) for row in rows], facts)

    def _by_the_hour(self) -> Table:
        """What is known without the window itself: sums, and the range of the hours' own percentiles."""
        known = [part.interval for part in self.known.covered("transactions")]
        found = reach(self.known.as_of("transactions"), known)
        rows = performance.by_the_hour(self.view.snapshot, self.project.id, self.window)
        span = figures.overlap(self.window, found)
        hours = f"{figures.hours(self.window, known)} of {self.window.length // HOUR} hours are known"
        note = "percentiles do not add up: each is the lowest and the highest of the hours, not of the window; "
        facts = Facts(
            as_of=found.as_of if found else None,
            complete=False,
            stale_after=stale_after("performance"),
            coverage=span,
            notes=(note + hours,) if rows or found else (),
        )
        return Table(self.window, [figures.summed(row) for row in rows], facts)

    def _lacking(self) -> bool:
        """Whether the server aggregates nothing."""
        return all(self.known.capabilities.get(f"explore.{name}") is False for name in LADDER)

    def _named(self, table: Table) -> list[dict[str, Any]]:
        """The rows that were asked for, in their order, from the cursor on."""
        wanted = self.question.transaction
        named = [row for row in self._in_environment(table) if wanted in (None, row["untrusted"]["transaction"])]
        named.sort(key=figures.by_total_time)
        place = place_of(self.question, table.window, 2)
        if place is None:
            return named
        last = (place[0], *place[1])
        return [row for row in named if figures.by_total_time(row) > last]

    def _in_environment(self, table: Table) -> list[dict[str, Any]]:
        wanted = self.question.environment
        return [row for row in table.rows if wanted in (None, row["untrusted"]["environment"])]

    def _answer(self, table: Table, named: list[dict[str, Any]]) -> dict[str, Any]:
        question, snapshot = self.question, self.view.snapshot
        answer = {
            "project": self.project.shown(),
            "window": {"from": shown(table.window.start), "to": shown(table.window.end)},
            "transactions": [figures.cleaned(row) for row in named[:ROWS]],
            "more": len(named) > ROWS,
        }
        if question.transaction and not named:
            names = sorted({row["untrusted"]["transaction"] for row in self._in_environment(table)})
            near = [name for name in names if question.transaction.lower() in name.lower()]
            answer["untrusted"] = {"similar_transactions": untrusted.lines(near, SIMILAR)}
        if not question.transaction and not question.cursor:
            answer["database"] = figures.database(
                snapshot, self.known, self.project.id, table.window, question.environment
            )
            answer["web_vitals"] = figures.web_vitals(
                snapshot, self.known, self.project.id, table.window, question.environment
            )
        return answer

    def _rung(self) -> str | None:
        """The dataset that hours are read from, or windows where no hour was."""
        able = (name for name in LADDER if self.known.capabilities.get(f"explore.{name}"))
        return self.known.rung("transactions") or next(able, None)

    def _with_notes(self, table: Table) -> Facts:
        notes = [
            *self.project.notes,
            *warnings(self.known, self.view),
            *self.view.notes("window"),
            *table.facts.notes,
        ]
        if not self.kept:
            notes.append("the window is rounded outward to full hours")
        if any(row.get("approximate") for row in table.rows):
            notes.append("rows marked approximate are extrapolated: the server sampled")
        asked = self.view.learned.get("window")
        rung = asked.rung if asked else self._rung() if table.facts.as_of else None
        return replace(table.facts, rung=rung, notes=tuple(notes))

    def _step(self) -> Step:
        from sentry_sync.answers.fetching.performance import WindowRequest, read_window

        request = WindowRequest(
            project_id=self.project.id,
            window=None if self.kept else self.window,
            length=self.kept.length if self.kept else self.window.length,
            scope=self.scopes()[0],
            environment=self.question.environment,
            transaction=self.question.transaction,
            datasets=tuple(name for name in LADDER if self.known.capabilities.get(f"explore.{name}") is not False),
        )
        return Step("window", lambda live: read_window(live, request))
