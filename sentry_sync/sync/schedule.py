"""When each ladder runs, which one next, and what follows a run. Plain functions; nothing here reads a clock.

A ladder's *turn* begins when it is due and lasts until it is through. A turn is made of slices: after a quantum of
pages it stands back for whoever has had fewer quanta in his own turn, and at any page for whoever is worth more
and has had no more. So what is due is read in the order of its value, a backfill of hours takes what is left over,
and when several take longer than there is time they get equal shares of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zlib import crc32

from sentry_sync.records.budget import reserve_of
from sentry_sync.records.intervals import floor
from sentry_sync.records.schedule import Entry
from sentry_sync.sync.plan import DAY, HOUR, INTERVALS
from sentry_sync.sync.streams.explore import PAGE_LIMIT

MINUTE = timedelta(minutes=1)

SLOWEST_RETRY = timedelta(hours=1)
"""How often what fails again and again is tried: it may be mended, and a request an hour costs nothing."""

JITTER = 0.05
"""By how much of its length an interval is drawn out or cut, so that copies started together drift apart."""

LATEST = MINUTE / 4
"""How much later than its minute a ladder on the grid may begin: never before the figures are in."""

GRID = (MINUTE * 15, MINUTE * 30, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
"""Lengths that divide a day and are met by each full hour, or by full hours alone."""

LARGEST_PART = 1 / 3
"""Of the budget, what one ladder is entitled to: an enormous organization's poll of what is hot would take all of
it and leave nothing to sweep with, nor even a chance for others to say what they need."""

FORGETTING = 0.95
"""What a slice counts for when another has followed it: the pace is that of the last twenty or so."""

NOTHING = 1e-9
"""What is less than this is rounding."""

LIVE_RESERVE = 20
"""Requests a minute that the ledger keeps for questions: the schedule does not plan with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a ladder is worth its requests."""

    every: timedelta
    slowest: timedelta
    """How far a short budget may stretch that before ladders worth more are stretched too."""
    fastest: timedelta | None = None
    """What finding something shortens it to, where that makes sense."""
    quiet: timedelta | None = None
    """What finding nothing lengthens it to, step by step; not so far that its resource is called stale."""
    after: timedelta | None = None
    """Runs this long after each multiple of the interval, for figures that are final by the clock."""
    news: tuple[str, ...] = ()
    """The streams whose changes of issues count as finding something; without them any row does."""
    follows: str | None = None
    """Due as soon as this one is through, besides; what it finds then is that one's finding too."""
    hasty: float | None = None
    """Of the budget, what hints may make it spend: on a bad day they come by the thousand, and polling still has
    to tell the truth. None for a ladder that nobody can hurry so."""

    @property
    def shortest(self) -> timedelta:
        """The least interval."""
        return self.fastest or self.every

    @property
    def longest(self) -> timedelta:
        """The interval of a ladder that finds nothing."""
        return self.quiet or self.every


_QUARTER = INTERVALS["performance"]

