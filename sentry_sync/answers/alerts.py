"""Alerts: the rules are asked whenever the copy changed, and whoever is to hear of it is told once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from sentry_sync.answers.alert_messages import message, sample
from sentry_sync.answers.alert_targets import Target, Undelivered
from sentry_sync.errors import QueryError, QuestionError
from sentry_sync.records.clock import Clock
from sentry_sync.store import alerts as books
from sentry_sync.store.alerts import AlertRow
from sentry_sync.store.audit_trail import Entry
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reads import changes
from sentry_sync.store.reads.snapshot import Reader
from sentry_sync.store.store import Store
from sentry_sync.trends.alerting import LONGEST, MOST, Rule, State, findings, followed, told
from sentry_sync.trends.library import Query, find, prepared
from sentry_sync.trends.session import Question, Result, answers_within

EVERY = timedelta(minutes=1)
"""How often rules are asked though nobody wrote: their windows of time move."""

SETTLE = timedelta(seconds=2)
"""How long after a look the next one is at the soonest: while pages stream in, rules are asked between them, and
whoever is told still hears of it within 5 seconds."""

REST, LONGEST_REST = timedelta(seconds=30), timedelta(minutes=10)
"""How long a target that could not be told is left alone; doubled each time."""

Tell = Callable[[str], None]

Note = Callable[[Entry], None]
"""Writes down for the audit log who was told, or could not be, and never what."""


Ask = Callable[[StorePaths, sqlite3.Connection, Sequence[Question], Clock], list[Result]]


def _unnoted(_: Entry) -> None:
    """Nothing is written down."""


@dataclass(slots=True)
class _Failing:
    times: int
    until: datetime


class Watch:
    """Looks at one store by these rules; ``look`` is to be called every second or so, always by the same thread.

    A message that was delivered just as the process died is delivered again: at least once, not at most.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: Sequence[Rule],
        targets: Mapping[str, Target],
        tell: Tell,
        *,
        note: Note = _unnoted,
        ask: Ask = answers_within,
    ) -> None:
        self._store, self._clock, self._tell, self._note, self._ask_all = store, clock, tell, note, ask
        self._rules = {rule.name: rule for rule in rules}
        self._targets = targets
        self._reader = Reader(store)
        self._seen: object = None
        self._looked: datetime | None = None
        self._failing: dict[str, _Failing] = {}
        self._notes: dict[str, tuple[str, ...]] = {}
        self._broken: set[str] = set()

    def adopt(self, rules: Sequence[Rule], targets: Mapping[str, Target]) -> None:
        """Go by other rules from the next look on; what is known of those that stay is kept."""
        self._rules = {rule.name: rule for rule in rules}
        self._targets = targets
        self._looked = None
        self._failing.clear()
        self._broken.clear()

    def look(self, now: datetime) -> int:
        """Ask the rules if anything may have changed, and tell who is to be told; how many messages got there.

        Raises StoreError where the store can't be used.
        """
        if self._looked is not None and timedelta() <= now - self._looked < SETTLE:
            return 0
        if not self._store.paths.database.exists():
            return 0  # nothing was ever synced
        if self._may_differ(now):
            self._looked = now
            self._ask(now)
        return self._deliver(now)

    def states(self) -> list[State]:
        """What is known of each rule's subjects."""
        with self._reader.snapshot() as snapshot:
            return _states(books.rows(snapshot)) if self._store.paths.database.exists() else []

    def close(self) -> None:
        """Let go of the store."""
        self._reader.close()

    def _may_differ(self, now: datetime) -> bool:
        with self._reader.snapshot() as snapshot:
            version = (id(snapshot), changes.version(snapshot))
        new, self._seen = version != self._seen, version
        return new or self._looked is None or not timedelta() <= now - self._looked < EVERY

    def _ask(self, now: datetime) -> None:
        after: list[State] = []
        with self._reader.snapshot() as snapshot:
            held = books.rows(snapshot)
            answered = self._answered(self._questions(now), snapshot)
        states = _states(held)
        for rule, question, result in answered:
            mine = [state for state in states if state.rule == rule.name]
            after += followed(rule, mine, findings(rule, result), now, whole=_whole(question, result))
            self._notes[rule.name] = result.notes
        names = {rule.name for rule, _, _ in answered}
        # Of a rule that can't be asked all stays as it was; one that is gone from the settings is forgotten.
        after += [state for state in states if self._tells(state) and state.rule not in names]
        self._keep(after, held)

    def _tells(self, state: State) -> bool:
        """Whether there still is such a rule that tells such a target."""
        return state.rule in self._rules and state.target in self._rules[state.rule].to

    def _questions(self, now: datetime) -> Iterator[tuple[Rule, Question]]:
        """The rules that can be asked, and what is asked: a project that is not known yet may come to be."""
        for rule in self._rules.values():
            try:
                query, values = prepared(self._store.paths, rule.query, _given(rule), now)
            except QueryError as error:
                self._is_broken(rule, error)
            else:
                yield rule, Question(query.sql, values, rows=LONGEST if _is_series(query) else MOST)

    def _answered(
        self, asked: Iterable[tuple[Rule, Question]], snapshot: sqlite3.Connection
    ) -> list[tuple[Rule, Question, Result]]:
        """The rules with their answers; a rule whose query fails is said to, and stops no other."""
        pairs = list(asked)
        try:
            found = self._results([question for _, question in pairs], snapshot)
            answered = [(rule, question, result) for (rule, question), result in zip(pairs, found, strict=True)]
        except QueryError as error:
            if len(pairs) == 1:
                self._is_broken(pairs[0][0], error)
                return []
            return [one for pair in pairs for one in self._answered([pair], snapshot)]
        whole = [one for one in answered if not self._is_cut(*one)]
        self._broken -= {rule.name for rule, _, _ in whole}
        return whole

    def _is_cut(self, rule: Rule, question: Question, result: Result) -> bool:
        """Whether the newest points of a series are missing, so that nothing can be said."""
        if not (result.truncated and question.rows == LONGEST):
            return False
        self._is_broken(rule, QueryError(f"it has more than {LONGEST:,} points: name a project, or fewer days"))
        return True

    def _results(self, questions: Sequence[Question], snapshot: sqlite3.Connection) -> list[Result]:
        return self._ask_all(self._store.paths, snapshot, questions, self._clock) if questions else []

    def _is_broken(self, rule: Rule, error: QueryError) -> None:
        if rule.name not in self._broken:
            self._broken.add(rule.name)
            self._tell(f"the alert {rule.name} cannot be asked: {error}")

    def _keep(self, states: Sequence[State], held: Sequence[AlertRow]) -> None:
        """Write what differs; a calm subject whose target knows it is forgotten."""
        wanted = [_row(state) for state in states if state.firing or state.pending]
        if set(wanted) != set(held):
            with self._store.write() as uow:
                uow.alerts.keep(wanted, held)

    def _deliver(self, now: datetime) -> int:
        with self._reader.snapshot() as snapshot:
            held = books.rows(snapshot)
        states = [state for state in _states(held) if self._tells(state)]
        waiting = {(state.rule, state.target) for state in states if state.pending}
        delivered = 0
        for rule_name, target in sorted(waiting):
            about = [s for s in states if (s.rule, s.target) == (rule_name, target) and s.pending]
            if self._rests(target, now) or not self._told(self._rules[rule_name], target, about, now):
                continue
            delivered += 1
            states = [told(state, now) if state in about else state for state in states]
            # At once, so that a process that dies at the next one does not tell this one again.
            self._keep(states, held)
            held = [_row(state) for state in states if state.firing or state.pending]
        return delivered

    def _rests(self, target: str, now: datetime) -> bool:
        failing = self._failing.get(target)
        return failing is not None and now < failing.until

    def _told(self, rule: Rule, target: str, about: Sequence[State], now: datetime) -> bool:
        try:
            self._targets[target].tell(message(rule, about, now, self._notes.get(rule.name, ())))
        except Undelivered as error:
            self._note(delivery(rule.name, target, "undelivered", len(about)))
            times = self._failing[target].times + 1 if target in self._failing else 0
            rest = min(LONGEST_REST, REST * (1 << min(times, 10)))
            self._failing[target] = _Failing(times, now + rest)
            self._tell(f"the alert {rule.name} did not reach {target}: {error}; next try in {rest.seconds} s")
            return False
        self._failing.pop(target, None)
        self._note(delivery(rule.name, target, "ok", len(about)))
        return True


