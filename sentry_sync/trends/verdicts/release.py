"""Did this release make things worse? From what was counted of it and of a baseline to a verdict. Pure.

Three signals are judged, each by what differs, by how much at least, and by whether that may be chance: errors
per unit of exposure, crashed sessions, and latency by transaction. Their p-values are adjusted for being three
(Holm); within latency for being many (Benjamini and Hochberg). A difference that is certain but too small to
matter changes no verdict, and one that matters but may be chance asks to wait.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sentry_sync.trends.verdicts.multiplicity import benjamini_hochberg, holm
from sentry_sync.trends.verdicts.proportions import Share, difference, needed_for_drop
from sentry_sync.trends.verdicts.rates import Counted, dispersion, exposure_needed, rate_ratio, total
from sentry_sync.trends.verdicts.shifts import Shift

ALPHA = 0.01
"""Of the test and of the intervals (99%). A release is looked at again and again while it is young, so one look
has to be stricter than 5%; what several looks come to is measured (benchmarks/verdicts.py)."""

SUSPECT = 0.05
"""What is watched."""

WORSE_RATIO, WORSE_AT_LEAST = 1.5, 1.2
"""Releases that nobody complains about differ by a fifth in errors per session from one to the next."""

SEVERE_RATIO_AT_LEAST = 2.5

WORSE_DROP, SEVERE_DROP, SLIGHT_DROP = 0.005, 0.015, 0.001
"""Crash-free sessions lost at least: an app at 99.5% that falls below 99% has twice the crashes."""

SLOWER_AT_LEAST = 1.15
"""What a transaction takes more at least: nobody notices less."""

SLOW_SHARE = 0.3
"""The part of the judged requests that must be slower for the release to be called so."""

USUAL_DISPERSION = 3.0
"""Days of one project's errors vary by about three times what chance alone would do, in the simulator's worlds."""

USUAL_CRASH_DISPERSION = 1.5
"""A session crashes once, however often it is tried again: crashes are less bursty than errors."""

DOUBLING = 2.0
"""The rise in errors that must be visible before a release is called healthy."""


class Verdict(StrEnum):
    """What to do about a release."""

    HEALTHY = "healthy"
    WATCH = "watch"
    REGRESSED = "regressed"
    ROLL_BACK = "roll back"
    TOO_EARLY = "too early"


class Level(StrEnum):
    """What a signal says."""

    UNKNOWN = "unknown"
    BETTER = "better"
    SAME = "same"
    SLIGHT = "slightly worse"
    WORSE = "worse"
    SEVERE = "much worse"


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one release (or of the project, where exposure is not known by release)."""

    day: datetime
    errors: Counted
    crashed: Share | None = None
    """Sessions that crashed, of those whose end is known."""


@dataclass(frozen=True, slots=True)
class Slower:
    """How one transaction's latency shifted."""

    transaction: str
    percentile: str
    """Which one was compared: p95, or p50 where there are few requests."""
    count: int
    """Requests in the hours that were compared."""
    shift: Shift


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is held against what."""

    unit: str
    """What exposure is counted in: session, transaction or hour."""
    candidate: tuple[Cell, ...]
    baseline: tuple[Cell, ...]
    others: tuple[tuple[Cell, ...], ...] = ()
    """Further releases of the project, each on its own: how much its days vary anyway."""
    latency: tuple[Slower, ...] = ()
    new_errors: int = 0
    """Errors of issues that began with the release."""
    regressed_issues: int = 0
    current: bool = True
    """No newer release has taken its place, so that it can be rolled back."""
    steady: Evidence | None = None
    """The same without the days in which some hours stick out and are over; None where there are none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one signal says: ``effect`` between ``low`` and ``high``."""

    signal: str
    level: Level
    effect: float | None
    low: float
    high: float
    p: float
    p_adjusted: float
    enough: bool
    """Whether a change that matters would have shown in four cases of five."""
    needed: float | None = None
    """The exposure that takes."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict and what it stands on."""

    verdict: Verdict
    errors: Finding
    crashes: Finding
    latency: Finding
    slower: tuple[tuple[Slower, float], ...]
    """Each judged transaction with its adjusted p-value, the slowest first."""
    dispersion: float
    from_new_issues: float | None
    """The part of the excess errors that issues which began with the release account for."""
    passing: bool = False
    """What looks like a regression is some hours that are over."""

    @property
    def findings(self) -> tuple[Finding, Finding, Finding]:
        """The three signals."""
        return self.errors, self.crashes, self.latency


