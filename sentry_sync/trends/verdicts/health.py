"""How well a project is: a score of stated parts, and how much of its error budget is spent. Pure.

The score is a mean of parts weighed as WEIGHTS says; a part of which nothing is known is left out, and its
weight with it. Each part is 100 while things are as they should be and falls linearly to 0 where its docstring
says. It is a summary to sort projects by and to watch, not a measurement: what moved is told by the parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentry_sync.trends.verdicts.proportions import Share

WEIGHTS: Mapping[str, float] = {
    "errors": 0.3,
    "crash_free": 0.25,
    "latency": 0.2,
    "alerting": 0.15,
    "backlog": 0.1,
}
"""Errors and crashes are what users meet; the backlog grows slowly and is the team's own affair."""

PROMPT = 0.95
"""The share of requests that should be in hours of transactions whose 95th percentile is within the target: as
much as that percentile itself promises of each of them."""

WELL, FAIR = 80, 60

TRIPLED = 3.0
"""Times the usual errors at which nothing is left of that part."""

ALERTING_HALF = 3
"""Issues that escalate, came back, or are new and of high priority at which half of that part is left."""

GROWTH = 0.5
"""The growth of the unresolved in a week at which nothing is left of that part."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What a project is held to."""

    crash_free: float = 0.995
    """Share of sessions free of crashes: one in two hundred may crash. The user's to choose."""
    latency_ms: float = 1_000.0
    """The 95th percentile of a transaction's duration: a second is where a user's flow of thought breaks
    (Nielsen, Usability Engineering, 1993)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the score."""

    name: str
    score: float | None
    """0 to 100; None where nothing is known."""
    weight: float


def errors_part(seen: float | None, usual: float | None) -> Part:
    """Errors of the last day against what is usual for its hours: 100 up to the usual, 0 at three times it."""
    if seen is None or usual is None:
        return Part("errors", None, WEIGHTS["errors"])
    # A handful more or less than nearly nothing is chance.
    ratio = (seen + 5) / (usual + 5)
    return Part("errors", _clip(100 * (1 - math.log(max(ratio, 1.0)) / math.log(TRIPLED))), WEIGHTS["errors"])


def crash_free_part(crashed: Share, target: float) -> Part:
    """Crashed sessions against what the target allows: 100 up to half of it, 0 at twice it."""
    if crashed.value is None:
        return Part("crash_free", None, WEIGHTS["crash_free"])
    return Part("crash_free", _clip(100 * (2 - crashed.value / (1 - target)) / 1.5), WEIGHTS["crash_free"])


def latency_part(within: Share) -> Part:
    """The share of requests in hours of transactions whose 95th percentile was within the target."""
    score = None if within.value is None else 100 * within.value
    return Part("latency", score, WEIGHTS["latency"])


def alerting_part(alerting: int | None) -> Part:
    """Issues that want somebody now: each takes a fifth of what is left, so that three leave half."""
    score = None if alerting is None else 100 * 0.5 ** (alerting / ALERTING_HALF)
    return Part("alerting", score, WEIGHTS["alerting"])


def backlog_part(unresolved: int | None, grown: int | None) -> Part:
    """The growth of the unresolved in a week: 100 while it does not grow, 0 once it grew by half."""
    if unresolved is None or grown is None:
        return Part("backlog", None, WEIGHTS["backlog"])
    before = max(unresolved - grown, 1)
    return Part("backlog", _clip(100 * (1 - max(grown, 0) / before / GROWTH)), WEIGHTS["backlog"])


def score(parts: Sequence[Part]) -> float | None:
    """The weighted mean of the parts that are known; None where less than half the weight is."""
    known = [(part.score, part.weight) for part in parts if part.score is not None]
    weight = sum(weight for _, weight in known)
    if weight < 0.5 * sum(part.weight for part in parts):
        return None
    return sum(value * weight for value, weight in known) / weight


def word(value: float | None) -> str:
    """The score in a word."""
    if value is None:
        return "unknown"
    return "good" if value >= WELL else "fair" if value >= FAIR else "poor"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of what may fail has failed."""

    allowed: float
    used: float
    """As a share of what is allowed; above 1 the objective is missed."""
    burn: float | None
    """Times the pace that spends the whole budget just in its window, of the newest day."""
    burn_week: float | None

    @property
    def days_left(self) -> float | None:
        """Days until all is spent at the pace of the last week, in a window of 28; None while it will not be."""
        if self.used >= 1:
            return 0.0
        return None if not self.burn_week or self.burn_week <= 1 else 28 * (1 - self.used) / self.burn_week


def budget(days: Sequence[Share], target: float) -> Budget | None:
    """The error budget of these days, oldest first, each the share that failed.

    The objective allows ``1 - target`` of everything to fail; the burn rate is the share that failed over that
    (Beyer and others, The Site Reliability Workbook, 2018, chapter 5). None where nothing was counted.
    """
    whole = sum(days, Share(0, 0))
    if whole.of <= 0:
        return None
    allowed = (1 - target) * whole.of
    return Budget(allowed, whole.part / allowed, _burn(days[-1:], target), _burn(days[-7:], target))


def _burn(days: Sequence[Share], target: float) -> float | None:
    found = sum(days, Share(0, 0)).value
    return None if found is None else found / (1 - target)


def _clip(value: float) -> float:
    return min(max(value, 0.0), 100.0)
