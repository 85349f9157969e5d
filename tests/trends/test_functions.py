from __future__ import annotations

from sentry_sync.trends.functions import FUNCTIONS, TABLE_FUNCTIONS
from tests.trends.opened import open_session

_SYNTAX = {"->", "grouping", "grouping_id", "unnest"}
"""What the parser makes a function call of but DuckDB lists as none."""


def test_every_function_on_the_list_is_one_duckdb_has() -> None:
    with open_session() as session:
        query = "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type NOT IN ('table', 'pragma')"
        known = {name for (name,) in session.execute(query).fetchall()}

    assert FUNCTIONS - known == _SYNTAX


def test_nothing_that_reads_or_changes_the_outside_is_on_the_list() -> None:
    words = (
        "read_",
        "scan",
        "glob",
        "pragma",
        "duckdb_",
        "pg_",
        "setting",
        "secret",
        "sql",
        "log_",
        "sleep",
        "file",
    )

    assert [name for name in FUNCTIONS | TABLE_FUNCTIONS if any(word in name for word in words)] == ["pg_typeof"]
