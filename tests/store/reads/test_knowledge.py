"""What the store knows about its own rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads import knowledge
from sentry_sync.store.reads.knowledge import Covered, Knowledge
from sentry_sync.store.reads.snapshot import Reader
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW

HOUR = Interval(NOW - timedelta(hours=1), NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    yield store
    store.close()


def read(store: Store, *scopes: str) -> Knowledge:
    reader = Reader(store)
    with reader.snapshot() as snapshot:
        found = knowledge.read(snapshot, ("events", "issues.hot"), ("events",), scopes or ("",))
    reader.close()
    return found


def test_only_what_was_asked_for_is_read(store: Store) -> None:
    with store.write() as uow:
        uow.mark("events", "", NOW, NOW)
        uow.mark("events", "project:2", NOW, NOW - timedelta(hours=2))
        uow.mark("releases", "", NOW, NOW)
        uow.cover("events", "", HOUR, source="explore", approximate=True)
        uow.cover("events", "issue:9", HOUR, source="issue_events")
        uow.cover("issues", "", HOUR, source="issues")
        uow.learn("sessions", NOW, available=False)
    found = read(store)
    assert (found.as_of("events"), found.as_of("releases")) == (NOW, None)
    assert found.covered("events") == [Covered(HOUR, "explore", approximate=True)]
    assert (found.covered("issues"), found.capabilities) == ([], {"sessions": False})
    several = read(store, "", "project:2", "issue:9")
    assert several.as_of("events", "project:2") == NOW - timedelta(hours=2)
    assert several.as_of("events", "", "project:2") == NOW
    assert len(several.covered("events", "", "issue:9")) == 2


def test_the_newest_pass_of_each_scope_counts(store: Store) -> None:
    with store.write() as uow:
        uow.end_pass(uow.begin_pass("events", "", HOUR, NOW), "failed", NOW, "503")
        uow.end_pass(uow.begin_pass("events", "", HOUR, NOW), "done", NOW)
        uow.end_pass(uow.begin_pass("issues.hot", "", HOUR, NOW), "failed", NOW, "504")
        uow.end_pass(uow.begin_pass("releases", "", HOUR, NOW), "failed", NOW, "500")
    assert [(one.stream, one.state, one.error) for one in read(store).passes] == [
        ("events", "done", None),
        ("issues.hot", "failed", "504"),
    ]


def test_rows_that_could_not_be_read_are_remembered_beyond_the_newest_pass(store: Store) -> None:
    with store.write() as uow:
        run = uow.begin_pass("events", "", HOUR, NOW)
        run = uow.turn_page(run, None, 98, ["timestamp is missing", "id is missing"], NOW)
        uow.end_pass(run, "done", NOW)
        uow.end_pass(uow.begin_pass("events", "", HOUR, NOW), "done", NOW)
    (found,) = read(store).rejected
    assert (found.stream, found.most, found.reason, found.since) == ("events", 2, "timestamp is missing", NOW)


def test_whose_copy_it_is(store: Store) -> None:
    reader = Reader(store)
    with reader.snapshot() as snapshot:
        assert knowledge.origin(snapshot) is None
    with store.write() as uow:
        uow.claim("https://sentry.io", "acme")
    with reader.snapshot() as snapshot:
        assert knowledge.origin(snapshot) == ("https://sentry.io", "acme")
    reader.close()


def test_rejected_passes_are_found_by_their_index(store: Store) -> None:
    reader = Reader(store)
    with reader.snapshot() as snapshot:
        compiled = knowledge._REJECTED._compiled.bound
        plan = snapshot.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", compiled.values).fetchall()
    reader.close()
    assert any("ix_passes_rejected" in row[3] for row in plan), plan


def test_what_was_read_stands_until_somebody_writes(store: Store) -> None:
    reader = Reader(store)

    def look() -> Knowledge:
        with reader.snapshot() as snapshot:
            return knowledge.read(snapshot, ("events",), ("events",))

    first = look()
    assert look() is first
    for hours in (1, 2):
        with store.write() as uow:
            uow.mark("events", "", NOW, NOW - timedelta(hours=3 - hours))
        assert look().as_of("events") == NOW - timedelta(hours=3 - hours)
    with reader.snapshot() as snapshot, store.write() as uow:
        uow.mark("events", "", NOW, NOW)
        # A snapshot is one moment, also of what is known.
        assert knowledge.read(snapshot, ("events",), ("events",)).as_of("events") == NOW - timedelta(hours=1)
    assert look().as_of("events") == NOW
    reader.close()
