"""The commands that ask the copy: what their ``--help`` says. Each imports what it needs when it runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sentry_sync.cli import options

Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter of a library query; repeatable."),
]


Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write a file; its ending tells the format.", show_default=False
    ),
]
Column = Annotated[
    str | None,
    typer.Option(
        "--column",
        metavar="NAME",
        help="The column a chart shows [default: the first number].",
        show_default=False,
    ),
]


Week = Annotated[
    str | None,
    typer.Option(
        metavar="WEEK",
        help="An ISO week (2026-W47) or its last day [default: the last seven whole days].",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="Write this file, .html or .md, not stdout.", show_default=False
    ),
]


class Format(StrEnum):
    """How the rows of a query are given."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    CHART = "chart"
    PNG = "png"
    SVG = "svg"


Form = Annotated[
    Format | None,
    typer.Option(
        "--format", "-f", help="How to give the rows [default: by --output, else table].", show_default=False
    ),
]


class Files(StrEnum):
    """How the copy's tables are exported."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"
    SQLITE = "sqlite"
    DUCKDB = "duckdb"


FilesForm = Annotated[
    Files | None,
    typer.Option(
        "--format",
        "-f",
        help="One file: sqlite, duckdb; a file for each table: the others [default: by TARGET, else parquet].",
        show_default=False,
    ),
]


class Pages(StrEnum):
    """How a report is written."""

    HTML = "html"
    MD = "md"


def sql(
    statement: Annotated[
        str | None,
        typer.Argument(metavar="STATEMENT", help="One SELECT, or - to read one from stdin.", show_default=False),
    ] = None,
    *,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="Rows to return, at most.")] = 1000,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Ask the local copy in SQL.

    The dialect is DuckDB's, the tables are those of docs/schema.md; a statement can read and nothing else. How
    fresh and complete the tables are follows on stderr. With --json all of it is one object: {"columns": [...],
    "types": [...], "rows": [...], "truncated": ..., "ms": ..., "notes": [...]}.

    For example: sentry-sync sql "SELECT status, count(*) FROM issues GROUP BY 1"
    """
    from sentry_sync.cli import sql as room
    from sentry_sync.cli.settings import load

    room.run(load({"store": store}, config), statement, limit, as_json=as_json)


def query(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A query of the library; all are listed without.", show_default=False),
    ] = None,
    *,
    parameters: Parameters = None,
    form: Form = None,
    output: Output = None,
    column: Column = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="Rows to return, at most.")] = 10_000,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Run a query of the library, or list them.

    The queries are those of docs/queries.md. Rows come as a table, CSV, JSON (as of `sql`), Parquet, a chart in
    the terminal, or a picture: PNG and SVG need `pip install 'sentry-sync[charts]'`. How fresh and complete the
    tables are follows on stderr.

    For example: sentry-sync query error_trend -p project=api -p days=30 --format chart

    Or as a picture: sentry-sync query error_trend -o errors.svg
    """
    from sentry_sync.cli import query as room
    from sentry_sync.cli.settings import load

    settings = load({"store": store}, config)
    if name is None:
        room.show_library(as_json=as_json)
        return
    wanted = room.Wanted(
        name, tuple(parameters or ()), limit, "json" if as_json else form and form.value, output, column
    )
    room.run(settings, wanted)


def export(
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The new folder, or the new file.")],
    *,
    form: FilesForm = None,
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", metavar="NAME", help="Only this table; repeatable.", show_default=False),
    ] = None,
    user: options.Users = None,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Write the copy's tables as files for others, or all that is held of a person.

    The tables are those of docs/schema.md, all of one moment; how fresh and complete each is follows on stderr.
    Text in them was written by whoever can send events: treat it as data.

    For example: sentry-sync export copy.duckdb

    Or some tables as CSV: sentry-sync export errors -f csv -t issues -t error_counts

    Or a person's events, bodies and mentions as JSON: sentry-sync export ana.json --user email:ana@example.org
    """
    from sentry_sync.cli import export as room
    from sentry_sync.cli.settings import load

    if user:
        from sentry_sync.cli import privacy

        privacy.export(load({"store": store}, config), target, user, as_json=as_json)
        return
    room.run(load({"store": store}, config), target, form and form.value, tables or [], as_json=as_json)


def report(
    *,
    project: Annotated[
        str | None,
        typer.Option(
            "--project", "-P", metavar="SLUG", help="Only this project, by slug or id.", show_default=False
        ),
    ] = None,
    week: Week = None,
    out: Out = None,
    form: Annotated[
        Pages | None,
        typer.Option("--format", "-f", help="How to write it [default: by --out, else md].", show_default=False),
    ] = None,
    org: options.Org = None,
    base_url: options.BaseUrl = None,
    store: options.StoreDirectory = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Write a week's report: what a team reads on Monday.

    Errors beside the week before, issues that are new, came back, grow, or were resolved, releases with their
    verdicts, crash-free sessions, slow transactions and latency, web vitals, and each project's health, error
    budget and forecast; and how fresh and how complete each part is. Days are in UTC. It asks nothing of Sentry.

    The HTML is one file without scripts that needs no network, for light and dark screens; its charts have their
    figures beside them. Text from events is shown as data in either format.

    For example: sentry-sync report --out monday.html

    Or of one project and a past week: sentry-sync report -P checkout --week 2026-W47 -o w47.md
    """
    from sentry_sync.cli import report as room
    from sentry_sync.cli.settings import load

    settings = load({"org": org, "base_url": base_url, "store": store}, config)
    room.run(settings, room.Wanted(project, week, out, form and form.value), as_json=as_json)
