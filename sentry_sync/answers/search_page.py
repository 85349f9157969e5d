"""Where a search stands: the window it is about, the place it goes on at, and the page that it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sentry_sync.answers.asking import Learned, View
from sentry_sync.answers.cursors import NOT_OURS, Position, decode, encode
from sentry_sync.answers.misses import SEARCH_WINDOW, Miss, Reach
from sentry_sync.answers.times import ceiling, shown
from sentry_sync.answers.times import parse as parse_time
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import floor
from sentry_sync.store.reads import issues
from sentry_sync.store.reads.issues import Place
from sentry_sync.store.types import from_micros, to_micros

SECOND = timedelta(seconds=1)
"""The grain of a search: events are told to the second, and one question asked twice at once is one request."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a found issue has to have an event."""

    since: datetime
    until: datetime | None
    """None: up to now."""
    asked: bool
    """Somebody named an end of it."""

    def shown(self) -> dict[str, Any]:
        """How an answer names it."""
        return {"since": shown(self.since), "until": shown(self.until)}


@dataclass(frozen=True, slots=True)
class OnWay:
    """Where an answer goes on, and as of when the first one was asked: relative times stay where they were."""

    place: Place | None
    now: datetime
    server: str | None = None
    """Sentry's own cursor of the page to go on with, empty for its first; None where the place is one of ours."""


def window_of(since: str | None, until: str | None, now: datetime) -> Window:
    """The window between two times as somebody wrote them; raises QuestionError for one that is none."""
    start = parse_time(since, now, "since") if since else now - SEARCH_WINDOW
    end = parse_time(until, now, "until") if until else None
    if start >= (end or now):
        raise QuestionError("since must be before until, and before now")
    end = ceiling(end, SECOND) if end else None
    asked = since is not None or until is not None
    return Window(max(ceiling(start, SECOND), now - SEARCH_WINDOW), end if end and end < now else None, asked)


class Paged(Protocol):
    """A question whose answer goes on; a dataclass."""

    @property
    def sort(self) -> str:
        """The order of its rows."""

    @property
    def cursor(self) -> str | None:
        """What it was asked with."""


def going_on(question: Paged, now: datetime) -> OnWay:
    """Where ``question`` goes on; raises QuestionError for a cursor of another one."""
    if question.cursor is None:
        return OnWay(None, floor(now, SECOND))
    position = decode(question.cursor, question)
    try:
        key, issue_id, rank, asked_at = position.after
        at = from_micros(int(asked_at or 0))
        place = Place(_key(key, question.sort), str(issue_id), int(rank or 0))
    except (ValueError, TypeError, OverflowError):
        raise QuestionError(NOT_OURS) from None
    return OnWay(place, min(at, now), position.live)


def _key(key: object, sort: str) -> datetime | int | None:
    if key is None:
        return None
    number = int(str(key))
    return number if sort == "frequency" else from_micros(number)


def behind(question: Paged, page: Page, now: datetime, count: int) -> str:
    """The cursor that goes on behind the first ``count`` rows of ``page``."""
    place, server = page.places[count - 1] if count else page.onward
    key = to_micros(place.key) if isinstance(place.key, datetime) else place.key
    return encode(question, Position((key, place.id, place.rank, to_micros(now)), server))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, where each stands, and what is wrong with them."""

    rows: Sequence[Any] = ()
    places: Sequence[tuple[Place, str | None]] = ()
    more: bool | None = None
    miss: Miss | None = None
    why: str = ""
    known: Reach | None = None
    onward: tuple[Place, str | None] = (Place(None, ""), None)
    """Where it goes on when it has no row to go on behind."""
    in_window: Mapping[str, int | None] = field(default_factory=dict)
    uncertain: frozenset[str] = frozenset()

    def missed(self, miss: Miss, why: str) -> Page:
        """The page, which is not all there is, or not certain."""
        return replace(self, miss=miss, why=why, more=True if self.more else None)


def local(found: Sequence[Any], sort: str, limit: int, known: Reach | None) -> Page:
    """The page that the store's rows make, of which one more was asked for than it shows."""
    rows = found[:limit]
    return Page(
        rows,
        [(_place(row, sort), None) for row in rows],
        more=len(found) > limit,
        known=known,
        in_window={row.id: row.n if row.whole else None for row in rows},
        uncertain=frozenset(row.id for row in rows if not row.certain),
    )


def _place(row: Any, sort: str) -> Place:
    rank = issues.RANKS.get(row.priority or "", len(issues.RANKS)) if sort == "priority" else 0
    return Place(row.n if sort == "frequency" else row.edge, row.id, rank)


def told(view: View, learned: Learned) -> Page:
    """The page as Sentry just gave it."""
    rows = issues.by_ids(view.snapshot, learned.ids)
    told = dict(zip(learned.ids, learned.rows, strict=True))
    return Page(
        rows,
        [(told[row.id]["place"], told[row.id]["server"]) for row in rows],
        more=learned.more,
        known=Reach(learned.at, learned.at),
        onward=(learned.onward["place"], learned.onward["server"]) if learned.onward else (Place(None, ""), None),
        in_window={row.id: told[row.id]["in_window"] for row in rows},
    )