def assess(evidence: Evidence) -> Assessment:
    """The verdict on this evidence."""
    found = _assess(evidence)
    if evidence.steady is None or found.verdict not in (Verdict.REGRESSED, Verdict.ROLL_BACK):
        return found
    calm = _assess(evidence.steady)
    if calm.verdict in (Verdict.REGRESSED, Verdict.ROLL_BACK):
        return found
    return replace(found, verdict=Verdict.WATCH, passing=True)


def _assess(evidence: Evidence) -> Assessment:
    ours, theirs = _errors(evidence.candidate), _errors(evidence.baseline)
    noise = dispersion(_strata(evidence), USUAL_DISPERSION)
    errors = _error_finding(ours, theirs, noise)
    crashes = _crash_finding(evidence)
    latency, slower = _latency_finding(evidence.latency)
    signals = (errors, crashes, latency)
    adjusted = iter(holm([one.p for one in signals if one.level is not Level.UNKNOWN]))
    errors, crashes, latency = (
        one if one.level is Level.UNKNOWN else replace(one, p_adjusted=next(adjusted)) for one in signals
    )
    made = _from_new_issues(evidence, ours, theirs)
    errors = replace(errors, level=_error_level(errors, evidence.unit, made))
    crashes = replace(crashes, level=_crash_level(crashes))
    latency = replace(latency, level=_latency_level(latency))
    verdict = _verdict(evidence, (errors, crashes, latency))
    return Assessment(verdict, errors, crashes, latency, slower, noise, made)


def _verdict(evidence: Evidence, findings: Sequence[Finding]) -> Verdict:
    levels = [finding.level for finding in findings]
    worse = sum(level in (Level.WORSE, Level.SEVERE) for level in levels)
    if (Level.SEVERE in levels or worse > 1) and evidence.current:
        return Verdict.ROLL_BACK
    if worse:
        return Verdict.REGRESSED
    if Level.SLIGHT in levels:
        return Verdict.WATCH
    errors, crashes, _ = findings
    if not (errors.enough or crashes.enough):
        return Verdict.TOO_EARLY
    return Verdict.WATCH if evidence.regressed_issues or unsettled(errors, crashes) else Verdict.HEALTHY


def unsettled(errors: Finding, crashes: Finding) -> bool:
    """Whether what was seen would matter if it were no chance: then nobody calls it healthy."""
    worse = errors.effect is not None and errors.effect >= WORSE_RATIO
    return worse or (crashes.effect is not None and crashes.effect >= WORSE_DROP)


def _errors(cells: Sequence[Cell]) -> Counted:
    return total(cell.errors for cell in cells)


def _strata(evidence: Evidence) -> list[list[Counted]]:
    """The days of each release but the candidate, whose own days may differ since it is bad."""
    return [[cell.errors for cell in cells] for cells in (evidence.baseline, *evidence.others)]


def _error_finding(ours: Counted, theirs: Counted, noise: float) -> Finding:
    ratio = rate_ratio(ours, theirs, dispersion=noise, alpha=ALPHA)
    rate = theirs.rate
    needed = exposure_needed(rate, DOUBLING, dispersion=noise, alpha=ALPHA) if rate else None
    known = ratio.value is not None
    return Finding(
        "errors",
        Level.SAME if known else Level.UNKNOWN,
        ratio.value,
        ratio.low,
        ratio.high,
        ratio.p,
        ratio.p,
        known and needed is not None and ours.exposure >= needed,
        needed,
    )


