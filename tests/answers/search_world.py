"""Worlds for the differential search test, what a simulated Sentry says of them, and what we do."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from sentry_sync.simulator import WorldSize
from sentry_sync.sync.run import RESOURCES
from sentry_sync.sync.stream import Policy
from tests.answers.desk import Asking
from tests.support.rig import TOKEN

RANKS = ("high", "medium", "low")

WORLDS: Mapping[str, Mapping[str, Any]] = {
    # Everything is younger than the store's history.
    "young": {"seed": 3, "size": WorldSize(projects=3, issues=120, events_per_day=60, releases=4, days=6)},
    # Projects that resolve their issues themselves, events of weeks.
    "settled": {"seed": 5, "size": WorldSize(projects=5, issues=260, events_per_day=40, releases=4, days=40)},
    # Issues that began before the window that a search sees.
    "old": {"seed": 8, "size": WorldSize(projects=2, issues=90, events_per_day=12, releases=3, days=130)},
    # A plan that keeps events for a month.
    "short": {
        "seed": 9,
        "size": WorldSize(projects=2, issues=80, events_per_day=15, releases=2, days=60),
        "retention_days": 30,
    },
}


@dataclass(frozen=True)
class Case:
    """One question, as get-issues takes it."""

    query: str = ""
    project: str | None = None
    status: str | None = None
    environment: str | None = None
    sort: str = "date"
    since: str | None = None
    until: str | None = None
    limit: int = 25

    @property
    def plain(self) -> bool:
        """No search: the issues of a project, as they show."""
        return self.project is not None and not (self.query or self.since or self.until)

    def arguments(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


class Lived:
    """A world with a past, synced."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.asking = Asking(
            folder, policy=Policy(history_days=5, performance_hours=1, bodies_per_run=1), **WORLDS[name]
        )
        rig = self.asking.rig
        self._live(random.Random(name))
        rig.syncer().run(("projects", "issues", "events"))
        self._live(random.Random(f"{name} again"))
        rig.advance(2 * 3600)
        summary = rig.syncer().run(("projects", "issues", "events"), full=True)
        assert summary.ok, summary
        if name != "young":  # where snoozes have ended just now
            rig.advance(20 * 60)
        rig.sync("issues", "events")

    def _live(self, rnd: random.Random) -> None:
        """People and programs do what they do."""
        do, world = self.asking.rig.sim.mutate, self.asking.rig.sim.world
        keys = sorted(world.issues)
        some = rnd.sample(keys, min(40, len(keys)))
        do.resolve(some[:6])
        do.ignore(some[6:10])
        do.ignore(some[10:12], for_seconds=3600)
        do.unresolve(some[12:15])
        do.assign(some[15:18], "#backend")
        do.assign(some[18:20], "ada@acme.example")
        do.assign(some[20:22], None)
        for rank, key in zip(RANKS, some[22:25], strict=True):
            do.set_priority(key, rank)
        do.delete(some[25:27])
        parent, *children = [
            key for key in some[27:36] if world.issues[key].project is world.issues[some[27]].project
        ]
        do.merge(parent, children[:2])
        for key in some[36:]:
            do.new_events(key, 2)
        do.new_issues(2, project=world.projects[0].slug)

    def close(self) -> None:
        self.asking.close()

    @property
    def now(self) -> datetime:
        now: datetime = self.asking.rig.clock.now()
        return now

    def truth(self, case: Case) -> list[str] | int:
        """Every id in order as the simulated Sentry has it, or the status that it refuses the query with."""
        if case.plain:
            return self._plain(case)
        text = " ".join(part for part in (f"is:{case.status}" if case.status else "", case.query) if part)
        if case.sort != "priority":
            rows = self._walk(case, text, {"date": "date", "frequency": "freq"}[case.sort])
            return rows if isinstance(rows, int) else [row["id"] for row in rows]
        ranked: list[str] = []
        for rank in (*RANKS, None):
            found = self._walk(case, f"{text} issue.priority:{rank}".strip() if rank else text, "date")
            if isinstance(found, int):
                return found
            ranked += [row["id"] for row in found if row["id"] not in ranked]
        return ranked

    def _plain(self, case: Case) -> list[str] | int:
        """A question without a search goes by what rows show: their status, their lifetime's count."""
        rows = self._walk(case, "", "date")
        if isinstance(rows, int):
            return rows
        rows = [row for row in rows if case.status in (None, row["status"])]
        if case.sort == "frequency":
            rows.sort(key=lambda row: (-int(row["lifetime"]["count"]), -int(row["id"])))
        if case.sort == "priority":
            rows.sort(key=lambda row: RANKS.index(row["priority"]))
        return [row["id"] for row in rows]

    def _walk(self, case: Case, query: str, sort: str) -> list[Any] | int:
        sim = self.asking.rig.sim
        window = self._window(case)
        project = next((p.id for p in sim.world.projects if case.project in (p.id, p.slug)), "-1")
        pairs = [("query", query), ("sort", sort), ("project", project), ("limit", "100"), *window]
        if case.environment is not None:
            pairs.append(("environment", case.environment))
        found: list[Any] = []
        cursor: str | None = None
        while True:
            target = f"/api/0/organizations/acme/issues/?{urlencode([*pairs, *([('cursor', cursor)] if cursor else [])])}"
            status, headers, body = sim.handle("GET", target, {"authorization": f"Bearer {TOKEN}"})
            if status != 200:
                return status
            found += orjson.loads(body)
            link = headers.get("Link", "")
            following = [part for part in link.split(", <") if 'rel="next"' in part and 'results="true"' in part]
            if not following:
                return found
            cursor = following[0].rsplit('cursor="', 1)[1].rstrip('"')

    def _window(self, case: Case) -> list[tuple[str, str]]:
        if case.since is None and case.until is None:
            return []
        until = self._time(case.until) if case.until else self.now + timedelta(seconds=1)
        since = self._time(case.since) if case.since else self.now - timedelta(days=90)
        return [("start", since.isoformat()), ("end", min(until, self.now + timedelta(seconds=1)).isoformat())]

    def _time(self, text: str) -> datetime:
        units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
        if text.startswith("-"):
            return self.now - int(text[1:-1]) * units[text[-1]]
        return datetime.fromisoformat(text).astimezone(UTC)


