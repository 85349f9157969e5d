"""A damaged store is begun anew: what can be read is saved, nothing is claimed, the file is kept."""

from __future__ import annotations

import random
import sqlite3
from bisect import bisect_left
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table, func, select

from sentry_sync.errors import SettingsError, StoreBusy, StoreError, StoreMissing, StoreTooNew
from sentry_sync.records.event import Event, EventBody
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueGone
from sentry_sync.store import migrate, tables
from sentry_sync.store.reading import reading
from sentry_sync.store.rebuild import Rebuilt, rebuild
from sentry_sync.store.salvage import FORGOTTEN, LAST_KEY, Row, readable
from sentry_sync.store.soundness import check, is_damaged
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.damage import PAGE, break_pages, leaves, schema
from tests.support.rows import NOW, issue, project

ORIGIN = ("https://sentry.io", "acme")
ISSUES = 600
CLAIMED = (tables.coverage, tables.marks, tables.passes)


@dataclass
class Damaged:
    """A store of some hundred pages, and ways to break them."""

    store: Store
    clock: FakeClock
    whose: tuple[str, str] | None = None
    """What the settings say."""

    @property
    def file(self) -> Path:
        return self.store.paths.database

    def rebuild(self, *, force: bool = False) -> Rebuilt:
        return rebuild(self.store.paths, self.clock, self.origin, force=force)

    def origin(self) -> tuple[str, str]:
        if self.whose is None:
            raise SettingsError("no organization")
        return self.whose

    def rows(self, table: Table) -> int:
        with closing(self.store.read()) as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def damaged(tmp_path: Path) -> Damaged:
    clock = FakeClock(NOW)
    store = Store(tmp_path / "store", clock)
    store.prepare()
    later, day = NOW + timedelta(minutes=1), timedelta(days=1)
    with store.write() as uow:
        uow.claim(*ORIGIN)
        uow.upsert([project("2", "api"), *(issue(id=str(number)) for number in range(ISSUES))])
        uow.upsert(issue(id=str(n), status="resolved", verified_at=later) for n in range(ISSUES))
        uow.upsert([IssueGone("1", later + day, "deleted")])
        uow.upsert(
            Event(
                "2", f"{n:032x}", "17", NOW, "prod", "api@1", "error", "boom", "/a", "python", "id:1", {"k": "v"}
            )
            for n in range(200)
        )
        uow.upsert([EventBody("2", f"{n:032x}", "17", NOW, {"n": n}, NOW) for n in range(20)])
        uow.cover("issues", "", Interval(NOW - day, NOW), source="issues")
        uow.mark("issues.hot", "", NOW, NOW)
        uow.begin_pass("issues.hot", "", None, NOW)
    store.close()
    return Damaged(store, clock)


