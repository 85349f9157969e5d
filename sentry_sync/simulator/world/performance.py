"""Transactions, database queries and web vitals: hourly counts and skewed latencies of each series."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from operator import itemgetter
from statistics import NormalDist
from typing import NamedTuple

from sentry_sync.simulator.moments import HOUR
from sentry_sync.simulator.seeded import fraction, mix
from sentry_sync.simulator.world.catalogue import transactions
from sentry_sync.simulator.world.flaws import SOUND, Flaw
from sentry_sync.simulator.world.projects import Project
from sentry_sync.simulator.world.traffic import Incident, weight
from sentry_sync.simulator.world.world import World

TRANSACTIONS = 14
QUERIES = 9
_ENVIRONMENT_SHARE = (0.9, 0.06, 0.03, 0.02)
_FRONT = ("javascript", "android", "cocoa")
VITALS = {"lcp": (7.6, 0.45), "fcp": (7.0, 0.4), "ttfb": (5.8, 0.5), "cls": (-3.2, 0.8), "inp": (4.9, 0.5)}
"""Location and spread of each vital's logarithm: milliseconds, but a plain score for cls."""


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of span in one project and environment, with a log-normal duration."""

    kind: str
    """transaction, db or interaction."""
    project: Project
    environment: str
    name: str
    peak: float
    """How many there are in a peak hour."""
    location: float
    spread: float
    failing: float
    attributes: tuple[tuple[str, str], ...] = ()
    number: int = 0

    def attribute(self, name: str) -> str | None:
        """A span attribute by the name Explore gives it."""
        return dict(self.attributes).get(name)


@dataclass(frozen=True, slots=True)
class Part:
    """So many spans whose duration's logarithm (ms) has this location and spread; some of them failed."""

    count: int
    location: float
    spread: float
    failed: int


def all_series(world: World, kind: str) -> list[Series]:
    """Every series of a kind, in a fixed order."""
    made = world.series.get(kind)
    if made is None or made[0] != world.span_version:
        makers = {"transaction": _transactions, "db": _queries, "interaction": _interactions}
        found = [series for project in world.projects for series in makers[kind](world, project)]
        made = world.series[kind] = (world.span_version, found)
    return made[1]


def _transactions(world: World, project: Project) -> Iterator[Series]:
    platform = project.event_platform
    operation = {"javascript": "pageload", "android": "ui.load", "cocoa": "ui.load"}.get(platform, "http.server")
    for rank, name in enumerate(transactions(platform, TRANSACTIONS)):
        base = 400 * fraction(world.seed, "rate", project.number) / (rank + 1) ** 1.2 + 2
        location = math.log(40 + 900 * fraction(world.seed, "latency", project.number, rank) ** 2)
        if operation != "http.server":
            location += 1.2
        method = "POST" if rank % 4 == 3 else "GET"
        attributes = (("span.op", operation), ("transaction.op", operation), ("http.method", method))
        for place, environment in enumerate(project.environments):
            yield Series(
                "transaction", project, environment, name, base * _ENVIRONMENT_SHARE[place], location,
                0.35 + 0.5 * fraction(world.seed, "spread", project.number, rank),
                0.002 + 0.03 * fraction(world.seed, "failing", project.number, rank) ** 3,
                attributes, rank,
            )  # fmt: skip


_STATEMENTS = (
    ("SELECT", "orders", "SELECT .. FROM orders WHERE id = %s"),
    ("SELECT", "customers", "SELECT .. FROM customers WHERE email = %s LIMIT %s"),
    ("INSERT", "order_items", "INSERT INTO order_items (..) VALUES (%s)"),
    ("UPDATE", "stock", "UPDATE stock SET quantity = quantity - %s WHERE sku = %s"),
    ("SELECT", "products", "SELECT .. FROM products JOIN prices ON .. WHERE category IN (%s)"),
    ("DELETE", "sessions", "DELETE FROM sessions WHERE expires < %s"),
    ("SELECT", "reviews", "SELECT COUNT(*) FROM reviews WHERE product_id = %s"),
    ("SELECT", "carts", "SELECT .. FROM carts WHERE session_id = %s FOR UPDATE"),
    ("SELECT", "audit_log", "SELECT .. FROM audit_log ORDER BY created DESC LIMIT %s OFFSET %s"),
)


