"""The ledger's file: its permissions, its errors, and processes that share it."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

import sentry_sync
from sentry_sync.errors import StoreBusy, StoreError, StoreTooNew, StoreUnwritable
from sentry_sync.records.budget import Lane, Reservation, Wait
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.paths import presence_beside
from sentry_sync.store.presence import Presence, is_dead, this_process
from tests.support.clock import FakeClock
from tests.support.neighbour import Neighbour

ROOT = Path(sentry_sync.__file__).parent.parent


def one_line(error: BaseException) -> str:
    text = str(error)
    assert text
    assert "\n" not in text
    return text


def script(path: Path, body: str) -> list[str]:
    lines = f"""
import os, sys
from pathlib import Path
from sentry_sync.records.budget import Lane, Reservation
from sentry_sync.store.ledger import RequestLedger
from tests.support.clock import FakeClock
ledger = RequestLedger(Path({str(path)!r}), FakeClock(), per_minute=50)
{body}
"""
    return [sys.executable, "-c", lines]


def start(path: Path, body: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        script(path, body), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_file_is_made_on_first_use_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.db"
    with RequestLedger(path, FakeClock()) as ledger:
        assert ledger.recent() == []
        assert ledger.left() == 100
        assert not path.exists()
        ledger.reserve("issues", Lane.HOT)
    assert {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ledger = RequestLedger(tmp_path / "file" / "ledger.db", FakeClock())
    with pytest.raises(StoreUnwritable) as caught:
        ledger.reserve("issues", Lane.HOT)
    assert "SENTRY_SYNC_STORE" in one_line(caught.value)


def test_a_ledger_locked_by_a_stopped_process_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = RequestLedger(path, FakeClock())
    ledger.reserve("issues", Lane.HOT)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    ledger._connection().execute("PRAGMA busy_timeout = 20")
    with pytest.raises(StoreBusy) as caught:
        ledger.reserve("issues", Lane.HOT)
    one_line(caught.value)
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(ledger.reserve("issues", Lane.HOT), Reservation)
    ledger.close()


def test_a_full_disk_is_said_in_one_line_and_leaves_the_ledger_usable(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with RequestLedger(path, FakeClock(), per_minute=None) as ledger:
        ledger.reserve("issues", Lane.HOT)
        db = ledger._connection()
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreUnwritable) as caught:
            fill(ledger)
        assert "full" in one_line(caught.value)
        db.execute("PRAGMA max_page_count = 100000")
        fill(ledger, 10)


def fill(ledger: RequestLedger, times: int = 2000) -> None:
    for _ in range(times):
        leave = ledger.reserve("issues", Lane.HOT)
        assert isinstance(leave, Reservation)
        ledger.settle(leave, 200, None)


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreTooNew) as caught:
        RequestLedger(path, FakeClock()).reserve("issues", Lane.HOT)
    assert "newer" in one_line(caught.value)


def test_a_damaged_ledger_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database at all, but long enough to look at" * 100)
    with pytest.raises(StoreError) as caught:
        RequestLedger(path, FakeClock()).reserve("issues", Lane.HOT)
    assert "damaged" in one_line(caught.value)


def test_processes_and_threads_together_never_get_more_leave_than_there_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    body = """
print("ready", flush=True)
sys.stdin.readline()
granted = 0
for _ in range(300):
    leave = ledger.reserve("issues", Lane.LIVE)
    if isinstance(leave, Reservation):
        granted += 1
        ledger.settle(leave, 200, None)
print(granted)
"""
    others = [start(path, body) for _ in range(3)]
    for process in others:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    granted: list[Reservation | Wait] = []
    with RequestLedger(path, FakeClock(), per_minute=50) as ledger:
        threads = [threading.Thread(target=ask, args=(ledger, granted)) for _ in range(3)]
        for process in others:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        theirs = [int(process.communicate()[0]) for process in others]
        ours = sum(isinstance(leave, Reservation) for leave in granted)
        assert len(granted) == 300
        assert ours + sum(theirs) == 50
        assert len(ledger.recent()) == 50
        assert ledger.left() == 0


def ask(ledger: RequestLedger, granted: list[Reservation | Wait]) -> None:
    for _ in range(100):
        leave = ledger.reserve("issues", Lane.LIVE)
        granted.append(leave)
        if isinstance(leave, Reservation):
            ledger.settle(leave, 200, None)


def test_a_killed_processs_place_is_free_at_once_where_one_goes_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    killed = start(path, 'ledger.reserve("project_events", Lane.WARM); os._exit(9)')
    killed.communicate()
    assert killed.returncode == 9
    with RequestLedger(path, FakeClock(), per_minute=50) as ledger:
        assert ledger.spent()[Lane.WARM] == 1
        assert isinstance(ledger.reserve("project_events", Lane.WARM), Reservation)
        assert isinstance(ledger.reserve("project_events", Lane.WARM), Wait)
        assert ledger.spent()[Lane.WARM] == 2


def test_the_place_of_a_killed_process_of_the_same_number_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Neighbour(presence_beside(path)) as neighbour, RequestLedger(path, FakeClock()) as ledger:
        assert isinstance(ledger.reserve("project_events", Lane.WARM), Reservation)
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE requests SET process = ?", (neighbour.name,))
        assert isinstance(ledger.reserve("project_events", Lane.WARM), Wait)
        neighbour.kill()
        assert isinstance(ledger.reserve("project_events", Lane.WARM), Reservation)


def test_a_process_counts_as_dead_only_when_that_is_certain(tmp_path: Path) -> None:
    file = tmp_path / "presence.lock"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host = this_process().rpartition(":")[0]
    assert is_dead(f"{host}:{gone.pid}", file)
    assert is_dead(f"{this_process()}:0000abcd", file)
    assert not is_dead(this_process(), file)
    assert not is_dead(f"another-{host}:{gone.pid}", file)
    assert not is_dead(f"another-{host}:{gone.pid}:0000abcd", file)
    assert not is_dead("no number", file)
    assert not is_dead(f"{host}:1", file)
    with Presence(file) as one, Presence(file) as other:
        assert one.name == other.name
        assert not is_dead(one.name, file)
    assert is_dead(one.name, file)
