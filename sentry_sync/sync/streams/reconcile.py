"""What the hot poll can't see: resolving, ignoring, assigning, merging and deleting move no issue's last event.

Four streams, none of which asks for anything until its time after the first sync: a poll of what is up for
review, a sweep of all that is unresolved, a closer look at what the sweep ought to have shown and did not, and a
rolling look at everything else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.errors import SchemaDrift
from sentry_sync.records.budget import Lane
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import Issue
from sentry_sync.store.reads.looks import After
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, linked
from sentry_sync.sync.streams import batches
from sentry_sync.sync.streams.batches import Batches, by_group, by_id
from sentry_sync.sync.streams.issues import (
    HOT_NAME,
    REVIEW_NAME,
    SEARCH_DAYS,
    SWEEP_NAME,
    harvest_issues,
    harvest_unwindowed,
)

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient
    from sentry_sync.store.unit_of_work import UnitOfWork

VERIFY_AGE = timedelta(hours=6)
"""No issue goes without a look for longer while the budget allows: 20,000 issues cost 200 requests in it."""

VERIFY_BATCHES = 20
"""Batches of the rolling look in one run: a fifth of a minute's budget."""

SEARCH = timedelta(days=SEARCH_DAYS)


def _due(look: Look, stream: str) -> bool:
    """Whether a sweep is due; never before the first sync is through."""
    if look.state.mark(HOT_NAME) is None:
        return False
    mark = look.state.mark(stream)
    if mark is None:
        return True
    return mark.as_of < look.turn if look.turn else look.now - mark.as_of >= look.age


def _plan_review(look: Look) -> list[Work]:
    """A whole turn lists everything, so it needs no poll."""
    return [Work()] if not look.turn and _due(look, REVIEW_NAME) else []


def _fetch_review(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    page = client.issues(query="is:unresolved is:for_review", sort="inbox", start=None, end=None, cursor=cursor)
    return linked(page, cursor)


def _harvest_review(page: Page, work: Work, look: Look) -> Harvest:
    """Newest in the inbox first: a page that tells nothing new ends it."""
    found = harvest_issues(page.body, page.server_time)
    ids = [record.id for record in found.records if isinstance(record, Issue)]
    return replace(found, reached=None, enough=bool(ids) and look.state.looks.all_unresolved(ids))


def _plan_sweep(look: Look) -> list[Work]:
    return [Work(window=look.window(SEARCH_DAYS))] if _due(look, SWEEP_NAME) else []


def _fetch_sweep(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    """The unresolved; in a whole turn every status, and a pass may go on with the other question.

    From the unresolved the server drops what resolved itself after it has cut the pages: short pages of them, and
    the rest by their ids, would cost more.
    """
    query, window = "" if look.turn else "is:unresolved", work.span
    return _whole(client.issues(query=query, sort="date", start=window.start, end=window.end, cursor=cursor))


def _fetch_sweep_glitchtip(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    """GlitchTip: the window's parameters mean other things there, and ``project=-1`` matches nothing."""
    query = "" if look.turn else "is:unresolved"
    return _whole(
        client.issues(query=query, sort="-last_seen", start=None, end=None, project_ids=(), cursor=cursor)
    )


def _whole(page: Page) -> Page:
    """A sweep's page. Without a Link not even an empty one counts: the token may have lost every project."""
    if not page.has_link:
        raise SchemaDrift(
            "the server's list of unresolved issues came without its Link header: "
            "check that the token still sees the projects, and look for a proxy that drops the header"
        )
    return page


def _harvest_sweep(page: Page, work: Work, look: Look) -> Harvest:
    return harvest_issues(page.body, page.server_time)


def _plan_confirm(look: Look) -> list[Work]:
    """After each complete sweep, once."""
    swept, confirmed = look.state.mark(SWEEP_NAME), look.state.mark(CONFIRM_NAME)
    if swept is None or (confirmed is not None and confirmed.as_of >= swept.as_of):
        return []
    window = Interval(swept.as_of - SEARCH, swept.as_of)
    return [Work(window=window)] if look.state.looks.missed(window, None, 1) else []


def _missed(look: Look, window: Interval, after: After | None, limit: int) -> list[After]:
    return look.state.looks.missed(window, after, limit)


def _plan_verify(look: Look) -> list[Work]:
    """What was looked at longest ago; half the age along with it, so that batches are full."""
    oldest = look.state.looks.oldest()
    due, until = look.now - VERIFY_AGE, look.now - VERIFY_AGE / 2
    if look.turn:
        due = until = look.turn
    if oldest is None or oldest >= due or look.state.mark(HOT_NAME) is None:
        return []
    return [Work(window=Interval(oldest, until))]


def _unverified(look: Look, window: Interval, after: After | None, limit: int) -> list[After]:
    return look.state.looks.before(window.end, after, limit)


def _verified(uow: UnitOfWork, run: object) -> datetime | None:
    """The pass may stop before the end: what holds is that no issue was looked at longer ago than the oldest."""
    return uow.oldest_look()


CONFIRM_NAME, VERIFY_NAME = "issues.confirm", "issues.verify"

REVIEW = Stream(
    name=REVIEW_NAME,
    resource="issues",
    lane=Lane.HOT,
    plan=_plan_review,
    fetch=_fetch_review,
    harvest=_harvest_review,
    source="issues",
    needs="issues.review",
    after="issues.sentry",
)

SWEEP = Stream(
    name=SWEEP_NAME,
    resource="issues",
    lane=Lane.WARM,
    plan=_plan_sweep,
    fetch=_fetch_sweep,
    harvest=_harvest_sweep,
    source="issues",
    needs="issues.sentry",
    # Half a sweep is no sweep: one that takes the server too long is asked again in the next run.
    finest=SEARCH,
)

SWEEP_GLITCHTIP = replace(
    SWEEP,
    fetch=_fetch_sweep_glitchtip,
    harvest=harvest_unwindowed,
    source="issues_by_last_seen",
    needs=None,
)


def _confirm(fetching: Batches, source: str, needs: str | None, after: str | None = None) -> Stream:
    return Stream(
        name=CONFIRM_NAME,
        resource="issues",
        lane=Lane.WARM,
        plan=_plan_confirm,
        fetch=fetching.fetch,
        absent=fetching.absent,
        harvest=batches.harvest,
        source=source,
        needs=needs,
        after=after,
        finest=SEARCH,
    )


def _verify(fetching: Batches, source: str, needs: str, after: str | None = None) -> Stream:
    return replace(
        _confirm(fetching, source, needs, after),
        name=VERIFY_NAME,
        lane=Lane.BACKFILL,
        plan=_plan_verify,
        as_of=_verified,
    )


GROUP, ID = ("issues_by_id", "issues.group", "issues.sentry"), ("issues_with_id", "issues.id")

CONFIRM = (
    _confirm(Batches(by_group, _missed), *GROUP),
    _confirm(Batches(by_id, _missed), *ID),
    _confirm(Batches(None, _missed), "issue", None),
)
"""By batches of ids as Sentry takes them, as GlitchTip takes them, or issue by issue."""

VERIFY = (
    _verify(Batches(by_group, _unverified, VERIFY_BATCHES), *GROUP),
    _verify(Batches(by_id, _unverified, VERIFY_BATCHES), *ID),
)
"""By batches only: issue by issue would cost more than the news is worth."""