RHYTHMS: Mapping[str, Rhythm] = {
    "projects": Rhythm(every=INTERVALS["projects"], slowest=2 * HOUR),
    # Acted on as they come; and looked for, which costs no request, should they have been put off.
    "issues.hinted": Rhythm(every=MINUTE, slowest=5 * MINUTE, hasty=1 / 5),
    "issues.hot": Rhythm(every=INTERVALS["issues"], slowest=5 * MINUTE),
    "events.hinted": Rhythm(every=MINUTE, slowest=5 * MINUTE, hasty=1 / 5),
    "issues.review": Rhythm(every=10 * MINUTE, quiet=30 * MINUTE, slowest=HOUR),
    "releases": Rhythm(every=INTERVALS["releases"], slowest=HOUR),
    # Figures of a window that ends at the full hour.
    "transaction_windows.24h": Rhythm(every=HOUR, after=8 * MINUTE, slowest=6 * HOUR),
    # A minute after the full hour its errors are in: ingestion lags by less, and what comes later is read again.
    "error_counts": Rhythm(every=15 * MINUTE, after=MINUTE, slowest=HOUR),
    "release_health": Rhythm(every=INTERVALS["releases"], slowest=HOUR),
    "project_stats": Rhythm(every=INTERVALS["projects"], slowest=2 * HOUR),
    "events": Rhythm(every=INTERVALS["events"], quiet=INTERVALS["events"] * 1.8, slowest=30 * MINUTE),
    "transactions": Rhythm(every=_QUARTER, after=3 * MINUTE, quiet=2 * _QUARTER, slowest=HOUR),
    "queries": Rhythm(every=_QUARTER, after=5 * MINUTE, quiet=2 * _QUARTER, slowest=HOUR),
    "web_vitals": Rhythm(every=_QUARTER, after=6 * MINUTE, quiet=2 * _QUARTER, slowest=HOUR),
    # One request. It goes before what it watches: a day that is counted before it is read needs no second reading.
    "issue_environments.audit": Rhythm(every=6 * HOUR, after=11 * MINUTE, slowest=DAY),
    "issue_environments": Rhythm(every=15 * MINUTE, quiet=INTERVALS["events"] * 1.8, slowest=HOUR),
    # 5,000 unresolved cost 50 requests a sweep: at twelve minutes their median age is under ten.
    "issues.sweep": Rhythm(
        every=15 * MINUTE,
        fastest=12 * MINUTE,
        quiet=30 * MINUTE,
        slowest=2 * HOUR,
        news=("issues.sweep",),
    ),
    "issues.confirm": Rhythm(
        every=30 * MINUTE, slowest=2 * HOUR, follows="issues.sweep", news=("issues.confirm",)
    ),
    "issues.verify": Rhythm(every=5 * MINUTE, slowest=HOUR),
    # The counts of all hours beside what is held, once those of the last hour are in.
    "events.retention": Rhythm(every=HOUR, after=9 * MINUTE, slowest=6 * HOUR),
    "events.audit": Rhythm(every=HOUR, after=10 * MINUTE, slowest=6 * HOUR),
    # 1,000 releases cost ten requests a sweep.
    "releases.sweep": Rhythm(every=6 * HOUR, slowest=DAY),
    "releases.confirm": Rhythm(every=HOUR, slowest=DAY, follows="releases.sweep"),
    "transaction_windows.7d": Rhythm(every=6 * HOUR, after=12 * MINUTE, slowest=DAY),
    "deploys": Rhythm(every=HOUR, slowest=6 * HOUR),
    "event_bodies": Rhythm(every=5 * MINUTE, slowest=HOUR),
    "organization": Rhythm(every=DAY, slowest=7 * DAY),
    "environments": Rhythm(every=HOUR, slowest=6 * HOUR),
}
"""Each ladder's rhythm by the name of its stream, the most valuable first.

What a user just asked goes by the live lane; then what is hot, counts, release health, performance, reconcile,
bodies. Backfill is what a turn still has to read after its first quantum, newest first.
"""

