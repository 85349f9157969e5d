from __future__ import annotations

from sentry_sync.store import tables
from sentry_sync.trends.freshness import ORIGINS
from sentry_sync.trends.relations import RELATIONS, select

_BOOKS = {
    "origin",
    "marks",
    "passes",
    "coverage",
    "capabilities",
    "retention",
    "doubts",
    "leases",
    "schedule",
    "wishes",
    "window_sizes",
    "alerts",
    "webhook_deliveries",
    "audit_log",
    "lake_parts",
    "requests",
}
"""What the store writes about itself: true at any time."""


def test_every_table_of_the_store_can_be_asked() -> None:
    removed = {"removed_issues", "removed_projects", "removed_releases"}
    own = {"lake_spans", "lake_changes", "lake_counter", "erasures"}
    assert set(tables.metadata.tables) - own | {"requests", *removed} == set(RELATIONS)


def test_compressed_columns_are_left_out() -> None:
    assert "body" not in RELATIONS["event_bodies"].columns
    assert "size" in RELATIONS["event_bodies"].columns
    assert list(RELATIONS["issue_raw"].columns) == ["issue_id", "verified_at"]


def test_what_sentry_no_longer_has_is_left_out_of_a_relation() -> None:
    assert select(RELATIONS["issues"], ["id"]) == 'SELECT "id" FROM "issues" WHERE removed_at IS NULL'
    assert select(RELATIONS["removed_issues"], ["id"]) == 'SELECT "id" FROM "issues" WHERE removed_at IS NOT NULL'


def test_every_table_with_a_removal_time_is_split() -> None:
    split = {name for name, table in tables.metadata.tables.items() if "removed_at" in table.c}

    assert {f"removed_{name}" for name in split} == {name for name in RELATIONS if name.startswith("removed_")}


def test_every_table_from_sentry_says_how_fresh_it_is() -> None:
    assert set(RELATIONS) - _BOOKS == {*ORIGINS, "removed_issues", "removed_projects", "removed_releases"}
