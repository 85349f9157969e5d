"""The alert rules of the settings file, and who hears of them.

::

    [[alerts]]
    name = "checkout is noisy"
    query = "noisiest_issues"                  # of the library, with its parameters
    parameters = {project = "checkout", days = 1}
    column = "errors"                          # the first number, if left out
    above = 100                                # or: below; times and before; deviations
    to = ["team"]

    [alert_targets.team]
    slack = "https://hooks.slack.com/services/..."   # or: webhook, an address; command, a list
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sentry_sync.answers.alert_targets import Command, Slack, Target, Webhook
from sentry_sync.errors import QueryError, SettingsError
from sentry_sync.trends.alerting import Anomaly, Change, Rule, Threshold
from sentry_sync.trends.library import Query, bind, find

_NUMBERS = ("bigint", "hugeint", "integer", "double")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_KEYS = {
    "name",
    "query",
    "parameters",
    "column",
    "to",
    "above",
    "below",
    "times",
    "before",
    "deviations",
    "at_least",
}
_TESTS = ("above", "below", "times", "deviations")


@dataclass(frozen=True, slots=True)
class Alerts:
    """All there are."""

    rules: tuple[Rule, ...]
    targets: Mapping[str, Target]


def parsed(alerts: Any, targets: Any, now: datetime) -> Alerts:
    """The rules and targets of these parts of the settings file; raises SettingsError for what is wrong with one.

    An error names the rule or target and never quotes an address.
    """
    if not isinstance(alerts, list) or not all(isinstance(one, dict) for one in alerts):
        raise SettingsError("alerts must be tables: write [[alerts]] before each")
    if not isinstance(targets, dict) or not all(isinstance(one, dict) for one in targets.values()):
        raise SettingsError("alert_targets must be tables: write [alert_targets.NAME] before each")
    known = {name: _target(name, given) for name, given in targets.items()}
    rules = tuple(_rule(given, known, now) for given in alerts)
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SettingsError(f"there are two alerts named {twice!r}: each needs a name of its own")
    return Alerts(rules, known)


def _target(name: str, given: Mapping[str, Any]) -> Target:
    kinds = [kind for kind in ("webhook", "slack", "command") if kind in given]
    if len(kinds) != 1 or len(given) != 1:
        raise SettingsError(f"the alert target {name!r} needs one of webhook, slack or command, and nothing else")
    (kind,), value = kinds, given[kinds[0]]
    if kind == "command":
        if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
            raise SettingsError(f'the command of the alert target {name!r} must be a list, as ["notify", "--now"]')
        return Command(tuple(value))
    if not isinstance(value, str) or not _is_safe(value):
        raise SettingsError(f"the {kind} of the alert target {name!r} must be an https address")
    return Webhook(value) if kind == "webhook" else Slack(value)


def _is_safe(url: str) -> bool:
    """Whether what is sent there cannot be read on the way: https, or this machine's loopback."""
    try:
        found = urlsplit(url)
        return bool(found.hostname) and (
            found.scheme == "https" or (found.scheme == "http" and found.hostname in _LOCAL)
        )
    except ValueError:
        return False


def _rule(given: Mapping[str, Any], targets: Mapping[str, Target], now: datetime) -> Rule:
    name = given.get("name")
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise SettingsError("an alert needs a name: one line of text")
    unknown = sorted(set(given) - _KEYS)
    if unknown:
        raise SettingsError(f"the alert {name!r} has an unknown key {unknown[0]!r}")
    parameters = given.get("parameters", {})
    try:
        query = find(str(given.get("query", "")))
        bind(query, parameters if isinstance(parameters, dict) else {"parameters": parameters}, now)
    except QueryError as error:
        raise SettingsError(f"the alert {name!r}: {error}") from None
    column = _column(name, query, given.get("column") or query.chart)
    return Rule(name, query.name, column, _test(name, query, given), _to(name, given, targets), parameters)


def _column(name: str, query: Query, wanted: object) -> str:
    numbers = [column.name for column in query.returns if column.type in _NUMBERS]
    if wanted is None and numbers:
        return numbers[0]
    if wanted not in numbers:
        raise SettingsError(
            f"the alert {name!r} needs as its column a number of {query.name}: "
            f"{', '.join(numbers) or 'it has none'}"
        )
    return str(wanted)


def _test(name: str, query: Query, given: Mapping[str, Any]) -> Threshold | Change | Anomaly:
    tests = [key for key in _TESTS if key in given]
    numbers = {key: given[key] for key in (*tests, "at_least") if key in given}
    if len(tests) != 1 or not all(
        isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers.values()
    ):
        raise SettingsError(f"the alert {name!r} needs one of {', '.join(_TESTS)}, with a number")
    (test,), limit, least = tests, float(numbers[tests[0]]), float(numbers.get("at_least", 0))
    if test == "times":
        return Change(_column(name, query, given.get("before", "previous")), limit, least)
    if test == "deviations":
        if query.returns[0].type != "timestamp":
            raise SettingsError(f"the alert {name!r}: deviations are of a series, and {query.name} is none")
        return Anomaly(limit, least)
    return Threshold(limit, above=test == "above")


def _to(name: str, given: Mapping[str, Any], targets: Mapping[str, Target]) -> tuple[str, ...]:
    wanted = given.get("to", [])
    names: Sequence[Any] = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    missing = next((one for one in names if one not in targets), None)
    if not names or missing is not None:
        there = ", ".join(targets) or "none"
        raise SettingsError(f"the alert {name!r} needs in `to` names of alert_targets; there are: {there}")
    return tuple(dict.fromkeys(names))
