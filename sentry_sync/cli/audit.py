"""``sentry-sync audit``: who asked, changed or erased what."""

from __future__ import annotations

import csv as csv_files
import sys
from contextlib import closing
from typing import Any

from sqlalchemy import select

from sentry_sync.cli import output
from sentry_sync.cli.auditing import trail_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreMissing
from sentry_sync.store import tables
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store

COLUMNS = ("at", "who", "what", "arguments", "outcome", "source", "rows", "ms")


def run(settings: Settings, most: int, *, csv: bool, as_json: bool) -> None:
    """Print the newest entries, the newest first; raises StoreMissing."""
    if not StorePaths(settings.store).database.exists():
        raise StoreMissing(f"there is no store at {settings.store} yet: run `sentry-sync sync` first")
    found = sorted([*trail_of(settings).last(most), *_changes(settings, most)], key=_at, reverse=True)[:most]
    if as_json:
        output.document({"audit": found})
    elif csv:
        writer = csv_files.writer(sys.stdout)
        writer.writerow(COLUMNS)
        writer.writerows([_shown(entry.get(name)) for name in COLUMNS] for entry in found)
    else:
        rows = [[_shown(entry.get(name)) for name in COLUMNS] for entry in found]
        output.table([name.upper() for name in COLUMNS], rows)


def _at(entry: dict[str, Any]) -> str:
    return str(entry["at"])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={under}" for name, under in value.items())
    return "" if value is None else output.printable(str(value))


def _changes(settings: Settings, most: int) -> list[dict[str, Any]]:
    """What was changed at Sentry, or erased here: the store's own log of it."""
    log = tables.audit_log
    with closing(Store(settings.store)) as store, closing(store.read()) as reading:
        rows = reading.execute(select(log).order_by(log.c.id.desc()).limit(most)).all()
    return [
        {
            "at": row.at.isoformat(),
            "who": row.actor,
            "what": row.action,
            "arguments": {"target": row.target, **({row.field: row.new} if row.field else {})},
            "outcome": row.outcome,
            "source": row.source,
            "rows": row.rows,
        }
        for row in rows
    ]
