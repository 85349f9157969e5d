"""Issues as an answer shows them: what a triager needs, and what attackers may have written apart from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sentry_sync.answers import recent, untrusted
from sentry_sync.answers.times import shown
from sentry_sync.store.reads import issues
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.prepared import Snapshot

ENVIRONMENTS = 10
"""Environment names a row shows at most."""

CONCISE, DETAILED = "concise", "detailed"


def rows(
    snapshot: Snapshot,
    known: Knowledge,
    found: Sequence[Any],
    response_format: str,
    more: Callable[[Any], dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The rows of an answer, in the order of ``found``; ``more`` adds what only its question knows."""
    ids = [row.id for row in found]
    environments = issues.environments(snapshot, ids) if ids else {}
    counts = recent.counts(snapshot, known, ids)
    shown_rows = []
    for row in found:
        told = _row(row, counts.of(row.id), more(row) if more else {})
        if response_format == DETAILED:
            told |= _seldom_needed(row)
        told["untrusted"] = _untrusted(row, environments.get(row.id, ()))
        shown_rows.append(told)
    return shown_rows


def _row(row: Any, last_24h: int | None, more: dict[str, Any]) -> dict[str, Any]:
    # The hourly counts are of error events: of another kind of issue they know nothing.
    frequency = {"events": row.count, "last_24h": last_24h if row.category in (None, "error") else None}
    if "in_window" in more:
        frequency["in_window"] = more.pop("in_window")
    return {
        "id": row.id,
        "short_id": row.short_id,
        **more,
        "status": row.status,
        "substatus": row.substatus,
        "priority": row.priority,
        "level": untrusted.word(row.level),
        "unhandled": row.unhandled,
        "assigned_to": untrusted.line(row.assigned_to) if row.assigned_to else None,
        "frequency": frequency,
        "users": row.user_count,
        "first_seen": shown(row.first_seen),
        "last_seen": shown(row.last_seen),
    }


def _seldom_needed(row: Any) -> dict[str, Any]:
    """Left out of a concise row: the address follows from the short id, the others seldom decide anything."""
    return {
        "category": row.category,
        "platform": untrusted.word(row.platform),
        "verified_at": shown(row.verified_at),
        "permalink": row.permalink,
    }


def _untrusted(row: Any, environments: Sequence[str]) -> dict[str, Any]:
    return {
        "title": untrusted.line(row.title),
        "culprit": untrusted.line(row.culprit or ""),
        "environment": untrusted.lines(environments, ENVIRONMENTS),
        "first_release": untrusted.line(row.first_release) if row.first_release else None,
    }
