"""query-sql: what of a statement's answer is told, how it is cut, and how fresh it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sentry_sync.answers.capping import size
from sentry_sync.answers.sql import answer
from sentry_sync.trends.apart import Told

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

TOLD = Told(
    columns=["title", "n"],
    types=["VARCHAR", "BIGINT"],
    rows=[["a\u202e\x1b[31mb", 1], ["c", 2]],
    truncated=False,
    cut=False,
    ms=12.6,
    notes=["issues: complete"],
    tables={"issues": NOW.isoformat()},
    complete=True,
)


def test_rows_stand_under_untrusted_without_what_hides() -> None:
    found = answer(TOLD, NOW, 24_000)

    assert found["untrusted"] == {"rows": [["a[31mb", 1], ["c", 2]]}
    assert found["columns"] == [{"name": "title", "type": "VARCHAR"}, {"name": "n", "type": "BIGINT"}]
    assert (found["row_count"], found["more"], found["ms"]) == (2, False, 13)
    assert found["freshness"]["complete"] is True
    assert found["freshness"]["notes"] == ["issues: complete"]


def test_rows_are_left_out_at_their_border_and_that_is_said() -> None:
    many = replace(TOLD, rows=[["x" * 500, number] for number in range(100)])

    found = answer(many, NOW, 10_000)

    assert size(found) <= 10_000
    assert 5 < found["row_count"] == len(found["untrusted"]["rows"]) < 20
    assert found["more"] is True
    assert "max_bytes" in found["freshness"]["notes"][-1]


def test_an_answer_is_as_old_as_its_oldest_table() -> None:
    hour = timedelta(hours=1)
    both: dict[str, str | None] = {"events": (NOW - hour).isoformat(), "projects": (NOW - hour / 2).isoformat()}

    found = answer(replace(TOLD, tables=both), NOW, 24_000)["freshness"]

    assert (found["as_of"], found["stale"]) == ("2026-11-20T11:00:00Z", True)
    fresh = answer(replace(TOLD, tables={"projects": (NOW - hour / 2).isoformat()}), NOW, 24_000)["freshness"]
    assert fresh["stale"] is False


def test_of_a_table_that_was_never_read_whole_nothing_is_known() -> None:
    found = answer(replace(TOLD, tables={"issues": NOW.isoformat(), "events": None}), NOW, 24_000)["freshness"]

    assert (found["as_of"], found["stale"]) == (None, True)
