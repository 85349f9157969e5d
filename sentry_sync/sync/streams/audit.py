"""Does the store hold what the server counts? Late events and deleted ones show in the count of an old hour.

Devices that were offline send errors up to a month late (Relay takes them so), and people delete issues: neither
moves anything that a poll of the newest rows sees. The server's counts by hour over all the time that is synced
cost five requests for two weeks; they are laid beside what is held every hour, and an hour that differs is read
again. Of the days before those only the environments of issues are held, by their first and last event: such a day
is read again when the server counts something else of it than the last time. So it is counted before it is read,
and one that was read first, and whose hours nobody counts, is read once more after its first count.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.records.audit import Books, Days, Doubt, Retention, days_counted, doubts
from sentry_sync.records.budget import Lane
from sentry_sync.records.fields import Malformed, Raw, integer, moment
from sentry_sync.records.intervals import Interval, cut, floor, subtract
from sentry_sync.store.types import MICROSECOND
from sentry_sync.sync.plan import DAY, HOUR
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, sift
from sentry_sync.sync.streams import explore
from sentry_sync.sync.streams.issues import SEARCH_DAYS

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient

AUDIT_NAME, DAYS_NAME, RETENTION_NAME = "events.audit", "issue_environments.audit", "events.retention"

FIELDS = ("timestamp.to_hour", "count()")
SORT = ("-timestamp.to_hour",)

PAIRS = "issue_environments"

DAY_FIELD = "timestamp.to_day"

DAYS_PER_RUN = 10
"""Days read again at most after one count: an issue that was deleted may have had events in all ninety."""

OLDEST = "min(timestamp)"


def _plan_audit(look: Look) -> list[Work]:
    """Once an hour, right after it has turned; never before anything is known.

    After days without a sync it reaches as far back as the last one did: events that were late for those days may
    have come since, and environments are called known for longer than events are.
    """
    end = floor(look.now, HOUR)
    mark = look.state.mark(AUDIT_NAME)
    if mark is not None and end <= mark.mark:
        return []
    known = look.state.coverage("events") + look.state.coverage("error_counts")
    last = min(look.now, mark.mark) if mark else look.now
    start = floor(last - timedelta(days=look.policy.days("events")), HOUR) + HOUR
    if start >= end or all(part.end <= start for part in known):
        return []
    return [Work(window=Interval(start, end))]


def _fetch_audit(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return explore.ask(client, "errors", work.span, cursor, fields=FIELDS, sort=SORT)


def _harvest_audit(page: Page, work: Work, look: Look) -> Harvest:
    """Nothing to keep, but the hours that differ."""
    served, rejects = sift(explore.rows(page), lambda raw: _counted(raw, FIELDS[0]))
    counts = dict(served)
    judged = _judged(page, work.span, counts, look)
    if judged is None or rejects or explore.approximate(page):
        return Harvest([], len(counts), rejects)
    return Harvest([], len(counts), doubts=_doubts(counts, judged, look))


def _judged(page: Page, window: Interval, counts: dict[datetime, int], look: Look) -> Interval | None:
    """The time of which the page tells every hour.

    Hours before the oldest on a page may be on the next one; before the oldest of all they may be no longer
    served, but for what is sure to be.
    """
    start = min(counts, default=window.end)
    end = max(counts, default=window.start) + HOUR
    if page.first:
        end = max(end, window.end)
    retention = look.state.audits.retention("events") if page.next_cursor is None else None
    sure = retention.surely_since(look.now) if retention else None
    if sure:
        start = min(start, max(floor(sure, HOUR) + HOUR, window.start))
    return Interval(start, end) if start < end else None


def _counted(raw: Raw, field: str) -> list[tuple[datetime, int]]:
    at, count = moment(raw, field), integer(raw, "count()")
    if at is None or count is None:
        raise Malformed(f"{field} or count() is missing")
    return [(at, count)]


def _doubts(served: dict[datetime, int], judged: Interval, look: Look) -> list[tuple[Doubt, tuple[str, ...]]]:
    """What differs, newest first; a difference in either is one that an issue's environments may share."""
    audits = look.state.audits
    return [
        (doubt, (resource, PAIRS))
        for resource, held in (("error_counts", audits.error_counts), ("events", audits.events))
        for doubt in doubts(
            Books(
                resource,
                held(judged),
                look.state.coverage(resource, exactly=True),
                audits.doubts(resource, judged),
            ),
            judged,
            served,
            look.now,
        )
    ]


