"""Statements in a process of their own: what comes back, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry_sync.errors import QueryError, StoreMissing
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.apart import Apart, Limits, _error
from sentry_sync.trends.session import run_sql
from tests.trends.seed import HOSTILE


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    made = Apart(ahead=True)
    yield made
    made.close()


def test_the_answer_is_what_the_session_gives(apart: Apart, paths: StorePaths) -> None:
    statement = "SELECT id, title, count, unhandled, last_seen FROM issues ORDER BY id"
    here = run_sql(paths, statement)

    told = apart.ask(paths, statement, Limits())

    assert (told.columns, told.types, told.notes) == (list(here.columns), list(here.types), list(here.notes))
    assert [row[:4] for row in told.rows] == [list(row[:4]) for row in here.rows]
    assert [row[4] for row in told.rows] == [row[4] and row[4].isoformat() for row in here.rows]
    assert list(told.tables) == ["issues"]
    assert told.rows[0][1] == HOSTILE


def test_what_json_has_no_word_for_is_told_all_the_same(apart: Apart, paths: StorePaths) -> None:
    statement = (
        "SELECT 9007199254740993 AS big, 'nan'::DOUBLE AS n, 1.50::DECIMAL(9, 2) AS d, 'a'::BLOB AS b, "
        "[TIMESTAMP '2026-01-01'] AS t, MAP {1: 'x'} AS m, INTERVAL 1 DAY AS i, DATE '2026-01-02' AS day"
    )

    (row,) = apart.ask(paths, statement, Limits()).rows

    assert row == [
        *("9007199254740993", None, "1.50", "61", ["2026-01-01T00:00:00+00:00"], {"1": "x"}),
        *("1 day, 0:00:00", "2026-01-02"),
    ]


def test_an_answer_is_cut_at_a_row_where_it_would_be_too_large(apart: Apart, paths: StorePaths) -> None:
    told = apart.ask(paths, "SELECT 'x' || range FROM range(1000)", Limits(bytes=500))

    assert told.truncated
    assert told.cut
    assert 40 < len(told.rows) < 80
    with pytest.raises(QueryError, match="first row alone"):
        apart.ask(paths, "SELECT string_agg('x', '') FROM range(1000)", Limits(bytes=500))


def test_errors_keep_their_kind_and_their_line(apart: Apart, paths: StorePaths, tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="sentry-sync sync"):
        apart.ask(StorePaths(tmp_path / "none"), "SELECT 1 FROM issues", Limits())
    with pytest.raises(QueryError, match="did you mean status"):
        apart.ask(paths, "SELECT statsu FROM issues", Limits())
    with pytest.raises(QueryError, match="at least 1"):
        apart.ask(paths, "SELECT 1", Limits(rows=0))
    with pytest.raises(QueryError, match="characters that are none"):
        apart.ask(paths, "SELECT '\ud800'", Limits())


@pytest.mark.parametrize("name", ["SystemExit", "AuthFailed", "annotations", "no such"])
def test_a_process_can_make_us_raise_no_other_error(name: str) -> None:
    assert type(_error(name, "x")) is QueryError


def test_a_process_that_is_killed_is_told_in_a_line_and_the_next_one_answers(
    apart: Apart, paths: StorePaths
) -> None:
    apart.ask(paths, "SELECT 1", Limits())
    assert apart._spare is not None
    os.kill(apart._spare.pid, signal.SIGSTOP)
    with pytest.raises(QueryError, match=r"stopped after 0\.1 seconds"):
        apart.ask(paths, "SELECT 1", Limits(seconds=0.1))

    assert apart.ask(paths, "SELECT 2", Limits()).rows == [[2]]


def test_a_statement_that_nobody_waits_for_ends(apart: Apart, paths: StorePaths) -> None:
    with pytest.raises(QueryError, match="nobody waits"):
        apart.ask(paths, "SELECT count(*) FROM range(100000000000)", Limits(), lambda: True)


def test_a_process_is_given_no_secret(apart: Apart, paths: StorePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", "sntrys_secret")
    fresh = Apart(ahead=True)
    try:
        fresh.ask(paths, "SELECT 1", Limits())
        assert fresh._spare is not None
        assert b"sntrys" not in Path(f"/proc/{fresh._spare.pid}/environ").read_bytes()
    finally:
        fresh.close()


def test_closing_leaves_no_process(paths: StorePaths) -> None:
    fresh = Apart(ahead=True)
    fresh.ask(paths, "SELECT 1", Limits())
    spare = fresh._spare
    assert spare is not None
    assert spare.poll() is None

    fresh.close()

    assert spare.poll() is not None
