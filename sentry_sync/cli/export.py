"""``sentry-sync export``: the copy's tables as files for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sentry_sync.cli import output
from sentry_sync.cli.auditing import noted
from sentry_sync.cli.connect import paths_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import SettingsError
from sentry_sync.trends.export import ONE_FILE, chosen, export

_ENDINGS = {".sqlite": "sqlite", ".db": "sqlite", ".duckdb": "duckdb"}


def run(settings: Settings, target: Path, form: str | None, tables: Sequence[str], *, as_json: bool) -> None:
    """Write the tables and print a line for each; raises QueryError, StoreError or SettingsError."""
    form = form or _ENDINGS.get(target.suffix.lower(), "parquet")
    names = chosen(tables)
    try:
        noted(settings, "export", {"format": form, "tables": names})
        for done in export(paths_of(settings), target, form, names):
            if as_json:
                output.document(asdict(done))
            else:
                output.line(f"{done.table}: {done.rows:,} rows")
                if done.note:
                    output.warn(output.printable(done.note))
    except FileExistsError:
        raise SettingsError(f"{target} is there already: an export makes a new one") from None
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror or error}") from None
    if not as_json:
        output.line(f"wrote {target} ({'one file' if form in ONE_FILE else 'a file for each table'}, {form})")
