"""What a stream is: a declaration that the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from sentry_sync.errors import SchemaDrift
from sentry_sync.records.audit import Doubt
from sentry_sync.records.budget import Lane
from sentry_sync.records.fields import Malformed, Raw
from sentry_sync.records.intervals import Interval
from sentry_sync.records.windows import Limits
from sentry_sync.store.privacy.retention import Keeping

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient
    from sentry_sync.store.reads.state import State
    from sentry_sync.store.unit_of_work import Pass, UnitOfWork

ORGANIZATION = ""
"""The scope of a pass over the whole organization."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How much of Sentry's history to hold."""

    history_days: int = 14
    """Days of events, hourly error counts and release health. Two weeks compare one week with the one before."""
    performance_hours: int = 24
    """Hours of hourly performance rows on a first sync: each costs a request per kind, so a day costs 72."""
    max_events: int = 100
    """Event bodies kept per issue at most (SENTRY_MAX_EVENTS)."""
    bodies_per_run: int = 20
    """Event bodies fetched in one run: one request each, so a fifth of a minute's budget."""
    keeping: Keeping = field(default_factory=Keeping)
    """How long what is kept."""

    def days(self, kind: str) -> int:
        """Days of that kind to hold: what would be dropped at once is not read."""
        kept = self.keeping.days[kind]
        return self.history_days if kept is None else min(self.history_days, kept)


@dataclass(frozen=True, slots=True)
class Work:
    """One pass to make."""

    scope: str = ORGANIZATION
    window: Interval | None = None

    @property
    def span(self) -> Interval:
        """The window of a stream whose works all have one."""
        if self.window is None:
            raise ValueError("this work has no window")
        return self.window


class Part(Enum):
    """Which part of what is due a run is to bring."""

    WHOLE = "whole"
    """All of it; right after one that was killed, what that one left, and what is newest only if it is old."""
    DUE = "due"
    """All of it, the newest in any case: its time has come."""
    REST = "rest"
    """What earlier slices of the same turn left; what has happened since waits for the next turn."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a stream may look at when it plans and reads."""

    state: State
    policy: Policy
    now: datetime
    """The server's time, as well as we know it."""
    projects: Mapping[str, str]
    """Slug to id."""
    turn: datetime | None = None
    """When a whole reconcile turn began that must be made now; None in an ordinary run."""
    part: Part = Part.WHOLE
    left: Sequence[Work] = ()
    """What earlier slices of the turn planned and did not come to, where this one is to bring the rest."""
    age: timedelta = timedelta()
    """How old what was read as a whole (a sweep, a list) must be before it is due again."""

    def window(self, days: float) -> Interval:
        """The last ``days`` days."""
        return Interval(self.now - timedelta(days=days), self.now)


