"""What a statement gives, beside what Python makes of the same records."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentry_sync.errors import QueryError, StoreMissing
from sentry_sync.records.budget import Lane, Reservation
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.store.store import Store
from sentry_sync.trends.relations import RELATIONS
from sentry_sync.trends.session import Question, answer, answers_within, run_sql
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue
from tests.trends.seed import COUNTS, EVENTS, HOSTILE, ISSUES, PRESENT


def test_issues_by_status_are_those_still_there(paths: StorePaths) -> None:
    found = run_sql(paths, "select status, count(*) from issues group by 1")

    assert dict(found.rows) == Counter(row.status for row in PRESENT)
    assert found.columns == ("status", "count_star()")
    assert found.types == ("VARCHAR", "BIGINT")
    assert not found.truncated


def test_what_sentry_no_longer_has_is_in_a_table_of_its_own(paths: StorePaths) -> None:
    found = run_sql(paths, "select id, removed_as, merged_into from removed_issues order by id")

    assert found.rows == [("14", "merged", "10"), ("15", "deleted", None)]


def test_every_value_comes_back_as_it_was_written(paths: StorePaths) -> None:
    columns = "project_id, event_id, issue_id, timestamp, environment, title, user_key"
    found = run_sql(paths, f"select {columns} from events order by timestamp desc", 500)

    assert found.rows == [
        (row.project_id, row.event_id, row.issue_id, row.timestamp, row.environment, row.title, row.user_key)
        for row in EVENTS
    ]


def test_every_column_of_every_table_can_be_read(paths: StorePaths) -> None:
    for name, relation in RELATIONS.items():
        found = run_sql(paths, f"select * from {name}", 5)

        assert found.columns == tuple(relation.columns)
        assert found.types == tuple(kind.shown for kind in relation.columns.values())


def test_booleans_numbers_and_missing_values_keep_their_types(paths: StorePaths) -> None:
    found = run_sql(paths, "select id, unhandled, count, last_seen from issues order by id")

    assert found.types == ("VARCHAR", "BOOLEAN", "BIGINT", "TIMESTAMP")
    assert found.rows == [(row.id, row.unhandled, row.count, row.last_seen) for row in PRESENT]


def test_tags_can_be_taken_apart(paths: StorePaths) -> None:
    found = run_sql(paths, "select tags->>'browser' as browser, count(*) from events group by 1")

    assert dict(found.rows) == Counter(row.tags.get("browser") for row in EVENTS)


def test_times_compare_with_now_in_utc_wherever_the_machine_is(paths: StorePaths) -> None:
    found = run_sql(paths, "select max(timestamp) < now() - interval 1 hour, now() from events")
    # What decides is the session's zone, not the machine's.
    assert found.types[1] == "TIMESTAMP WITH TIME ZONE"
    assert found.rows[0][1].tzinfo is UTC


def test_a_time_with_a_zone_comes_back_in_utc(paths: StorePaths) -> None:
    statement = (
        "select timestamptz '2026-11-20 10:00:00+02' as t, timestamptz '2026-01-01 00:00:00+00' as t, 'x' ; -- end"
    )

    found = run_sql(paths, statement)

    assert found.columns[:2] == ("t", "t")
    assert found.rows == [(datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), "x")]


def test_rewriting_a_zone_keeps_order_and_limit(paths: StorePaths) -> None:
    statement = "select timestamp::timestamptz as t, event_id from events order by t limit 3"

    found = run_sql(paths, statement)

    oldest = sorted(EVENTS, key=lambda row: row.timestamp)[:3]
    assert found.rows == [(row.timestamp, row.event_id) for row in oldest]


def test_a_zone_inside_a_list_is_refused_with_what_to_do(paths: StorePaths) -> None:
    with pytest.raises(QueryError, match="cast it to TIMESTAMP"):
        run_sql(paths, "select [now()]")


def test_times_inside_lists_and_structs_are_utc_too(paths: StorePaths) -> None:
    found = run_sql(paths, "select [timestamp '2026-01-01'], {'at': timestamp '2026-01-01'}")

    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert found.rows == [([moment], {"at": moment})]


def test_more_rows_than_the_limit_are_cut_and_said(paths: StorePaths) -> None:
    found = run_sql(paths, "select event_id from events", 10)

    assert len(found.rows) == 10
    assert found.truncated
    assert not run_sql(paths, "select event_id from events", len(EVENTS)).truncated


def test_an_answer_without_end_is_cut_before_it_is_made(paths: StorePaths) -> None:
    found = run_sql(paths, "select range from range(1000000000000)", 2, seconds=20)

    assert found.rows == [(0,), (1,)]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_row_is_refused(paths: StorePaths, limit: int) -> None:
    with pytest.raises(QueryError, match="at least 1"):
        run_sql(paths, "select 1", limit)


def test_a_join_of_columns_named_alike_stays_ambiguous(paths: StorePaths) -> None:
    with pytest.raises(QueryError, match="Ambiguous"):
        run_sql(paths, "select issue_id from events join error_counts using (project_id)")


def test_an_alias_list_names_the_columns_in_their_order(paths: StorePaths) -> None:
    found = run_sql(paths, "select a, b from issues as i(a, b) order by a")

    assert found.rows == [(row.id, row.project_id) for row in PRESENT]


def test_a_natural_join_joins_on_all_common_columns(paths: StorePaths) -> None:
    found = run_sql(paths, "select count(*) from issue_environments natural join issues")

    assert found.rows == [(0,)]


def test_sums_are_exact(paths: StorePaths) -> None:
    found = run_sql(paths, "select issue_id, sum(count) from error_counts group by all")

    wanted: Counter[str] = Counter()
    for row in COUNTS:
        wanted[row.issue_id] += row.count
    assert dict(found.rows) == wanted


def test_a_statement_that_works_too_long_is_stopped(paths: StorePaths) -> None:
    with pytest.raises(QueryError, match=r"stopped after 0\.2 seconds"):
        run_sql(paths, "select count(*) from range(100000000000)", seconds=0.2)


def test_time_is_up_while_loading_too(paths: StorePaths) -> None:
    with pytest.raises(QueryError, match="stopped after 0 seconds"):
        run_sql(paths, "select * from events", seconds=0)


def test_memory_is_limited(paths: StorePaths) -> None:
    question = Question("select list(range) from range(1000000000)", memory="64MB")

    with pytest.raises(QueryError, match="more memory"):
        answer(paths, question, FakeClock())


def test_a_session_too_small_for_the_tables_is_said_as_such(paths: StorePaths) -> None:
    with pytest.raises(QueryError, match="more memory"):
        answer(paths, Question("select * from events", memory="100KB"), FakeClock())


def test_rows_larger_than_the_memory_are_said_as_such(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.upsert(issue(id=str(number), title=f"{number} {'x' * 10_000}") for number in range(1000))
    store.close()

    with pytest.raises(QueryError, match="more memory"):
        answer(store.paths, Question("select title from issues", memory="4MB"), FakeClock())


def test_elapsed_time_is_the_clocks(paths: StorePaths) -> None:
    class Ticking(FakeClock):
        def now(self) -> datetime:
            self.advance(0.25)
            return super().now()

    assert run_sql(paths, "select 1", clock=Ticking()).elapsed_ms == 250.0


def test_several_questions_of_one_moment_answer_as_each_does_alone(paths: StorePaths) -> None:
    statements = (
        "select short_id from issues order by 1",
        "select id, title from removed_issues order by 1",
        "select issue_id, sum(count) from error_counts group by 1 order by 1",
        "select short_id, status from issues order by 1",
    )
    clock = FakeClock(NOW)
    with reading(paths) as connection:
        found = answers_within(paths, connection, [Question(text, rows=3) for text in statements], clock)
    assert found == [answer(paths, Question(text, rows=3), clock) for text in statements]
    assert [one.truncated for one in found] == [True, False, True, True]
    assert [[state.table for state in one.tables] for one in found] == [
        ["issues"],
        ["issues"],
        ["error_counts"],
        ["issues"],
    ]


def test_one_of_several_that_cannot_be_asked_stops_all(paths: StorePaths) -> None:
    with reading(paths) as connection, pytest.raises(QueryError, match="nope"):
        answers_within(
            paths, connection, [Question("select 1"), Question("select nope from issues")], FakeClock(NOW)
        )


def test_a_missing_store_is_said_as_such(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="sentry-sync sync"):
        run_sql(StorePaths(tmp_path / "nowhere"), "select 1 from issues")


def test_a_refused_statement_never_opens_the_store(tmp_path: Path) -> None:
    with pytest.raises(QueryError):
        run_sql(StorePaths(tmp_path / "nowhere"), "drop table issues")


def test_asking_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.upsert(ISSUES)
    store.close()
    before = _written(store.paths)

    run_sql(store.paths, "select * from issues, requests")

    assert _written(store.paths) == before


def _written(paths: StorePaths) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (paths.database, paths.ledger) if path.exists()}


def test_requests_come_from_the_ledger(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    assert run_sql(store.paths, "select count(*) from requests").rows == [(0,)]

    clock = FakeClock(NOW)
    with RequestLedger(store.paths.ledger, clock) as ledger:
        reservation = ledger.reserve("issues", Lane.LIVE)
        assert isinstance(reservation, Reservation)
        clock.advance(2)
        ledger.settle(reservation, 200, None)

    found = run_sql(store.paths, "select r.at, finished_at, lane, endpoint, status from requests r")
    assert found.rows == [(NOW, NOW + timedelta(seconds=2), "live", "issues", 200)]
    assert found.notes == ()


def test_a_store_that_was_never_synced_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()

    found = run_sql(store.paths, "select count(*) from issues")

    assert found.rows == [(0,)]
    assert found.notes == ("issues: never synced",)


def test_a_question_and_its_answer_can_be_handed_to_another_process(paths: StorePaths) -> None:
    question = pickle.loads(pickle.dumps(Question("select $a::int as a", {"a": 1})))

    found = pickle.loads(pickle.dumps(answer(paths, question, FakeClock())))

    assert found.rows == [(1,)]


def test_not_a_number_is_a_number(paths: StorePaths) -> None:
    ((value,),) = run_sql(paths, "select 0.0 / 0.0").rows

    assert math.isnan(value)


def test_a_strangers_text_is_a_value_and_nothing_else(paths: StorePaths) -> None:
    assert run_sql(paths, "select title from issues where id = '10'").rows == [(HOSTILE,)]
