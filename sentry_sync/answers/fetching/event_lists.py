"""Lists of events, fetched for a question that the store could not answer: an issue's, or a whole project's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.answers import event_pages
from sentry_sync.answers.asking import Learned
from sentry_sync.answers.event_pages import SECOND, Listing
from sentry_sync.answers.fetching.environments import none_of_that_name
from sentry_sync.answers.fetching.events import IssueKey, read_event
from sentry_sync.answers.misses import SEARCH_WINDOW
from sentry_sync.errors import BadRequest, NotFound, NotSupported
from sentry_sync.records.event import Event, parse_explore_event
from sentry_sync.records.intervals import Interval
from sentry_sync.sync.stream import sift
from sentry_sync.sync.streams import events as stream
from sentry_sync.sync.streams import explore

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.answers.locating import Project
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import UnitOfWork

FULL_PAGE = 10
"""Whole events on a page, since August 2026, whatever is asked for (getsentry/sentry PR 122718)."""

MOST_PAGES = 5
"""500 events for a quarter of what live questions may spend in a minute."""

SPARE = 10
"""Rows asked for beyond those wanted, so that the last second of these is known to be over."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One way to list events."""

    name: str
    fetch: Callable[[str | None], Page]
    read: Callable[[Page], tuple[list[Any], list[str]]]
    windowed: bool
    """The server keeps to the time asked for."""
    chosen: Callable[[Event], bool]
    """Which of its rows are wanted."""
    most_pages: int = MOST_PAGES


@dataclass(slots=True)
class _Rows:
    """What was read."""

    at: datetime
    records: list[Any]
    rejects: list[str]
    page: event_pages.Page
    exhausted: bool

    @property
    def events(self) -> list[Event]:
        return [record for record in self.records if isinstance(record, Event)]


def list_issue_events(live: Live, key: IssueKey, listing: Listing, *, filters: bool | None) -> Learned:
    """An issue's events; ``filters`` is False for a server that lists all of them whatever is asked for.

    Rows that such a server gives are looked through here. None stands for a server nobody has tried.
    """
    source = _of_issue(live, key, listing, filters=filters)
    try:
        found = _read(source, listing)
    except NotFound as error:
        return none_of_that_name(live, listing.wanted.environment, error)
    _keep(live, found, f"issue:{key.id}", _covered(found, listing, windowed=source.windowed))
    learned = _learned(found, source)
    if filters is None and not _checked(listing):
        return replace(
            learned,
            complete=False,
            notes=(*learned.notes, "whether this server filters events is not known until it was synced"),
        )
    return learned


def _checked(listing: Listing) -> bool:
    """Whether each row can be looked at here for what was asked."""
    return listing.wanted.unlike is None


