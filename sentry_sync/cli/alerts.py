"""``sentry-sync alerts``: the rules and their state; and the half of a daemon that looks at them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sentry_sync.cli import output
from sentry_sync.cli.alert_rules import Alerts, parsed
from sentry_sync.cli.auditing import trail_of
from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings, written
from sentry_sync.cli.together import Half
from sentry_sync.daemon import defect
from sentry_sync.errors import StoreError
from sentry_sync.records.clock import SystemClock
from sentry_sync.store import locks
from sentry_sync.trends.alerting import State

if TYPE_CHECKING:
    from sentry_sync.answers.alerts import Watch

EXIT_UNDELIVERED = 8
"""As of a sync that came through in part: somebody was not told."""

LOOK = 1.0
"""Seconds between two looks: one costs 50 us while nobody has written."""


def of_file(config: Path | None) -> Alerts:
    """The rules of the settings file; raises SettingsError for what is wrong with them."""
    _, found = written(config)
    return parsed(found.get("alerts", []), found.get("alert_targets", {}), SystemClock().now())


def show(settings: Settings, config: Path | None, *, as_json: bool) -> None:
    """Print each rule, and what fires."""
    from sentry_sync.answers.alerts import Watch

    alerts, clock = of_file(config), SystemClock()
    with (
        closing(store_of(settings, clock)) as store,
        closing(Watch(store, clock, alerts.rules, alerts.targets, output.warn)) as watch,
    ):
        states = watch.states()
    if as_json:
        output.document([_document(rule.name, rule.words, rule.to, states) for rule in alerts.rules])
        return
    if not alerts.rules:
        output.line("There are no alerts: docs/alerts.md says how to write one into the settings file.")
    for rule in alerts.rules:
        mine = [state for state in states if state.rule == rule.name and state.target == rule.to[0]]
        firing = [state for state in mine if state.firing]
        word = f"FIRING for {len(firing)}" if firing else "calm"
        output.line(output.printable(f"{rule.name}: {word}; {rule.words}; tells {', '.join(rule.to)}"))
        for state in firing:
            output.line(f"    {output.printable(_named(state))} since {output.moment(state.since)}")


def _named(state: State) -> str:
    about = ", ".join(f"{name} {text}" for name, text in state.subject) or "all"
    return about if state.value is None else f"{about}: {state.value:g}"


def _document(name: str, words: str, to: tuple[str, ...], states: list[State]) -> dict[str, object]:
    return {
        "name": name,
        "says": words,
        "to": to,
        "firing": [
            {
                "target": state.target,
                "since": state.since,
                "value": state.value,
                "told": state.told,
                "untrusted": dict(state.subject),
            }
            for state in states
            if state.rule == name and state.firing
        ],
    }


def test(settings: Settings, config: Path | None, name: str, *, as_json: bool) -> int:
    """Send a test to whoever the alert tells; the exit code."""
    from sentry_sync.answers.alerts import delivery, try_out

    alerts = of_file(config)
    outcomes = try_out(name, alerts.rules, alerts.targets, SystemClock().now())
    with closing(trail_of(settings)) as trail:
        for target, wrong in outcomes.items():
            trail.note(delivery(f"a test of {name}", target, "undelivered" if wrong else "ok"))
    if as_json:
        output.document(outcomes)
    else:
        for target, wrong in outcomes.items():
            output.line(output.printable(f"{target}: {wrong or 'told'}"))
    return EXIT_UNDELIVERED if any(outcomes.values()) else 0


ANOTHER = "another process looks at the alerts of this copy: this one does once that has ended"


class Looking:
    """Looks at the alerts until it is stopped. Without any it does nothing, until others are adopted."""

    def __init__(self, settings: Settings, alerts: Alerts, tell: Callable[[str], None]) -> None:
        self._store = store_of(settings, SystemClock())
        self._trail = trail_of(settings)
        self._tell = tell
        self._stopping = threading.Event()
        self._said = ""
        self._next: Alerts | None = alerts
        self._watch: Watch | None = None
        self._opened, self._alone = ExitStack(), False

    def adopt(self, alerts: Alerts) -> None:
        """Go by these from the next look on; called in any thread."""
        self._next = alerts

    def run(self) -> None:
        """Look, every second."""
        while not self._stopping.wait(LOOK):
            self.look()

    def look(self) -> None:
        """Look once; what is wrong with the store is told once."""
        alerts, self._next = self._next, None
        if alerts:
            self._go_by(alerts)
        if self._watch is None or not self._store.paths.database.exists():
            return
        try:
            self._be_alone()
            self._watch.look(SystemClock().now())
            self._said = ""
        except StoreError as error:
            self._say(str(error))
        except Exception as error:  # noqa: BLE001 (a defect here must not end the sync; its text may quote an event)
            self._say(defect(error))

    def _be_alone(self) -> None:
        """See that no other process looks at this store's alerts: whoever is to be told would be told twice."""
        if not self._alone:
            path = self._store.paths.alerts_lock
            self._opened.enter_context(locks.held(path, SystemClock(), patience=0, busy=ANOTHER))
            self._alone = True

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._tell(f"alerts: {text}")

    def _go_by(self, alerts: Alerts) -> None:
        if self._watch:
            self._watch.adopt(alerts.rules, alerts.targets)
        elif alerts.rules:
            from sentry_sync.answers.alerts import (
                Watch,  # with DuckDB, which a daemon without alerts does not need
            )

            self._watch = Watch(
                self._store, SystemClock(), alerts.rules, alerts.targets, self._tell, note=self._trail.note
            )

    def stop(self) -> None:
        """End before the next look."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of the store."""
        if self._watch:
            self._watch.close()
        self._store.close()
        self._trail.close()
        self._opened.close()


@contextmanager
def looking(settings: Settings, config: Path | None, tell: Callable[[str], None]) -> Iterator[Looking]:
    """What looks at the alerts beside a sync; raises SettingsError for rules that are wrong."""
    with closing(Looking(settings, of_file(config), tell)) as found:
        yield found


def half(found: Looking) -> Half:
    """The half of a process that it is."""
    return Half("the alerts", found.run, found.stop)
