"""Which parts of the lake to write next. Pure: what is held and what waits goes in, spans come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sentry_sync.store.lake_parts import Part, Span
from sentry_sync.store.lake_resources import SETTLED
from sentry_sync.store.moments import from_micros, to_micros

HOUR = 3_600_000_000
DAY = 24 * HOUR
"""Microseconds."""

DAY_MAY_WAIT = 2_000
"""Rows of the running day that may wait for its end: SQL reads so many from SQLite in 10 ms. Of a hundred thousand
events a day that is a part an hour, and all of them one when it is over."""

SMALL = 50_000
"""Rows up to which days that follow each other share a part: a file for a hundred rows costs more than they do."""

LARGEST_MONTH = 8_000_000
"""Rows of a month, or a week, that are still sorted at once: 1 GB of them, in half a minute."""

CHANGED_SHARE = 10
"""A part is written anew once a tenth of its rows changed: so a row is written ten times at worst, however many
come late."""

FORGETS_EVERY = timedelta(hours=1)
"""How often a part is written anew at most since rows were deleted that must not stay. No answer shows them
meanwhile; and ten million rows, all of whose parts a deletion touches, take two minutes to write."""

CHANGED_FEW = 1_000
"""Changed rows that are not worth writing a part anew for: SQL reads them in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one resource."""

    parts: Sequence[Part]
    """Those that are usable, by time."""
    lost: Sequence[Part] = ()
    """Those whose file is gone."""
    changes: Sequence[tuple[Part, int, bool]] = ()
    """Parts with changes: how many, and whether rows are among them that must not stay."""
    waiting: Sequence[tuple[int, int]] = ()
    """Days (their first microsecond) with rows that no usable part covers, and how many."""
    settled: timedelta = SETTLED
    """How old rows are before they are published."""
    together: bool = False
    """They are to lie in one part."""


def horizon(now: datetime, age: timedelta) -> int:
    """Up to when rows are published that have to be of an age."""
    settled = to_micros(now - age)
    return settled - settled % HOUR


def due(state: State, now: datetime) -> list[Span]:
    """The spans to publish, each a part. None overlaps another, and none cuts an existing part in two."""
    until = horizon(now, state.settled)
    wanted = [
        *(
            _span(part)
            for part, changed, gone in state.changes
            if _is_worn(part, changed) or (gone and part.published_at <= to_micros(now - FORGETS_EVERY))
        ),
        *_days(state, until),
    ]
    if state.together:
        return list(_as_one(state, wanted))
    return list(_joined([*wanted, *_months(state, wanted, until)], [*state.parts, *state.lost]))


def _span(part: Part) -> Span:
    return part.start, part.end


def _is_worn(part: Part, changed: int) -> bool:
    return changed > CHANGED_FEW + part.rows // CHANGED_SHARE


def _days(state: State, until: int) -> Iterator[Span]:
    """Days that are over, small ones of a month together, and of the running day what is settled."""
    open_span: Span | None = None
    rows = 0
    for day, count in state.waiting:
        if day + DAY > until:
            if count >= DAY_MAY_WAIT:
                reached = max([day, *(part.end for part in state.parts if day < part.end <= until)])
                yield (reached if reached < until else day), until
            continue
        if open_span and rows + count <= SMALL and _month(day) == _month(open_span[0]):
            open_span, rows = (open_span[0], day + DAY), rows + count
            continue
        if open_span:
            yield open_span
        open_span, rows = (day, day + DAY), count
    if open_span:
        yield open_span


def _months(state: State, wanted: Sequence[Span], until: int) -> Iterator[Span]:
    """Months, weeks and days that are over and lie in several parts: each file costs 0.2 ms to open."""
    for length in (_month, _week, _day):
        spans: dict[Span, list[int]] = {}
        for part in state.parts:
            spans.setdefault(length(part.start), []).append(part.rows)
        waiting: dict[Span, int] = {}
        for day, count in state.waiting:
            waiting[length(day)] = waiting.get(length(day), 0) + count
        for span in wanted:
            spans.setdefault(length(span[0]), []).append(0)
        for span, rows in spans.items():
            if len(rows) > 1 and span[1] + DAY <= until and sum(rows) + waiting.get(span, 0) <= LARGEST_MONTH:
                yield span


def _as_one(state: State, wanted: Sequence[Span]) -> Iterator[Span]:
    """One span, as far as all that is held and wanted reach; none while nothing is wanted."""
    if wanted:
        spans = [*wanted, *map(_span, state.parts), *map(_span, state.lost)]
        yield min(start for start, _ in spans), max(end for _, end in spans)


def _day(at: int) -> Span:
    return at - at % DAY, at - at % DAY + DAY


def _week(at: int) -> Span:
    """Seven days of a month, from its first on; fewer at its end."""
    month = _month(at)
    first = at - (at - month[0]) % (7 * DAY)
    return first, min(first + 7 * DAY, month[1])


def _month(at: int) -> Span:
    first = from_micros(at).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return to_micros(first), to_micros(following)


def _joined(spans: Iterable[Span], parts: Sequence[Part]) -> Iterator[Span]:
    """The spans by time, those that overlap as one, each as far as the parts that it touches reach."""
    reached: Span | None = None
    for span in sorted({_whole(span, parts) for span in spans}):
        if reached and span[0] < reached[1]:
            reached = (reached[0], max(reached[1], span[1]))
            continue
        if reached:
            yield reached
        reached = span
    if reached:
        yield reached


def _whole(span: Span, parts: Sequence[Part]) -> Span:
    touched = [part for part in parts if part.start < span[1] and part.end > span[0]]
    return min([span[0], *(part.start for part in touched)]), max([span[1], *(part.end for part in touched)])


def name(part: Part, token: str) -> str:
    """The file of a part within the lake: what it holds, and a ``token`` that is never used twice."""
    return f"{part.resource}/{_told((part.start, part.end))}-{token}.parquet"


def _told(span: Span) -> str:
    first, last = from_micros(span[0]), from_micros(span[1] - 1)
    if span == _month(span[0]):
        return f"{first:%Y-%m}"
    if span == _day(span[0]):
        return f"{first:%Y-%m-%d}"
    form = "%Y-%m-%d" if span[0] % DAY == 0 and span[1] % DAY == 0 else "%Y-%m-%dT%H"
    return f"{first:{form}}--{last:{form}}"


def named(part: Part, token: str) -> Part:
    """``part`` with its file's name; without one if it has no row."""
    return replace(part, file=name(part, token) if part.rows else None)
