"""The store as a whole: one transaction or none, older never over newer, coverage that adds up."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select

from sentry_sync.errors import StoreMismatch, StoreMissing, StoreTooNew, StoreUnwritable
from sentry_sync.records.event import Event, EventBody
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueEnvironment, IssueProject
from sentry_sync.store import migrate, tables
from sentry_sync.store.bodies import unpack
from sentry_sync.store.privacy.retention import Keeping
from sentry_sync.store.pruning import prune
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    yield store
    store.close()


def one(store: Store, column: object) -> object:
    with closing(store.read()) as connection:
        return connection.execute(select(column)).scalar()  # type: ignore[call-overload]


def test_a_new_store_is_private_and_at_the_newest_schema(store: Store) -> None:
    assert migrate.current(store.paths.database) == migrate.HEAD
    with store.write() as uow:
        uow.upsert([issue()])
    for path in store.paths.directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


def test_a_new_store_has_the_tables_that_the_program_declares(store: Store) -> None:
    with closing(store.read()) as connection:
        found = inspect(connection)
        names = set(found.get_table_names()) - {"alembic_version"}
        assert names == set(tables.metadata.tables)
        for name, table in tables.metadata.tables.items():
            assert {c["name"] for c in found.get_columns(name)} == set(table.columns.keys()), name
            assert {i["name"] for i in found.get_indexes(name)} == {i.name for i in table.indexes}, name
            assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_the_head_the_program_knows_is_the_newest_migration() -> None:
    from alembic.script import ScriptDirectory

    from sentry_sync import resources

    assert ScriptDirectory(str(resources.folder("migrations"))).get_current_head() == migrate.HEAD


def test_a_transaction_that_raises_leaves_no_trace(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as uow:
        uow.upsert([issue()])
        uow.cover("issues", "", Interval(NOW - timedelta(days=1), NOW), source="issues")
        raise RuntimeError
    assert one(store, func.count(tables.issues.c.id)) == 0
    assert one(store, func.count(tables.coverage.c.resource)) == 0


def test_an_older_look_does_not_replace_a_newer_one(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([issue(status="resolved", verified_at=NOW)])
        uow.upsert([issue(status="unresolved", verified_at=NOW - timedelta(minutes=1))])
    assert one(store, tables.issues.c.status) == "resolved"


def test_what_was_known_is_not_replaced_by_unknown(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([issue(first_release="api@1")])
        uow.upsert([issue(last_seen=None, first_release=None, verified_at=NOW + timedelta(minutes=1))])
    assert one(store, tables.issues.c.last_seen) == issue().last_seen
    assert one(store, tables.issues.c.first_release) == "api@1"


def test_an_issue_that_is_seen_again_is_no_longer_removed(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([issue()])
    with closing(sqlite3.connect(store.paths.database)) as connection:
        connection.execute("UPDATE issues SET removed_at = 1, removed_as = 'deleted'")
        connection.commit()
    with store.write() as uow:
        uow.upsert([issue(verified_at=NOW + timedelta(minutes=1))])
    assert one(store, tables.issues.c.removed_at) is None


def test_an_event_row_without_tags_keeps_the_tags_already_known(store: Store) -> None:
    full = Event("2", "a" * 32, "17", NOW, "prod", "api@1", "error", "boom", "/a", "python", "id:1", {"k": "v"})
    bare = replace(full, environment=None, tags={}, issue_id="18")
    with store.write() as uow:
        uow.upsert([full])
        uow.upsert([bare])
    assert one(store, tables.events.c.tags) == {"k": "v"}
    assert one(store, tables.events.c.environment) == "prod"
    assert one(store, tables.events.c.issue_id) == "18"
    assert one(store, tables.events.c.event_id) == "a" * 32


def test_a_body_comes_back_as_it_was(store: Store) -> None:
    body = {"eventID": "a" * 32, "entries": [{"type": "exception", "data": {"values": ["é" * 1000]}}]}
    with store.write() as uow:
        uow.upsert([EventBody("2", "a" * 32, "17", NOW, body, NOW)])
    import orjson

    packed = one(store, tables.event_bodies.c.body)
    assert isinstance(packed, bytes)
    assert orjson.loads(unpack(packed)) == body
    assert one(store, tables.event_bodies.c.size) == len(orjson.dumps(body))


def test_coverage_adds_up_and_can_be_taken_back(store: Store) -> None:
    day = timedelta(days=1)
    with store.write() as uow:
        uow.cover("events", "", Interval(NOW - 2 * day, NOW - day), source="explore")
        uow.cover("events", "", Interval(NOW - day, NOW), source="explore")
        uow.uncover("events", "", Interval(NOW - timedelta(hours=1), NOW))
    with closing(store.read()) as connection:
        assert State(connection).coverage("events") == [Interval(NOW - 2 * day, NOW - timedelta(hours=1))]


def test_approximate_coverage_stays_apart_until_it_is_known_better(store: Store) -> None:
    day = timedelta(days=1)
    with store.write() as uow:
        uow.cover("events", "", Interval(NOW - 2 * day, NOW), source="explore", approximate=True)
        uow.cover("events", "", Interval(NOW - day, NOW), source="explore")
    with closing(store.read()) as connection:
        rows = connection.execute(select(tables.coverage).order_by(tables.coverage.c.start)).all()
    assert [(row.start, row.end, row.approximate) for row in rows] == [
        (NOW - 2 * day, NOW - day, True),
        (NOW - day, NOW, False),
    ]


def test_a_mark_never_moves_back(store: Store) -> None:
    with store.write() as uow:
        uow.mark("issues.hot", "", NOW, NOW)
        uow.mark("issues.hot", "", NOW - timedelta(hours=1), NOW)
    with closing(store.read()) as connection:
        mark = State(connection).mark("issues.hot")
    assert mark is not None
    assert mark.mark == NOW


def test_projects_a_complete_list_no_longer_names_are_removed(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([project("1", "api", NOW - timedelta(days=1)), project("2", "web", NOW)])
        uow.remove_unseen_projects(NOW)
    with closing(store.read()) as connection:
        assert State(connection).projects() == {"web": "2"}


def test_a_project_known_from_an_issue_alone_is_removed_when_the_first_list_lacks_it(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([IssueProject("1", "gone", None, None), project("2", "web", NOW)])
        uow.remove_unseen_projects(NOW)
    with closing(store.read()) as connection:
        assert State(connection).projects() == {"web": "2"}


def test_an_event_that_comes_with_its_body_is_known_of_its_issues_environment(store: Store) -> None:
    def event(key: int, minutes: int, issue_id: str = "17") -> Event:
        at = NOW - timedelta(minutes=minutes, microseconds=3)
        return Event("2", f"{key:032x}", issue_id, at, "prod", None, None, None, None, None, None, {})

    with store.write() as uow:
        uow.upsert([IssueEnvironment("17", "prod", "2", NOW - timedelta(hours=1), NOW - timedelta(minutes=50))])
        uow.upsert([event(1, 20), event(2, 9), event(3, 5, "18")])
    with closing(store.read()) as connection:
        found = connection.execute(select(tables.issue_environments)).all()
    second = timedelta(seconds=1)
    assert {row.issue_id: (row.first_seen, row.last_seen) for row in found} == {
        "17": (NOW - timedelta(hours=1), NOW - timedelta(minutes=9) - second),
        "18": (NOW - timedelta(minutes=5) - second,) * 2,
    }


def test_only_the_newest_bodies_of_an_issue_are_kept(store: Store) -> None:
    bodies = [EventBody("2", f"{n:032x}", "17", NOW - timedelta(minutes=n), {"n": n}, NOW) for n in range(5)] + [
        EventBody("2", "f" * 32, "18", NOW - timedelta(days=1), {}, NOW)
    ]
    with store.write() as uow:
        uow.upsert(bodies)
    prune(store, FakeClock(NOW), Keeping.chosen([("passes", "1")]), NOW + timedelta(days=1), bodies_per_issue=2)
    with closing(store.read()) as connection:
        kept = connection.execute(
            select(tables.event_bodies.c.event_id).order_by(tables.event_bodies.c.event_id)
        ).scalars()
        assert list(kept) == [f"{0:032x}", f"{1:032x}", "f" * 32]


def test_a_store_is_one_organizations(store: Store) -> None:
    with store.write() as uow:
        uow.claim("https://sentry.io", "acme")
        uow.claim("https://sentry.io", "acme")
    with pytest.raises(StoreMismatch, match="copy of acme"), store.write() as uow:
        uow.claim("https://sentry.io", "other")


def test_a_store_from_a_newer_version_is_refused_in_one_line(store: Store) -> None:
    store.close()
    with closing(sqlite3.connect(store.paths.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for use in (store.prepare, store.read):
        with pytest.raises(StoreTooNew, match="upgrade sentry-sync") as refused:
            use()
        assert "\n" not in str(refused.value)


def test_there_is_nothing_to_read_before_the_first_sync(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="sentry-sync sync"):
        Store(tmp_path / "none").read()


def test_a_directory_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreUnwritable, match="SENTRY_SYNC_STORE"):
        Store(tmp_path / "file" / "store").prepare()


def test_a_reader_keeps_its_snapshot_while_a_page_is_written(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([issue()])
    with closing(store.read()) as connection, connection.begin():
        before = connection.execute(select(func.count(tables.issues.c.id))).scalar()
        with store.write() as uow:
            uow.upsert([issue(id="18")])
        assert connection.execute(select(func.count(tables.issues.c.id))).scalar() == before == 1
