"""A disk that is full, a store that is locked or not ours: one line, nothing lost, and the next run goes on."""

from __future__ import annotations

import fcntl
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.errors import StoreBusy, StoreError, StoreUnwritable
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.store import locks, tables
from tests.support.cli import SECRET, environment, process
from tests.support.rig import Rig
from tests.sync.faults.site import BRIEF, tidy
from tests.sync.faults.test_paging import claimed

MANY = WorldSize(projects=2, issues=420, events_per_day=20, releases=1, days=3)
NOBODY = 65534


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, size=MANY, policy=BRIEF)
    yield rig
    rig.close()


def stopped_by(rig: Rig, error: type[StoreError]) -> str:
    """The line that a sync ends with, once it has left nothing half done behind."""
    with pytest.raises(error) as caught:
        rig.sync("issues")
    tidy(str(caught.value))
    assert caught.value.exit_code > 1
    return str(caught.value)


def goes_on(rig: Rig, *, pages: int) -> None:
    """The next run asks for no page twice, and in the end all of the world is there."""
    before = rig.asked()
    assert rig.sync("issues").ok
    assert rig.asked() - before == pages
    assert {row.id for row in rig.rows(tables.issues)} == set(rig.sim.world.issues)
    [known] = rig.coverage("issues")
    assert known.length > timedelta(days=89)


def test_a_disk_that_fills_up_mid_pass_stops_it_with_one_line_and_it_goes_on_there(rig: Rig) -> None:
    rig.store.prepare()
    writing = rig.store._writing()
    room = writing.exec_driver_sql("PRAGMA page_count").scalar_one() + 60
    writing.exec_driver_sql(f"PRAGMA max_page_count={room}")
    writing.rollback()
    assert "is full: free some space" in stopped_by(rig, StoreUnwritable)
    written = [row.pages for row in rig.passes("issues.hot")]
    assert claimed(rig) <= {row.id for row in rig.rows(tables.issues)}
    rig.store.close()
    rig.restart()
    goes_on(rig, pages=5 - sum(written))


def test_a_process_that_may_write_no_more_ends_with_one_line_and_the_next_one_finishes(tmp_path: Path) -> None:
    options = SimulatorOptions(static=True, rate_limit=None, frozen=True, size=MANY, token=SECRET)
    with Simulator(options) as sim:
        env = environment(
            tmp_path,
            SENTRY_AUTH_TOKEN=SECRET,
            SENTRY_ORG="acme",
            SENTRY_BASE_URL=sim.url,
            SENTRY_SYNC_STORE=str(tmp_path / "store"),
            PYTHONPATH=str(Path.cwd()),
        )
        done = process("sync", "issues", env=env, preexec_fn=_little_room)
        line = done.refused(StoreUnwritable.exit_code)
        assert "cannot write the store" in line or "is full" in line
        assert process("sync", "issues", env=env).code == 0
        known = set(sim.world.issues)
    with closing(sqlite3.connect(tmp_path / "store" / "store.db")) as db:
        assert {row[0] for row in db.execute("SELECT id FROM issues")} == known
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _little_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))


def test_another_writer_is_waited_for_and_then_named(rig: Rig) -> None:
    rig.store.prepare()
    with rig.store.paths.write_lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        line = stopped_by(rig, StoreBusy)
    assert "another sentry-sync" in line
    assert sum(rig.clock.slept) == pytest.approx(locks.PATIENCE_SECONDS, abs=1)
    goes_on(rig, pages=5)


def test_another_programs_lock_is_an_answer_of_one_line(rig: Rig) -> None:
    rig.store.prepare()
    rig.store._writing().exec_driver_sql("PRAGMA busy_timeout=1")
    rig.store._writing().rollback()
    with closing(sqlite3.connect(rig.store.paths.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "locked by another program" in stopped_by(rig, StoreBusy)
        other.execute("ROLLBACK")
    goes_on(rig, pages=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can stop being root for a moment")
def test_a_directory_of_somebody_else_is_an_answer_of_one_line(rig: Rig) -> None:
    rig.store.prepare()
    with _nobody():
        line = stopped_by(rig, StoreUnwritable)
    assert "SENTRY_SYNC_STORE" in line
    goes_on(rig, pages=5)


@contextmanager
def _nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
