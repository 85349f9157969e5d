"""A small world that has been synced, what is asked of it, and the contract that holds whatever it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sentry_sync.errors import AuthFailed
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.sync.run import FINE, Summary
from sentry_sync.sync.stream import Policy
from tests.support.rig import TOKEN, Rig

TINY = WorldSize(projects=2, issues=12, events_per_day=10, releases=1, days=2)
BRIEF = Policy(history_days=1, performance_hours=1, bodies_per_run=1)

SECRET = "kreuzberg@example.com"
"""Something out of an event that a server may repeat in an error."""

WILD = f"no {TOKEN} \x1b[31m\u202e\r\n\x00 here"
"""What no line of ours may let through: the token, colours, direction marks, line breaks."""

PAUSE = 7 * 3600.0
"""After so long every stream has something due."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint as a sync meets it."""

    name: str
    path: str
    """What its targets contain and no other's do."""
    victim: str
    """The stream that asks it first."""
    resources: tuple[str, ...]
    """What to sync so that it is asked, and others as well."""
    also: tuple[str, ...] = ()
    """Other streams that ask the same."""
    beside: tuple[str, ...] = ()
    """Streams that ask something else of the same endpoint: what limits its rate limits them."""
    covers: str | None = None
    absent: str = "failed"
    """How the victim ends on a 404."""

    def hit(self, *, limited: bool) -> set[str]:
        """Every stream that may meet the fault."""
        return {self.victim, *self.also, *(self.beside if limited else ())}


_LISTS = ("issues.review", "issues.confirm", "issues.verify")

ENDPOINTS = (
    Endpoint("issues", "sort=date", "issues.hot", ("issues", "events"), ("issues.sweep",), _LISTS, "issues"),
    Endpoint(
        "batch", "group=", "issues.verify", ("issues",), ("issues.confirm",), ("issues.sweep", "issues.review")
    ),
    Endpoint(
        "explore",
        "dataset=errors",
        "error_counts",
        ("issues", "events"),
        ("events", "issue_environments", "events.audit", "issue_environments.audit", "events.retention"),
        covers="error_counts",
    ),
    Endpoint("sessions", "/sessions/", "release_health", ("issues", "releases"), covers="release_health"),
    Endpoint(
        "releases", "/releases/?", "releases", ("issues", "releases"), ("releases.sweep", "releases.confirm")
    ),
    Endpoint("body", "/events/latest/", "event_bodies", ("issues", "events"), absent="fresh"),
    Endpoint("projects", "/projects/?", "projects", ("projects",)),
    Endpoint("stats", "/stats_v2/", "project_stats", ("projects",)),
    Endpoint("environments", "/environments/", "environments", ("projects",)),
)


@dataclass
class Site:
    """A rig whose store has synced once, and one endpoint to break."""

    rig: Rig
    endpoint: Endpoint
    turns: int = 0

    @classmethod
    def made(cls, folder: Path, endpoint: Endpoint) -> Site:
        """A world of which everything that the endpoint's resources need is held."""
        rig = Rig(folder, size=TINY, policy=BRIEF)
        site = cls(rig, endpoint)
        assert rig.sync("issues", *endpoint.resources).ok
        site.change()
        site.mended()  # what the server can do is known by now
        return site

    def change(self) -> None:
        """Something happens, so that there is something to miss."""
        self.turns += 1
        self.rig.advance(PAUSE)
        mutate, issues = self.rig.sim.mutate, sorted(self.rig.sim.world.issues)
        self.rig.sim.faults.clear()
        quiet, busy = issues[: len(issues) // 2], issues[len(issues) // 2 :]
        mutate.resolve(quiet)
        mutate.ignore(quiet[self.turns % len(quiet)])
        mutate.unresolve(busy)
        mutate.new_events(busy[self.turns % len(busy)], at=self.rig.sim.now() - timedelta(minutes=1))

    def broken(self, **fault: Any) -> Summary | None:
        """A sync while the endpoint fails; None when it was stopped as a whole, as only a refused token does."""
        self.rig.sim.faults.add(path_contains=self.endpoint.path, times=1_000_000, **fault)
        try:
            return self.rig.sync(*self.endpoint.resources)
        except AuthFailed as error:
            assert fault.get("status") == 401, error
            tidy(str(error))
            return None

    def mended(self) -> None:
        """The fault is over: the next run finds the store equal to the world."""
        self.rig.sim.faults.clear()
        self.rig.advance(1800)
        summary = self.rig.sync(*dict.fromkeys(("issues", *self.endpoint.resources)))
        assert summary.ok, [result for result in summary.results if result.error]
        assert held(self.rig) == true(self.rig)

    def knowledge(self) -> dict[str, Any]:
        """What must not grow by an answer that was none."""
        covered = self.rig.coverage(self.endpoint.covers) if self.endpoint.covers else []
        marks = {(row.stream, row.scope): row.as_of for row in self.rig.rows(tables.marks)}
        gone = [row.id for table in (tables.issues, tables.projects) for row in self.rig.rows(removed(table))]
        return {"covered": covered, "mark": marks.get((self.endpoint.victim, "")), "gone": gone}


def removed(table: Any) -> Any:
    """The rows of a table that are tombstoned."""
    return select(table.c.id).where(table.c.removed_at.is_not(None))


def check(
    site: Site,
    summary: Summary | None,
    before: dict[str, Any],
    *,
    state: str = "failed",
    limited: bool = False,
) -> None:
    """The contract: the fault is told, in one tidy line, and nobody else and nothing else suffers from it."""
    assert site.knowledge() == before
    newest = site.rig.passes(site.endpoint.victim)[-1]
    if summary is None:
        assert newest.state == "failed"
        tidy(newest.error)
        return
    results = {result.stream: result for result in summary.results}
    victim = results[site.endpoint.victim]
    assert victim.state == state, victim
    if state == "failed":
        assert victim.error
        tidy(victim.error)
        assert (newest.state, newest.error) == ("failed", victim.error)
    others = {name: result for name, result in results.items() if name not in site.endpoint.hit(limited=limited)}
    assert others
    assert {name: result for name, result in others.items() if result.state not in FINE} == {}


def tidy(line: str) -> None:
    """One line that holds neither the token nor what an event holds."""
    assert len(line.splitlines()) == 1
    assert line.isprintable(), line
    assert TOKEN not in line
    assert SECRET not in line
    assert len(line) < 500


def held(rig: Rig) -> Sequence[tuple[Any, ...]]:
    """The issues of the store that are there."""
    rows = rig.rows(select(tables.issues).where(tables.issues.c.removed_at.is_(None)))
    return sorted((row.id, row.status, row.count, row.last_seen) for row in rows)


def true(rig: Rig) -> Sequence[tuple[Any, ...]]:
    """The issues of the world."""
    return sorted((i.id, i.status, i.count, i.last_seen) for i in rig.sim.world.issues.values())
