"""What a target is told: one message for all that changed of a rule. What a subject is called is untrusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.figures import rounded
from sentry_sync.answers.times import shown
from sentry_sync.trends.alerting import Rule, State

TOLD = 20
"""Subjects named in a message; the others are counted."""


def message(rule: Rule, states: Sequence[State], now: datetime, notes: Sequence[str]) -> dict[str, Any]:
    """The message as JSON: which subjects fire now, and which no longer do."""
    firing = [state for state in states if state.firing]
    calm = [state for state in states if not state.firing]
    return {
        "version": 1,
        "rule": rule.name,
        "says": rule.words,
        "query": rule.query,
        "column": rule.column,
        "at": shown(now),
        "firing": [_subject(state) for state in firing[:TOLD]],
        "firing_more": max(0, len(firing) - TOLD),
        "recovered": [_subject(state) for state in calm[:TOLD]],
        "recovered_more": max(0, len(calm) - TOLD),
        "notes": list(notes),
    }


def sample(name: str, now: datetime) -> dict[str, Any]:
    """A message that only tries whether a target can be told."""
    return {
        "version": 1,
        "rule": name,
        "says": "this is a test: nothing is wrong",
        "query": None,
        "column": None,
        "at": shown(now),
        "firing": [],
        "firing_more": 0,
        "recovered": [],
        "recovered_more": 0,
        "notes": [],
    }


def _subject(state: State) -> dict[str, Any]:
    return {
        "since": shown(state.since),
        "value": rounded(state.value, 4),
        "untrusted": {name: untrusted.line(text) for name, text in state.subject},
    }


def as_slack(told: Mapping[str, Any]) -> dict[str, Any]:
    """The message as a text for Slack, in which names of subjects can neither link, mention nor format."""
    lines = [f"*{_escaped(told['rule'])}*: {_escaped(told['says'])}"]
    lines += _lines(":red_circle:", told["firing"], told["firing_more"])
    lines += _lines(":white_check_mark: no longer:", told["recovered"], told["recovered_more"])
    lines += [f"_{_escaped(note)}_" for note in told["notes"]]
    # parse: none keeps Slack from making links and mentions of plain words.
    return {"text": "\n".join(lines), "parse": "none", "unfurl_links": False, "unfurl_media": False}


def _lines(mark: str, subjects: Iterable[Mapping[str, Any]], more: int) -> list[str]:
    found = []
    for one in subjects:
        named = ", ".join(f"{name} `{_code(text)}`" for name, text in one["untrusted"].items()) or "all"
        value = "" if one["value"] is None else f": {one['value']:g}"
        found.append(f"{mark} {named}{value} since {one['since']}")
    return [*found, *([f"{mark} and {more} more"] if more else [])]


def _code(text: str) -> str:
    """Text for a code span, which it cannot end."""
    return _escaped(text.replace("`", "'"))


def _escaped(text: str) -> str:
    """The three characters that Slack's markup is made of."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
