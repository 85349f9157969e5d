"""Release health inside the releases list: `health=1`, `adoptionStages=1`."""

from __future__ import annotations

from typing import Any

from sentry_sync.simulator.api import sessions as sessions_api
from sentry_sync.simulator.api.call import Call, bad_request
from sentry_sync.simulator.moments import DAY, HOUR
from sentry_sync.simulator.world import sessions
from sentry_sync.simulator.world.projects import Project
from sentry_sync.simulator.world.releases import Release
from sentry_sync.simulator.world.sessions import Ended, unique

PERIODS = {
    "1h": HOUR, "24h": DAY, "1d": DAY, "48h": 2 * DAY, "2d": 2 * DAY, "7d": 7 * DAY, "14d": 14 * DAY,
    "30d": 30 * DAY, "90d": 90 * DAY,
}  # fmt: skip
Totals = dict[int, Ended]
"""Sessions by release number."""


def check(call: Call) -> None:
    """400 for health parameters Sentry refuses."""
    for name in ("summaryStatsPeriod", "healthStatsPeriod"):
        if call.query.get(name) and call.query.get(name) not in PERIODS:
            raise bad_request(f"Invalid stats period: {call.query.get(name)}")
    if call.query.get("healthStat", "sessions") not in ("sessions", "users"):
        raise bad_request("Invalid healthStat")


def add(call: Call, rows: list[dict[str, Any]], releases: list[Release], *, blank: bool) -> None:
    """Put `healthData` into the rows' projects if `health` is exactly 1, and `adoptionStages` likewise.

    `blank` is Sentry's bug 30471: zeroes for too many releases over too long a time.
    """
    if call.query.get("health") == "1":
        length = PERIODS[call.query.get("summaryStatsPeriod") or "14d"]
        for row, release in zip(rows, releases, strict=True):
            for entry in row["projects"]:
                project = next(p for p in release.projects if int(p.id) == entry["id"])
                entry["healthData"] = _health(call, release, project, length, blank=blank)
    if call.query.get("adoptionStages") == "1":
        for row, release in zip(rows, releases, strict=True):
            row["adoptionStages"] = {project.slug: _stage(call, release, project) for project in release.projects}


def totals(call: Call, project: Project, length: int) -> Totals:
    """The project's sessions by release over the last `length` seconds; kept for a minute's worth of calls."""

    def make() -> Totals:
        found: Totals = {}
        start = call.now - length
        for cell in sessions.cells(call.world, [project], start, call.now):
            part = cell.part(start, call.now)
            found[cell.release.number] = found.get(cell.release.number, Ended()) + part
        return found

    return call.memory.recall(call.world.version, ("health", project.number, length, call.now), make)


def _health(call: Call, release: Release, project: Project, length: int, *, blank: bool) -> dict[str, Any]:
    pool = sessions.user_pool(call.world, project)
    over = totals(call, project, length)
    day = totals(call, project, DAY)
    mine, today = (
        (Ended(), Ended()) if blank else (over.get(release.number, Ended()), day.get(release.number, Ended()))
    )
    all_day = sum(day.values(), Ended())
    rate = {name: sessions_api.value(f"crash_free_rate({name})", mine, pool) for name in ("session", "user")}
    users_day, all_users_day = unique(today.sessions, pool), unique(all_day.sessions, pool)
    return {
        "adoption": 100 * users_day / all_users_day if all_users_day else None,
        "sessionsAdoption": 100 * today.sessions / all_day.sessions if all_day.sessions else None,
        "crashFreeUsers": None if rate["user"] is None else 100 * rate["user"],
        "crashFreeSessions": None if rate["session"] is None else 100 * rate["session"],
        "totalUsers": unique(mine.sessions, pool),
        "totalUsers24h": users_day,
        "totalProjectUsers24h": all_users_day,
        "totalSessions": mine.sessions,
        "totalSessions24h": today.sessions,
        "totalProjectSessions24h": all_day.sessions,
        "sessionsCrashed": mine.crashed,
        "sessionsErrored": mine.errored,
        "hasHealthData": mine.sessions > 0,
        "durationP50": None,
        "durationP90": None,
        "stats": {"24h": _hourly(call, release, project)},
    }


def _hourly(call: Call, release: Release, project: Project) -> list[list[int]]:
    first = call.now - call.now % HOUR - 23 * HOUR
    counts = dict.fromkeys(range(first, first + DAY, HOUR), 0)
    for cell in sessions.cells(call.world, [project], first, call.now):
        if cell.release is release:
            counts[cell.hour] += cell.part(first, call.now).sessions
    return [[hour, count] for hour, count in counts.items()]


def _stage(call: Call, release: Release, project: Project) -> dict[str, Any]:
    day = totals(call, project, DAY)
    whole = sum(day.values(), Ended()).sessions
    mine = day.get(release.number, Ended()).sessions
    newer = call.world.releases.current_list(project)[-1] is not release
    waning = "replaced" if newer else "low_adoption"
    stage = "adopted" if whole and mine / whole >= 0.1 else waning
    return {"stage": stage, "adopted": None, "unadopted": None}
