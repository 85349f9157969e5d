"""The organizations that the schedule is measured on, in numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

from sentry_sync.sync.costs import REPEATING, Shape

DAY_SHAPE = Shape(
    projects=200,
    unresolved=5_000,
    issues=7_500,
    events_per_day=300_000,
    issues_per_hour=950,
    count_rows_per_hour=2_250,
    releases_per_day=200,
    releases=1_600,
    transactions=3_000,
    queries=1_000,
    vitals=600,
    silent_per_hour=20,
)
"""200 projects, 5,000 unresolved issues, 300,000 events a day, 3,000 transaction rows an hour. How many different
issues and rows an hour has is what the simulator makes of so many events."""

IDLE_SHAPE = replace(
    DAY_SHAPE,
    events_per_day=0,
    issues_per_hour=0,
    count_rows_per_hour=0,
    releases_per_day=0,
    transactions=0,
    queries=0,
    vitals=0,
    silent_per_hour=0,
)
"""The same organization when nothing happens."""

HUGE_SHAPE = Shape(
    projects=1_000,
    unresolved=200_000,
    issues=300_000,
    events_per_day=50_000_000,
    issues_per_hour=30_000,
    count_rows_per_hour=100_000,
    releases_per_day=1_000,
    releases=20_000,
    transactions=30_000,
    queries=10_000,
    vitals=6_000,
    silent_per_hour=2_000,
)
"""One that does not fit into 100 requests a minute."""


def at(shape: Shape, moment: datetime) -> Shape:
    """The shape at an hour of the day: twice as busy in the afternoon as on average, a sixth of that at night."""
    factor = 1 + 0.8 * math.cos((moment.hour + moment.minute / 60 - 14) / 24 * math.tau)
    return busier(shape, factor)


def busier(shape: Shape, factor: float) -> Shape:
    """The shape with ``factor`` times the events: there are more different issues, but not as many times more."""
    different = factor**REPEATING
    return replace(
        shape,
        events_per_day=shape.events_per_day * factor,
        issues_per_hour=shape.issues_per_hour * different,
        count_rows_per_hour=shape.count_rows_per_hour * different,
    )