VALUE = {name: place for place, name in enumerate(RHYTHMS)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a slice ended: ``done``, ``fresh``, ``partial``, ``failed`` or ``unsupported``; and what it found."""

    state: str
    news: bool = True
    """Whether it found anything that was not known."""
    error: str | None = None


def capacity(per_minute: int) -> float:
    """Requests a minute that background work may send in the long run."""
    return float(per_minute - reserve_of(per_minute, LIVE_RESERVE))


def quantum(per_minute: int) -> int:
    """Pages of a slice while others wait: a minute of what background work may send.

    A window's pages at least: an hour's figures can't be taken up in the middle once others had their turns.
    """
    return max(PAGE_LIMIT, int(capacity(per_minute)))


def opened(held: Mapping[str, Entry], now: datetime) -> dict[str, Entry]:
    """The schedule at a start: as it was left, with what was never there due now."""
    return {
        name: _within(held[name], now, rhythm.slowest * (1 + JITTER))
        if name in held
        else Entry(name, rhythm.every, now)
        for name, rhythm in RHYTHMS.items()
    }


def settled(entry: Entry, now: datetime) -> Entry:
    """The entry, due no later than had it been planned now: a clock that was set back starves nobody."""
    return _within(entry, now, entry.every)


def _within(entry: Entry, now: datetime, longest: timedelta) -> Entry:
    return replace(entry, due_at=min(entry.due_at, now + max(longest, retry_after(entry.stream, entry.failures))))


def choose(entries: Mapping[str, Entry], now: datetime, share: int) -> str | None:
    """The ladder to run: who had the fewest quanta of ``share`` pages in his turn, of those the most valuable.

    One that is wished for goes before all others, for its first quantum.
    """
    ready = [entry for entry in entries.values() if entry.open or entry.due_at <= now]

    def rank(entry: Entry) -> tuple[bool, int, int]:
        quanta = _quanta(entry, now, share)
        return entry.wished_at is None or quanta > 0, quanta, VALUE[entry.stream]

    chosen = min(ready, key=rank, default=None)
    return chosen.stream if chosen else None


def _quanta(entry: Entry, now: datetime, share: int) -> int:
    return 0 if entry.due_at <= now else entry.pages // share


def next_due(entries: Mapping[str, Entry]) -> datetime:
    """When the next ladder is due."""
    return min(entry.due_at for entry in entries.values())


def begun(entry: Entry, now: datetime, every: timedelta) -> Entry:
    """The entry as its turn begins, due again after ``every``. What a turn before left open has cost so much."""
    requests = max(entry.requests or 0, entry.pages) if entry.open else entry.requests
    due_at = following(entry.stream, now, every)
    return replace(entry, open=True, pages=0, requests=requests, due_at=due_at)


def following(stream: str, now: datetime, every: timedelta) -> datetime:
    """When a ladder whose turn begins now is due again."""
    chance = crc32(f"{stream} {now.isoformat()}".encode()) / 2**32
    after = RHYTHMS[stream].after
    if after is None:
        return now + every * (1 - JITTER + 2 * JITTER * chance)
    step = step_of(stream, every)
    return floor(now - after, step) + step + after + LATEST * chance


def step_of(stream: str, every: timedelta) -> timedelta:
    """The interval a ladder can keep that is no shorter than ``every``: the grid's, for one that runs on it."""
    if RHYTHMS[stream].after is None:
        return every
    return next((length for length in GRID if length >= every), GRID[-1])


PATIENT = MINUTE / 3
"""How far ahead of what they may spend hints are acted on: at 100 requests a minute the first five at once."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a slice took."""

    requests: int
    time: timedelta
    """Of the one worker there is: a slow server makes that dearer than requests."""


def paid_until(before: datetime | None, stream: str, spent: Spent, now: datetime, capacity: float) -> datetime:
    """Until when a ladder that hints hurry has had its part, of the budget and of the time, after so much more."""
    share = RHYTHMS[stream].hasty or 1.0
    return max(before or now, now) + max(spent.requests * MINUTE / capacity, spent.time) / share


def hurried(paid: datetime | None, now: datetime) -> bool:
    """Whether a ladder may be hurried now; ``paid`` is until when it has spent what it may."""
    return paid is None or paid - now <= PATIENT


def followed(entry: Entry, outcome: Outcome, now: datetime) -> Entry:
    """The entry after a slice that has been counted in its pages."""
    if outcome.state == "partial":
        return entry
    if outcome.state == "failed":
        failures = entry.failures + 1
        due_at = now + retry_after(entry.stream, failures)
        return replace(entry, open=False, failures=failures, error=outcome.error, due_at=due_at)
    every = _adapted(entry, outcome)
    return replace(entry, open=False, failures=0, error=None, requests=entry.pages, every=every)


def _adapted(entry: Entry, outcome: Outcome) -> timedelta:
    """Twice as often, down to the shortest, after news; half as often, up to the longest, after none."""
    rhythm = RHYTHMS[entry.stream]
    if rhythm.shortest == rhythm.longest:
        return rhythm.every
    if outcome.news:
        return rhythm.shortest
    return min(rhythm.longest, entry.every * 1.5)


def retry_after(stream: str, failures: int) -> timedelta:
    """How long to leave a ladder alone that failed so often in a row: half a minute, doubled each time.

    No longer than a short budget would: when a server is back, what is hot is soon seen.
    """
    if failures == 0:
        return timedelta()
    return min(SLOWEST_RETRY, RHYTHMS[stream].slowest, MINUTE / 2 * (1 << min(failures - 1, 10)))


def due_with(entries: Mapping[str, Entry], finished: str, now: datetime) -> dict[str, Entry]:
    """The entries with those due now that follow a ladder which came through."""
    return {
        name: replace(entry, due_at=min(entry.due_at, now)) if RHYTHMS[name].follows == finished else entry
        for name, entry in entries.items()
    }


def hastened(entries: Mapping[str, Entry], finder: str, now: datetime) -> dict[str, Entry]:
    """The entries after a ladder that follows another found something: the other is repeated sooner."""
    leader = RHYTHMS[finder].follows
    if leader is None:
        return dict(entries)
    every = RHYTHMS[leader].shortest
    entry = entries[leader]
    return {**entries, leader: replace(entry, every=every, due_at=min(entry.due_at, now + every))}


def wished(
    entries: Mapping[str, Entry], wishes: Mapping[str, datetime], now: datetime
) -> tuple[dict[str, Entry], bool]:
    """The entries with those due now that somebody wishes for, and whether any wish is a new one.

    A turn that is under way began before the wish, and may have read its first pages before what was wished for.
    """
    new = {name for name, at in wishes.items() if name in entries and entries[name].wished_at != at}
    heard = {
        name: replace(entry, wished_at=wishes[name], due_at=min(entry.due_at, now)) if name in new else entry
        for name, entry in entries.items()
    }
    return heard, bool(new)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a ladder would spend."""

    every: timedelta
    requests: float
    """A turn's first quantum, at most: what goes beyond takes what others leave."""

    @property
    def per_minute(self) -> float:
        """Requests a minute."""
        return self.requests * (MINUTE / self.every)


def demand(entry: Entry, share: int) -> Demand:
    """What a ladder's turns are known to cost, as far as they are entitled to it."""
    return Demand(entry.every, min(entry.requests or 0, share))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast pages really come: a slow server, or many questions, leave less than the budget."""

    seconds: float = 0.0
    pages: float = 0.0

    def after(self, seconds: float, pages: int) -> Pace:
        """With one more slice; what is long ago counts less and less."""
        return Pace(self.seconds * FORGETTING + seconds, self.pages * FORGETTING + pages)

    def per_minute(self, most: float) -> float:
        """Requests a minute that can be had, ``most`` at most."""
        return min(most, 60 * self.pages / self.seconds) if self.pages >= 1 and self.seconds > 0 else most


def stretched(demands: Mapping[str, Demand], per_minute: float) -> dict[str, timedelta]:
    """Intervals that fit into ``per_minute`` requests.

    Nobody is entitled to more than his part; who would be is slowed, as far as he may. Where it's still too much
    the least valuable are slowed as far as they may, and then all alike: nothing is left out.
    """
    spent = {
        name: max(_cheapest(name, found), min(found.per_minute, per_minute * LARGEST_PART))
        for name, found in demands.items()
    }
    over = sum(spent.values()) - per_minute
    for name in sorted(demands, key=VALUE.__getitem__, reverse=True):
        spared = max(0.0, min(over, spent[name] - _cheapest(name, demands[name])))
        spent[name] -= spared
        over -= spared
    alike = per_minute / (per_minute + over) if over > NOTHING else 1.0
    return {
        name: found.every * (found.per_minute / (spent[name] * alike)) if spent[name] > NOTHING else found.every
        for name, found in demands.items()
    }


def _cheapest(name: str, found: Demand) -> float:
    """What a ladder spends at its slowest."""
    return found.requests * (MINUTE / max(found.every, RHYTHMS[name].slowest))
