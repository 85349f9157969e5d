from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sentry_sync.trends.relations import RELATIONS

ROOT = Path(__file__).parents[2]


def test_the_pages_say_what_the_code_says_and_one_changed_by_hand_is_found_and_written_anew(
    tmp_path: Path,
) -> None:
    """Of the pages that nobody changed none is out of date, and the one that was is written as it stands here."""
    subprocess.run(
        ["cp", "-r", *(ROOT / name for name in ("docs", "migrations", "README.md")), tmp_path], check=True
    )
    page = tmp_path / "docs" / "cli.md"
    page.write_text(page.read_text(encoding="utf-8").replace("sync", "sink"), encoding="utf-8")
    command = [sys.executable, "-m", "docs.generate"]
    checked = subprocess.run([*command, "--check"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 1, checked.stderr
    assert checked.stderr == "docs/cli.md is out of date: run `make docs`\n"
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout == b"wrote docs/cli.md\n"
    assert page.read_text(encoding="utf-8") == (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_every_relation_and_column_is_documented() -> None:
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    for name, relation in RELATIONS.items():
        assert f"\n## {name}\n" in page
        assert all(f"`{column}`" in page for column in relation.columns)
