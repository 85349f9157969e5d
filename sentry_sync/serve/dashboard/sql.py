"""One SELECT over the copy's tables, through the same gate as every other, and what tables there are."""

from __future__ import annotations

from typing import Any

from sentry_sync.answers.library import DescribeCommand
from sentry_sync.answers.sql import LONGEST_STATEMENT, SqlCommand
from sentry_sync.errors import QueryError
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.page import Page
from sentry_sync.serve.dashboard.query import BYTES, ROWS

EXAMPLE = """SELECT project_id, count(*) AS issues
FROM issues
WHERE status = 'unresolved'
GROUP BY project_id
ORDER BY issues DESC"""


def page(asked: Asked) -> Page:
    """The box; with a statement that was posted, and its answer. In an address it would stay in the history."""
    statement = asked.form.get("sql", "").strip()
    values: dict[str, Any] = {
        "statement": statement or EXAMPLE,
        "longest": LONGEST_STATEMENT,
        "tables": asked.carried_out(DescribeCommand())["tables"],
        "answer": None,
        "problem": None,
    }
    if not statement:
        return Page("sql.html.j2", "SQL", values)
    if len(statement) > LONGEST_STATEMENT:
        problem = f"a statement has {LONGEST_STATEMENT} characters at most"
        return Page("sql.html.j2", "SQL", {**values, "problem": problem}, status=400)
    try:
        answer = asked.carried_out(SqlCommand(statement, ROWS, BYTES))
    except QueryError as error:
        return Page("sql.html.j2", "SQL", {**values, "problem": str(error)}, status=400)
    return Page("sql.html.j2", "SQL", {**values, "answer": answer}, answer["freshness"])
