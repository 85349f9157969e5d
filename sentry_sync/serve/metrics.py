"""The figures of a serving process, for Prometheus.

Every label is out of a set that we know: lanes, streams, tools, routes, statuses. No slug, no version, no text of
an event: whoever can write such a text could make up as many series as he likes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from sentry_sync import __version__
from sentry_sync.errors import StoreError

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: a local answer takes one millisecond, a live one gives up after ten."""

SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds: what Sentry takes, up to the longest answer that is waited for."""

COUNT_EVERY = 300.0
"""Seconds until rows are counted again: of a million that takes a tenth of a second."""

Holdings = Callable[[bool], dict[str, Any]]
"""What the copy holds, its rows counted or not; raises StoreError."""


class Metrics:
    """Counts what it is told, and reads the store when it is asked. Safe to share between threads."""

    def __init__(self) -> None:
        disable_created_metrics()  # as many series again, which tell when each of the others began
        self._registry = CollectorRegistry()
        made: dict[str, Any] = {"registry": self._registry, "namespace": "sentry_sync"}
        self._requests = Counter(
            "requests",
            "Requests that this process sent to Sentry, by lane and status.",
            ["lane", "status"],
            **made,
        )
        self._request_seconds = Histogram(
            "request_seconds", "What Sentry took to answer, by lane.", ["lane"], buckets=SLOW, **made
        )
        self._turns = Counter(
            "turns", "Turns of the sync's streams, by stream and how they ended.", ["stream", "state"], **made
        )
        self._rows = Counter("synced_rows", "Rows that turns brought, by stream.", ["stream"], **made)
        self._answers = Counter(
            "answers", "Answers, by tool and whose word they were.", ["tool", "source"], **made
        )
        self._answer_seconds = Histogram(
            "answer_seconds", "What answers took, by tool.", ["tool"], buckets=QUICK, **made
        )
        self._http = Counter(
            "http_requests", "Requests to this server, by route and status.", ["route", "status"], **made
        )
        self._http_seconds = Histogram(
            "http_seconds", "Until an answer of this server began, by route.", ["route"], buckets=QUICK, **made
        )
        self._webhooks = Counter("webhooks", "Webhooks, by what became of them.", ["outcome"], **made)
        self._streams = Gauge(
            "open_streams", "Streams of server-sent events that are open, by route.", ["route"], **made
        )
        Gauge("build_info", "The version.", ["version"], **made).labels(__version__).set(1)
        ProcessCollector(namespace="sentry_sync", registry=self._registry)

    def reads(self, holdings: Holdings) -> None:
        """Show what ``holdings`` gives, too."""
        self._registry.register(_Store(holdings))

    def request_sent(self, lane: object, status: int | None, seconds: float) -> None:
        """A request to Sentry is over."""
        self._requests.labels(str(lane), str(status or "none")).inc()
        self._request_seconds.labels(str(lane)).observe(seconds)

    def turn_ended(self, stream: str, state: str, rows: int) -> None:
        """A stream's turn came through, or failed."""
        self._turns.labels(stream, state).inc()
        self._rows.labels(stream).inc(rows)

    def answered(self, tool: str, source: str, seconds: float) -> None:
        """A tool has answered."""
        self._answers.labels(tool, source).inc()
        self._answer_seconds.labels(tool).observe(seconds)

    def heard(self, route: str, status: int, seconds: float) -> None:
        """This server has begun to answer."""
        self._http.labels(route, str(status)).inc()
        self._http_seconds.labels(route).observe(seconds)

    def webhook(self, outcome: str) -> None:
        """A webhook came."""
        self._webhooks.labels(outcome).inc()

    def stream(self, route: str, change: int) -> None:
        """A stream was opened (1), or has ended (-1)."""
        self._streams.labels(route).inc(change)

    def listed(self) -> Iterator[tuple[str, str, str]]:
        """Name, kind and meaning of each figure."""
        for metric in self._registry.collect():
            yield (
                f"{metric.name}_total" if metric.type == "counter" else metric.name,
                metric.type,
                metric.documentation,
            )

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)


class _Store:
    """The store's own figures, read when somebody asks."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._counted_at: float | None = None
        self._rows: dict[str, int] = {}

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry would read the store to learn of names that are ours alone."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The figures; of a store that can't be read only that."""
        counted = self._counted_at is None or time.monotonic() - self._counted_at >= COUNT_EVERY
        try:
            found = self._holdings(counted)
        except StoreError:
            yield _gauge("store_usable", "Whether the store can be read.", 0)
            return
        yield _gauge("store_usable", "Whether the store can be read.", 1)
        if counted:
            self._counted_at = time.monotonic()
            self._rows = {table: count for each in found["resources"] for table, count in each["rows"].items()}
        yield _gauge("syncing", "Whether some process keeps the copy up to date.", found["syncing"])
        yield _gauge(
            "resting",
            "Whether that process asks Sentry for nothing: the token was refused, or Sentry could not be reached.",
            found["resting_until"] is not None,
        )
        yield _labelled("rows", "Rows held, by table, as counted in the last five minutes.", "table", self._rows)
        yield from _budget(found["budget"])
        yield from _lags(found["resources"])
        sizes = {name: found["store"][name] for name in ("database", "ledger", "lake")}
        yield _labelled("store_bytes", "Bytes on disk, by part.", "part", sizes)


def _budget(budget: dict[str, Any] | None) -> Iterator[Metric]:
    if budget is None:
        return
    left = {"live": budget["left_for_questions"], "sync": budget["left_for_sync"]}
    known = {lane: count for lane, count in left.items() if count is not None}
    yield _labelled(
        "budget_left",
        "Requests that questions and the sync may send now, all processes together.",
        "lane",
        known,
    )
    yield _labelled(
        "budget_spent", "Requests of the last minute, of all processes, by lane.", "lane", budget["spent_by_lane"]
    )


def _lags(resources: list[dict[str, Any]]) -> Iterator[Metric]:
    supported = [each for each in resources if each["supported"]]
    ages = {each["resource"]: each["age_seconds"] for each in supported if each["age_seconds"] is not None}
    yield _labelled("lag_seconds", "Age of what is held, by resource.", "resource", ages)
    yield _labelled(
        "stale",
        "Whether that is too old, by resource.",
        "resource",
        {each["resource"]: each["stale"] for each in supported},
    )
    streams = [stream for each in supported for stream in each["streams"]]
    yield _labelled(
        "failures",
        "Turns that failed in a row, by stream.",
        "stream",
        {each["stream"]: each["failures"] for each in streams},
    )
    yield _labelled(
        "rejected_rows",
        "Rows that could not be read, by resource.",
        "resource",
        {each["resource"]: each["rejected"] for each in supported},
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"sentry_sync_{name}", text, value=float(value))


def _labelled(name: str, text: str, label: str, values: dict[str, Any]) -> Metric:
    found = GaugeMetricFamily(f"sentry_sync_{name}", text, labels=[label])
    for key, value in values.items():
        found.add_metric([key], float(value))
    return found
