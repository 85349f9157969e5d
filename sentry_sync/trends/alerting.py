"""Alert rules over the query library: what of a query's answer is alarming, and since when. Pure.

A rule looks at one number of each row of a query. The texts of a row (issue_id alone where there is one) say what
it is about: its subject. What is not known alarms nobody and calms nobody: such a subject stays as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isnan
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentry_sync.trends.session import Result


MOST = 200
"""Rows of a list that a rule looks at, the first: one that concerns more says nothing by them."""

LONGEST = 10_000
"""Points of series that a rule looks at, which come the oldest first: a cut would take what is newest."""

FEWEST = 7
"""Points before the newest that say what is usual."""

MAD = 1.4826
"""Turns a median absolute deviation into a standard deviation, of a normal distribution."""

Subject = tuple[tuple[str, str], ...]
"""Columns and their texts, written by whoever can send events."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The number is above, or below, a limit."""

    limit: float
    above: bool = True

    @property
    def words(self) -> str:
        """The condition, behind the column's name."""
        return f"is {'above' if self.above else 'below'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Change:
    """The number is so many times what another column of the row says it was."""

    before: str
    times: float
    at_least: float = 0.0
    """Smaller numbers are no alarm, whatever they were before."""

    @property
    def words(self) -> str:
        """The condition, behind the column's name."""
        return f"is more than {self.times:g} times {self.before}"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The newest number of a series is so many deviations above the median of those before it."""

    deviations: float
    at_least: float = 0.0

    @property
    def words(self) -> str:
        """The condition, behind the column's name."""
        return f"is more than {self.deviations:g} deviations above the usual"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the settings file."""

    name: str
    query: str
    column: str
    test: Threshold | Change | Anomaly
    to: tuple[str, ...]
    """Names of the targets that are told."""
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What the rule says."""
        return f"{self.column} of {self.query} {self.test.words}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found of one subject."""

    subject: Subject
    value: float | None
    firing: bool | None
    """None where it cannot be told."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one subject of one rule, and what one target was told of it."""

    rule: str
    subject: Subject
    target: str
    firing: bool
    since: datetime
    """When it began to be so."""
    value: float | None
    told: bool
    """What the target was told last: that it fires, or that it does not."""
    told_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the target has something to hear."""
        return self.firing != self.told


def findings(rule: Rule, result: Result) -> list[Finding]:
    """What the rule says of each subject of a query's answer."""
    looked_at = result.rows if _by_time(result) else result.rows[:MOST]
    rows = [dict(zip(result.columns, row, strict=True)) for row in looked_at]
    names = _naming(result, rule)
    if isinstance(rule.test, Anomaly):
        return list(_odd(rule, rule.test, result.columns[0], names, rows))
    return [_judged(rule, names, row) for row in rows]


def _naming(result: Result, rule: Rule) -> list[str]:
    """The columns that say what a row is about: texts that do not change while it is about the same."""
    if "issue_id" in result.columns:
        return ["issue_id"]
    texts = [name for name, kind in zip(result.columns, result.types, strict=True) if kind == "VARCHAR"]
    times = [name for name, kind in zip(result.columns, result.types, strict=True) if kind.startswith("TIMESTAMP")]
    # A row of a time that is no series' is about that time.
    return texts if isinstance(rule.test, Anomaly) else [*times[:1], *texts] if _by_time(result) else texts


def _by_time(result: Result) -> bool:
    return bool(result.types) and result.types[0].startswith("TIMESTAMP")


def _subject(names: Sequence[str], row: Mapping[str, Any]) -> Subject:
    return tuple((name, _text(row[name])) for name in names if row[name] is not None)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _judged(rule: Rule, names: Sequence[str], row: Mapping[str, Any]) -> Finding:
    value = _number(row[rule.column])
    subject = _subject(names, row)
    if value is None:
        return Finding(subject, None, None)
    if isinstance(rule.test, Threshold):
        return Finding(subject, value, value > rule.test.limit if rule.test.above else value < rule.test.limit)
    before = _number(row[rule.test.before]) if isinstance(rule.test, Change) else None
    if before is None or not isinstance(rule.test, Change):
        return Finding(subject, value, None)
    return Finding(subject, value, value >= rule.test.at_least and value > rule.test.times * before)


def _odd(
    rule: Rule, test: Anomaly, time: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    """Of each series its newest point that is known as a whole; the running hour or day is not."""
    series: dict[Subject, list[tuple[Any, float]]] = defaultdict(list)
    for row in rows:
        value = _number(row[rule.column])
        if value is not None and (row.get("covered", 1) or 0) >= 1:
            series[_subject(names, row)].append((row[time], value))
    for subject, points in series.items():
        *before, newest = [value for _, value in sorted(points)]
        if len(before) < FEWEST:
            yield Finding(subject, newest, None)
            continue
        usual = median(before)
        # Counts vary by their root at least (Poisson), however steady the last ones were.
        spread = max(MAD * median(abs(value - usual) for value in before), max(usual, 1.0) ** 0.5)
        yield Finding(subject, newest, newest >= test.at_least and newest > usual + test.deviations * spread)


def _number(value: Any) -> float | None:
    found = None if value is None or isinstance(value, str) else float(value)
    return None if found is None or isnan(found) else found


def followed(
    rule: Rule, held: Sequence[State], found: Sequence[Finding], now: datetime, *, whole: bool
) -> list[State]:
    """The states of the rule's subjects after a look, one for each target; the ones held are the rule's own.

    A subject that is no longer among the findings is calm, if these are ``whole``: not cut, of tables that are
    known.
    """
    known = {(state.subject, state.target): state for state in held if state.target in rule.to}
    after: list[State] = []
    for finding in found:
        for target in rule.to:
            state = known.pop((finding.subject, target), None)
            after.extend(_after(rule, state, finding, target, now))
    for state in known.values():
        gone = Finding(state.subject, None, firing=False if whole else None)
        after.extend(_after(rule, state, gone, state.target, now))
    return after


def _after(rule: Rule, state: State | None, finding: Finding, target: str, now: datetime) -> Iterator[State]:
    if finding.firing is None:
        if state:
            yield state
    elif state is None:
        if finding.firing:
            yield State(
                rule.name, finding.subject, target, firing=True, since=now, value=finding.value, told=False
            )
    elif finding.firing != state.firing:
        yield replace(state, firing=finding.firing, since=now, value=finding.value)
    elif state.firing or state.pending:
        yield replace(state, value=finding.value if finding.firing else state.value)


def told(state: State, now: datetime) -> State:
    """The state once its target has heard of it."""
    return replace(state, told=state.firing, told_at=now)
