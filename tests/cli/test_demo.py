from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sentry_sync.cli import demo, demo_tools
from sentry_sync.cli.settings import default_file
from sentry_sync.records.budget import reserve_of
from sentry_sync.serve.tools import offered
from tests.support.cli import CommandLine, Outcome, environment, process

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(60)  # it promises to end in well under a minute, and takes about three


@dataclass(frozen=True)
class Shown:
    """A demo that was run where somebody has settings and a copy of their own; it may use neither."""

    home: Path
    outcome: Outcome

    @property
    def temporary(self) -> Path:
        """Whatever it writes, it writes here."""
        return self.home / "temporary"


def shown(home: Path, *arguments: str) -> Shown:
    (home / "temporary").mkdir()
    theirs = {"SENTRY_TIMEOUT": "nonsense", "SENTRY_ORG": "mine", "SENTRY_SYNC_STORE": str(home / "mine")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.delenv("XDG_CONFIG_HOME", raising=False)
        default_file().parent.mkdir(parents=True)
        default_file().write_text("not toml", encoding="utf-8")
    env = environment(home, TMPDIR=str(home / "temporary"), PYTHONPATH=str(ROOT), **theirs)
    return Shown(home, process("demo", *arguments, env=env))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """To a program."""
    return shown(tmp_path_factory.mktemp("told"), "--json")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """To a person who wants to keep the copy."""
    home = tmp_path_factory.mktemp("kept")
    return shown(home, "--keep", str(home / "kept"))


def test_it_shows_what_arrived_each_tools_answer_and_a_trend_within_the_budget(told: Shown) -> None:
    outcome = told.outcome
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
        # A verdict looks back further than the demo's weeks, and says so.
        judges = line["tool"] in ("assess-release", "project-health")
        assert line["answer"]["freshness"]["complete"] is True or judges, line
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
    assert list(told.temporary.iterdir()) == []


def test_for_a_person_each_answer_ends_with_its_freshness(kept: Shown) -> None:
    assert (kept.outcome.code, kept.outcome.err) == (0, "")
    lines = kept.outcome.out.splitlines()
    questions = [line for line in lines if line.startswith("> ") and "-" in line.split("(")[0]]
    told = [line for line in lines if line.startswith("    freshness: source ")]
    assert len(questions) == len(told) == 14
    assert any("asked Sentry because outside_coverage" in line for line in told)
    assert any(line.split() == ["day", "project", "errors", "covered"] for line in lines)
    assert "All of it took" in kept.outcome.out


def test_it_neither_reads_the_users_settings_nor_touches_the_users_copy(told: Shown, kept: Shown) -> None:
    for one in (told, kept):
        assert one.outcome.code == 0
        assert not (one.home / "mine").exists()


def test_the_copy_can_be_kept_and_asked_again(cli: CommandLine, kept: Shown) -> None:
    place = kept.home / "kept"
    assert f"sentry-sync status --store {place / 'store'}" in kept.outcome.out
    asked = cli("sql", "SELECT count(*) AS n FROM issues", "--store", place / "store", "--json")
    assert asked.document["rows"] == [[60]]
    assert "not an empty directory" in cli("demo", "--keep", place).refused(2)
