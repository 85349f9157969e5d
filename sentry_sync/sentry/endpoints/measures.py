"""Aggregates: Explore tables, sessions, usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sentry_sync.sentry.caller import Caller
from sentry_sync.sentry.endpoints.issues import ALL_PROJECTS
from sentry_sync.sentry.page import Page


class MeasureEndpoints(Caller):
    """Numbers the server aggregates. Percentiles and unique counts don't add up over windows."""

    def explore(
        self,
        *,
        dataset: str,
        fields: Sequence[str],
        query: str = "",
        sort: Sequence[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        stats_period: str | None = None,
        project_ids: Sequence[str] = ALL_PROJECTS,
        environments: Sequence[str] = (),
        per_page: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """`GET /organizations/{org}/events/`: ``{data: [{field: value}], meta: {fields, units, dataScanned}}``.

        1 to 20 ``fields``; ``sort`` must be among them, and end in one that breaks ties, since cursors are offsets
        (not deeper than about 10,000 rows). Spans are asked for in the highest accuracy the server has.
        """
        pairs = [
            ("dataset", dataset),
            ("field", fields),
            ("query", query),
            ("sort", sort),
            ("start", start),
            ("end", end),
            ("statsPeriod", stats_period),
            ("project", project_ids),
            ("environment", environments),
            ("sampling", "HIGHEST_ACCURACY" if dataset == "spans" else None),
            ("per_page", per_page),
            ("cursor", cursor),
        ]
        return self._in_organization("explore", ("events",), pairs)

    def sessions(
        self,
        *,
        fields: Sequence[str],
        group_by: Sequence[str],
        start: datetime | None,
        end: datetime | None,
        interval: str | None,
        include_series: bool = False,
        query: str = "",
        project_ids: Sequence[str] = ALL_PROJECTS,
        stats_period: str | None = None,
    ) -> Page:
        """`GET /organizations/{org}/sessions/`: ``{groups: [{by, totals, series}], intervals}``.

        At most 5,000 groups; intervals of 1 h to 1 d; the range is rounded to them. ``crash_free_rate`` is 0..1.
        """
        pairs = [
            ("field", fields),
            ("groupBy", group_by),
            ("start", start),
            ("end", end),
            ("statsPeriod", stats_period),
            ("interval", interval),
            ("includeSeries", "1" if include_series else "0"),
            ("query", query or None),
            ("project", project_ids),
        ]
        return self._in_organization("sessions", ("sessions",), pairs)

    def stats_v2(
        self,
        *,
        fields: Sequence[str],
        group_by: Sequence[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        stats_period: str | None = None,
        interval: str | None = None,
        categories: Sequence[str] = (),
        outcomes: Sequence[str] = (),
        project_ids: Sequence[str] = ALL_PROJECTS,
    ) -> Page:
        """`GET /organizations/{org}/stats_v2/`: accepted, filtered and dropped quantities per category.

        GlitchTip wants ``categories``, ``start`` and ``end``.
        """
        pairs = [
            ("field", fields),
            ("groupBy", group_by),
            ("start", start),
            ("end", end),
            ("statsPeriod", stats_period),
            ("interval", interval),
            ("category", categories),
            ("outcome", outcomes),
            ("project", project_ids),
        ]
        return self._in_organization("stats_v2", ("stats_v2",), pairs)