def _queries(world: World, project: Project) -> Iterator[Series]:
    if project.event_platform in _FRONT:
        return
    for rank, (action, domain, text) in enumerate(_STATEMENTS[:QUERIES]):
        group = blake2b(f"{world.seed}:{project.number}:{text}".encode(), digest_size=8).hexdigest()
        attributes = (
            ("span.op", "db"), ("span.category", "db"), ("span.system", "postgresql"), ("span.action", action),
            ("span.domain", domain), ("span.group", group), ("span.description", text),
            ("sentry.normalized_description", text), ("span.module", "db"),
        )  # fmt: skip
        location = math.log(0.6 + 90 * fraction(world.seed, "query", project.number, rank) ** 4)
        peak = 900 / (rank + 1) * (0.3 + fraction(world.seed, "queries", project.number))
        for place, environment in enumerate(project.environments):
            share = _ENVIRONMENT_SHARE[place]
            yield Series(
                "db", project, environment, text, peak * share, location, 0.7, 0.0, attributes, 100 + rank
            )


def _interactions(_world: World, project: Project) -> Iterator[Series]:
    if project.event_platform != "javascript":
        return
    for rank, name in enumerate(transactions("javascript", TRANSACTIONS)):
        attributes = (("span.op", "ui.interaction.click"),)
        for place, environment in enumerate(project.environments):
            peak = 60 / (rank + 1) * _ENVIRONMENT_SHARE[place] + 0.5
            yield Series(
                "interaction", project, environment, name, peak, *VITALS["inp"], 0.0, attributes, 200 + rank
            )


def parts(world: World, series: Series, start: int, end: int) -> tuple[Part, ...]:
    """The series' spans between two moments, gathered by latency; parts of hours add up to hours."""
    first, last = max(start, world.start), min(end, world.clock.seconds())
    return _gathered(_course(world, series), first, last)


def counted(world: World, series: Series, start: int, end: int) -> int:
    """How many spans there are between two moments: what ``parts`` adds up to, without their latencies."""
    first, last = max(start, world.start), min(end, world.clock.seconds())
    course, found = _course(world, series), 0
    for hour in range(first - first % HOUR, last, HOUR):
        count = _count(course, hour, course.flaw(hour))
        low, high = min(max(first - hour, 0), HOUR), min(max(last - hour, 0), HOUR)
        found += count * high // HOUR - count * low // HOUR
    return found


class _Course(NamedTuple):
    """All that a series' spans depend on but the time: two worlds with the same in it have the same spans."""

    seed: int
    project: int
    place: int
    """Which of the project's environments it is."""
    number: int
    peak: float
    location: float
    spread: float
    failing: float
    incident: Incident
    flaws: tuple[tuple[int, Flaw], ...]

    def flaw(self, hour: int) -> Flaw:
        """That of the newest release."""
        position = bisect_right(self.flaws, hour, key=itemgetter(0))
        return self.flaws[position - 1][1] if position else SOUND


def _course(world: World, series: Series) -> _Course:
    return _Course(
        world.seed, series.project.number, series.project.environments.index(series.environment), series.number,
        series.peak, series.location, series.spread, series.failing,
        world.incident, world.releases.flaws(series.project),
    )  # fmt: skip


