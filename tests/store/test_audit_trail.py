from __future__ import annotations

import resource
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.store.audit_trail import AuditTrail, Entry
from tests.support.clock import FakeClock
from tests.support.rows import NOW


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


def trail(folder: Path, clock: FakeClock) -> AuditTrail:
    return AuditTrail(folder / "audit", clock, folder / "persons.key")


def entry(tool: str = "get-issues", /, **arguments: object) -> Entry:
    return Entry("MCP client x over stdio", tool, arguments, "ok", "local", 25, 1.26)


def test_what_was_asked_is_told_newest_first_and_is_its_owners_alone(tmp_path: Path, clock: FakeClock) -> None:
    one = trail(tmp_path, clock)
    one.note(entry(project="web", limit=5))
    one.flush()
    clock.advance(1)
    one.note(entry("get-issue", issue_id="17"))
    one.close()
    newest, oldest = trail(tmp_path, clock).last(10)
    assert (newest["what"], oldest["what"], oldest["ms"], oldest["rows"]) == ("get-issue", "get-issues", 1.3, 25)
    assert oldest["arguments"] == {"project": "web", "limit": 5}
    assert stat.S_IMODE((tmp_path / "audit" / "audit.jsonl").stat().st_mode) == 0o600
    assert len(trail(tmp_path, clock).last(1)) == 1


@pytest.mark.parametrize("name", ["query", "sql", "user", "tag", "project", "issue_id"])
def test_no_text_that_may_be_a_persons_or_an_events_is_written(
    tmp_path: Path, clock: FakeClock, name: str
) -> None:
    one = trail(tmp_path, clock)
    one.note(entry(**{name: "mail of ana@example.org"}))
    one.note(Entry("x", "get-events", {name: ["ana@example.org"]}))
    one.note(entry(**{name: "mail of ana@example.org"}))
    one.close()
    written = (tmp_path / "audit" / "audit.jsonl").read_text()
    assert "ana" not in written
    said = [row["arguments"][name] for row in trail(tmp_path, clock).last(3)]
    assert said[0] == said[2] != said[1]
    assert said[0].startswith("#")


def test_of_what_a_full_disk_cuts_short_nothing_is_lost(tmp_path: Path, clock: FakeClock) -> None:
    one = trail(tmp_path, clock)
    one.note(entry("first"))
    one.flush()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name in ("second", "third"):
        one.note(entry(name))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "audit" / "audit.jsonl").stat().st_size + 40, hard))
        one.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    one.note(entry("fourth"))
    one.close()
    assert [row["what"] for row in trail(tmp_path, clock).last(9)] == ["fourth", "third", "second", "first"]


def test_two_processes_write_into_one_file(tmp_path: Path, clock: FakeClock) -> None:
    one, two = trail(tmp_path, clock), trail(tmp_path, clock)
    for _ in range(3):
        one.note(entry())
        two.note(entry())
        one.flush()
        two.flush()
    one.close()
    two.close()
    assert len(one.last(10)) == 6


def test_a_file_is_put_aside_when_it_is_large_and_goes_when_it_is_old(tmp_path: Path, clock: FakeClock) -> None:
    one = AuditTrail(tmp_path / "audit", clock, tmp_path / "persons.key", largest=300)
    for _ in range(6):
        one.note(entry())
        one.flush()
        clock.advance(1)
    files = list((tmp_path / "audit").iterdir())
    assert len(files) > 2
    assert len(one.last(10)) == 6
    assert one.prune(NOW - timedelta(days=36_500)) == 0
    assert one.prune(None) == 0
    assert one.prune(NOW + timedelta(days=36_500)) == len([path for path in files if path.name != "audit.jsonl"])
    one.close()


def test_a_line_that_cannot_be_written_waits(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    one = trail(tmp_path, clock)
    one.note(entry())
    one.flush()
    (tmp_path / "audit").unlink()
    one.close()
    assert len(one.last(10)) == 1
