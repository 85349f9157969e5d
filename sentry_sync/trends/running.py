"""A query of the library, run in this process: its statement is ours, so it needs no process to itself."""

from __future__ import annotations

from collections.abc import Mapping

from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.library import prepared
from sentry_sync.trends.session import SECONDS, Question, Result, answer

ROWS = 10_000
"""Rows of a library query's answer: a year of days for some twenty projects."""


def run_query(
    paths: StorePaths,
    name: str,
    parameters: Mapping[str, object] | None = None,
    *,
    limit: int = ROWS,
    seconds: float = SECONDS,
    clock: Clock | None = None,
) -> Result:
    """The answer of a query of the library; parameters are typed values or their text.

    Raises QueryError for an unknown query, parameter or value, and StoreMissing where there is no store to ask.
    """
    clock = clock or SystemClock()
    query, values = prepared(paths, name, parameters or {}, clock.now())
    return answer(paths, Question(query.sql, values, limit, seconds), clock)