@dataclass(frozen=True)
class Outcome:
    """How one case came out."""

    case: Case
    how: str
    """``local``, ``live``, ``refused`` or why it fell through."""
    wrong: str | None = None


def judge(lived: Lived, case: Case, *, online: bool = False, pages: int = 3) -> Outcome:
    """Ask both, page by page, and compare."""
    from sentry_sync.errors import QuestionError

    truth = lived.truth(case)
    answers = lived.asking.online if online else lived.asking.offline
    shown: list[str] = []
    cursor: str | None = None
    how = "local"
    for _ in range(pages):
        try:
            answer = answers.get_issues(**case.arguments(), **({"cursor": cursor} if cursor else {}))
        except QuestionError as error:
            return Outcome(
                case, "refused", None if truth == 400 else f"we refuse it: {error}; Sentry said {truth}"
            )
        freshness = answer["freshness"]
        if not freshness["complete"]:
            notes = " ".join(freshness["notes"])
            reason = next((r for r in ("unsupported_filter", "outside_coverage") if f"({r})" in notes), None)
            return Outcome(case, str(reason), None if reason and not online else f"incomplete: {notes}")
        how = freshness["source"] if freshness["source"] == "live" else how
        shown += [row["id"] for row in answer["issues"]]
        if isinstance(truth, int):
            return Outcome(case, how, f"Sentry refuses it with {truth}")
        if shown != truth[: len(shown)] or (answer["more"] is False and shown != truth):
            return Outcome(case, how, f"{_first_difference(shown, truth)}; more is {answer['more']}")
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    return Outcome(case, how)


def _first_difference(shown: Iterable[str], truth: Iterable[str]) -> str:
    ours, theirs = list(shown), list(truth)
    at = next(
        (n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
    )
    return f"at {at} of {len(ours)} and {len(theirs)}: {ours[at : at + 3]} instead of {theirs[at : at + 3]}"


__all__ = ["RESOURCES", "WORLDS", "Case", "Lived", "Outcome", "judge"]