def _error_level(found: Finding, unit: str, from_new_issues: float | None) -> Level:
    """What the ratio means. By the hour alone, more traffic looks like more errors: then new issues must speak."""
    level = _ratio_level(found)
    if unit == "hour" and level in (Level.WORSE, Level.SEVERE) and (from_new_issues or 0.0) < 0.5:
        return Level.SLIGHT
    return level


def _ratio_level(found: Finding) -> Level:
    if found.effect is None:
        return Level.UNKNOWN
    certain = found.p_adjusted < ALPHA
    if certain and found.low >= SEVERE_RATIO_AT_LEAST:
        return Level.SEVERE
    if certain and found.effect >= WORSE_RATIO and found.low >= WORSE_AT_LEAST:
        return Level.WORSE
    if found.p_adjusted < SUSPECT and found.effect >= WORSE_AT_LEAST:
        return Level.SLIGHT
    return Level.BETTER if certain and found.high < 1 else Level.SAME


def _from_new_issues(evidence: Evidence, ours: Counted, theirs: Counted) -> float | None:
    excess = ours.events - (theirs.rate or 0.0) * ours.exposure
    return min(1.0, evidence.new_errors / excess) if excess > 0 and ours.events else None


def _crash_finding(evidence: Evidence) -> Finding:
    """Crashed sessions: the effect is the share of sessions lost, so that more is worse, as with errors."""
    ours, theirs = _crashed(evidence.candidate), _crashed(evidence.baseline)
    strata = [
        [Counted(cell.crashed.part, cell.crashed.of) for cell in cells if cell.crashed]
        for cells in (evidence.baseline, *evidence.others)
    ]
    noise = dispersion(strata, USUAL_CRASH_DISPERSION)
    found = difference(ours.thinned(noise), theirs.thinned(noise), ALPHA)
    known = found.value is not None
    usual = theirs.value or 0.0
    needed = needed_for_drop(max(usual, 1e-4), SEVERE_DROP, dispersion=noise, alpha=ALPHA) if known else None
    return Finding(
        "crash-free sessions",
        Level.SAME if known else Level.UNKNOWN,
        found.value,
        found.low,
        found.high,
        found.p,
        found.p,
        known and needed is not None and ours.of >= needed,
        needed,
    )


def _crashed(cells: Sequence[Cell]) -> Share:
    return sum((cell.crashed for cell in cells if cell.crashed), Share(0, 0))


def _crash_level(found: Finding) -> Level:
    if found.effect is None:
        return Level.UNKNOWN
    certain = found.p_adjusted < ALPHA
    if certain and found.low >= SEVERE_DROP:
        return Level.SEVERE
    if certain and found.low >= WORSE_DROP:
        return Level.WORSE
    if found.p_adjusted < SUSPECT and found.low >= SLIGHT_DROP:
        return Level.SLIGHT
    return Level.BETTER if certain and found.high < 0 else Level.SAME


def _latency_finding(judged: Sequence[Slower]) -> tuple[Finding, tuple[tuple[Slower, float], ...]]:
    """One finding for all transactions: the share of requests in those that are slower for certain."""
    nothing = Finding("latency", Level.UNKNOWN, None, 0.0, math.inf, 1.0, 1.0, enough=False)
    if not judged:
        return nothing, ()
    adjusted = benjamini_hochberg([one.shift.p for one in judged])
    pairs = tuple(sorted(zip(judged, adjusted, strict=True), key=lambda pair: -pair[0].shift.ratio))
    requests = sum(one.count for one in judged)
    slow = [(one, p) for one, p in pairs if p < SUSPECT and one.shift.low >= SLOWER_AT_LEAST]
    share = sum(one.count for one, _ in slow) / requests if requests else 0.0
    best = min((p for _, p in slow), default=1.0)
    return replace(nothing, level=Level.SAME, effect=share, high=1.0, p=best, p_adjusted=best, enough=True), pairs


def _latency_level(found: Finding) -> Level:
    if found.effect is None:
        return Level.UNKNOWN
    if not found.effect:
        return Level.SAME
    return Level.WORSE if found.effect >= SLOW_SHARE and found.p_adjusted < ALPHA else Level.SLIGHT