@given(
    keys=st.sets(st.integers(1, 400), max_size=80),
    page=st.integers(1, 9),
    broken=st.sets(st.integers(0, 20), max_size=8),
)
def test_whatever_lies_on_sound_pages_is_read(keys: set[int], page: int, broken: set[int]) -> None:
    ordered = sorted(keys)

    def read(key: int, limit: int) -> list[Row]:
        first = bisect_left(ordered, key)
        if {at // page for at in range(first, min(first + limit, len(ordered)))} & broken:
            raise sqlite3.DatabaseError("database disk image is malformed")
        return [(found,) for found in ordered[first : first + limit]]

    holes: list[None] = []
    found = [key for (key,) in readable(read, lambda: holes.append(None))]
    sound = [key for at, key in enumerate(ordered) if at // page not in broken]
    assert found == sound
    assert bool(holes) == (len(sound) < len(ordered))


def test_keys_at_the_very_ends_are_read() -> None:
    keys = [-LAST_KEY, 0, LAST_KEY]

    def read(key: int, limit: int) -> list[Row]:
        return [(found,) for found in keys if found >= key][:limit]

    assert [key for (key,) in readable(read, pytest.fail)] == keys


def test_every_row_but_those_of_a_broken_page_is_saved(damaged: Damaged) -> None:
    broken = leaves(damaged.file, "issue_history")[4:5]
    break_pages(damaged.file, broken)
    assert is_damaged(damaged.file)
    saved = {part.table: part for part in damaged.rebuild().saved}
    check(damaged.file)
    assert damaged.rows(tables.issues) == ISSUES
    assert damaged.rows(tables.events) == 200
    assert damaged.rows(tables.event_bodies) == 20
    history = saved["issue_history"]
    assert history.holes == 1
    assert ISSUES - 100 < history.rows == damaged.rows(tables.issue_history) < ISSUES + 1
    assert sum(part.holes for part in saved.values()) == 1


def test_several_broken_pages_lose_themselves_alone(damaged: Damaged) -> None:
    pages = leaves(damaged.file, "issues")
    break_pages(damaged.file, [pages[0], pages[5], pages[6], pages[-1]])
    saved = {part.table: part for part in damaged.rebuild().saved}
    per_page = ISSUES / len(pages)
    assert saved["issues"].holes == 3
    assert ISSUES - 4 * 2 * per_page < saved["issues"].rows < ISSUES
    assert saved["issue_history"].holes == 0


def test_what_was_deleted_and_what_changed_is_still_known(damaged: Damaged) -> None:
    break_pages(damaged.file, leaves(damaged.file, "events")[:1])
    damaged.rebuild()
    with closing(damaged.store.read()) as connection:
        gone = connection.execute(select(tables.issues).where(tables.issues.c.id == "1")).one()
        changes = connection.execute(
            select(tables.issue_history.c.field).where(tables.issue_history.c.issue_id == "1")
        ).scalars()
        assert gone.removed_as == "deleted"
        assert sorted(changes) == ["removed_as", "status"]


def test_nothing_is_claimed_to_be_complete_after_a_loss(damaged: Damaged) -> None:
    break_pages(damaged.file, leaves(damaged.file, "issue_raw")[:1])
    damaged.rebuild()
    assert [damaged.rows(table) for table in CLAIMED] == [0, 0, 0]
    assert {table.name for table in CLAIMED} <= set(FORGOTTEN) <= set(tables.metadata.tables)


def test_the_damaged_file_is_kept_with_its_log(damaged: Damaged) -> None:
    with damaged.store.write() as uow:
        uow.upsert([issue(id="in the log")])
    done = damaged.rebuild(force=True)
    log = done.aside.with_name(done.aside.name + "-wal")
    assert done.aside.name == "store.db.damaged-20261120T120000Z"
    assert log.stat().st_size > 0
    assert damaged.rows(tables.issues) == ISSUES + 1
    with damaged.store.write() as uow:
        uow.upsert([issue(id="after")])
    assert damaged.rows(tables.issues) == ISSUES + 2
    check(damaged.file)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_short_gives_what_is_left_of_it(damaged: Damaged, share: float) -> None:
    size = damaged.file.stat().st_size
    with damaged.file.open("r+b") as file:
        file.truncate(int(size * share))
    damaged.whose = ORIGIN
    assert is_damaged(damaged.file)
    damaged.rebuild()
    check(damaged.file)


def test_a_file_with_a_garbage_header_is_begun_anew(damaged: Damaged) -> None:
    with damaged.file.open("r+b") as file:
        file.write(b"garbage!" * 13)
    done = damaged.rebuild()
    check(damaged.file)
    assert {(part.rows, part.holes) for part in done.saved} == {(0, 1)}
    assert done.aside.read_bytes().startswith(b"garbage!")


@pytest.mark.parametrize("seed", range(6))
def test_garbage_anywhere_gives_a_sound_store(damaged: Damaged, seed: int) -> None:
    draw = random.Random(seed)
    size, before, broken = damaged.file.stat().st_size, schema(damaged.file), set()
    with damaged.file.open("r+b") as file:
        for at in (draw.randrange(PAGE, size - 64) for _ in range(6)):
            file.seek(at)
            file.write(draw.randbytes(64))
            broken |= {at // PAGE + 1, (at + 63) // PAGE + 1}
    damaged.whose = ORIGIN
    saved = {part.table: part.rows for part in damaged.rebuild(force=True).saved}
    check(damaged.file)
    # Without a page of the schema no table may be found: then all is read from Sentry again.
    assert saved["issues"] + saved["issue_history"] + saved["events"] > 700 or broken & {*before}


def test_garbage_in_a_name_is_damage_and_costs_no_other_table(damaged: Damaged) -> None:
    with closing(sqlite3.connect(damaged.file)) as connection, connection:
        row = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'marks'").fetchone()
        named = row[0].encode().replace(b"as_of BIGINT", b"as_\xbcf BIGINT")
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("UPDATE sqlite_schema SET sql = CAST(? AS TEXT) WHERE name = 'marks'", (named,))

    with (
        pytest.raises(StoreError, match=r"damaged or not a database .*db rebuild"),
        reading(damaged.store.paths) as held,
    ):
        held.execute("SELECT * FROM marks")
    assert is_damaged(damaged.file)
    saved = {part.table: part.rows for part in damaged.rebuild().saved}
    assert saved["issues"] == ISSUES


def test_a_value_of_another_type_is_left_behind(damaged: Damaged) -> None:
    with closing(sqlite3.connect(damaged.file)) as connection, connection:
        connection.execute("UPDATE issues SET verified_at = 'yesterday' WHERE id = '7'")
        connection.execute("UPDATE events SET tags = '{' WHERE rowid = 3")
        connection.execute("UPDATE event_bodies SET body = x'00' WHERE rowid = 3")
    saved = {part.table: part for part in damaged.rebuild(force=True).saved}
    assert [saved[name].holes for name in ("issues", "events", "event_bodies")] == [1, 1, 1]
    assert [saved[name].rows for name in ("issues", "events", "event_bodies")] == [ISSUES - 1, 199, 19]


def test_rows_whose_owner_is_lost_are_not_anybodys(damaged: Damaged) -> None:
    break_pages(damaged.file, leaves(damaged.file, "origin"))
    before = damaged.file.read_bytes()
    with pytest.raises(SettingsError):
        damaged.rebuild()
    assert damaged.file.read_bytes() == before
    damaged.whose = ORIGIN
    assert damaged.rebuild().assumed == ORIGIN
    with closing(damaged.store.read()) as connection:
        assert tuple(connection.execute(select(tables.origin)).one()) == ORIGIN


def test_a_sound_store_is_left_alone(damaged: Damaged) -> None:
    before = damaged.file.read_bytes()
    with pytest.raises(StoreError, match="is sound"):
        damaged.rebuild()
    assert damaged.file.read_bytes() == before


def test_a_store_that_another_process_syncs_into_is_left_alone(damaged: Damaged) -> None:
    with Store(damaged.store.paths.directory, damaged.clock).syncing():
        break_pages(damaged.file, leaves(damaged.file, "issue_raw")[:1])
        with pytest.raises(StoreBusy, match="is syncing into this store"):
            damaged.rebuild()
    damaged.rebuild()


def test_a_store_of_a_newer_program_is_left_alone(damaged: Damaged) -> None:
    with closing(sqlite3.connect(damaged.file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew):
        damaged.rebuild(force=True)


def test_an_older_store_is_saved_into_the_newest_schema(damaged: Damaged) -> None:
    migrate.downgrade(damaged.file, "0001")
    break_pages(damaged.file, leaves(damaged.file, "events")[:1])
    damaged.rebuild()
    check(damaged.file)
    assert damaged.rows(tables.issues) == ISSUES


def test_a_rebuild_that_was_killed_is_gone_on_with(damaged: Damaged) -> None:
    break_pages(damaged.file, leaves(damaged.file, "issue_raw")[:1])
    half_way: Callable[[Path], Path] = damaged.file.rename
    migrate.upgrade(damaged.file.with_name("store.db.rebuilt"))  # killed while it saved: worth nothing
    damaged.rebuild()
    assert damaged.rows(tables.issues) == ISSUES
    half_way(damaged.file.with_name("store.db.rebuilt"))  # killed between the two halves of the swap
    with pytest.raises(StoreError, match="is sound"):
        damaged.rebuild()
    assert damaged.rows(tables.issues) == ISSUES


def test_a_file_that_was_put_aside_is_not_written_over(damaged: Damaged) -> None:
    damaged.rebuild(force=True)
    with pytest.raises(StoreError, match="this very second"):
        damaged.rebuild(force=True)
    damaged.clock.advance(1)
    assert damaged.rebuild(force=True).aside.exists()
    assert len(list(damaged.file.parent.glob("*.damaged-*Z"))) == 2


def test_there_is_nothing_to_rebuild_before_the_first_sync(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.paths.create()
    with pytest.raises(StoreMissing):
        rebuild(store.paths, FakeClock(NOW), lambda: ORIGIN)
