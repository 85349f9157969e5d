"""A window of transactions, fetched for a question that the store could not answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.fetching.environments import none_of_that_name
from sentry_sync.answers.times import HOUR, ceiling
from sentry_sync.errors import BadRequest, NotFound, NotSupported
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.sync.streams.performance import fetch_transactions, transactions_of

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import UnitOfWork

MOST_PAGES = 5
"""500 rows, the busiest first: a quarter of what live questions may spend in a minute."""

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """What to ask Explore for."""

    project_id: str
    window: Interval | None
    """None for the last ``length`` up to the last full hour."""
    length: timedelta
    scope: str
    """Under which name to remember that the window was read whole."""
    environment: str | None
    transaction: str | None
    datasets: tuple[str, ...]
    """Which to try, in this order."""

    def at(self, now: datetime) -> Interval:
        """The window, when asked ``now``."""
        return self.window or Interval(floor(now, HOUR) - self.length, floor(now, HOUR))


@dataclass(slots=True)
class _Rows:
    dataset: str
    records: list[Any] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    whole: bool = False


def read_window(live: Live, request: WindowRequest) -> Learned:
    """The transactions of a window, as the server computes them for exactly that window."""
    now = live.now()
    try:
        found = _read(live, request, request.at(now), now)
    except NotFound as error:
        return replace(none_of_that_name(live, request.environment, error), at=now)
    complete = found.whole or _read_named(live, request, now, found)

    def write(uow: UnitOfWork) -> None:
        uow.upsert(found.records)
        if found.whole and not found.rejects:
            uow.mark("transaction_windows.asked", request.scope, now, now)

    live.write(write)
    notes = []
    if found.rejects:
        notes.append(f"{len(found.rejects)} transactions could not be read ({found.rejects[0]}) and are missing")
    if not complete:
        notes.append(f"only the {len(found.records)} busiest transactions were read; Sentry has more")
    return Learned(now, tuple(notes), complete=complete and not found.rejects, rung=found.dataset)


def _read(live: Live, request: WindowRequest, window: Interval, now: datetime) -> _Rows:
    for last, dataset in enumerate(request.datasets, start=1 - len(request.datasets)):
        try:
            return _pages(live, request, window, now, dataset)
        except (NotSupported, BadRequest):
            if last == 0:
                raise
    raise NotSupported("this server does not aggregate performance data")


def _pages(live: Live, request: WindowRequest, window: Interval, now: datetime, dataset: str) -> _Rows:
    found = _Rows(dataset)
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = _ask(live, request, window, now, dataset, cursor=cursor)
        _take(found, page, window)
        cursor = page.next_cursor
        found.whole = cursor is None
        if found.whole:
            break
    return found


def _ask(
    live: Live,
    request: WindowRequest,
    window: Interval,
    now: datetime,
    dataset: str,
    *,
    cursor: str | None = None,
    query: str = "",
) -> Page:
    return fetch_transactions(
        live.client,
        dataset,
        # A window of full hours may end in the future. To the minute, so that two who ask at once ask the same.
        Interval(window.start, min(window.end, ceiling(now, MINUTE))),
        cursor,
        project_ids=(request.project_id,),
        environments=(request.environment,) if request.environment else (),
        query=query,
    )


def _take(found: _Rows, page: Page, window: Interval) -> None:
    harvest = transactions_of(page, window)
    found.records += harvest.records
    found.rejects += harvest.rejects


def _read_named(live: Live, request: WindowRequest, now: datetime, found: _Rows) -> bool:
    """Look for the one transaction that was asked for among those too rare for the pages read."""
    name = request.transaction
    if name is None or any(sign in name for sign in '*"\\'):  # these mean something in a search
        return False
    if any(record.transaction == name for record in found.records) and request.environment:
        return True
    page = _ask(live, request, request.at(now), now, found.dataset, query=f'transaction:"{name}"')
    _take(found, page, request.at(now))
    return page.next_cursor is None
