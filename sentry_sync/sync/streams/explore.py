"""What the streams over Explore share: the offset cap, naming projects, and whether the server sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.errors import SchemaDrift
from sentry_sync.records.fields import Raw
from sentry_sync.records.intervals import Interval
from sentry_sync.sync.stream import linked

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient

SECOND = timedelta(seconds=1)
"""Explore's times are whole seconds."""

PAGE_LIMIT = 100
"""Pages of 100 rows: Explore's offsets end at about 10,000 rows."""


def ask(
    client: SentryClient,
    dataset: str,
    window: Interval,
    cursor: str | None,
    *,
    fields: Sequence[str],
    sort: Sequence[str],
    query: str = "",
    project_ids: Sequence[str] = ("-1",),
    environments: Sequence[str] = (),
) -> Page:
    """One page of ``GET /organizations/{org}/events/`` for a window; ``sort`` ends with a unique tiebreak.

    Offset paging over ties is unstable, so rows would be lost and doubled between pages without one.
    """
    page = client.explore(
        dataset=dataset,
        fields=fields,
        query=query,
        sort=sort,
        start=window.start,
        end=window.end,
        project_ids=project_ids,
        environments=environments,
        cursor=cursor,
    )
    return linked(replace(page, first=cursor is None), cursor, rows(page))


def rows(page: Page) -> list[Raw]:
    """The page's rows; raises SchemaDrift when there are none to be had."""
    data: Any = page.body.get("data") if isinstance(page.body, dict) else None
    if not isinstance(data, list):
        raise SchemaDrift("Explore's answer has no list of rows under `data`")
    return data


def approximate(page: Page) -> bool:
    """Whether the server says it read only part of the data."""
    meta = page.body.get("meta") if isinstance(page.body, dict) else None
    return isinstance(meta, dict) and meta.get("dataScanned") == "partial"
