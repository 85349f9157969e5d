"""`GET /organizations/{org}/events-timeseries/` and `stats_v2/`: counts over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sentry_sync.simulator.api import explore, parameters
from sentry_sync.simulator.api.call import Call, Response, bad_request
from sentry_sync.simulator.api.explore import Answerer, Question
from sentry_sync.simulator.moments import DAY, HOUR, zulu
from sentry_sync.simulator.seeded import mix
from sentry_sync.simulator.world import performance
from sentry_sync.simulator.world.event_index import Span

MAX_TOP = 10
MIN_STEP = 60
"""Sentry's smallest interval for a series that is not live."""
MAX_POINTS = 10_000


def events_timeseries(call: Call, answerers: Mapping[str, Answerer]) -> Response:
    """One series for each yAxis, or for each of the topEvents groups."""
    query = call.query
    axes = list(dict.fromkeys(query.all("yAxis"))) or ["count()"]
    if any("(" not in axis for axis in axes):
        raise bad_request("Each yAxis has to be a function")
    top = _top_events(query.get("topEvents") or "0")
    # Without topEvents Sentry does not look at groupBy.
    groups = list(dict.fromkeys(name for name in query.all("groupBy") if name)) if top else []
    question = explore.ask(call, (*groups, *axes))
    answerer = answerers.get(question.dataset)
    if answerer is None:
        raise bad_request(f"dataset {question.dataset} is not kept by this server")
    buckets = _buckets(call, question)
    call.valid_until(call.now + 1)
    wanted = _top(answerer, call, question, groups, top) if groups else [()]
    values, types = _values(answerer, call, question, groups, buckets)
    series = [
        _series(
            call,
            axis,
            dict(zip(groups, key, strict=True)),
            [(moment, values.get((moment, key), {}).get(axis)) for moment in buckets],
            types.get(axis, "integer"),
        )
        for key in wanted
        for axis in axes
    ]
    meta = {"dataset": question.dataset, "start": buckets.start * 1_000, "end": question.span.end * 1_000}
    return call.reply({"timeSeries": series, "meta": meta})


def _buckets(call: Call, question: Question) -> range:
    step = parameters.period(call.query.get("interval") or "1h")
    if step < MIN_STEP:
        raise bad_request("The interval is too small")
    buckets = range(question.span.start - question.span.start % step, question.span.end, step)
    if len(buckets) > MAX_POINTS:
        raise bad_request("Your interval and date range would create too many results.")
    return buckets


Values = dict[tuple[int, tuple[Any, ...]], dict[str, Any]]
"""Rows by the moment of their bucket and the values of their groups."""


def _values(
    answerer: Answerer, call: Call, question: Question, groups: list[str], buckets: range
) -> tuple[Values, dict[str, str]]:
    values: Values = {}
    types: dict[str, str] = {}
    for moment in buckets:
        span = Span(max(moment, question.span.start), min(moment + buckets.step, question.span.end))
        table = answerer(call, replace(question, span=span))
        types |= table.types
        for row in table.rows:
            values[moment, tuple(row[name] for name in groups)] = row
    return values, types


def _top_events(text: str) -> int:
    if not text.isdecimal():
        raise bad_request("topEvents must be an integer")
    if int(text) > MAX_TOP:
        raise bad_request(f"Can only get up to {MAX_TOP} top events")
    return int(text)


def _top(answerer: Answerer, call: Call, question: Question, groups: list[str], top: int) -> list[tuple[Any, ...]]:
    axis = question.fields[len(groups)]
    rows = list(answerer(call, question).rows)
    rows.sort(key=lambda row: row[axis] or 0, reverse=True)
    return [tuple(row[name] for name in groups) for row in rows[:top]]


def _series(call: Call, axis: str, by: dict[str, Any], values: list[tuple[int, Any]], kind: str) -> dict[str, Any]:
    step = values[1][0] - values[0][0] if len(values) > 1 else HOUR
    row: dict[str, Any] = {
        "yAxis": axis,
        "values": [
            {"timestamp": moment * 1_000, "value": value or 0, "incomplete": moment + step > call.now}
            for moment, value in values
        ],
        "meta": {
            "valueType": kind,
            "valueUnit": "millisecond" if kind == "duration" else None,
            "interval": step * 1_000,
        },
    }
    if by:
        row["groupBy"] = [{"key": name, "value": value} for name, value in by.items()]
    return row


_STATS_GROUPS = ("outcome", "category", "reason", "project")
_STATS_FIELDS = ("sum(quantity)", "sum(times_seen)")


def stats_v2(call: Call) -> Response:
    """What the organization sent: errors as they were received, transactions, and what was refused."""
    query = call.query
    groups, fields = query.all("groupBy"), query.all("field")
    if not fields or any(name not in _STATS_FIELDS for name in fields):
        raise bad_request(f"Invalid field: choose from {', '.join(_STATS_FIELDS)}")
    if any(name not in _STATS_GROUPS for name in groups):
        raise bad_request(f"Invalid groupBy: choose from {', '.join(_STATS_GROUPS)}")
    step = parameters.period(query.get("interval") or "1h")
    if step < HOUR or step > DAY or DAY % step:
        raise bad_request("interval has to divide one day and be at least one hour")
    window = parameters.window(call)
    start = window.start - window.start % step
    intervals = list(range(start, window.end, step))
    call.valid_until(call.now + 1)
    series: dict[tuple[Any, ...], list[int]] = {}
    for by, place, count in _outcomes(call, start, step, len(intervals)):
        if query.get("category") and by["category"] != query.get("category"):
            continue
        if query.get("outcome") and by["outcome"] != query.get("outcome"):
            continue
        counts = series.setdefault(tuple(by[name] for name in groups), [0] * len(intervals))
        counts[place] += count
    rows = [
        {
            "by": dict(zip(groups, key, strict=True)),
            "totals": {name: sum(counts) for name in fields},
            "series": dict.fromkeys(fields, counts),
        }
        for key, counts in series.items()
    ]
    moments = [zulu(moment) for moment in intervals]
    return call.reply({"start": zulu(start), "end": zulu(window.end), "intervals": moments, "groups": rows})


def _outcomes(call: Call, start: int, step: int, buckets: int) -> list[tuple[dict[str, Any], int, int]]:
    world = call.world
    projects = parameters.projects(call)
    asked = {project.number: project.id for project in projects}
    errors: Counter[tuple[int, int]] = Counter()
    for event in world.index.order:
        project = world.by_number[world.index.issue[event]].project.number
        place = (world.index.received[event] - start) // step
        if project in asked and 0 <= place < buckets:
            errors[project, place] += 1
    found = []
    for (number, place), count in errors.items():
        by = {"category": "error", "reason": "none", "project": int(asked[number])}
        found.append(({**by, "outcome": "accepted"}, place, count))
        refused = mix(world.seed, start // step + place) % 3 * count // 40
        if refused:
            found.append(({**by, "outcome": "filtered", "reason": "browser-extensions"}, place, refused))
    for series in performance.all_series(world, "transaction"):
        if series.project.number in asked:
            by = {
                "category": "transaction",
                "reason": "none",
                "outcome": "accepted",
                "project": int(series.project.id),
            }
            for place in range(buckets):
                moment = start + place * step
                count = performance.counted(world, series, moment, moment + step)
                found.append((by, place, count))
    return found
