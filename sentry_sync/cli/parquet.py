"""A result as a Parquet file, its columns of the types the query says."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb

from sentry_sync.store.columns import quote
from sentry_sync.store.lake_union import literal
from sentry_sync.trends.session import Result

_TYPES = {"HUGEINT": "BIGINT"}
"""Sums of counts: Parquet has no such integer, and DuckDB would write a fraction for it."""


def write(path: Path, result: Result) -> None:
    """Write the rows to ``path``; raises OSError where that cannot be done."""
    path.touch()  # DuckDB's own message would name its function, not the reason
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as session:
        rows = Path(folder) / "rows.json"
        with rows.open("w", encoding="utf-8") as file:
            for row in result.rows:
                file.write(json.dumps(dict(zip(result.columns, row, strict=True)), default=_plain) + "\n")
        types = ", ".join(
            f"{quote(name)}: {literal(_TYPES.get(kind, kind))}"
            for name, kind in zip(result.columns, result.types, strict=True)
        )
        source = f"read_json({literal(str(rows))}, columns = {{{types}}}, format = 'newline_delimited')"
        session.execute(f"COPY (SELECT * FROM {source}) TO {literal(str(path))} (FORMAT parquet)")  # noqa: S608 (quoted)


def _plain(value: object) -> str:
    return value.replace(tzinfo=None).isoformat() if isinstance(value, datetime) else str(value)
