"""The protocol's own test suite, against the server as it is: all of it passes that needs no fixtures of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.conftest import HERE, Npm, served


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_each_scenario_that_needs_no_fixtures_passes(npm: Npm, store: Path, tmp_path: Path, version: str) -> None:
    expected = HERE / f"expected-failures-{version}.yml"
    with served(store, tmp_path) as url:
        done = npm(
            "conformance",
            *("server", "--url", f"{url}/mcp", "--suite", "all", "--spec-version", version),
            *("--expected-failures", str(expected), "--output-dir", str(tmp_path / "results")),
        )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Baseline check passed" in done.stdout
