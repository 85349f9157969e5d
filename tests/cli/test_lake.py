"""``sentry-sync lake`` over a store with a month of counts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.cli import lake as room
from sentry_sync.cli.settings import Settings, load
from sentry_sync.errors import StoreError, StoreMissing
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.session import run_sql
from tests.support.clock import FakeClock
from tests.support.rows import NOW
from tests.trends.seed import COUNTS, EVENTS, seeded


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    seeded(tmp_path / "store")
    return load({"store": tmp_path / "store"}, None)


def test_a_lake_is_written_shown_and_checked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    room.rebuild(settings, as_json=False, clock=FakeClock(NOW + timedelta(days=1)))
    room.show(settings, as_json=True)
    room.check(settings, as_json=False)

    written, shown, checked = capsys.readouterr().out.splitlines()
    assert " rows in " in written
    held = {entry["resource"]: entry["rows"] for entry in json.loads(shown)["resources"]}
    assert (held["events"], held["error_counts"]) == (
        len(EVENTS),
        len({(c.issue_id, c.environment, c.hour) for c in COUNTS}),
    )
    assert "sound" in checked


def test_a_file_that_is_not_what_was_published_is_named_and_made_good(settings: Settings) -> None:
    room.rebuild(settings, as_json=True, clock=FakeClock(NOW + timedelta(days=1)))
    path = next(StorePaths(settings.store).lake.glob("events/*.parquet"))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-40] + bytes(40))

    with pytest.raises(StoreError, match=r"events/.* is not what was published"):
        room.check(settings, as_json=False)
    room.rebuild(settings, as_json=False, clock=FakeClock(NOW + timedelta(days=1)))
    room.check(settings, as_json=False)


def test_a_file_that_is_gone_is_named_and_misses_no_row(settings: Settings) -> None:
    room.rebuild(settings, as_json=False, clock=FakeClock(NOW + timedelta(days=1)))
    next(StorePaths(settings.store).lake.glob("events/*.parquet")).unlink()

    with pytest.raises(StoreError, match="is gone"):
        room.check(settings, as_json=False)
    assert run_sql(StorePaths(settings.store), "select count(*) from events").rows == [(len(EVENTS),)]


def test_without_a_store_there_is_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        room.rebuild(load({"store": tmp_path / "none"}, None), as_json=False)
