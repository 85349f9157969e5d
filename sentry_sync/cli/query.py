"""``sentry-sync query``: the library's queries, as a table, a file or a chart."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sentry_sync.answers.charts import Chart, chart
from sentry_sync.cli import charts, output
from sentry_sync.cli.auditing import noted
from sentry_sync.cli.connect import paths_of
from sentry_sync.cli.settings import Settings
from sentry_sync.cli.sql import as_document, show, show_notes
from sentry_sync.errors import QueryError, SettingsError
from sentry_sync.trends.library import Query, find, library
from sentry_sync.trends.running import run_query
from sentry_sync.trends.session import Result

PICTURES = ("png", "svg")
FILES = ("csv", "json", "parquet", *PICTURES)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    name: str
    parameters: tuple[str, ...] = ()
    limit: int = 10_000
    form: str | None = None
    output: Path | None = None
    column: str | None = None


def run(settings: Settings, wanted: Wanted) -> None:
    """Print the query's answer or write it; its freshness follows on stderr.

    Raises QueryError or StoreError, and SettingsError for options that do not go together.
    """
    form = form_of(wanted)
    query = find(wanted.name)
    result = run_query(paths_of(settings), wanted.name, texts_of(wanted.parameters), limit=wanted.limit)
    noted(settings, "query", {"name": wanted.name, "parameters": wanted.parameters}, len(result.rows))
    if form in PICTURES or form == "chart":
        drawn = chart(query.title, result, wanted.column or query.chart)
        if not drawn.known:
            raise QueryError(f"of {drawn.measure} nothing is known in these rows: there is nothing to draw")
        _draw(drawn, form, wanted.output)
    elif wanted.output:
        output.into(wanted.output, lambda path: _WRITERS[form](path, result))
    elif form == "csv":
        _print_csv(result)
    else:
        show(result, as_json=form == "json")
        return
    show_notes(result)


def texts_of(texts: Sequence[str]) -> dict[str, str]:
    """The values given as NAME=VALUE, by name; raises SettingsError for what is no such pair."""
    pairs = [text.partition("=") for text in texts]
    if not all(name and separator for name, separator, _ in pairs):
        raise SettingsError("--param must be NAME=VALUE, as in -p days=7")
    return {name: value for name, _, value in pairs}


def form_of(wanted: Wanted) -> str:
    """The format asked for by name, or by the file's ending; raises SettingsError where that is none."""
    ending = wanted.output.suffix.removeprefix(".").lower() if wanted.output else ""
    form = wanted.form or ending or "table"
    if wanted.output and form not in FILES:
        raise SettingsError(f"--output writes {', '.join(FILES)}: name the file so, or give --format")
    if not wanted.output and form in ("parquet", *PICTURES):
        raise SettingsError(f"{form} goes into a file: give --output FILE")
    if wanted.column and form not in ("chart", *PICTURES):
        raise SettingsError("--column is for charts: give --format chart, or --output FILE.svg")
    return form


def show_library(*, as_json: bool) -> None:
    """Print the library's queries and their parameters."""
    if as_json:
        output.document([asdict(query) for query in library().values()])
        return
    for query in library().values():
        output.line(f"{query.name}  {query.title}")
        output.line(f"    {_signature(query)}")
    output.line("Run one with `sentry-sync query NAME -p parameter=value`; docs/queries.md tells each in full.")


def _signature(query: Query) -> str:
    return " ".join(
        f"-p {one.name}={'...' if one.default in (None, 'null') else one.default}" for one in query.parameters
    )


def _draw(chart: Chart, form: str, path: Path | None) -> None:
    if path is None:
        output.line(charts.in_terminal(chart))
        return
    from sentry_sync.cli import pictures

    output.into(path, lambda target: pictures.write(chart, target, form))


def _csv(result: Result, cell: Callable[[object], object]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(result.columns)
    writer.writerows([cell(value) for value in row] for row in result.rows)
    return text.getvalue()


def _print_csv(result: Result) -> None:
    """On stdout text is made safe for a terminal, wherever it goes from there; a file has it as it came."""
    sys.stdout.write(_csv(result, _safe))
    output.flush()


def _safe(value: object) -> object:
    return output.printable(value) if isinstance(value, str) else _plain(value)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _write_csv(path: Path, result: Result) -> None:
    path.write_text(_csv(result, _plain), encoding="utf-8")


def _write_json(path: Path, result: Result) -> None:
    path.write_text(output.to_json(as_document(result)) + "\n", encoding="utf-8")


def _write_parquet(path: Path, result: Result) -> None:
    from sentry_sync.cli import parquet

    parquet.write(path, result)


_WRITERS: Mapping[str, Callable[[Path, Result], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}