def delivery(rule: str, target: str, outcome: str, subjects: int | None = None) -> Entry:
    """What the audit log has of one: by which rule, to whom, of how many subjects, and whether it got there."""
    return Entry(f"alert: {rule}", "alert", {"target": target}, outcome, "local", subjects)


def try_out(
    name: str, rules: Sequence[Rule], targets: Mapping[str, Target], now: datetime
) -> dict[str, str | None]:
    """Send a test to each target of the rule, or to the target, of that name: what went wrong with each, or None.

    Raises QuestionError for a name that is neither's.
    """
    names = next((rule.to for rule in rules if rule.name == name), (name,) if name in targets else ())
    if not names:
        known = ", ".join([*(rule.name for rule in rules), *targets]) or "none"
        raise QuestionError(f"there is no alert or target of that name in the settings file; there are: {known}")
    outcomes: dict[str, str | None] = {}
    for target in names:
        try:
            targets[target].tell(sample(name, now))
            outcomes[target] = None
        except Undelivered as error:
            outcomes[target] = str(error)
    return outcomes


def _given(rule: Rule) -> dict[str, object]:
    """The rule's parameters; a query that gives only the first rows gives as many as are looked at."""
    shortens = any(parameter.name == "top" for parameter in find(rule.query).parameters)
    return {**({"top": MOST} if shortens else {}), **rule.parameters}


def _is_series(query: Query) -> bool:
    return query.returns[0].type == "timestamp"


def _whole(question: Question, result: Result) -> bool:
    """Whether a subject that is not among the rows is calm, rather than left out or not known."""
    top = question.parameters.get("top")
    cut = result.truncated or (isinstance(top, int) and len(result.rows) >= top)
    return not cut and all(state.as_of is not None for state in result.tables)


def _states(held: Sequence[AlertRow]) -> list[State]:
    return [
        State(
            row.rule,
            tuple((name, text) for name, text in orjson.loads(row.subject)),
            row.target,
            row.firing,
            row.since,
            row.value,
            row.told,
            row.told_at,
        )
        for row in held
    ]


def _row(state: State) -> AlertRow:
    subject = orjson.dumps(state.subject).decode()
    return AlertRow(
        state.rule,
        subject,
        state.target,
        state.firing,
        state.since,
        state.value,
        state.told,
        state.told_at,
    )
