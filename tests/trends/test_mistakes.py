"""Errors as a person reads them: helpful about the statement, silent about the data."""

from __future__ import annotations

import duckdb
import pytest

from sentry_sync.errors import QueryError
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.mistakes import before_loading, while_running
from sentry_sync.trends.session import run_sql
from tests.trends.seed import HOSTILE


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("selec 1", 'Parser Error: syntax error at or near "selec"'),
        ("select 1\nfrom issues\nwhere", "(line 3)"),
        ("select statu from issues", "did you mean status or substatus?"),
        ("select i.statu from issues i", "did you mean status or substatus?"),
        ("select id from issues where projct_id = '1'", "did you mean project_id?"),
        ("select sum(title) from issues", "sum(VARCHAR)"),
        ("select title, count(*) from issues", "GROUP BY"),
        ("select x.id from issues", 'Referenced table "x" not found'),
        ("select id from issues where count > 'many'", "'many'"),
        ("select id from issues where last_seen > 'yesterday'", '"yesterday"'),
        ("select id from issues order by 5", "ORDER term out of range"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_duckdbs_words(paths: StorePaths, statement: str, said: str) -> None:
    with pytest.raises(QueryError) as mistake:
        run_sql(paths, statement)

    assert said in str(mistake.value)
    assert "\n" not in str(mistake.value)
    assert "Candidate" not in str(mistake.value)
    assert len(str(mistake.value)) <= 300


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select title::int from issues", "use TRY_CAST"),
        ("select title::timestamp from issues where title > 'a'", "use TRY_CAST"),
        ("select title::json from issues", "use TRY_CAST"),
        ("select strptime(title, '%Y') from issues", "use TRY"),
        ("select regexp_matches('x', title || '(') from issues", "use TRY"),
        ("select (count * 9223372036854775807)::bigint from issues", "out of range"),
    ],
)
def test_a_value_of_the_data_is_never_in_an_error(paths: StorePaths, statement: str, said: str) -> None:
    with pytest.raises(QueryError) as mistake:
        run_sql(paths, statement)

    assert said in str(mistake.value)
    for part in ("DROP", "script", "eleven", "twelve", "Inf", "900"):
        assert part not in str(mistake.value)
    assert mistake.value.__cause__ is None
    assert mistake.value.__suppress_context__


@pytest.mark.parametrize(
    "said",
    [
        f"Conversion Error: Could not convert string '{HOSTILE}' to INT32",
        "Conversion Error: Could not convert string 'mine' evil 'mine' to INT32",
        "Conversion Error: Could not convert string 'evil 'mine' to INT32",
        "Conversion Error: Could not convert string '' evil '' to INT32",
        'Conversion Error: Could not convert string "mine" "evil" to INT32',
        "Conversion Error: no quotes, but evil",
    ],
)
def test_data_that_looks_like_a_literal_of_the_statement_stays_out(said: str) -> None:
    assert "evil" not in str(while_running(duckdb.ConversionException(said), {"mine", "", "evil' to INT32"}))
    assert "DROP" not in str(while_running(duckdb.ConversionException(said), {"mine"}))


def test_the_statements_own_literal_is_told() -> None:
    said = "Conversion Error: Could not convert string 'mine' to INT32\n\nLINE 1: select ..."

    assert str(while_running(duckdb.ConversionException(said), {"mine"})) == said.split("\n", 1)[0]


def test_an_error_of_a_kind_nobody_thought_of_names_its_kind_alone() -> None:
    error = while_running(duckdb.InternalException("INTERNAL Error: evil"), set())

    assert str(error) == "DuckDB could not run the statement (InternalException)"


def test_a_long_message_is_cut() -> None:
    assert len(str(before_loading(duckdb.BinderException("x" * 5000), {}))) == 300
