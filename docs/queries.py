"""The page of library queries, from the headers of ``queries/*.sql``."""

from __future__ import annotations

from collections.abc import Iterator

from sentry_sync.trends.library import library


def page() -> Iterator[str]:
    """The lines of queries.md."""
    yield "# Library queries"
    yield ""
    yield (
        "Run one with `sentry-sync query NAME -p parameter=value`, or let an assistant run it with `run-query`. "
        "Each file in `queries/` is one of them."
    )
    yield ""
    yield (
        "`covered` says how much of a row's time the store knows: where it is under 1, the figures are of that "
        "part. `--format chart` draws a query in the terminal, `--output errors.svg` as a picture."
    )
    for query in library().values():
        yield f"\n## {query.name}\n\n{query.title}. {query.description}"
        yield "\n| Parameter | Type | Default | What it is |\n| --- | --- | --- | --- |"
        for parameter in query.parameters:
            default = "must be given" if parameter.default is None else f"`{parameter.default}`"
            kind = " or ".join(f"`{word}`" for word in parameter.choices) or parameter.type
            yield f"| `{parameter.name}` | {kind} | {default} | {parameter.description} |"
        yield "\n| Column | Type | What it is |\n| --- | --- | --- |"
        for column in query.returns:
            yield f"| `{column.name}` | {column.type} | {column.description} |"
