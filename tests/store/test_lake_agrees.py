"""SQL over the lake and the tail is SQL over SQLite, whatever was written, published, merged, deleted or lost."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from sentry_sync.records.event import ErrorCount, Event, EventGone
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueGone
from sentry_sync.records.performance import TransactionStat
from sentry_sync.records.release import ReleaseHealth
from sentry_sync.store import lake_parts, lake_union
from sentry_sync.store.columns import COLUMNS
from sentry_sync.store.lake import Lake
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.reading import reading
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue

DAYS = 40
HOUR = timedelta(hours=1)


class World:
    """A store that things happen to, by chance."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.clock = FakeClock(NOW)
        self.store = Store(folder, self.clock)
        self.store.prepare()
        self.lake = Lake(self.store, self.clock)
        self.chance = random.Random(seed)

    def step(self) -> None:
        steps: list[Callable[[], object]] = [
            *[self.events] * 4,
            *[self.counts] * 3,
            *[self.issues] * 3,
            self.measures,
            self.replaced,
            self.merged,
            self.deleted,
            self.vanished,
            self.edited,
            *[self.lake.publish] * 4,
            self.begun,
            self.lost,
            lambda: self.clock.advance(self.chance.choice((60, 7200, 100_000))),
        ]
        self.chance.choice(steps)()

    def issue(self) -> str:
        return str(self.chance.randint(1, 6))

    def at(self) -> timedelta:
        return (
            self.chance.choice((timedelta(hours=5), timedelta(days=3), timedelta(days=DAYS)))
            * self.chance.random()
        )

    def events(self) -> None:
        rows = [
            Event(
                "1",
                f"{self.chance.randint(0, 400):032x}",
                self.issue(),
                self.clock.now() - self.at(),
                self.chance.choice((None, "production")),
                "web@1",
                "error",
                self.chance.choice(("a", "b")),
                None,
                "python",
                None,
                {"k": "v"} if self.chance.random() < 0.5 else {},
            )
            for _ in range(self.chance.randint(1, 60))
        ]
        with self.store.write() as uow:
            uow.upsert(rows)

    def issues(self) -> None:
        """A poll: issues that are new, as they were, or otherwise."""
        seen = self.clock.now() - self.chance.choice((timedelta(), self.at()))
        with self.store.write() as uow:
            uow.upsert(
                issue(
                    id=str(self.chance.randint(1, 90)),
                    title=self.chance.choice("ab"),
                    verified_at=seen,
                    count=self.chance.randint(1, 3),
                )
                for _ in range(self.chance.randint(1, 20))
            )

    def counts(self) -> None:
        with self.store.write() as uow:
            uow.upsert(self._count() for _ in range(self.chance.randint(1, 60)))

    def _count(self) -> ErrorCount:
        hour = (self.clock.now() - self.at()).replace(minute=0, second=0, microsecond=0)
        return ErrorCount("1", self.issue(), "production", "", hour, self.chance.randint(1, 9), None)

    def measures(self) -> None:
        hour = (self.clock.now() - self.at()).replace(minute=0, second=0, microsecond=0)
        stat = TransactionStat(
            "1", "", "/a", hour, self.chance.randint(1, 9), 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 1.0, None, False
        )
        health = ReleaseHealth(
            "web@1", "1", "", hour.replace(hour=0), self.chance.randint(1, 9), 1, 0.5, None, 1.0
        )
        with self.store.write() as uow:
            uow.upsert([stat, health, replace(stat, transaction="/b")])

    def replaced(self) -> None:
        """A window of counts is read again: its rows go, and others come."""
        end = self.clock.now() - self.at()
        with self.store.write() as uow:
            uow.clear("error_counts", "hour", Interval(end - timedelta(hours=9), end))
            uow.upsert([self._count()])

    def merged(self) -> None:
        child, parent = self.chance.sample(range(1, 7), 2)
        with self.store.write() as uow:
            uow.upsert([IssueGone(str(child), self.clock.now(), "merged", str(parent))])

    def deleted(self) -> None:
        with self.store.write() as uow:
            uow.upsert([issue(id=self.issue()), IssueGone(self.issue(), self.clock.now(), "deleted")])

    def vanished(self) -> None:
        with self.store.write() as uow:
            uow.upsert([EventGone("1", f"{self.chance.randint(0, 400):032x}")])

    def edited(self) -> None:
        """Somebody else moves rows about, through whatever it writes SQLite with."""
        with self.store.write() as uow:
            uow._connection.exec_driver_sql(
                "UPDATE events SET timestamp = timestamp + ? WHERE issue_id = ?",
                (self.chance.choice((-1, 1)) * 86_400_000_000, self.issue()),
            )

    def begun(self) -> None:
        """Publishing is killed after the watch began, before a file was written."""
        start = int(self.clock.now().timestamp()) * 1_000_000 - self.chance.randint(0, DAYS) * 86_400_000_000
        with self.store.write() as uow:
            uow.lake.watch("events", (start, start + self.chance.randint(1, 20) * 86_400_000_000))

    def lost(self) -> None:
        """A file goes, or the whole lake."""
        files = sorted(self.store.paths.lake.glob("*/*.parquet"))
        if files and self.chance.random() < 0.5:
            self.chance.choice(files).unlink()
        elif self.store.paths.lake.exists() and self.chance.random() < 0.2:
            shutil.rmtree(self.store.paths.lake)


def by_sqlite(store: Store, name: str) -> Counter[tuple[object, ...]]:
    columns = ", ".join(f'"{column}"' for column in COLUMNS[name])
    with reading(store.paths) as connection:
        return Counter(connection.execute(f"SELECT {columns} FROM {name}").fetchall())


def by_lake(session: DuckDBPyConnection, store: Store, name: str) -> Counter[tuple[object, ...]]:
    columns, folder = list(COLUMNS[name]), store.paths.lake
    shown = [f'epoch_us("{c}")' if COLUMNS[name][c] == "moment" else f'"{c}"' for c in columns]
    with reading(store.paths) as connection:
        held = lake_parts.usable(folder, lake_parts.parts(connection, name))
        found = lake_parts.source(connection, name, held)
        session.execute("DROP SCHEMA IF EXISTS stored CASCADE")
        session.execute("CREATE SCHEMA stored")
        rows = lake_union.union(session, connection, found, columns, folder)
        return Counter(session.execute(f"SELECT {', '.join(shown)} FROM ({rows})").fetchall())


@pytest.mark.parametrize("seed", range(3))
def test_lake_and_tail_are_what_sqlite_holds_whatever_happened(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path / "store", seed)
    with closing(duckdb.connect(config={"threads": "1"})) as session:
        for _ in range(5):
            for _ in range(12):
                world.step()
            for name in RESOURCES:
                assert by_lake(session, world.store, name) == by_sqlite(world.store, name)
    world.store.close()


@pytest.mark.parametrize("name", RESOURCES)
def test_a_change_of_any_column_that_the_lake_holds_is_written_down(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    with reading(store.paths) as connection:
        found = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = ?", (f"lake_{name}_update",)
        ).fetchone()
    store.close()

    watched = set(re.findall(r'OLD\."(\w+)" IS NOT NEW\."\1"', found[0]))
    assert watched == set(COLUMNS[name])
