"""Explore's `spans` dataset, and `transactions` as older servers name the same things."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sentry_sync.simulator import search
from sentry_sync.simulator.api.call import Call, bad_request
from sentry_sync.simulator.api.explore import Question, Table
from sentry_sync.simulator.search import Term
from sentry_sync.simulator.world import performance, sessions
from sentry_sync.simulator.world.performance import VITALS, Part, Series

_FUNCTION = re.compile(r"(\w+)\(([^)]*)\)")
_DURATIONS = {"spans": ("span.duration", "span.self_time"), "transactions": ("transaction.duration",)}
_TYPES = {
    "count": "integer", "count_unique": "integer", "failure_count": "integer", "failure_rate": "percentage",
    "epm": "rate", "tpm": "rate", "apdex": "number", "time_spent_percentage": "percentage",
    "performance_score": "score", "avg": "duration", "sum": "duration", "max": "duration",
}  # fmt: skip
_QUANTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p100": 0.99999}


@dataclass(frozen=True, slots=True)
class _Function:
    """A column such as p95(span.duration)."""

    name: str
    arguments: tuple[str, ...]

    @property
    def vital(self) -> str | None:
        """The web vital the function is about, if it is."""
        found = [a.removeprefix("measurements.") for a in self.arguments if a.startswith("measurements.")]
        return found[0] if found else None


@dataclass(slots=True)
class _Group:
    """Series that fall into one row, with their spans."""

    key: tuple[Any, ...]
    series: list[Series]
    parts: list[Part]


def answer(call: Call, question: Question) -> Table:
    """Rows of aggregates; single spans are not kept by this server."""
    functions = {name: _function(question.dataset, name) for name in question.fields if "(" in name}
    plain = [name for name in question.fields if name not in functions]
    if not functions:
        raise bad_request("This server keeps span aggregates only; ask for at least one function.")
    # Open windows reach to this very second, in which spans still arrive.
    call.valid_until(call.now + 1 if question.span.end >= call.now else call.until)
    groups: dict[tuple[Any, ...], _Group] = {}
    for series in _chosen(call, question):
        parts = performance.parts(call.world, series, question.span.start, question.span.end)
        if not performance.total(parts):
            continue
        key = tuple(_plain(series, name) for name in plain)
        group = groups.setdefault(key, _Group(key, [], []))
        group.series.append(series)
        group.parts += parts
    minutes = max((question.span.end - question.span.start) / 60, 1 / 60)
    everything = sum(_summed(group.parts) for group in groups.values())
    rows = []
    for group in groups.values():
        row = dict(zip(plain, group.key, strict=True))
        for name, function in functions.items():
            row[name] = _value(call, function, group, minutes, everything)
        rows.append(row)
    types = {name: "integer" if name == "project.id" else "string" for name in plain}
    types |= {name: _type(function) for name, function in functions.items()}
    return Table(rows, types, partial=call.query.get("sampling") == "NORMAL")


def _function(dataset: str, field: str) -> _Function:
    match = _FUNCTION.fullmatch(field)
    if not match or (match[1] not in _TYPES and match[1] not in _QUANTILES):
        raise bad_request(f"Unknown function {field.split('(', maxsplit=1)[0]}")
    function = _Function(match[1], tuple(part.strip() for part in match[2].split(",") if part.strip()))
    old = dataset == "transactions"
    wrong = {"epm", "time_spent_percentage", "performance_score"} if old else {"tpm"}
    if function.name in wrong and function.name != "epm":
        raise bad_request(f"Unknown function {function.name}")
    known = (*_DURATIONS[dataset], "user", *(f"measurements.{name}" for name in (*VITALS, "score.total")))
    for argument in function.arguments:
        if argument not in known and not argument.isdecimal():
            raise bad_request(f"Invalid argument {argument} for {function.name}")
    if not old and function.name in _QUANTILES and not function.arguments:
        raise bad_request(f"{function.name}() needs a column")
    return function


def _type(function: _Function) -> str:
    if function.vital == "cls":
        return "number"
    return "duration" if function.name in _QUANTILES else _TYPES[function.name]


def _chosen(call: Call, question: Question) -> list[Series]:
    """The series the query means: transactions, database spans or interactions, then its filters."""
    terms = list(question.search.terms)
    kind = "transaction"
    if question.dataset == "spans":
        category = [term for term in terms if term.key in ("span.category", "span.module", "span.op")]
        if any("db" in value.split("*")[0] for term in category for value in term.values):
            kind = "db"
        elif _interactions(terms):
            kind = "interaction"
        if kind == "transaction" and any(
            term.key == "is_transaction" and "false" in term.values for term in terms
        ):
            return []
        terms = [term for term in terms if term.key != "is_transaction" or kind != "transaction"]
    elif any(term.key == "is_transaction" or term.key.startswith("span.") for term in terms):
        # To this dataset these are tags that no transaction has.
        return []
    names = {call.world.environments[number] for number in question.environments or () if number >= 0}
    return [
        series
        for series in performance.all_series(call.world, kind)
        if series.project.number in question.projects
        and (question.environments is None or series.environment in names)
        and all(_fits(series, term) for term in terms)
    ]


def _interactions(terms: list[Term]) -> bool:
    return any(
        (term.key == "has" and "measurements.inp" in term.values)
        or (term.key == "span.op" and any(value.startswith("ui.interaction") for value in term.values))
        for term in terms
    )


def _fits(series: Series, term: Term) -> bool:
    if term.key == "has":
        return any(_has(series, name) for name in term.values) != term.negated
    if term.key == "event.type":
        return ("transaction" in term.values) != term.negated
    if term.key in ("span.op", "span.category", "span.module") and series.kind == "db":
        term = replace(term, values=tuple("db" if value.startswith("db") else value for value in term.values))
    return search.fits(term, _text(_plain(series, term.key)))


def _has(series: Series, name: str) -> bool:
    if name.startswith("measurements."):
        if name == "measurements.inp":
            return series.kind == "interaction"
        return series.kind == "transaction" and series.project.event_platform == "javascript"
    return _plain(series, name) is not None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(series: Series, name: str) -> Any:
    project = series.project
    values: dict[str, Any] = {
        "project": project.slug, "project.name": project.slug, "project.id": int(project.id),
        "environment": series.environment, "platform": project.event_platform,
        "transaction": series.name if series.kind != "db" else None,
        "is_transaction": "true" if series.kind == "transaction" else "false",
    }  # fmt: skip
    return values[name] if name in values else series.attribute(name)


def _value(call: Call, function: _Function, group: _Group, minutes: float, everything: float) -> Any:
    name, spans = function.name, _spans(function, group)
    if name in _QUANTILES or name == "max":
        return performance.quantile(spans, _QUANTILES.get(name, 0.99999))
    if name in _COUNTED:
        return _counted(name, group.parts, minutes)
    makers: dict[str, Callable[[], float | None]] = {
        "count_unique": lambda: _people(call, group),
        "time_spent_percentage": lambda: _summed(group.parts) / everything if everything else None,
        "performance_score": lambda: _score(group),
        "apdex": lambda: performance.apdex(spans, _threshold(function)),
        "avg": lambda: performance.mean(spans),
        "sum": lambda: _summed(spans),
    }
    return makers[name]()


_COUNTED = ("count", "epm", "tpm", "failure_count", "failure_rate")


def _threshold(function: _Function) -> float:
    numbers = [argument for argument in function.arguments if argument.isdecimal()]
    return float(numbers[0]) if numbers else 300.0


def _people(call: Call, group: _Group) -> int:
    pool = sum(sessions.user_pool(call.world, project) for project in _projects(group))
    return sessions.unique(performance.total(group.parts), max(pool, 1))


def _counted(name: str, spans: list[Part], minutes: float) -> float | int | None:
    count, failed = performance.total(spans), sum(part.failed for part in spans)
    if name == "failure_rate":
        return failed / count if count else None
    if name == "failure_count":
        return failed
    return count if name == "count" else count / minutes


def _projects(group: _Group) -> list[Any]:
    return list({series.project.number: series.project for series in group.series}.values())


def _spans(function: _Function, group: _Group) -> list[Part]:
    """The group's spans, or for a web vital the measurements that came with them."""
    vital = function.vital
    if vital is None:
        return group.parts
    wanted = "interaction" if vital == "inp" else "transaction"
    measured = [s for s in group.series if s.kind == wanted and s.project.event_platform == "javascript"]
    if not measured or vital not in VITALS:
        return []
    location, spread = VITALS[vital]
    # A page that is slow to load is slow in its vitals too, only less so.
    shift = (sum(part.location for part in group.parts) / len(group.parts) - 6.5) * 0.3
    return [Part(performance.total(group.parts), location + (0 if vital == "cls" else shift), spread, 0)]


def _score(group: _Group) -> float | None:
    spans = _spans(_Function("p75", ("measurements.lcp",)), group)
    slow = performance.quantile(spans, 0.75)
    return None if slow is None else max(0.0, min(1.0, 1.25 - slow / 6_000))


def _summed(spans: list[Part]) -> float:
    return (performance.mean(spans) or 0.0) * performance.total(spans)
