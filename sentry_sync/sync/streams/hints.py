"""What webhooks hint at: the issues are looked at by their ids, and the newest event of those that had one.

Polling finds all of it too; a hint makes it sooner. Nothing of a webhook is believed but which issue it names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.records.budget import Lane
from sentry_sync.records.delivery import HintsSeen
from sentry_sync.sentry.page import Page
from sentry_sync.store.types import EPOCH
from sentry_sync.sync.stream import Harvest, Look, Stream, Work
from sentry_sync.sync.streams import batches, events
from sentry_sync.sync.streams.batches import Ask, Batches, by_group, by_id
from sentry_sync.sync.streams.reconcile import SEARCH

if TYPE_CHECKING:
    from sentry_sync.records.intervals import Interval
    from sentry_sync.sentry.client import SentryClient
    from sentry_sync.store.reads.looks import After
    from sentry_sync.store.unit_of_work import Pass, UnitOfWork

ISSUES_NAME, EVENTS_NAME = "issues.hinted", "events.hinted"

EVENTS_WORTH = timedelta(minutes=10)
"""By then polling has brought the event."""

EVENTS_PER_RUN = 5
"""A request each: on a day when everything fails, polling reads a hundred events with one."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page, and when the newest hint had come that it answers to: by our clock, before it was asked for."""

    body: Any
    until: datetime


def _plan(look: Look) -> list[Work]:
    waiting = look.state.hints.waiting(look.now)
    return [Work(window=waiting)] if waiting else []


def _hinted(look: Look, window: Interval, after: After | None, limit: int) -> list[After]:
    """Whatever time the window has: those that came since it was planned are looked at along with the others."""
    return [(EPOCH, issue) for issue in look.state.hints.issues(after[1] if after else None, limit)]


@dataclass(frozen=True, slots=True)
class _Hinted:
    """Batches of the issues that were hinted at."""

    batches: Batches

    def fetch(self, client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
        """The answer to the next batch, or to the next id that a batch lacked."""
        until = look.state.hints.newest_at(look.now)
        page = self.batches.fetch(client, work, cursor, look)
        return replace(page, body=_Asked(page.body, until))

    def absent(self, work: Work, cursor: str | None, look: Look, at: datetime) -> Page | None:
        """What 404 means. Of an issue that is not there a hint that came meanwhile told nothing else."""
        page = self.batches.absent(work, cursor, look, at)
        return replace(page, body=_Asked(page.body, look.state.hints.newest_at(look.now))) if page else None


def _harvest(page: Page, work: Work, look: Look) -> Harvest:
    found = batches.harvest(replace(page, body=page.body.body), work, look)
    return replace(found, records=[*found.records, HintsSeen(page.body.body.known, page.body.until)])


def _no_mark(uow: UnitOfWork, run: Pass) -> datetime | None:
    """A look at a few issues makes nothing as a whole any younger."""
    return None


def _rung(ask: Ask | None, source: str, needs: str | None, after: str | None = None) -> Stream:
    fetching = _Hinted(Batches(ask, _hinted))
    return Stream(
        name=ISSUES_NAME,
        resource="issues",
        lane=Lane.HOT,
        plan=_plan,
        fetch=fetching.fetch,
        absent=fetching.absent,
        harvest=_harvest,
        source=source,
        needs=needs,
        after=after,
        finest=SEARCH,  # the time in which hints came is not asked for, and can't be too long
        as_of=_no_mark,
    )


def _plan_events(look: Look) -> list[Work]:
    return [Work(issue) for issue in look.state.hints.with_events(look.now - EVENTS_WORTH, EVENTS_PER_RUN)]


def _fetch_event(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    until = look.state.hints.newest_at(look.now)
    page = events.BODIES.fetch(client, work, cursor, look)
    return replace(page, body=_Asked(page.body, until))


def _absent_event(work: Work, cursor: str | None, look: Look, at: datetime) -> Page | None:
    """The issue has no event any more: that is what there was to see."""
    body = _Asked(None, look.state.hints.newest_at(look.now))
    return Page(body, None, has_link=False, server_time=at, hits=None, headers={})


def _harvest_event(page: Page, work: Work, look: Look) -> Harvest:
    seen = HintsSeen((work.scope,), page.body.until, events=True)
    if page.body.body is None:
        return Harvest([seen], 0)
    found = events.BODIES.harvest(replace(page, body=page.body.body), work, look)
    return replace(found, records=[*found.records, seen])


ISSUES = (
    _rung(by_group, "issues_by_id", "issues.group", "issues.sentry"),
    _rung(by_id, "issues_with_id", "issues.id"),
    _rung(None, "issue", None),
)

EVENTS = replace(
    events.BODIES,
    name=EVENTS_NAME,
    lane=Lane.HOT,
    plan=_plan_events,
    fetch=_fetch_event,
    harvest=_harvest_event,
    absent=_absent_event,
    absent_is_empty=False,
    as_of=_no_mark,
)
