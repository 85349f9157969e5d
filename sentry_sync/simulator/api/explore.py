"""The Explore table `GET /organizations/{org}/events/`: checks every dataset shares, sorting and paging."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sentry_sync.simulator import cursors, search
from sentry_sync.simulator.search import Search, SearchError
from sentry_sync.simulator.world.event_index import Span
from sentry_sync.simulator.world.projects import Project

from . import parameters
from .call import Call, Response, bad_request

MAX_FIELDS = 20
DATASETS = {
    "saas": ("errors", "spans", "logs", "profile_functions", "tracemetrics", "uptime_results"),
    "self-hosted": ("errors", "transactions", "discover", "metricsEnhanced", "metrics"),
}


SPAN_DATASETS = ("spans", "transactions")
"""What no error that arrives changes."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an Explore request asks, checked."""

    dataset: str
    fields: tuple[str, ...]
    search: Search
    projects: tuple[int, ...]
    environments: frozenset[int] | None
    span: Span


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by field name, and each field's type and unit."""

    rows: Sequence[dict[str, Any]]
    types: dict[str, str]
    partial: bool = False


Answerer = Callable[[Call, Question], Table]


def table(call: Call, answerers: Mapping[str, Answerer]) -> Response:
    """The answer of the dataset's answerer, sorted, one page of it, with its meta."""
    question = ask(call, call.query.all("field"))
    answerer = answerers.get(question.dataset)
    if answerer is None:
        return _respond(call, question, Table([], {}), [])
    orders = _orders(call, question)
    # What happens by the clock alone (spans) counts up to now, even inside a window that ends later.
    key = (question, tuple(orders), min(question.span.end, call.now))

    def make() -> tuple[Table, Sequence[dict[str, Any]]]:
        answered = answerer(call, question)
        return answered, _sorted(answered.rows, orders)

    world = call.world
    if question.dataset in SPAN_DATASETS:
        answered, rows = call.memory.recall(world.span_version, key, make, shelf="spans")
    else:
        answered, rows = call.memory.recall(world.version, key, make)
    return _respond(call, question, answered, rows)


def ask(call: Call, names: Iterable[str]) -> Question:
    """The request's dataset, filters and window, checked, for these columns."""
    query = call.query
    dataset = query.get("dataset") or ("discover" if call.profile == "self-hosted" else "errors")
    if dataset not in DATASETS.get(call.profile, ()):
        raise bad_request(f"dataset must be one of: {', '.join(DATASETS.get(call.profile, ()))}")
    fields = tuple(dict.fromkeys(name for name in names if name))
    if not fields:
        raise bad_request("No columns selected")
    if len(fields) > MAX_FIELDS:
        raise bad_request("You can view up to 20 fields at a time. Please delete some and try again.")
    window = parameters.window(call)
    if window.end <= call.now - call.retention:
        raise bad_request("Invalid date range. Please try a more recent date range.")
    if window.start >= window.end:
        raise bad_request("start must be before end")
    try:
        parsed = search.parse(query.get("query"))
    except SearchError as error:
        raise bad_request(str(error)) from None
    if search.relative_dates(parsed):
        call.valid_until(call.now + 1)
    asked: list[Project] = parameters.projects(call)
    return Question(
        dataset,
        fields,
        parsed,
        tuple(sorted(project.number for project in asked)),
        parameters.environments(call),
        window.span,
    )


def alias(field: str) -> str:
    """A function's older spelling, which sort still takes: `p95(span.duration)` -> `p95_span_duration`."""
    return re.sub(r"[^a-z0-9_]+", "_", field.replace("()", ""), flags=re.IGNORECASE).strip("_")


def _orders(call: Call, question: Question) -> list[str]:
    orders = []
    for value in call.query.all("sort"):
        if not value:
            continue
        name = value.removeprefix("-")
        found = [field for field in question.fields if name in (field, alias(field))]
        if not found:
            raise bad_request("Cannot sort by a field that is not selected.")
        orders.append(("-" if value.startswith("-") else "") + found[0])
    return orders


class Sortable(Protocol):
    """Rows that know how to sort themselves."""

    def ordered(self, orders: list[str]) -> Sequence[dict[str, Any]]:
        """The rows in the order of these fields, `-` for falling."""


def _sorted(rows: Sequence[dict[str, Any]], orders: list[str]) -> Sequence[dict[str, Any]]:
    if hasattr(rows, "ordered"):
        own: Sortable = rows
        return own.ordered(orders)
    found = list(rows)
    for order in reversed(orders):
        name = order.removeprefix("-")
        found.sort(key=lambda row: comparable(row.get(name)), reverse=order.startswith("-"))
    return found


def comparable(value: Any) -> tuple[int, Any]:
    """A key by which values of a column sort, missing ones first."""
    if value is None:
        return (0, 0)
    return (2, value) if isinstance(value, str) else (1, value)


def _respond(call: Call, question: Question, answered: Table, rows: Sequence[dict[str, Any]]) -> Response:
    limit = parameters.per_page(call)
    cursor = parameters.cursor(call)
    parameters.check_depth(cursor, limit)
    page = cursors.by_offset(rows, limit, cursor)
    meta = {
        "fields": answered.types,
        "units": {name: _unit(kind) for name, kind in answered.types.items()},
        "isMetricsData": False,
        "isMetricsExtractedData": False,
        "tips": {},
        "datasetReason": "unchanged",
        "dataset": question.dataset,
    }
    if question.dataset == "spans":
        meta["dataScanned"] = "partial" if answered.partial else "full"
    return call.page({"data": list(page.rows), "meta": meta}, page)


def _unit(kind: str) -> str | None:
    return {"duration": "millisecond", "rate": "1/minute"}.get(kind)