@dataclass(frozen=True, slots=True)
class Harvest:
    """What one page gave."""

    records: list[Any]
    rows: int
    """How many of the server's rows were understood."""
    rejects: list[str] = field(default_factory=list)
    """Why each of the others was set aside."""
    reached: datetime | None = None
    """Every row from here to the window's end has been read; None while that can't be said before the end."""
    enough: bool = False
    """What follows is older than anyone asked for."""
    approximate: bool = False
    """The server sampled or extrapolated."""
    doubts: Sequence[tuple[Doubt, tuple[str, ...]]] = ()
    """Hours to be read again, and the resources whose rows of them the difference may show in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """How one kind of row is pulled. The engine loops, commits and remembers; this only says what."""

    name: str
    resource: str
    """What a user calls it: projects, issues, events, releases or performance."""
    lane: Lane
    plan: Callable[[Look], list[Work]]
    """What is due now, the most valuable first."""
    fetch: Callable[[SentryClient, Work, str | None, Look], Page]
    harvest: Callable[[Page, Work, Look], Harvest]
    source: str
    """The rung this stream stands on, as freshness will name it."""
    needs: str | None = None
    """A capability the server may lack; then the next rung of the ladder is tried."""
    after: str | None = None
    """A capability of the server's kind: where that is known to be missing, ``needs`` isn't even tried."""
    covers: str | None = None
    """The resource whose coverage a finished window extends."""
    resolution: timedelta | None = None
    """The smallest time that the rows tell apart; None where they are of no time of their own."""
    replaces: tuple[str, str] | None = None
    """Table and time column whose rows in the window are replaced by what the pass brings."""
    paged: bool = False
    """The server pages this list and says so by a Link header: a full page without one may not be the last."""
    counted: bool = False
    """``X-Hits`` counts the rows that this list has, about: one that ends far short of it is not whole."""
    page_limit: int | None = None
    """Pages after which a pass goes on with a shorter window: the server's offset cap."""
    exact: bool = False
    """Its rows are of exactly the window that was asked for: one that has not ended by the server's clock is no
    use."""
    finest: timedelta = timedelta(hours=1)
    """A window is not halved below this when the server says it is too large."""
    grain: timedelta = timedelta(hours=1)
    """The smallest piece of a window that can be told apart: more rows in it than offsets reach are lost to us."""
    widest: timedelta | None = None
    """How long a window it plans at most; None where windows have a length of their own, which never changes."""
    absent_is_empty: bool = False
    """404 for a scope means there is nothing there (any more), not that something went wrong."""
    absent_is_believed: bool = True
    """Whether it need not ask again then; else it does, until something else tells that the scope is gone."""
    absent: Callable[[Work, str | None, Look, datetime], Page | None] | None = None
    """What 404 at a cursor means, at the time it came: a page of its own; None where it is an error."""
    finish: Callable[[UnitOfWork, Pass], None] | None = None
    """What else to write once a pass is complete."""
    as_of: Callable[[UnitOfWork, Pass], datetime | None] | None = None
    """What a complete pass makes true, and until when, where that isn't simply its window; None for nothing."""

    @property
    def limits(self) -> Limits | None:
        """Between what its windows vary as the server's answers teach; None where they don't."""
        return Limits(self.finest, self.widest, self.page_limit) if self.widest else None


Ladder = tuple[Stream, ...]
"""The ways to pull one kind of row, best first."""


def sift(rows: object, parse: Callable[[Raw], Any | Iterable[Any]]) -> tuple[list[Any], list[str]]:
    """The records of a page's ``rows``, and the reasons why others could not be read.

    ``parse`` gives one record or several. Raises SchemaDrift when the page is no list at all.
    """
    if not isinstance(rows, list):
        raise SchemaDrift("the server's answer is not a list of rows: is this Sentry's API?")
    records: list[Any] = []
    rejects: list[str] = []
    for raw in rows:
        if not isinstance(raw, dict):
            rejects.append("the row is not an object")
            continue
        try:
            found = parse(raw)
            records.extend(found) if isinstance(found, list) else records.append(found)
        except Malformed as error:
            rejects.append(str(error))
    return records, rejects


def sift_one(body: object, parse: Callable[[Raw], Any | Iterable[Any]]) -> tuple[list[Any], list[str]]:
    """The records of an answer that is one row, or why it could not be read.

    Raises SchemaDrift when it is no object at all: that is no odd row but an answer to ask for again.
    """
    if not isinstance(body, dict):
        raise SchemaDrift("the server's answer is not an object: is this Sentry's API?")
    return sift([body], parse)


def linked(page: Page, cursor: str | None, rows: Sized | None = None) -> Page:
    """``page``, once it is known to say whether more follows; its ``rows`` where the body is not the list itself.

    Every list that is searched has a Link header, but for a direct hit and for no project to search in. Raises
    SchemaDrift where it is missing (a proxy may drop it): the rest of the list would be taken for not being there.
    """
    listed = page.body if rows is None else rows
    if not page.has_link and (listed or cursor) and "x-sentry-direct-hit" not in page.headers:
        raise SchemaDrift(
            "the server's list came without the Link header that says whether more follows: "
            "look for a proxy that drops it"
        )
    return page