# Windows of days and weeks are asked for again and again, and cost more than all else that is worked out here.
@lru_cache(maxsize=8_192)
def _gathered(course: _Course, first: int, last: int) -> tuple[Part, ...]:
    gathered: dict[float, list[int]] = {}
    for hour in range(first - first % HOUR, last, HOUR):
        trouble = course.incident.factor(hour, course.project)
        flaw = course.flaw(hour)
        count = _count(course, hour, flaw)
        failing = min(course.failing * trouble * flaw.failing, 0.5)
        low, high = min(max(first - hour, 0), HOUR), min(max(last - hour, 0), HOUR)
        counted = count * high // HOUR - count * low // HOUR
        failed_hour = round(count * failing)
        failed = failed_hour * high // HOUR - failed_hour * low // HOUR
        location = course.location + (math.log(3) if trouble > 1 else 0) + math.log(flaw.latency)
        location += _sway(course, hour)
        sums = gathered.setdefault(location, [0, 0])
        sums[0] += counted
        sums[1] += failed
    return tuple(
        Part(count, location, course.spread, min(failed, count)) for location, (count, failed) in gathered.items()
    )


def _sway(course: _Course, hour: int) -> float:
    """Busy hours are slower, and no hour is like another; in few steps, so that hours can be gathered."""
    noise = mix(course.seed ^ hour, course.number + (course.project << 12)) % 5
    return round(weight(hour) * 2) * 0.06 + noise * 0.03


def _count(course: _Course, hour: int, flaw: Flaw) -> int:
    draw = mix(course.seed ^ hour, (course.project << 12) + (course.number << 3) + course.place)
    expected = course.peak * weight(hour) * flaw.traffic
    return max(0, int(expected * (0.85 + 0.3 * (draw & 0xFFFF) / 0x10000) + (draw >> 16 & 0xFF) / 0x100))


def total(spans: Sequence[Part]) -> int:
    """How many spans."""
    return sum(part.count for part in spans)


def quantile(spans: Sequence[Part], share: float) -> float | None:
    """The duration below which this share of the spans lies (a mixture's own quantile); None without spans."""
    found = tuple(part for part in spans if part.count)
    return _quantile(found, share) if found else None


_STANDARD = NormalDist()
_CLOSE = 1e-10
"""How near a quantile's logarithm is found: microseconds of a second, and further than a float's text shows."""


@lru_cache(maxsize=65_536)
def _quantile(spans: tuple[Part, ...], share: float) -> float:
    """Between the lowest and the highest of the parts' own quantiles, by Newton's method held inside that."""
    z = _STANDARD.inv_cdf(share)
    low = min(part.location + z * part.spread for part in spans)
    high = max(part.location + z * part.spread for part in spans)
    count = sum(part.count for part in spans)
    at = (low + high) / 2
    while high - low > _CLOSE:
        below, slope = 0.0, 0.0
        for part in spans:
            distance = (at - part.location) / part.spread
            below += part.count * _normal(distance)
            slope += part.count / part.spread * math.exp(-distance * distance / 2)
        missing = share * count - below
        low, high = (at, high) if missing > 0 else (low, at)
        step = at + missing * math.sqrt(math.tau) / slope if slope else low
        if abs(step - at) < _CLOSE:
            break
        at = step if low < step < high else (low + high) / 2
    return math.exp(at)


def _normal(z: float) -> float:
    return 0.5 * (1 + math.erf(z / _ROOT_OF_TWO))


_ROOT_OF_TWO = math.sqrt(2)


def mean(spans: Sequence[Part]) -> float | None:
    """The average duration; None without spans."""
    count = total(spans)
    if not count:
        return None
    return sum(part.count * math.exp(part.location + part.spread**2 / 2) for part in spans) / count


def apdex(spans: Sequence[Part], threshold: float) -> float | None:
    """Apdex: satisfied within the threshold, half of what is within four of them; None without spans."""
    count = total(spans)
    if not count:
        return None
    happy = half = 0.0
    for part in spans:
        within = _normal((math.log(threshold) - part.location) / part.spread)
        happy += part.count * within
        half += part.count * (_normal((math.log(4 * threshold) - part.location) / part.spread) - within)
    return (happy + half / 2) / count
