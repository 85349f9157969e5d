"""`GET /organizations/{org}/sessions/`: release health grouped, summed, in intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sentry_sync.simulator import cursors, search
from sentry_sync.simulator.api import parameters
from sentry_sync.simulator.api.call import Call, Response, bad_request
from sentry_sync.simulator.moments import DAY, HOUR, zulu
from sentry_sync.simulator.search import SearchError, Term
from sentry_sync.simulator.world import sessions
from sentry_sync.simulator.world.sessions import Cell, Ended, unique

FIELDS = (
    "sum(session)", "count_unique(user)", "crash_rate(session)", "crash_rate(user)",
    "crash_free_rate(session)", "crash_free_rate(user)",
)  # fmt: skip
GROUPS = ("project", "release", "environment", "session.status")
MAX_POINTS = 10_000
SNUBA_LIMIT = 5_000


@dataclass(slots=True)
class _Group:
    """What is counted for one combination of the grouped fields."""

    by: dict[str, Any]
    parts: list[Ended]
    pool: int = 0


def list_sessions(call: Call) -> Response:
    """Groups with totals and series; 400 for what Sentry cannot combine or would be too much."""
    fields, groups = _fields(call)
    step = _interval(call)
    window = parameters.window(call)
    start = window.start - window.start % step
    end = -(-window.end // step) * step
    if window.start >= window.end:
        raise bad_request("start must be before end")
    intervals = list(range(start, end, step))
    if len(intervals) > MAX_POINTS:
        raise bad_request(
            "Your interval and date range would create too many results. "
            "Use a larger interval, or a smaller date range."
        )
    call.valid_until(call.now + 1)
    found = _collect(call, groups, start, end, step)
    rows = [_row(group, fields, "session.status" in groups) for group in found]
    series = call.query.get("includeSeries", "1") != "0"
    totals = call.query.get("includeTotals", "1") != "0"
    _order(call, rows)
    rows = rows[: min(MAX_POINTS // ((len(intervals) if series else 0) + 1), SNUBA_LIMIT)]
    for row in rows:
        if not series:
            del row["series"]
        if not totals:
            del row["totals"]
    body: dict[str, Any] = {"start": zulu(start), "end": zulu(end), "query": call.query.get("query")}
    body |= {"intervals": [zulu(moment) for moment in intervals] if series else []}
    if "per_page" in call.query or "cursor" in call.query:
        page = cursors.by_offset(rows, parameters.per_page(call), parameters.cursor(call))
        return call.page(body | {"groups": list(page.rows)}, page)
    return call.reply(body | {"groups": rows})


def _fields(call: Call) -> tuple[list[str], list[str]]:
    fields, groups = call.query.all("field"), call.query.all("groupBy")
    if not fields:
        raise bad_request('Request is missing a "field"')
    for name in fields:
        if name not in FIELDS:
            raise bad_request(f'Invalid field: "{name}"')
    for name in groups:
        if name not in GROUPS:
            raise bad_request(f'Invalid groupBy: "{name}"')
    if "session.status" in groups and any(name.startswith("crash") for name in fields):
        raise bad_request("Cannot group by session.status when a crash rate is requested")
    return fields, groups


def _interval(call: Call) -> int:
    step = parameters.period(call.query.get("interval", "1h"))
    if step < HOUR or step > DAY or DAY % step:
        raise bad_request("The interval should divide one day without a remainder and be at least one hour.")
    return step


def _collect(call: Call, groups: list[str], start: int, end: int, step: int) -> list[_Group]:
    world = call.world
    asked = parameters.projects(call)
    names = call.query.all("environment")
    parameters.environments(call)
    terms = _terms(call)
    count = (end - start) // step
    found: dict[tuple[Any, ...], _Group] = {}
    pools: dict[tuple[Any, ...], set[int]] = {}
    for cell in sessions.cells(world, asked, start, end):
        if (names and cell.environment not in names) or not all(_fits(cell, term) for term in terms):
            continue
        ended = cell.part(start, min(end, call.now))
        place = min((cell.hour - start) // step, count - 1)
        for by, counted in _split(cell, ended, groups):
            key = tuple(by.values())
            group = found.setdefault(key, _Group(by, [Ended()] * count))
            group.parts[place] += counted
            if cell.project.number not in pools.setdefault(key, set()):
                pools[key].add(cell.project.number)
                group.pool += sessions.user_pool(world, cell.project)
    return list(found.values())


def _split(cell: Cell, ended: Ended, groups: list[str]) -> list[tuple[dict[str, Any], Ended]]:
    values = {
        "project": int(cell.project.id),
        "release": cell.release.version,
        "environment": cell.environment,
    }
    by = {name: values[name] for name in groups if name != "session.status"}
    if "session.status" not in groups:
        return [(by, ended)]
    return [(by | {"session.status": status}, Ended(ended.of(status))) for status in sessions.STATUSES]


def _terms(call: Call) -> list[Term]:
    try:
        parsed = search.parse(call.query.get("query"))
    except SearchError as error:
        raise bad_request(str(error)) from None
    for term in parsed.terms:
        if term.key not in ("release", "environment", "project", "project_id"):
            raise bad_request(f"Invalid search filter: {term.key}")
    return list(parsed.terms)


def _fits(cell: Cell, term: Term) -> bool:
    values = {
        "release": cell.release.version,
        "environment": cell.environment,
        "project": cell.project.slug,
        "project_id": cell.project.id,
    }
    return search.fits(term, values[term.key])


def _row(group: _Group, fields: list[str], by_status: bool) -> dict[str, Any]:
    whole = sum(group.parts, Ended())
    return {
        "by": group.by,
        "totals": {name: value(name, whole, group.pool) for name in fields},
        "series": {
            name: [value(name, part, group.pool, empty=by_status) for part in group.parts] for name in fields
        },
    }


def value(field: str, ended: Ended, pool: int, *, empty: bool = False) -> float | int | None:
    """One number of health; a rate without sessions is None."""
    if field == "sum(session)":
        return ended.sessions
    users = unique(ended.sessions, pool)
    if field == "count_unique(user)":
        return users
    if not ended.sessions or empty:
        return None
    if field.endswith("(session)"):
        crashed = ended.crashed / ended.sessions
    else:
        crashed = min(unique(ended.crashed, pool) / max(users, 1), 1.0)
    return 1 - crashed if field.startswith("crash_free") else crashed


def _order(call: Call, rows: list[dict[str, Any]]) -> None:
    order = call.query.get("orderBy")
    name = order.removeprefix("-")
    if order and name not in call.query.all("field"):
        raise bad_request("'orderBy' must be one of the provided 'fields'")
    rows.sort(key=lambda row: tuple(str(part) for part in row["by"].values()))
    if order:
        rows.sort(key=lambda row: row["totals"][name] or 0, reverse=order.startswith("-"))
