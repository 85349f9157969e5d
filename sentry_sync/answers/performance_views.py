"""get-performance: which question a view is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentry_sync.answers.hourly import HourlyQuestion
    from sentry_sync.answers.performance import PerformanceQuestion


def performance_question(
    project: str,
    *,
    view: str = "transactions",
    transaction: str | None = None,
    start_time: str | None = None,
    end_time: str | None = None,
    environment: str | None = None,
    cursor: str | None = None,
) -> PerformanceQuestion | HourlyQuestion:
    """The question for ``view``: transactions, queries, vitals or trend."""
    # Here, since a server's start need not take these 10 ms.
    from sentry_sync.answers.hourly import HourlyQuestion
    from sentry_sync.answers.performance import PerformanceQuestion

    if view == "transactions":
        return PerformanceQuestion(project, transaction, start_time, end_time, environment, cursor)
    return HourlyQuestion(project, view, transaction, start_time, end_time, environment, cursor)
