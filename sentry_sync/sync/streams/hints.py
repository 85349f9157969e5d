"""What webhooks hint at: the issues are looked at by their ids, and the newest event of those that had one.

Polling finds all of it too; a hint makes it sooner. Nothing of a webhook is believed but which issue it names.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentry_sync.records.budget import Lane
from sentry_sync.records.intervals import Interval
from sentry_sync.sentry.page import Page
from sentry_sync.store.types import EPOCH, MICROSECOND
from sentry_sync.sync.stream import Harvest, Look, Stream, Work
from sentry_sync.sync.streams import batches, events
from sentry_sync.sync.streams.batches import Batches, by_group, by_id
from sentry_sync.sync.streams.reconcile import SEARCH

if TYPE_CHECKING:
    from datetime import datetime

    from sentry_sync.store.reads.looks import After
    from sentry_sync.store.unit_of_work import Pass, UnitOfWork

ISSUES_NAME, EVENTS_NAME = "issues.hinted", "events.hinted"

EVENTS_WORTH = timedelta(minutes=10)
"""By then polling has brought the event."""

EVENTS_PER_RUN = 5
"""A request each: on a day when everything fails, polling reads a hundred events with one."""


def _plan(look: Look) -> list[Work]:
    waiting = look.state.hints.waiting(look.now)
    return [Work(window=waiting)] if waiting else []


def _hinted(look: Look, window: Interval, after: After | None, limit: int) -> list[After]:
    found = look.state.hints.issues(window.end, after[1] if after else None, limit)
    return [(EPOCH, issue) for issue in found]


def _handled(uow: UnitOfWork, run: Pass) -> None:
    if run.window:
        uow.deliveries.handled(run.window.end, run.started_at)


def _no_mark(uow: UnitOfWork, run: Pass) -> datetime | None:
    """A look at a few issues makes nothing as a whole any younger."""
    return None


def _rung(fetching: Batches, source: str, needs: str | None, after: str | None = None) -> Stream:
    return Stream(
        name=ISSUES_NAME,
        resource="issues",
        lane=Lane.HOT,
        plan=_plan,
        fetch=fetching.fetch,
        absent=fetching.absent,
        harvest=batches.harvest,
        source=source,
        needs=needs,
        after=after,
        finest=SEARCH,  # the time in which hints came is not asked for, and can't be too long
        finish=_handled,
        as_of=_no_mark,
    )


def _plan_events(look: Look) -> list[Work]:
    found = look.state.hints.with_events(look.now - EVENTS_WORTH, EVENTS_PER_RUN)
    return [Work(issue, Interval(at, at + MICROSECOND)) for issue, at in found]


def _absent(work: Work, cursor: str | None, look: Look, at: datetime) -> Page | None:
    """The issue has no event any more: that is what there was to see."""
    return Page([], None, has_link=False, server_time=at, hits=None, headers={})


def _harvest_event(page: Page, work: Work, look: Look) -> Harvest:
    return Harvest([], 0) if page.body == [] else events.BODIES.harvest(page, work, look)


def _seen(uow: UnitOfWork, run: Pass) -> None:
    if run.window:
        uow.deliveries.event_seen(run.scope, run.window.end)


ISSUES = (
    _rung(Batches(by_group, _hinted), "issues_by_id", "issues.group", "issues.sentry"),
    _rung(Batches(by_id, _hinted), "issues_with_id", "issues.id"),
    _rung(Batches(None, _hinted), "issue", None),
)

EVENTS = replace(
    events.BODIES,
    name=EVENTS_NAME,
    lane=Lane.HOT,
    plan=_plan_events,
    harvest=_harvest_event,
    absent=_absent,
    absent_is_empty=False,
    finish=_seen,
    as_of=_no_mark,
)