def _plan_days(look: Look) -> list[Work]:
    """Days that have been over for one, as far back as issues are searched for."""
    mark = look.state.mark(DAYS_NAME)
    return [] if mark is not None and look.now - mark.as_of < look.age else [Work()]


def _days(look: Look) -> Interval:
    return Interval(floor(look.window(SEARCH_DAYS).start, DAY) + DAY, floor(look.now, DAY) - DAY)


def _fetch_days(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return explore.ask(
        client, "errors", _days(look), cursor, fields=(DAY_FIELD, "count()"), sort=(f"-{DAY_FIELD}",)
    )


def _harvest_days(page: Page, work: Work, look: Look) -> Harvest:
    served, rejects = sift(explore.rows(page), lambda raw: _counted(raw, DAY_FIELD))
    if explore.approximate(page):
        return Harvest([], len(served), rejects)
    window, counts = _days(look), dict(served)
    if page.first and page.next_cursor is None:
        counts = {day.start: 0 for day in cut(window, DAY)} | counts
    days = Days(PAIRS, look.state.audits.doubts(PAIRS, window), _unwatched(look))
    counted = days_counted(days, counts, page.server_time, DAYS_PER_RUN)
    again = [(day, (PAIRS,) if changed else ()) for day, changed in counted]
    return Harvest([], len(served), rejects, doubts=again)


def _unwatched(look: Look) -> list[Interval]:
    """The time that environments were read of, but for the whole hours that the next audit of them judges."""
    read = look.state.coverage(PAIRS)
    mark = look.state.mark(AUDIT_NAME)
    if mark is None:
        return read
    since = floor(min(look.now, mark.mark) - timedelta(days=look.policy.days("events")), HOUR) + HOUR
    for part in look.state.coverage("events", exactly=True):
        start, end = max(floor(part.start - MICROSECOND, HOUR) + HOUR, since), floor(part.end, HOUR)
        if start < end:
            read = subtract(read, Interval(start, end))
    return read


def _plan_retention(look: Look) -> list[Work]:
    """Before each audit, since what the server drops is not deleted.

    Over the longest that Sentry's plans keep errors, or as long as any are held.
    """
    known = look.state.coverage("events")
    mark = look.state.mark(RETENTION_NAME)
    if not known or (mark is not None and look.now - mark.mark < look.age):
        return []
    start = min(look.window(SEARCH_DAYS).start, *(part.start for part in known))
    return [Work(window=Interval(start, look.now))]


def _fetch_retention(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return explore.ask(client, "errors", work.span, cursor, fields=(OLDEST,), sort=())


def _harvest_retention(page: Page, work: Work, look: Look) -> Harvest:
    found, rejects = sift(explore.rows(page), lambda raw: _oldest(raw, page.server_time))
    return Harvest([Retention("events", at, page.server_time) for at in found], len(found), rejects, enough=True)


def _oldest(raw: Raw, now: datetime) -> list[datetime]:
    at = moment(raw, OLDEST)
    if at is not None and at > now:
        raise Malformed(f"{OLDEST} lies in the future")
    return [at] if at else []


AUDIT = Stream(
    name=AUDIT_NAME,
    resource="events",
    lane=Lane.WARM,
    plan=_plan_audit,
    fetch=_fetch_audit,
    harvest=_harvest_audit,
    source="explore",
    needs="explore.errors",
    finest=DAY,
)

DAYS = Stream(
    name=DAYS_NAME,
    resource="events",
    lane=Lane.BACKFILL,
    plan=_plan_days,
    fetch=_fetch_days,
    harvest=_harvest_days,
    source="explore",
    needs="explore.errors",
)

RETENTION = Stream(
    name=RETENTION_NAME,
    resource="events",
    lane=Lane.BACKFILL,
    plan=_plan_retention,
    fetch=_fetch_retention,
    harvest=_harvest_retention,
    source="explore",
    needs="explore.errors",
)
