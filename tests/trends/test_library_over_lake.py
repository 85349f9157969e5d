"""The library gives the same answers whether its rows lie in SQLite, in the lake, or partly in either."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.records.event import ErrorCount
from sentry_sync.records.issue import IssueGone
from sentry_sync.store.lake import Lake
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.trends.library import library
from sentry_sync.trends.running import run_query
from tests.support.clock import FakeClock
from tests.support.rows import NOW
from tests.trends.library_world import AT


def answers(paths: StorePaths) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for query in library().values():
        given = {"release": "1.1", "version": "1.1"}
        parameters = {p.name: given[p.name] for p in query.parameters if p.default is None and p.name in given}
        rows = run_query(paths, query.name, parameters, clock=FakeClock(AT)).rows
        found[query.name] = [tuple(map(_rounded, row)) for row in rows]
    return found


def _rounded(value: Any) -> Any:
    """Sums of fractions differ in their last digits with the order in which they are added up."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


@pytest.fixture(scope="module")
def store(world: StorePaths, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("lake") / "store"
    shutil.copytree(Path(world.directory), folder)
    return Store(folder, FakeClock(AT))


def test_a_store_that_was_published_and_changed_since_answers_as_sqlite_does(store: Store) -> None:
    assert Lake(store, FakeClock(AT)).publish().parts > 5
    late = ErrorCount("1", "10", "production", "1.0", NOW - timedelta(days=4), 321, 3)
    with store.write() as uow:
        uow.upsert([late, IssueGone("12", AT, "merged", "13")])

    by_lake = answers(store.paths)

    assert sum(map(bool, by_lake.values())) > 20
    with store.write() as uow:
        uow.lake.forget()
    assert answers(store.paths) == by_lake
    store.close()
