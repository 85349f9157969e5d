"""``sentry-sync report``: to a file or to stdout, and what it lacks beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentry_sync.cli.report import Wanted, form_of
from sentry_sync.errors import SettingsError
from tests.support.cli import CommandLine
from tests.trends.library_world import built

WEEK = ("--week", "2026-11-19")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("report") / "store").directory


@pytest.fixture
def store(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(filled))
    return filled


def test_a_report_is_written_and_what_it_lacks_is_said(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "monday.html"
    found = cli("report", *WEEK, "--out", str(path))
    assert (found.code, found.out) == (0, "")
    assert path.read_text().startswith("<!doctype html>")
    first, *lacking = found.err.splitlines()
    assert first == f"wrote {path}"
    assert "not complete: releases were never synced" in lacking
    assert all(line.startswith("not complete: ") for line in lacking)


def test_without_a_file_it_is_markdown_on_stdout(cli: CommandLine, store: Path) -> None:
    found = cli("report", *WEEK, "-P", "web")
    assert found.out.startswith("# Sentry report, the week to 2026-11-19\n")
    assert "## `web`" in found.out
    assert "`api`" not in found.out
    assert found.err.splitlines()[0].startswith("not complete: ")


def test_who_made_a_report_is_in_the_audit_log(cli: CommandLine, store: Path) -> None:
    cli("report", *WEEK, "-P", "web")
    lines = [line for line in cli("audit").out.splitlines() if "report" in line]
    assert any("project=web until=2026-11-19" in line for line in lines)


def test_a_program_gets_one_document(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "week.md"
    document = cli("report", *WEEK, "-o", str(path), "--json").document
    assert (document["file"], document["format"], document["complete"]) == (str(path), "md", False)
    assert "releases were never synced" in document["missing"]
    inside = cli("report", *WEEK, "--format", "html", "--json").document
    assert inside["text"].startswith("<!doctype html>")


def test_targets_are_the_settings_own(cli: CommandLine, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_SYNC_TARGET_CRASH_FREE", "0.9")
    assert "| crash-free sessions | 90.0 % |" in cli("report", *WEEK, "-P", "web").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--week", "last"), 2, "week must be an ISO week or its last day"),
        (("-P", "nope"), 2, "unknown project 'nope'"),
        (("-o", "report.pdf"), 2, "--out writes HTML or Markdown"),
        (("-o", "/nowhere/at/all.md"), 2, "/nowhere/at/all.md cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    cli: CommandLine, store: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    assert said in cli("report", *arguments).refused(code)


def test_without_a_copy_there_is_nothing_to_report(cli: CommandLine, tmp_path: Path) -> None:
    assert "run `sentry-sync sync` first" in cli("report", "--store", str(tmp_path / "none")).refused(11)


def test_the_format_is_the_files_ending_unless_it_is_named() -> None:
    assert form_of(Wanted()) == "md"
    assert [form_of(Wanted(out=Path(name))) for name in ("a.html", "a.HTM", "a.md")] == ["html", "html", "md"]
    assert form_of(Wanted(out=Path("a.txt"), form="md")) == "md"
    with pytest.raises(SettingsError, match="--out writes"):
        form_of(Wanted(out=Path("a")))
