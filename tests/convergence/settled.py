"""Once all is calm and passes enough were made, the store equals the world: no row missing, doubled, stale or ghost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.simulator.identifiers import issue_id
from sentry_sync.simulator.world.issues import Issue, users
from sentry_sync.sync.server_clock import TOLERANCE
from sentry_sync.sync.streams import performance
from tests.convergence import truth
from tests.convergence.held import EPOCH, Held, Row
from tests.convergence.log import state_of
from tests.support.rig import Rig

MICRO = 1_000_000
HOUR, DAY = 3_600, 86_400
DOUBT = int(TOLERANCE.total_seconds())
LAG = int(performance.LAG.total_seconds())
SEARCHED = 90 * DAY - HOUR
"""What a search for issues sees, less what leaves it within the hour."""


class Settled:
    """The last look at the store. ``apart`` says where it differs from the world.

    ``synced`` is the second in which the last sync began: what came while it waited for the budget is the next one's.
    """

    def __init__(self, rig: Rig, held: Held, calm_since: int, synced: int) -> None:
        self._rig, self._held, self._since, self._synced = rig, held, calm_since, synced
        self._world = rig.sim.world
        self._now = self._world.clock.seconds()
        self._kept_since = self._now - rig.sim.options.retention_days * DAY
        self._dialect = rig.sim.options.profile
        self.apart: list[str] = []

    def check(self, resources: Iterable[str]) -> list[str]:
        """Where the store differs from the world, one line each."""
        for resource in resources:
            _CHECKS[resource](self)
        return self.apart

    def waiting(self) -> set[str]:
        """Issues that are gone, beside one that never leaves its merge: for a day nobody knows how they went.

        Only those without an event to ask for.
        """
        stuck = {
            issue.project.id for issue in self._world.issues.values() if issue.stored_status == "pending_merge"
        }
        asked = {row["issue_id"] for row in self._held.rows("events")} | self._world.issues.keys()
        return {row["id"] for row in self._held.rows("issues") if row["project_id"] in stuck} - asked

    def _same(self, what: str, held: dict[Any, Any], true: dict[Any, Any]) -> None:
        for key in sorted(held.keys() | true.keys(), key=str):
            mine, theirs = held.get(key, "no row"), true.get(key, "no row")
            if not _alike(mine, theirs):
                self.apart.append(f"{what} {key}: the store has {mine}, the world {theirs}")

    def _covered(self, resource: str, seconds: float) -> None:
        """The policy's whole window is known complete, up to the last sync, as far as the server still serves it."""
        # A sync knows the server's time to some seconds, and its windows begin and end by what it knows.
        first = max(self._synced - int(seconds) + DOUBT, self._kept_since + DAY)
        wanted = Interval(_moment(first), _moment(self._synced - DOUBT))
        parts = [
            Interval(_moment(start / MICRO), _moment(end / MICRO))
            for scope, start, end in self._held.covered(resource)
            if scope == ""
        ]
        for gap in gaps(wanted, parts):
            self.apart.append(f"{resource}: {gap.start} to {gap.end} is not known complete")

    # -- projects ---------------------------------------------------------------------------

    def projects(self) -> None:
        """Projects and environments."""
        rows = {row["id"]: row for row in self._held.rows("projects")}
        alive = {key: row["slug"] for key, row in rows.items() if row["removed_at"] is None}
        self._same("project", alive, {project.id: project.slug for project in self._world.projects})
        names = {
            (row["project_id"], row["name"])
            for row in self._held.rows("environments")
            if row["project_id"] in alive
        }
        if self._dialect != "glitchtip":
            wanted = {(project.id, name) for project in self._world.projects for name in project.environments}
            self._same("environment", dict.fromkeys(names, 1), dict.fromkeys(wanted, 1))

    # -- issues -----------------------------------------------------------------------------

    def issues(self) -> None:
        """Every issue as it is, and the removed ones with where they went."""
        rows = {row["id"]: row for row in self._held.rows("issues")}
        alive = {key: row for key, row in rows.items() if row["removed_at"] is None}
        compare = self._glitchtip_issue if self._dialect == "glitchtip" else self._issue
        true = {issue.id: issue for issue in self._world.issues.values()}
        # Nobody can know an issue that was out of every search's sight before it was first looked for.
        unseen = {key for key in true.keys() - alive.keys() if not self._searchable(true[key])}
        for key in sorted((alive.keys() | true.keys()) - unseen):
            if key not in alive or key not in true:
                self.apart.append(f"issue {key}: {'is missing' if key in true else 'is a ghost'}")
            else:
                self._same(f"issue {key}", *compare(true[key], alive[key]))
        for key, row in rows.items():
            if row["removed_at"] is not None and self._dialect != "glitchtip":
                self._removal(key, row, rows)
        if self._dialect != "glitchtip":
            self._covered("issues", SEARCHED)

    def _searchable(self, issue: Issue) -> bool:
        return bool(self._visible(issue))

    def _visible(self, issue: Issue) -> list[int]:
        return [event for event in issue.events if self._world.index.timestamp[event] >= self._kept_since]

    def _issue(self, issue: Issue, row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
        looked = row["verified_at"] // MICRO
        status, substatus = state_of(issue, 0).shown(looked)
        who = issue.assigned_to or {}
        true = {
            "status": status,
            "substatus": substatus,
            "priority": issue.priority,
            "level": issue.level,
            "title": issue.kind.title,
            "culprit": issue.kind.transaction,
            "count": len(issue.events),
            "first_seen": issue.first_second * MICRO,
            "assigned_type": who.get("type"),
            "assigned_id": who.get("id"),
            "assigned_to": who.get("name"),
            "project_id": issue.project.id,
            "merged_into": None,
        }
        visible = self._visible(issue)
        if visible and looked - self._since >= 0:
            true["last_seen"] = issue.last_second * MICRO
        if visible and len(visible) == len(issue.events):
            true["user_count"] = users(self._world.index, issue.events)
        if looked < self._since:
            self.apart.append(f"issue {issue.id}: was not looked at since all is calm")
        return {name: row[name] for name in true}, true

    def _glitchtip_issue(self, issue: Issue, row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
        stored = issue.stored_status
        true = {
            "status": stored if stored in ("resolved", "ignored") else "unresolved",
            "title": issue.kind.title[:255],
            "count": len(issue.events),
        }
        return {name: row[name] for name in true}, true

    def _removal(self, key: str, row: Row, rows: dict[str, Row]) -> None:
        """A removed issue went where the world says, by whatever chain of merges.

        Of a chain whose end is deleted before anybody looks again, no more can be known than that its middle is gone.
        """
        number = next(n for n in range(1, 1_000) if issue_id(n) == key)
        seen = key
        while rows.get(seen, {}).get("removed_as") == "merged":
            seen = rows[seen]["merged_into"]
        while number in self._world.redirects:
            number = self._world.redirects[number]
        alive = number in self._world.by_number
        if row["removed_as"] == "unknown" and key in self.waiting():
            return
        if not alive and rows.get(seen, {}).get("removed_as") == "deleted":
            return
        if seen not in (key, issue_id(number)) or (seen == key and alive):
            self.apart.append(f"issue {key}: went to {seen}, not to {issue_id(number)}")

    # -- events -----------------------------------------------------------------------------

    def _within(self, since: int) -> list[int]:
        """Events the server still serves, from a moment until now."""
        times = self._world.index.timestamp
        since = max(since, self._kept_since + HOUR)
        return [number for number in self._world.index.order if since <= times[number] < self._now]

    def _alive(self, rows: Iterable[Row]) -> list[Row]:
        """Rows of projects that are still there."""
        there = {project.id for project in self._world.projects}
        return [row for row in rows if row["project_id"] in there]

    def events(self) -> None:
        """Every event of the policy's window under its issue, and none else."""
        since = self._now - self._rig.policy.history_days * DAY
        true = {
            self._world.event_id(number): (
                issue_id(self._world.index.issue[number]),
                self._world.environment_of(number),
                release.version if (release := self._world.release_of(number)) else None,
            )
            for number in self._within(since)
        }
        held = {
            row["event_id"].hex(): (row["issue_id"], row["environment"], row["release"])
            for row in self._alive(self._held.rows("events"))
            if row["timestamp"] >= max(since, self._kept_since + HOUR) * MICRO
            and row["timestamp"] < self._now * MICRO
        }
        self._same("event", held, true)
        if self._dialect != "glitchtip":
            self._covered("events", self._rig.policy.history_days * DAY)

    def counts(self) -> None:
        """Hourly counts of the policy's window."""
        since = self._now - self._rig.policy.history_days * DAY
        first = max(since, self._kept_since + HOUR)
        first += -first % HOUR
        true = truth.error_counts(self._world, self._within(first))
        held = {
            (
                *(row[name] for name in ("project_id", "issue_id", "environment", "release")),
                row["hour"] // MICRO,
            ): (
                row["count"],
                row["users"],
            )
            for row in self._alive(self._held.rows("error_counts"))
            if row["hour"] >= first * MICRO
        }
        # Of an issue that took in another the number of users can't be known until the hour is read again.
        for key, (count, number) in held.items():
            if number is None and key in true:
                held[key] = count, true[key][1]
        self._same("error_counts", held, true)
        self._covered("error_counts", self._rig.policy.history_days * DAY)

    def pairs(self) -> None:
        """In which environments an issue was seen, and when last."""
        everything = truth.pairs(self._world, self._world.index.order)
        visible = truth.pairs(self._world, self._within(0))
        held = {
            (row["issue_id"], row["environment"]): row
            for row in self._alive(self._held.rows("issue_environments"))
        }
        waiting = self.waiting()
        for key in visible.keys() | held.keys():
            row = held.get(key)
            if key[0] in waiting:
                continue
            if row is None or key not in everything:
                self.apart.append(f"issue_environments {key}: {'is missing' if row is None else 'is a ghost'}")
            elif key in visible and (
                row["last_seen"] // MICRO != visible[key][1] or row["first_seen"] // MICRO > visible[key][0]
            ):
                self.apart.append(f"issue_environments {key}: the store has {row}, the world {visible[key]}")
        self._covered("issue_environments", SEARCHED)

    # -- releases ---------------------------------------------------------------------------

    def releases(self) -> None:
        """Releases with their figures, projects and deploys."""
        true = truth.releases(self._world)
        held = {
            row["version"]: {name: _seconds(row[name]) for name in _RELEASE}
            for row in self._held.rows("releases", "removed_at IS NULL")
        }
        self._same("release", held, true)
        self._same(
            "release_projects",
            {
                (row["version"], row["project_id"]): row["new_issues"]
                for row in self._alive(self._held.rows("release_projects"))
                if row["version"] in held
            },
            truth.release_projects(self._world),
        )
        deploys = {
            (row["version"], row["environment"], row["date_finished"] // MICRO): 1
            for row in self._held.rows("deploys")
            if row["version"] in held
        }
        self._same("deploy", deploys, truth.deploys(self._world))

    def health(self) -> None:
        """Sessions of each day of the policy's window; today's up to now."""
        days = self._rig.policy.history_days
        first = self._now - days * DAY
        first += -first % DAY
        there = {project.id for project in self._world.projects}
        for day in range(first, self._now, DAY):
            true = truth.health(self._world, day, min(day + DAY, self._now))
            held = {
                (row["release"], row["project_id"], row["environment"]): (
                    row["sessions"],
                    row["crash_free_sessions"],
                    row["adoption"],
                )
                for row in self._held.rows("release_health", f"bucket = {day * MICRO}")
                if row["project_id"] in there
            }
            self._same(f"release_health of {day}", held, true)
        self._covered("release_health", days * DAY)

    # -- performance ------------------------------------------------------------------------

    def performance(self) -> None:
        """Every hour of the policy's window, the running one up to now."""
        hours = self._rig.policy.performance_hours
        last = self._now - self._now % HOUR
        for hour in range(last - hours * HOUR, self._now, HOUR):
            until, at = min(hour + HOUR, self._now), f"hour = {hour * MICRO}"
            self._spans("transaction_stats", at, truth.transactions(self._world, hour, until))
            self._spans("web_vitals", at, truth.vitals(self._world, hour, until), figure="lcp")
            if self._dialect == "saas":
                self._spans("query_stats", at, truth.queries(self._world, hour, until), name="query_id")
        for resource in ("transactions", "web_vitals", "queries"):
            self._covered(resource, hours * HOUR)
        self._window("24h", DAY, HOUR)
        self._window("7d", 7 * DAY, 6 * HOUR)

    def _window(self, name: str, length: int, every: int) -> None:
        """The last full day or week that was read: no older than it may get, and as the server computes it."""
        found = self._held.rows("marks", f"stream = 'transaction_windows.{name}' AND scope = ''")
        end = found[0]["mark"] // MICRO if found else 0
        latest = self._synced - LAG - DOUBT
        if end % HOUR or not latest - latest % HOUR - every < end <= self._now:
            self.apart.append(f"transaction_windows {name}: the last that was read ended at {end}")
            return
        at = f'start = {(end - length) * MICRO} AND "end" = {end * MICRO}'
        read = self._held.rows("passes", f"stream = 'transaction_windows.{name}' AND state = 'done'")[-1]
        served = read["started_at"] // MICRO - self._rig.sim.options.retention_days * DAY
        true = truth.transactions(self._world, max(end - length, served), end)
        self._spans("transaction_windows", at, true)

    def _spans(
        self, table: str, at: str, true: dict[Any, Any], *, name: str = "transaction", figure: str = "p95"
    ) -> None:
        held = {
            (row["project_id"], row["environment"], row[name]): (row["count"], row[figure])
            for row in self._alive(self._held.rows(table, at))
        }
        self._same(f"{table} of {at}", held, true)

    def stats(self) -> None:
        """What each project received in the day up to the last sync, which begins with the hour."""
        rows = self._alive(self._held.rows("project_stats"))
        at = min((row["as_of"] // MICRO for row in rows), default=0)
        if at < self._synced - DOUBT:
            self.apart.append(f"project_stats: last read at {at}")
        since = at - DAY
        held = {row["project_id"]: (row["events_24h"], row["errors_24h"], row["sessions_24h"]) for row in rows}
        self._same("project_stats", held, truth.stats(self._world, since - since % HOUR, at))

    # -- webhooks ---------------------------------------------------------------------------

    def hints(self) -> None:
        """None waits any longer."""
        for row in self._held.rows("webhook_deliveries", "handled_at IS NULL"):
            self.apart.append(f"webhook {row['request_id']}: its issue {row['issue_id']} was not looked at")


_RELEASE = (
    "date_created", "date_released", "first_event", "last_event", "new_issues", "commit_count", "deploy_count",
)  # fmt: skip

_CHECKS: dict[str, Callable[[Settled], None]] = {
    "projects": Settled.projects,
    "issues": Settled.issues,
    "events": Settled.events,
    "counts": Settled.counts,
    "pairs": Settled.pairs,
    "releases": Settled.releases,
    "health": Settled.health,
    "performance": Settled.performance,
    "stats": Settled.stats,
    "hints": Settled.hints,
}
"""What can be compared, by name."""

EVERYTHING = tuple(_CHECKS)


def _moment(seconds: float) -> Any:
    from datetime import timedelta

    return EPOCH + timedelta(seconds=seconds)


def _seconds(value: int | None) -> int | None:
    """A time of the store in whole seconds; counts as they are."""
    return value // MICRO if value is not None and value > 10**12 else value


def _alike(mine: Any, theirs: Any) -> bool:
    """Equal, but for the last digits of what was computed."""
    if isinstance(mine, float) and isinstance(theirs, float):
        return abs(mine - theirs) <= 1e-6 * max(abs(mine), abs(theirs), 1)
    if isinstance(mine, tuple) and isinstance(theirs, tuple):
        return len(mine) == len(theirs) and all(map(_alike, mine, theirs))
    return bool(mine == theirs)
