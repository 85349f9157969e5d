from __future__ import annotations

from pathlib import Path

import pytest

from sentry_sync.cli import demo, demo_tools
from sentry_sync.cli.settings import default_file
from sentry_sync.records.budget import reserve_of
from sentry_sync.serve.tools import offered
from tests.support.cli import CommandLine

pytestmark = pytest.mark.timeout(60)  # it promises to end in well under a minute, and takes about four seconds


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever a demo writes, it writes here."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    return place


def test_it_shows_what_arrived_each_tools_answer_and_a_trend_within_the_budget(
    cli: CommandLine, _temporary: Path
) -> None:
    outcome = cli("demo", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    arrived = next(line for line in outcome.lines if "summary" in line)
    assert arrived["summary"]["ok"] is True
    rows = {table: count for entry in arrived["status"]["resources"] for table, count in entry["rows"].items()}
    assert all(count > 0 for count in rows.values()), rows

    asked = [line for line in outcome.lines if "tool" in line]
    assert {line["tool"] for line in asked} == {tool.name for tool in offered(allow_writes=False)}
    for line in asked:
        kind, _ = demo_tools.SHAPES[line["tool"]]
        assert line["answer"][kind], line
        assert line["answer"]["freshness"]["complete"] is True, line
        assert line["answer"]["freshness"]["as_of"]
    sources = [line["answer"]["freshness"]["source"] for line in asked]
    assert sources[-1] == "live"
    assert asked[-1]["answer"]["freshness"]["fell_through_because"] == "outside_coverage"
    live = {line["tool"] for line in asked[:-1] if line["answer"]["freshness"]["source"] == "live"}
    assert live == {"sync-now"}

    (trend,) = (line["trend"] for line in outcome.lines if "trend" in line)
    assert len({row[0] for row in trend["rows"]}) == demo.DAYS
    assert trend["notes"]

    # Nothing waited: the sync stayed in its share of a minute's budget, the questions in theirs.
    per_minute = 100
    assert arrived["summary"]["requests"] <= per_minute - reserve_of(per_minute, 20)
    assert outcome.lines[-1]["requests"] <= per_minute
    assert list(_temporary.iterdir()) == []


def test_for_a_person_each_answer_ends_with_its_freshness(cli: CommandLine) -> None:
    outcome = cli("demo")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    questions = [line for line in lines if line.startswith(("> get-", "> sync-", "> query-"))]
    told = [line for line in lines if line.startswith("    freshness: source ")]
    assert len(questions) == len(told) == 10
    assert any("asked Sentry because outside_coverage" in line for line in told)
    assert any(line.split() == ["day", "project", "errors", "covered"] for line in lines)
    assert "All of it took" in outcome.out


def test_it_neither_reads_the_users_settings_nor_touches_the_users_copy(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default_file().parent.mkdir(parents=True)
    default_file().write_text("not toml", encoding="utf-8")
    monkeypatch.setenv("SENTRY_TIMEOUT", "nonsense")
    monkeypatch.setenv("SENTRY_ORG", "mine")
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(tmp_path / "mine"))
    assert cli("demo", "--json").code == 0
    assert not (tmp_path / "mine").exists()


def test_the_copy_can_be_kept_and_asked_again(cli: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    outcome = cli("demo", "--keep", kept)
    assert outcome.code == 0
    assert f"sentry-sync status --store {kept / 'store'}" in outcome.out
    assert cli("sql", "SELECT count(*) AS n FROM issues", "--store", kept / "store", "--json").document[
        "rows"
    ] == [[60]]
    assert "not an empty directory" in cli("demo", "--keep", kept).refused(2)
