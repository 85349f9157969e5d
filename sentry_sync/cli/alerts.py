"""``sentry-sync alerts``: the rules and their state; and the half of a daemon that looks at them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sentry_sync.cli import output
from sentry_sync.cli.alert_rules import Alerts, parsed
from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings, written
from sentry_sync.cli.together import Half
from sentry_sync.errors import StoreError
from sentry_sync.records.clock import SystemClock
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


def test(config: Path | None, name: str, *, as_json: bool) -> int:
    """Send a test to whoever the alert tells; the exit code."""
    from sentry_sync.answers.alerts import try_out

    alerts = of_file(config)
    outcomes = try_out(name, alerts.rules, alerts.targets, SystemClock().now())
    if as_json:
        output.document(outcomes)
    else:
        for target, wrong in outcomes.items():
            output.line(output.printable(f"{target}: {wrong or 'told'}"))
    return EXIT_UNDELIVERED if any(outcomes.values()) else 0


class Looking:
    """Looks at the alerts until it is stopped."""

    def __init__(self, watch: Watch, tell: Callable[[str], None]) -> None:
        self._watch, self._tell = watch, tell
        self._stopping = threading.Event()
        self._said = ""

    def run(self) -> None:
        """Look, every second."""
        while not self._stopping.wait(LOOK):
            try:
                self._watch.look(SystemClock().now())
                self._said = ""
            except StoreError as error:
                if str(error) != self._said:
                    self._said = str(error)
                    self._tell(f"alerts: {error}")

    def stop(self) -> None:
        """End before the next look."""
        self._stopping.set()


@contextmanager
def halves(settings: Settings, config: Path | None, tell: Callable[[str], None]) -> Iterator[list[Half]]:
    """What looks at the alerts beside a sync, if there are any; raises SettingsError for rules that are wrong."""
    alerts = of_file(config)
    if not alerts.rules:
        yield []
        return
    from sentry_sync.answers.alerts import Watch  # with DuckDB, which a daemon without alerts does not need

    clock = SystemClock()
    with (
        closing(store_of(settings, clock)) as store,
        closing(Watch(store, clock, alerts.rules, alerts.targets, tell)) as watch,
    ):
        looking = Looking(watch, tell)
        yield [Half("the alerts", looking.run, looking.stop)]