def _of_issue(live: Live, key: IssueKey, listing: Listing, *, filters: bool | None) -> _Source:
    window = None if listing.from_the_top or filters is False else listing.window(live.now())
    size = min(FULL_PAGE, listing.limit + 1) if listing.full else min(100, listing.limit + SPARE)

    def fetch(cursor: str | None) -> Page:
        return live.client.issue_events(
            key.id,
            full=listing.full,
            environments=() if filters is False else listing.environments,
            start=window.start if window else None,
            end=window.end if window else None,
            query=None if filters is False else listing.wanted.query or None,
            limit=size,
            cursor=cursor,
        )

    return _Source(
        "issue_events",
        fetch,
        lambda page: sift(page.body, lambda raw: read_event(raw, page.server_time, key)),
        windowed=filters is not False,
        chosen=lambda event: not _checked(listing) or listing.wanted.fits(event),
        most_pages=-(-listing.limit // FULL_PAGE) + 1 if listing.full else MOST_PAGES,
    )


def list_project_events(live: Live, project: Project, listing: Listing, *, explores: bool | None) -> Learned:
    """A project's error events; ``explores`` is False for a server without Explore, None where nobody has tried.

    Such a server filters none of them: its newest are looked through here.
    """
    if explores is not False:
        try:
            return _explore(live, project, listing)
        except (BadRequest, NotSupported, NotFound):
            if explores or listing.wanted.unlike:
                raise
    source = _listed(live, project, listing)
    found = _read(source, listing)
    _keep(live, found, "", None)
    return _learned(found, source)


def _explore(live: Live, project: Project, listing: Listing) -> Learned:
    source = _explored(live, project, listing)
    try:
        found = _read(source, listing)
    except NotFound as error:
        return none_of_that_name(live, listing.wanted.environment, error)
    _keep(live, found, "", None)
    return _learned(found, source)


def _explored(live: Live, project: Project, listing: Listing) -> _Source:
    window = listing.window(live.now())

    def fetch(cursor: str | None) -> Page:
        return explore.ask(
            live.client,
            "errors",
            window,
            cursor,
            fields=stream.FIELDS,
            sort=stream.SORT,
            query=listing.wanted.query or "",
            project_ids=(project.id,),
            environments=listing.environments,
        )

    def read(page: Page) -> tuple[list[Any], list[str]]:
        return sift(explore.rows(page), parse_explore_event)

    return _Source("explore", fetch, read, windowed=True, chosen=lambda _event: True)


def _listed(live: Live, project: Project, listing: Listing) -> _Source:
    return _Source(
        "project_events",
        lambda cursor: live.client.project_events(project.slug, cursor=cursor),
        lambda page: sift(page.body, lambda raw: read_event(raw, page.server_time)),
        windowed=False,
        chosen=listing.wanted.fits,
    )


def _read(source: _Source, listing: Listing) -> _Rows:
    found: _Rows | None = None
    cursor: str | None = None
    for _ in range(source.most_pages):
        page = source.fetch(cursor)
        records, rejects = source.read(page)
        found = found or _Rows(page.server_time, [], [], event_pages.Page((), None), False)
        found.records += records
        found.rejects += rejects
        cursor = page.next_cursor
        found.exhausted = cursor is None or _passed(records, listing)
        wanted = [event for event in found.events if listing.inside(event) and source.chosen(event)]
        found.page = event_pages.page(wanted, listing.after, listing.limit, exhausted=found.exhausted)
        if found.page.settled or cursor is None:
            break
    if found is None:
        raise AssertionError("at least one page is read")
    return found


def _passed(records: list[Any], listing: Listing) -> bool:
    """Whether the rows have gone back beyond the time asked for."""
    times = [record.timestamp for record in records if isinstance(record, Event)]
    return listing.since is not None and min(times, default=listing.since) < listing.since


def _covered(found: _Rows, listing: Listing, *, windowed: bool) -> Interval | None:
    """The time in which every event was read, as far back as Sentry lists any if that was all.

    Others of the very second of the oldest row may be on the next page.
    """
    filtered = windowed and not (listing.wanted.anything and listing.until is None and listing.after is None)
    if found.rejects or filtered:
        return None
    if found.exhausted:
        start = listing.since or found.at - SEARCH_WINDOW
    else:
        oldest = min((event.timestamp for event in found.events), default=found.at)
        start = oldest.replace(microsecond=0) + SECOND
    return Interval(start, found.at) if start < found.at else None


def _keep(live: Live, found: _Rows, scope: str, covered: Interval | None) -> None:
    def write(uow: UnitOfWork) -> None:
        uow.upsert(found.records)
        if covered:
            uow.cover("events", scope, covered, source="issue_events", resolution=SECOND)

    live.write(write)


def _learned(found: _Rows, source: _Source) -> Learned:
    notes = []
    if found.rejects:
        notes.append(f"{len(found.rejects)} events could not be read ({found.rejects[0]}) and are missing")
    if not found.page.settled:
        notes.append(f"of Sentry's events the newest {len(found.events)} were looked through, and there are more")
    return Learned(
        found.at,
        tuple(notes),
        ids=tuple(row.event_id for row in found.page.rows),
        complete=found.page.settled and not found.rejects,
        more=found.page.more is not False and bool(found.page.rows),
        rung=source.name,
    )
