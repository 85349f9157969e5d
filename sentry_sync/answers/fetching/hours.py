"""Hours of one project's performance rows, fetched for a question that the store could not answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.times import HOUR, ceiling
from sentry_sync.errors import BadRequest, NotSupported
from sentry_sync.records.intervals import Interval
from sentry_sync.sync.streams import performance as streams

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.sentry.client import Page, SentryClient
    from sentry_sync.store.unit_of_work import UnitOfWork
    from sentry_sync.sync.stream import Harvest

MOST_PAGES = 3
"""Of one hour of one project: 300 rows, several times what is usual."""

MINUTE = HOUR / 60

Fetch = Callable[["SentryClient", str, Interval, "str | None", Sequence[str]], "Page"]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of hourly row is asked for."""

    fetch: Fetch
    harvest: Callable[[Page, Interval], Harvest]


KINDS: Mapping[str, Kind] = {
    "transactions": Kind(
        lambda client, dataset, window, cursor, ids: streams.fetch_transactions(
            client, dataset, window, cursor, project_ids=ids
        ),
        streams.hours_of,
    ),
    "queries": Kind(
        lambda client, _, window, cursor, ids: streams.fetch_queries(client, window, cursor, project_ids=ids),
        streams.queries_of,
    ),
    "web_vitals": Kind(
        lambda client, dataset, window, cursor, ids: streams.fetch_vitals(
            client, dataset, window, cursor, project_ids=ids
        ),
        streams.vitals_of,
    ),
}
"""By the resource whose coverage they extend."""


@dataclass(frozen=True, slots=True)
class HoursRequest:
    """Which hours of what to read."""

    resource: str
    project_id: str
    hours: Sequence[Interval]
    datasets: Sequence[str]
    """Which to try, in this order."""


@dataclass(frozen=True, slots=True)
class _Hour:
    records: list[Any]
    rejects: list[str]
    known: Interval | None
    """As far as the hour had come when it was read; None where the server's clock has not come to it."""
    at: datetime
    whole: bool
    approximate: bool


def read_hours(live: Live, request: HoursRequest) -> Learned:
    """Each of the hours of the one project, as the server computes it; written as it is read.

    What is read is known of this project alone, so its coverage has the project's scope.
    """
    dataset, first = _first(live, request)
    at = first.at
    rejects: list[str] = []
    complete = True
    for hour in request.hours:
        found = first if hour == request.hours[0] else _read(live, request, dataset, hour)
        _keep(live, request, dataset, found)
        rejects += found.rejects
        complete = complete and found.whole
    notes = [f"{len(rejects)} rows could not be read ({rejects[0]}) and are missing"] if rejects else []
    if not complete:
        notes.append("of some hours only the busiest rows were read; Sentry has more")
    return Learned(at, tuple(notes), complete=complete and not rejects, rung=dataset)


def _first(live: Live, request: HoursRequest) -> tuple[str, _Hour]:
    """The newest hour, from the first dataset that the server has."""
    for last, dataset in enumerate(request.datasets, start=1 - len(request.datasets)):
        try:
            return dataset, _read(live, request, dataset, request.hours[0])
        except (NotSupported, BadRequest):
            if last == 0:
                raise
    raise NotSupported("this server does not aggregate performance data")


def _read(live: Live, request: HoursRequest, dataset: str, hour: Interval) -> _Hour:
    kind = KINDS[request.resource]
    # The running hour is asked until now; to the minute, so that two who ask at once ask the same.
    until = min(hour.end, ceiling(live.now(), MINUTE))
    records: list[Any] = []
    rejects: list[str] = []
    cursor: str | None = None
    at: datetime | None = None
    approximate = False
    for _ in range(MOST_PAGES):
        page = kind.fetch(live.client, dataset, Interval(hour.start, until), cursor, (request.project_id,))
        harvest = kind.harvest(page, hour)
        records += harvest.records
        rejects += harvest.rejects
        approximate = approximate or harvest.approximate
        at = at or page.server_time
        cursor = page.next_cursor
        if cursor is None:
            break
    at = at or live.now()
    known = Interval(hour.start, min(until, at)) if at > hour.start else None
    return _Hour(records, rejects, known, at, cursor is None, approximate)


def _keep(live: Live, request: HoursRequest, dataset: str, found: _Hour) -> None:
    def write(uow: UnitOfWork) -> None:
        uow.upsert(found.records)
        if found.whole and not found.rejects and found.known:
            uow.cover(
                request.resource,
                f"project:{request.project_id}",
                found.known,
                source=dataset,
                approximate=found.approximate,
                resolution=HOUR,
            )

    live.write(write)
